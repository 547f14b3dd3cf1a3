"""All stories, in the order in which they are begun."""

from __future__ import annotations

from collections.abc import Iterator

from certification.services import notifications
from portal.accounts.models import User
from portal.demo import people
from portal.demo.director import Story
from portal.demo.story import beginnings, certified, in_review, timetables, troubled, under_way, waiting
from portal.demo.world import World

_STORIES = (
    beginnings.freezes_story,
    timetables.trains_story,
    beginnings.changes_of_people,
    certified.tides_story,
    certified.meters_story,
    certified.greenhouse_story,
    certified.lockers_story,
    under_way.berths_story,
    under_way.irrigation_story,
    under_way.tickets_story,
    under_way.timetable_story,
    under_way.workshop_story,
    under_way.tariffs_story,
    in_review.returns_story,
    in_review.loans_story,
    in_review.rooms_story,
    in_review.museum_story,
    in_review.rota_story,
    in_review.bells_story,
    in_review.pantry_story,
    in_review.rentals_story,
    in_review.diary_story,
    troubled.playlist_story,
    troubled.desk_story,
    troubled.cinema_story,
    troubled.solar_story,
    troubled.box_office_story,
    waiting.leftovers_story,
    waiting.rarities_story,
    waiting.freight_story,
    waiting.hotfix_story,
    waiting.watchers_story,
    waiting.guests_story,
    timetables.hurry_story,
)


def stories(world: World) -> Iterator[Story]:
    """Each runs to its first moment when it is begun."""
    for team in people.TEAMS:
        yield beginnings.team_story(world, team)
    for first in certified.FIRSTS:
        yield certified.first_story(world, first)
    for story in _STORIES:
        yield story(world)
    yield _reading(world)


def _reading(world: World) -> Story:
    """Everybody has read their messages up to six days ago."""
    yield world.day(6, 6)
    for user in User.objects.all():
        notifications.mark_all_read(actor=user)
