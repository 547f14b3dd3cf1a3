"""Trains of the demo world, the plans that board them, and an exception that waits for a second person."""

from __future__ import annotations

import dataclasses
import datetime as dt

from certification.models import Lane, RolloutWave
from certification.planning.trains import Timetable
from certification.services import overrides, plan_changes, plans, trains
from portal.demo import people
from portal.demo.director import Story
from portal.demo.world import World


def trains_story(world: World) -> Story:
    """A train for new connectors and breaking changes, and one for sovereign regions."""
    yield world.day(60, 11)
    operator = world.user(people.OSKAR)
    friday = trains.create_train(
        trains.TrainDraft(
            Timetable("Friday train", capacity=12, per_publisher=3, lanes=frozenset({"new", "breaking"})),
            "New connectors and breaking changes leave together, so that support knows when to listen.",
        ),
        actor=operator,
    )
    sovereign = trains.create_train(
        trains.TrainDraft(
            Timetable(
                "Sovereign train", weekdays=frozenset({1}), departs_at=dt.time(7), cutoff_hours=72, capacity=4
            ),
            "GCC, GCC High, DoD and China, once every public region has the version.",
        ),
        actor=operator,
    )
    for lane in (Lane.NEW, Lane.BREAKING):
        plan = plans.default_plan(lane)
        assert plan is not None
        draft = dataclasses.replace(plans.draft_of(plan), train=friday, opt_in_train=sovereign)
        plan_changes.revise_plan(plan, draft, reason="It boards the Friday train.", actor=operator)


def hurry_story(world: World) -> Story:
    """Yesterday an operator asked to start a wave early; nobody has agreed yet."""
    yield world.day(1, 15)
    waiting = RolloutWave.objects.filter(state="planned", rollout__state="scheduled")
    # Only the next wave of a rollout can be hurried, and the calendar says which are still to come.
    next_ones = waiting.order_by("rollout", "number").distinct("rollout")
    wave = (
        RolloutWave.objects.filter(pk__in=next_ones.values("pk"), planned_at__gt=world.ends_at)
        .select_related("rollout__submission__connector")
        .order_by("planned_at", "number")
        .first()
    )
    if wave is not None:
        overrides.request_acceleration(
            wave,
            reason="The publisher's customers wait for the corrected sign-in today.",
            actor=world.user(people.PILAR),
        )
