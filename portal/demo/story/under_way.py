"""Rollouts on their way, waiting, held, stopped or going back."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

from certification.models import Lane, Rollout
from certification.services import overrides, rollbacks, rollouts
from certification.services.schedule import Dates, reschedule_rollout
from portal.demo import people
from portal.demo.director import Story
from portal.demo.packages import at_home, by_the_water, in_town, revisions
from portal.demo.story.certified import to_signed_off, until_failed, update_of
from portal.demo.world import World
from portal.shared.errors import InvalidInput


def berths_story(world: World) -> Story:
    """An update in its last waves: they go on in the reference regions."""
    yield world.day(15, 9)
    submission = update_of(
        world,
        people.SALTMARSH,
        people.TOMAS,
        by_the_water.BERTHS,
        revisions.with_waiting_list(),
        "A waiting list for full harbours, with a trigger.",
    )
    yield world.after(hours=1)
    world.submit(submission, people.TOMAS)
    yield from to_signed_off(
        world,
        submission,
        people.INES,
        people.CORVIN,
        word="The waiting list works, also with two people at once.",
    )
    yield world.after(hours=3)
    world.schedule(submission, people.OSKAR, waves_in_days={5: 7, 6: 14})
    yield from world.wait_for(submission, "rolling_out")


def irrigation_story(world: World) -> Story:
    """A first certification that left with a train and has reached its first wave."""
    yield world.day(17, 9)
    connector = world.register(people.VERDANT, people.SAFFRON, at_home.IRRIGATION)
    yield world.after(hours=24)
    submission = world.draft(connector, people.SAFFRON, at_home.IRRIGATION)
    world.submit(submission, people.SAFFRON)
    yield from to_signed_off(
        world,
        submission,
        people.DIEGO,
        people.RANA,
        word="Watered a test bed for two minutes; it stopped by itself.",
    )
    yield world.after(hours=3)
    world.schedule(submission, people.PILAR, lane=Lane.NEW, waves_in_days={4: 2, 5: 10, 6: 21})
    yield from world.wait_for(submission, "rolling_out")


def tickets_story(world: World) -> Story:
    """Scheduled, moved by a person, then moved again by the year-end freeze where it falls into it."""
    yield world.day(11, 9)
    submission = update_of(
        world,
        people.KESTREL,
        people.NOOR,
        by_the_water.TICKETS,
        revisions.with_season_passes(),
        "Season passes. The old list of fares is deprecated and goes in half a year.",
    )
    yield world.after(hours=1)
    world.submit(submission, people.NOOR)
    yield from to_signed_off(
        world, submission, people.FINNIAN, people.CORVIN, word="Deprecated the right way, with a date."
    )
    yield world.after(hours=4)
    rollout = world.schedule(submission, people.OSKAR, first_in_days=20)
    yield world.after(hours=20)
    _ask_for_later(world, rollout)


def _ask_for_later(world: World, rollout: Rollout) -> None:
    """The last wave some days later, on the first day that is open."""
    last = rollout.waves.latest("number")
    for days in range(2, 16):
        dates = Dates(rollout.starts_on, {last.number: last.planned_at.date() + dt.timedelta(days=days)})
        with suppress(InvalidInput):
            reschedule_rollout(
                rollout,
                dates,
                reason="The ferry line asked for days between the last waves: its help desk is small.",
                actor=world.user(people.OSKAR),
            )
            return


def timetable_story(world: World) -> Story:
    """Signed off yesterday: an operator has to plan it."""
    yield world.day(9, 9)
    connector = world.register(people.KESTREL, people.FINNIAN, by_the_water.TIMETABLE)
    yield world.after(hours=3)
    submission = world.draft(connector, people.FINNIAN, by_the_water.TIMETABLE)
    world.submit(submission, people.FINNIAN)
    yield from to_signed_off(world, submission, people.NOOR, people.RANA, word="Small and clean.")


def workshop_story(world: World) -> Story:
    """Held at a region that failed; one operator wants to leave it out, another has to agree."""
    yield world.day(16, 9)
    connector = world.register(people.SPOKE, people.WILHELMINA, at_home.WORKSHOP)
    yield world.after(hours=2)
    submission = world.draft(connector, people.WILHELMINA, at_home.WORKSHOP)
    world.submit(submission, people.WILHELMINA)
    yield from to_signed_off(
        world, submission, people.RAFAEL, people.CORVIN, word="Repaired a bicycle on paper; the message came."
    )
    place = (connector.slug, "norway")
    world.regions.failing[place] = "The region ran out of addresses while it deployed."
    yield world.after(hours=3)
    rollout = world.schedule(submission, people.OSKAR)
    yield from world.wait_for(submission, "rolling_out")
    yield from until_failed(world, submission)
    yield world.after(hours=2)
    rollouts.hold_rollout(
        world.rollout(submission),
        reason="Norway failed; the region's team is looking into it. The other regions wait.",
        actor=world.user(people.OSKAR),
    )
    yield world.after(hours=22)
    failed = rollout.deployments.select_related("rollout__submission", "connector", "region").get(
        state="failed"
    )
    overrides.request_skip(
        failed,
        reason="The region is back next week at the earliest, and the publisher has no users there.",
        actor=world.user(people.OSKAR),
    )
    del world.regions.failing[place]


def tariffs_story(world: World) -> Story:
    """Stopped and going back: one region could not remove it yet."""
    yield world.day(18, 9)
    connector = world.register(people.COPPERLINE, people.GRETA, in_town.TARIFFS)
    yield world.after(hours=2)
    submission = world.draft(connector, people.GRETA, in_town.TARIFFS)
    world.submit(submission, people.GRETA)
    yield from to_signed_off(
        world,
        submission,
        people.MEI,
        people.YUKA,
        word="Prices of tomorrow arrive at two o'clock, as promised.",
    )
    yield world.after(hours=3)
    rollout = world.schedule(submission, people.PILAR, waves_in_days={5: 30, 6: 40})
    yield from world.wait_for(submission, "rolling_out")
    while rollout.deployments.filter(state="verified").count() < 20:
        yield world.after(hours=6)
    yield world.after(hours=10)
    rollouts.stop_rollout(
        world.rollout(submission),
        reason="Prices are a factor of ten too high outside our own grid.",
        actor=world.user(people.ELIAS),
    )
    yield world.after(minutes=25)
    world.regions.failing[(connector.slug, "korea")] = "The region is being serviced and removes nothing now."
    rollbacks.roll_back(
        world.rollout(submission),
        reason="Take it out everywhere: wrong prices are worse than none.",
        actor=world.user(people.GRETA),
    )
