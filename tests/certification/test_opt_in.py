"""Opt-in waves: chosen at any time, after the public ones, and never what keeps a rollout open."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from certification.planning.coverage import WaveDraft
from certification.services import opt_in, plans, rollbacks, rollouts, schedule
from certification.services.clock import database_now
from portal.shared.errors import Blocked, InvalidInput, NotPermitted
from tests.factories.rollouts import (
    add_regions,
    add_submission,
    hurry,
    make_due,
    run_until,
    state_of,
    states,
)

pytestmark = pytest.mark.django_db
REGIONS = "preview-us,north,island,moon"


def sovereign_plan(cast, agent):
    add_regions("preview-us", agent=agent, preview="preview-us")
    add_regions("north", "island", "moon", agent=agent)
    waves = (
        WaveDraft("Preview", ("preview-us",), before_sign_off=True),
        WaveDraft("North", ("north",)),
        WaveDraft("Island", ("island",), is_opt_in=True),
        WaveDraft("Moon", ("moon",), is_opt_in=True),
    )
    draft = plans.PlanDraft(
        name="With islands", waves=waves, time_zone="UTC", weekend=(), holiday_countries=(), is_default=True
    )
    return plans.create_plan(draft, actor=cast.operator)


def scheduled(cast, plan, *opted, **more):
    submission = add_submission(cast, state="signed_off", **more)
    dates = schedule.Dates(schedule.propose_start(plan, submission), opt_in=frozenset(opted))
    return schedule.schedule_rollout(submission, plan, dates, actor=cast.operator)


def live_with_island_to_come(cast, agent, *opted):
    rollout = scheduled(cast, sovereign_plan(cast, agent), *opted)
    rollout.waves.filter(is_opt_in=False).update(due_at=database_now())
    hurry(rollout)
    type(rollout).objects.filter(pk=rollout.pk).update(next_step_at=database_now())
    run_until(lambda: state_of(rollout) == "completed")
    return rollout


def test_a_rollout_is_live_when_the_public_regions_are_done_and_the_island_follows(cast, agent):
    rollout = live_with_island_to_come(cast, agent, 3)
    assert state_of(rollout.submission) == "live"
    assert states(rollout) == {"north": "verified", "island": "pending"}

    make_due(rollout)
    run_until(lambda: states(rollout)["island"] == "verified")
    run_until(lambda: not type(rollout).objects.get(pk=rollout.pk).next_step_at)
    assert rollout.waves.get(number=3).state == "verified"


def test_waves_are_chosen_later_before_and_after_it_is_live(cast, agent):
    plan = sovereign_plan(cast, agent)
    rollout = scheduled(cast, plan)
    opt_in.choose(rollout, [3], reason="They asked.", actor=cast.operator)
    north, island = rollout.waves.order_by("number")
    assert island.planned_at > north.planned_at
    assert not rollout.date_changes.exists()

    make_due(rollout)
    run_until(lambda: state_of(rollout) == "completed")
    opt_in.choose(rollout, [4], reason="", actor=cast.operator)
    make_due(rollout)
    run_until(lambda: states(rollout) == dict.fromkeys(("north", "island", "moon"), "verified"))


def test_only_operators_choose_and_only_what_the_plan_offers(cast, agent):
    rollout = live_with_island_to_come(cast, agent, 3)
    with pytest.raises(NotPermitted):
        opt_in.choose(rollout, [4], reason="", actor=cast.owner)
    for wrong in ([], [3], [2], [9]):
        with pytest.raises(InvalidInput):
            opt_in.choose(rollout, wrong, reason="", actor=cast.operator)


def test_the_owner_ends_opt_in_waves_and_the_version_stays_live(cast, agent):
    rollout = live_with_island_to_come(cast, agent, 3)
    with pytest.raises(NotPermitted):
        rollouts.end_opt_in_waves(rollout, reason="No.", actor=cast.stranger)
    rollouts.end_opt_in_waves(rollout, reason="Not there, please.", actor=cast.owner)

    assert (state_of(rollout), state_of(rollout.submission)) == ("completed", "live")
    assert states(rollout)["island"] == "cancelled"
    assert rollout.waves.get(number=3).state == "skipped"
    with pytest.raises(Blocked):
        rollouts.end_opt_in_waves(rollout, reason="Once more.", actor=cast.owner)
    row = rollout.deployments.get(region="island")
    type(row).objects.filter(pk=row.pk).update(state="pending")
    with pytest.raises(DatabaseError, match="nothing is deployed"), transaction.atomic():
        type(row).objects.filter(pk=row.pk).update(
            state="intended", intended_at=database_now(), next_poll_at=database_now()
        )


def test_a_newer_version_that_starts_ends_them(cast, agent):
    rollout = live_with_island_to_come(cast, agent, 3)
    newer = scheduled(cast, plans.default_plan(), connector=rollout.connector, marker="two")
    make_due(newer)
    run_until(lambda: state_of(newer) in ("running", "completed"))
    hurry()
    rollouts.advance_due()

    assert states(rollout)["island"] == "cancelled"
    with pytest.raises(Blocked, match="Another version"):
        opt_in.choose(rollout, [4], reason="", actor=cast.operator)


def test_a_rollback_takes_what_was_to_come_off_the_list(cast, agent):
    rollout = live_with_island_to_come(cast, agent, 3)
    rollbacks.roll_back(rollout, reason="It is bad.", actor=cast.owner)
    run_until(lambda: state_of(rollout) == "rolled_back")
    assert states(rollout) == {"north": "verified", "island": "cancelled"}
