"""How the portal opened: staff, regions, teams, freezes, and the small things teams do beside submitting."""

from __future__ import annotations

import datetime as dt

from certification.services import freezes
from connectors.models import Membership
from connectors.services import connectors, publishers
from portal.accounts import services as accounts
from portal.demo import people
from portal.demo.director import Story
from portal.demo.people import Team
from portal.demo.regions import install_regions
from portal.demo.world import World


def opening(world: World, base_url: str, token: str) -> None:
    """The first morning: the staff, and the regions with their plan."""
    for person in people.STAFF:
        world.welcome(person)
    install_regions(base_url, token, actor=world.user(people.ADA))


def team_story(world: World, team: Team) -> Story:
    """A team is founded, invites its people, and is verified if it is a company."""
    yield world.day(team.founded_days_ago, 8)
    world.found(team)
    yield world.after(minutes=20)
    for person, role in team.members:
        world.join(team, person, role)
        yield world.after(minutes=17)
    if team.checked:
        yield world.after(hours=5)
        world.verify(team, people.ADA)


def freezes_story(world: World) -> Story:
    """A past network freeze, a regional one under way, and the year-end freeze to come."""
    yield world.day(47, 10)
    start = world.day(44, 0)
    freezes.create_freeze(
        freezes.FreezeDraft(
            name="Network maintenance",
            reason="The backbone between the regions is renewed.",
            starts_at=start,
            ends_at=start + dt.timedelta(days=2),
        ),
        actor=world.user(people.OSKAR),
    )
    yield world.day(6, 9, 30)
    freezes.create_freeze(
        freezes.FreezeDraft(
            name="Public holidays in Qatar",
            reason="Nobody of the region's support is on duty.",
            starts_at=world.ends_at - dt.timedelta(days=1),
            ends_at=world.ends_at + dt.timedelta(days=3),
            regions=("qatar",),
        ),
        actor=world.user(people.PILAR),
    )
    yield world.day(2, 14)
    begins = _next_year_end(world.ends_at)
    freezes.create_freeze(
        freezes.FreezeDraft(
            name="Year-end freeze",
            reason="Shops and ferries have their busiest weeks: nothing changes until January.",
            starts_at=begins,
            ends_at=begins + dt.timedelta(days=17),
        ),
        actor=world.user(people.OSKAR),
    )


def _next_year_end(present: dt.datetime) -> dt.datetime:
    """The 18th of December to come; in its last days, the freeze that is already on is told a year later."""
    begins = present.replace(month=12, day=18, hour=0, minute=0, second=0, microsecond=0)
    return begins if begins > present - dt.timedelta(days=1) else begins.replace(year=begins.year + 1)


def changes_of_people(world: World) -> Story:
    """A reviewer goes on leave, a role changes, an invitation waits, a name is given up or reserved."""
    yield world.day(34, 11)
    world.invite(people.BIRCH, "former.colleague@birch-ladle.example", "viewer")
    yield world.day(30, 9)
    noor = Membership.objects.get(user=world.user(people.NOOR), publisher=world.team(people.KESTREL))
    publishers.change_role(noor, role="owner", actor=world.user(people.FINNIAN))
    yield world.day(24, 13)
    loyalty = connectors.register_connector(
        world.team(people.OAK),
        name="Hollow Oak Loyalty",
        summary="Points for regular visitors.",
        actor=world.user(people.AUGUST),
    )
    yield world.day(16, 13)
    connectors.cancel_connector(
        loyalty, reason="The loyalty scheme ends with the year.", actor=world.user(people.AUGUST)
    )
    yield world.day(5, 10)
    connectors.register_connector(
        world.team(people.SALTMARSH),
        name="Saltmarsh Pilotage",
        summary="Order a pilot, and know when he comes aboard.",
        backend_host="api.saltmarsh-pilots.example",
        planned_for=(world.ends_at + dt.timedelta(days=75)).date(),
        actor=world.user(people.TOMAS),
    )
    yield world.day(4, 8)
    accounts.update_profile(
        display_name=people.YUKA.name,
        time_zone=people.YUKA.zone,
        away_until=(world.ends_at + dt.timedelta(days=6)).date(),
        actor=world.user(people.YUKA),
    )
    yield world.day(2, 15)
    world.invite(people.SALTMARSH, "quentin.shore@saltmarsh-harbour.example", "tester")
