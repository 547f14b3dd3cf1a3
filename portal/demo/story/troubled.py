"""Submissions that wait for a machine: a worker gave up, a region failed, a region is busy."""

from __future__ import annotations

import datetime as dt

from certification.models import Submission
from certification.services import previews, validation
from certification.services.validation import Checked
from connectors.models import Version
from portal.demo import people
from portal.demo.clock import replaced
from portal.demo.director import Story
from portal.demo.packages import in_town
from portal.demo.world import World
from portal.shared.errors import Unavailable

_NO_SPACE = OSError(28, "No space left on device")


def playlist_story(world: World) -> Story:
    """Handed in while the workers could not reach their disk: the job is parked, the submission waits."""
    yield world.day(2, 13)
    connector = world.register(people.WHISTLE, people.CALLUM, in_town.PLAYLIST)
    yield world.after(hours=2)
    submission = world.draft(connector, people.CALLUM, in_town.PLAYLIST)
    yield world.after(minutes=30)
    whole = validation.validate_submission

    def fails(submission_id: str) -> None:
        if submission_id == str(submission.pk):
            raise _NO_SPACE
        whole(submission_id)

    with replaced(validation, "validate_submission", fails):
        world.submit(submission, people.CALLUM)
        yield from _while_it_is_tried(world)


def desk_story(world: World) -> Story:
    """The same night: this check had begun when the disk was full."""
    yield world.day(2, 14)
    connector = world.register(people.WHISTLE, people.THEODORA, in_town.DESK)
    yield world.after(hours=1, minutes=20)
    whole = validation._check

    def fails(submission: Submission, version: Version) -> Checked:
        if version.connector_id == connector.pk:
            raise _NO_SPACE
        return whole(submission, version)

    with replaced(validation, "_check", fails):
        submission = world.draft(connector, people.THEODORA, in_town.DESK)
        world.submit(submission, people.THEODORA)
        yield from _while_it_is_tried(world)


def cinema_story(world: World) -> Story:
    """Approved in the hour in which the Preview region was switched off."""
    yield world.day(6, 9)
    connector = world.register(people.OAK, people.AUGUST, in_town.CINEMA)
    yield world.after(hours=3)
    submission = world.draft(connector, people.AUGUST, in_town.CINEMA)
    world.submit(submission, people.AUGUST)
    yield world.day(2, 9)
    world.claim(submission, people.CORVIN)
    yield world.after(hours=2)
    whole = previews.start_preview

    def fails(submission_id: str) -> object:
        if submission_id == str(submission.pk):
            raise Unavailable("No Preview region is active: an administrator has to add one.")
        return whole(submission_id)

    with replaced(previews, "start_preview", fails):
        world.decide(
            submission, people.CORVIN, "approve", "Held seats are free again after a quarter of an hour."
        )
        yield from _while_it_is_tried(world)


def _while_it_is_tried(world: World) -> Story:
    """Twelve attempts with growing pauses take less than two hours."""
    for _ in range(4):
        yield world.after(minutes=30)


def solar_story(world: World) -> Story:
    """The Testing region refused the package; an operator has to look."""
    yield world.day(7, 9)
    connector = world.register(people.COPPERLINE, people.ELIAS, in_town.SOLAR)
    yield world.after(hours=3)
    submission = world.draft(connector, people.ELIAS, in_town.SOLAR)
    world.submit(submission, people.ELIAS)
    yield world.day(1, 8)
    world.claim(submission, people.RANA)
    place = (connector.slug, "testing")
    world.regions.failing[place] = "The region's secret store did not answer while the client was registered."
    yield world.after(hours=1)
    world.decide(
        submission,
        people.RANA,
        "approve",
        "Signed in with the test client; yields agree with the roof's display.",
    )
    yield from world.wait_for(submission, "preview_failed", hours=1)


def box_office_story(world: World) -> Story:
    """Being deployed to Preview; the Testing region asked for some hours of patience."""
    yield world.day(6, 11)
    connector = world.register(people.OAK, people.ZELDA, in_town.BOX_OFFICE)
    yield world.after(hours=3)
    submission = world.draft(connector, people.ZELDA, in_town.BOX_OFFICE)
    world.submit(submission, people.ZELDA)
    yield world.day(1, 9)
    world.claim(submission, people.CORVIN)
    yield world.ends_at - dt.timedelta(minutes=35)
    world.regions.busy.add((connector.slug, "testing"))
    world.claim(submission, people.CORVIN)
    world.decide(submission, people.CORVIN, "approve", "Closings add up to the cent.")
