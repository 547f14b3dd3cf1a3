"""The hotfix lane at run time: four hours in Preview, twelve between waves, and freezes that still hold it."""

from __future__ import annotations

import datetime as dt

import pytest

from certification.models import Freeze, Lane, PlanWave, Preview
from certification.planning.planner import why_not_at
from certification.services import overrides, rollouts, schedule
from certification.services.clock import database_now
from certification.services.planning import preview_baked_at, spec_of_rollout, windows_for
from tests.factories.rollouts import add_plan, add_regions, add_submission, hurry, state_of

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def hotfix(cast):
    """A signed-off hotfix whose Preview opened an hour ago, and its plan."""
    add_regions("preview-us", "north", "south", preview="preview-us")
    add_plan(cast.operator, "north", "south", name="Usual")
    plan = add_plan(cast.operator, "north", "south", name="Fast", lane=Lane.HOTFIX, hours_between_waves=12)
    PlanWave.objects.filter(plan=plan, before_sign_off=True).update(bake_seconds=4 * 3600)
    submission = add_submission(cast, state="signed_off")
    type(submission).objects.filter(pk=submission.pk).update(kind="hotfix")
    submission.refresh_from_db()
    Preview.objects.create(
        submission=submission, revision=submission.revision, version=submission.version,
        region_id="preview-us", state="signed_off", opened_at=database_now() - HOUR,
    )  # fmt: skip
    request = overrides.request_hotfix(submission, reason="Sign-in is broken.", actor=cast.owner)
    for person in (cast.operator, cast.second_operator):
        overrides.decide(request, is_approved=True, actor=person)
    return submission, plan


def book(cast, submission, plan):
    dates = schedule.Dates(schedule.propose_start(plan, submission))
    return schedule.schedule_rollout(submission, plan, dates, actor=cast.operator)


def test_its_first_wave_waits_until_the_preview_has_run_four_hours(cast, hotfix):
    submission, plan = hotfix
    baked_at = preview_baked_at(submission.pk, plan)
    rollout = book(cast, submission, plan)
    first, second = rollout.waves.order_by("number")
    assert baked_at <= first.planned_at < baked_at + HOUR
    assert second.planned_at - first.planned_at == 12 * HOUR

    schedule.reschedule_rollout(
        rollout, schedule.Dates(rollout.starts_on), reason="As early as it goes.", actor=cast.operator
    )
    first.refresh_from_db()
    assert first.planned_at >= baked_at
    hurry(rollout)
    rollouts.advance_due()
    assert state_of(rollout) == "scheduled"


def test_a_preview_that_ran_long_enough_holds_nothing(cast, hotfix):
    submission, plan = hotfix
    Preview.objects.update(opened_at=database_now() - 5 * HOUR)
    first = book(cast, submission, plan).waves.order_by("number").first()
    assert first.planned_at < database_now() + HOUR


def test_a_freeze_holds_it_until_two_people_let_it_pass(cast, hotfix):
    submission, plan = hotfix
    now = database_now()
    freeze = Freeze.objects.create(
        name="Year end", reason="Nobody is there.", starts_at=now - HOUR, ends_at=now + 72 * HOUR,
        created_by=cast.operator,
    )  # fmt: skip
    rollout = book(cast, submission, plan)
    first = rollout.waves.order_by("number").first()
    assert first.planned_at >= freeze.ends_at

    request = overrides.request_freeze_pass(rollout, freeze, reason="Users are out.", actor=cast.operator)
    overrides.decide(request, is_approved=True, actor=cast.second_operator)
    today = schedule.Dates(now.date())
    schedule.reschedule_rollout(rollout, today, reason="It may pass the freeze.", actor=cast.operator)
    first.refresh_from_db()
    assert first.planned_at < freeze.ends_at
    spec = spec_of_rollout(rollout)
    assert not why_not_at(spec, spec.waves[0], first.planned_at, windows_for(rollout))
