"""Dates of a rollout: chosen, moved by people, moved by freezes, and every move in the ledger."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from certification.models import DateChange, Rollout
from certification.services import freezes, plans, rollouts, schedule
from certification.services.clock import database_now
from portal.shared.errors import Blocked, IllegalTransition, InvalidInput, NotPermitted
from portal.shared.models import OutboxJob
from tests.factories.rollouts import add_submission, hurry, scheduled_rollout, state_of

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def days(rollout):
    return [wave.planned_at.date() for wave in rollout.waves.order_by("number")]


def freeze(cast, start, end, *regions, name="Year-end freeze"):
    draft = freezes.FreezeDraft(
        name, "Nobody is there to help.", dt.datetime.combine(start, dt.time(), dt.UTC),
        dt.datetime.combine(end, dt.time(), dt.UTC), regions,
    )  # fmt: skip
    return draft, freezes.preview_freeze(draft), *freezes.create_freeze(draft, actor=cast.operator)


def test_every_region_has_a_planned_date_and_the_team_is_told(cast):
    rollout = scheduled_rollout(cast, "north", "south east", due=False)
    first = schedule.propose_start(rollout.plan)
    assert days(rollout) == [first, first + DAY]
    assert rollout.deployments.count() == 3
    assert OutboxJob.objects.filter(topic="rollout.schedule", queue="mail").count() == 1
    assert state_of(rollout.submission) == "scheduled"
    rollout.connector.refresh_from_db()
    assert rollout.connector.scheduled_version == rollout.version


def test_only_a_signed_off_submission_is_scheduled_and_only_by_operators(cast):
    rollout = scheduled_rollout(cast, "north", due=False)
    dates = schedule.Dates(schedule.propose_start(rollout.plan))
    early = add_submission(cast, state="in_review")
    with pytest.raises(IllegalTransition):
        schedule.schedule_rollout(early, rollout.plan, dates, actor=cast.operator)
    with pytest.raises(NotPermitted):
        schedule.schedule_rollout(early, rollout.plan, dates, actor=cast.owner)
    assert Rollout.objects.count() == 1


def test_a_day_that_is_not_possible_is_refused_before_anything_is_written(cast):
    rollout = scheduled_rollout(cast, "north", "south", due=False)
    submission = add_submission(cast, state="signed_off")
    first = schedule.propose_start(rollout.plan)
    with pytest.raises(InvalidInput) as refused:
        schedule.schedule_rollout(submission, rollout.plan, schedule.Dates(first - DAY), actor=cast.operator)
    assert "starts_on" in refused.value.fields
    with pytest.raises(InvalidInput) as refused:
        dates = schedule.Dates(first, {3: first})
        schedule.schedule_rollout(submission, rollout.plan, dates, actor=cast.operator)
    assert "wave_3" in refused.value.fields
    assert Rollout.objects.count() == 1


def test_chosen_days_are_kept(cast):
    other = scheduled_rollout(cast, "north", "south", due=False)
    first = schedule.propose_start(other.plan)
    dates = schedule.Dates(first, {3: first + 5 * DAY})
    submission = add_submission(cast, state="signed_off")
    rollout = schedule.schedule_rollout(submission, other.plan, dates, actor=cast.operator)
    assert days(rollout) == [first, first + 5 * DAY]


def test_a_move_by_an_operator_is_in_the_ledger_with_its_reason(cast):
    rollout = scheduled_rollout(cast, "north", "south", due=False)
    before = days(rollout)
    later = schedule.Dates(before[0] + 3 * DAY)

    with pytest.raises(InvalidInput):
        schedule.reschedule_rollout(rollout, later, reason="", actor=cast.operator)
    changes = schedule.reschedule_rollout(rollout, later, reason="The team asked.", actor=cast.operator)

    assert days(rollout) == [day + 3 * DAY for day in before]
    assert {(c.cause, c.reason, c.actor) for c in changes} == {("operator", "The team asked.", cast.operator)}
    assert DateChange.objects.count() == 2
    assert OutboxJob.objects.filter(topic="rollout.reschedule", queue="mail").count() == 1


def test_a_freeze_shows_what_moves_and_then_moves_it_and_its_end_moves_it_back(cast):
    rollout = scheduled_rollout(cast, "north", "south", due=False)
    before = days(rollout)
    _, moves, row, moved = freeze(cast, before[0], before[0] + 2 * DAY)

    assert moved == len(moves) == 1
    assert (
        [wave.new_at.date() for wave in moves[0].waves] == days(rollout) == [day + 2 * DAY for day in before]
    )
    assert {change.cause for change in rollout.date_changes.all()} == {"freeze"}
    assert "Year-end freeze" in rollout.date_changes.first().reason

    back = freezes.preview_cancellation(row)
    assert [wave.new_at.date() for wave in back[0].waves] == before
    assert freezes.cancel_freeze(row, reason="It was for nothing.", actor=cast.operator) == 1
    assert days(rollout) == before


def test_a_freeze_of_one_region_moves_only_the_waves_from_it_on(cast):
    rollout = scheduled_rollout(cast, "north", "south", "east", due=False)
    before = days(rollout)
    freeze(cast, before[1], before[1] + DAY, "south")
    assert days(rollout) == [before[0], before[1] + DAY, before[2] + DAY]


def test_a_freeze_that_leaves_no_day_is_refused_and_nothing_moves(cast):
    rollout = scheduled_rollout(cast, "north", due=False)
    before = days(rollout)
    with pytest.raises(Blocked, match="no open day"):
        freeze(cast, before[0], before[0] + 3000 * DAY)
    assert days(rollout) == before


def test_a_wave_that_is_due_in_a_freeze_does_not_start(cast):
    rollout = scheduled_rollout(cast, "north", due=False)
    today = database_now().date()
    freeze(cast, today - DAY, today + 10 * DAY)
    # As if the freeze had been written past the services: the last look at the calendar is at the start.
    rollout.waves.update(planned_at=database_now(), due_at=database_now())
    hurry()
    rollouts.advance_due()
    assert days(rollout)[0] >= today + 10 * DAY
    assert state_of(rollout) == "scheduled"


def test_unusable_freezes_are_refused(cast):
    now = database_now()
    for draft in (
        freezes.FreezeDraft("", "Why.", now, now + DAY),
        freezes.FreezeDraft("Name", " ", now, now + DAY),
        freezes.FreezeDraft("Name", "Why.", now, now),
        freezes.FreezeDraft("Name", "Why.", now - 3 * DAY, now - DAY),
        freezes.FreezeDraft("Name", "Why.", now, now + DAY, ("atlantis",)),
    ):
        with pytest.raises(InvalidInput):
            freezes.create_freeze(draft, actor=cast.operator)
    with pytest.raises(NotPermitted):
        freezes.create_freeze(freezes.FreezeDraft("Name", "Why.", now, now + DAY), actor=cast.owner)


def test_taken_off_the_schedule_a_submission_can_be_scheduled_anew(cast):
    rollout = scheduled_rollout(cast, "north", due=False)
    schedule.unschedule_rollout(rollout, reason="Wrong plan.", actor=cast.operator)
    assert state_of(rollout) == "cancelled"
    assert state_of(rollout.submission) == "signed_off"
    again = scheduled_rollout(cast, "north", submission=rollout.submission, due=False)
    assert again.state == "scheduled"


def test_a_trial_clock_shortens_the_wait_and_not_the_calendar(cast, settings):
    settings.TRIAL_CLOCK_SCALE = 86_400.0
    rollout = scheduled_rollout(cast, "north", "south", due=False)
    now = database_now()
    for wave in rollout.waves.all():
        assert wave.planned_at > now
        assert wave.due_at <= now + dt.timedelta(seconds=5)
    assert days(rollout) == [schedule.propose_start(rollout.plan), schedule.propose_start(rollout.plan) + DAY]


def test_a_wave_that_waits_for_the_one_before_gets_another_day_and_a_cause(cast):
    rollout = scheduled_rollout(cast, "north", "south")
    rollouts.advance_due()
    yesterday = database_now() - DAY
    rollout.waves.filter(state="running").update(planned_at=yesterday - DAY, started_at=yesterday - DAY)
    rollout.waves.filter(state="planned").update(planned_at=yesterday, due_at=yesterday)
    hurry()
    rollouts.advance_due()

    change = rollout.date_changes.get()
    assert change.cause == "late"
    assert "is not verified yet" in change.reason
    assert change.new_at.date() >= database_now().date()


def test_a_hold_over_the_planned_day_moves_the_wave_with_the_hold_as_cause(cast):
    rollout = scheduled_rollout(cast, "north", "south")
    rollouts.advance_due()
    rollouts.hold_rollout(rollout, reason="An incident.", actor=cast.operator)
    past = database_now() - 3 * DAY
    rollout.waves.filter(state="running").update(planned_at=past - DAY, started_at=past - DAY)
    rollout.waves.filter(state="planned").update(planned_at=past, due_at=past)

    rollouts.resume_rollout(rollout, actor=cast.operator)

    change = rollout.date_changes.get()
    assert (change.cause, change.reason.startswith("An incident.")) == ("hold", True)
    assert change.new_at.date() >= database_now().date()


def test_the_proposal_is_the_earliest_legal_day(cast):
    rollout = scheduled_rollout(cast, "north", due=False)
    with time_machine.travel("2031-05-05T10:00:00Z"):
        assert schedule.propose_start(rollout.plan) >= database_now().date()
    assert plans.default_plan() == rollout.plan
