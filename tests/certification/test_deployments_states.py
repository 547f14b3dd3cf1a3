"""What each kind of region's answer does to a deployment; the regions are a real agent that misbehaves."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from certification.models import RegionDeployment
from certification.services import outcomes, polling, rollouts
from certification.services.clock import database_now
from certification.services.outcomes import Asked, LeaseLost, Told
from connectors.models import Region
from portal.shared.models import AuditRecord, OutboxJob
from tests.factories.rollouts import (
    behave,
    hurry,
    make_due,
    misbehave,
    placement,
    run_until,
    scheduled_rollout,
    state_of,
    states,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_faults")]
REGIONS = "preview-us,north,south"


def effective(agent, rollout, code="north"):
    return [row for row in agent.ledger(code) if row["connector"] == rollout.connector.slug]


def step(times=1):
    for _ in range(times):
        hurry()
        rollouts.advance_due()
        rollouts.poll_due()


@pytest.mark.parametrize(
    ("fault", "on"),
    [
        ("error", "deploy"), ("lose-answer", "deploy"), ("drop", "deploy"), ("garbage", "deploy"),
        ("error", "operation"), ("drop", "operation"), ("garbage", "operation"), ("old-status", "operation"),
        ("error", "package"), ("lose-answer", "package"), ("error", "current"), ("garbage", "current"),
        ("backwards", "operation"), ("backwards", "current"), ("duplicate-answer", "operation"),
        ("reflect-token", "deploy"),
    ],
)  # fmt: skip
def test_a_passing_fault_ends_with_exactly_one_effective_deployment(cast, agent, fault, on):
    rollout = scheduled_rollout(cast, "north", agent=agent)
    misbehave(agent, "north", kind=fault, on=[on], next_calls=2)

    run_until(lambda: state_of(rollout) == "completed")

    assert len(effective(agent, rollout)) == 1


def test_a_lost_answer_is_unknown_and_asked_for_by_key_before_anything_is_sent_again(cast, agent):
    rollout = scheduled_rollout(cast, "north", agent=agent)
    misbehave(agent, "north", kind="lose-answer", on=["deploy"], next_calls=2)
    run_until(lambda: states(rollout)["north"] == "unknown")
    intents = AuditRecord.objects.filter(action__in=["deployment.intend", "deployment.resend"])
    assert intents.count() == 1

    run_until(lambda: state_of(rollout) == "completed")

    assert (
        "deployment.resend" not in intents.values_list("action", flat=True)
        or len(effective(agent, rollout)) == 1
    )
    assert rollout.deployments.get().attempt == 1


def test_a_region_that_never_heard_of_the_key_gets_the_command_again(cast, agent):
    rollout = scheduled_rollout(cast, "north", agent=agent)
    misbehave(agent, "north", kind="error", on=["deploy"], next_calls=1, status=500)

    run_until(lambda: state_of(rollout) == "completed")

    assert AuditRecord.objects.filter(action="deployment.resend").count() == 1
    assert len(effective(agent, rollout)) == 1


def test_an_unknown_deployment_of_a_stopped_rollout_is_taken_back_not_sent(cast, agent):
    rollout = scheduled_rollout(cast, "north", agent=agent)
    misbehave(agent, "north", kind="error", on=["deploy"], next_calls=1, status=500)
    run_until(lambda: states(rollout)["north"] == "unknown")

    rollouts.stop_rollout(rollout, reason="It is broken.", actor=cast.owner)
    step(3)
    assert states(rollout)["north"] == "pending"
    assert effective(agent, rollout) == []

    rollouts.release_rollout(rollout, reason="It is mended.", actor=cast.operator)
    run_until(lambda: state_of(rollout) == "completed")
    assert [row["number"] for row in effective(agent, rollout)] == [1]


def test_an_intent_of_a_rollout_stopped_before_the_call_is_never_sent(cast, agent):
    rollout = scheduled_rollout(cast, "north", agent=agent)
    hurry()
    rollouts.advance_due()
    assert states(rollout)["north"] == "intended"

    rollouts.stop_rollout(rollout, reason="It is broken.", actor=cast.owner)
    step(3)

    assert states(rollout)["north"] == "pending"
    assert effective(agent, rollout) == []


def test_a_region_that_asks_for_patience_gets_it(cast, agent):
    rollout = scheduled_rollout(cast, "north", agent=agent)
    misbehave(agent, "north", kind="error", on=["deploy"], next_calls=1, status=429, retry_after=240)
    step()

    row = rollout.deployments.get()
    assert row.state == "intended"
    assert row.next_poll_at - database_now() > dt.timedelta(seconds=230)


def test_a_rejected_token_changes_nothing_and_says_what_to_do(cast, agent):
    rollout = scheduled_rollout(cast, "north", agent=agent)
    misbehave(agent, "north", kind="unauthorized", on=["deploy"], next_calls=1)
    step()

    row = rollout.deployments.get()
    assert row.state == "intended"
    assert "token" in row.message
    assert row.next_poll_at - database_now() > dt.timedelta(seconds=50)


def test_other_bytes_than_the_approved_ones_fail_and_raise_an_alarm(cast, agent):
    rollout = scheduled_rollout(cast, "north", agent=agent)
    misbehave(agent, "north", kind="wrong-digest", on=["deploy", "operation"])

    run_until(lambda: states(rollout)["north"] == "failed")

    assert placement(rollout.connector, "north").disagrees_since is not None
    assert OutboxJob.objects.filter(topic="placement.disagree").count() == 1
    assert state_of(rollout) == "running"


def test_a_probe_that_finds_something_else_alarms_once_and_does_not_verify(cast, agent):
    rollout = scheduled_rollout(cast, "north", agent=agent)
    misbehave(agent, "north", kind="wrong-digest", on=["current"])
    run_until(lambda: states(rollout)["north"] == "reported")
    step(3)

    held = placement(rollout.connector, "north")
    assert states(rollout)["north"] == "reported"
    assert held.disagrees_since is not None
    assert held.reported_version == rollout.version
    assert held.verified_version is None
    assert OutboxJob.objects.filter(topic="placement.disagree").count() == 1

    behave(agent, "north")
    run_until(lambda: state_of(rollout) == "completed")
    held.refresh_from_db()
    assert held.disagrees_since is None


def test_an_overdue_deployment_stays_unknown_and_raises_one_alarm(cast, agent):
    rollout = scheduled_rollout(cast, "north", agent=agent)
    misbehave(agent, "north", kind="drop", on=["deploy", "operation"])
    run_until(lambda: states(rollout)["north"] == "unknown")
    RegionDeployment.objects.update(deadline_at=database_now() - dt.timedelta(minutes=1))
    Region.objects.update(breaker_opened_at=None)
    step(2)

    row = rollout.deployments.get()
    assert row.state == "unknown"
    assert row.overdue_since is not None
    assert AuditRecord.objects.filter(action="deployment.overdue").count() == 1


def test_a_region_that_keeps_failing_is_left_alone_for_a_while(cast, agent):
    rollout = scheduled_rollout(cast, "north", agent=agent)
    misbehave(agent, "north", kind="drop")
    run_until(lambda: Region.objects.get(pk="north").breaker_opened_at is not None)
    polls = rollout.deployments.get().polls
    step(3)
    assert rollout.deployments.get().polls == polls

    behave(agent, "north")
    Region.objects.update(breaker_opened_at=database_now() - dt.timedelta(seconds=31))
    run_until(lambda: state_of(rollout) == "completed")
    assert Region.objects.get(pk="north").breaker_failures == 0


def test_what_waits_behind_a_silent_region_stands_at_the_back_and_is_sent_at_once_later(cast, agent):
    for _ in range(2):
        scheduled_rollout(cast, "north", agent=agent)
    hurry()
    rollouts.advance_due()
    misbehave(agent, "north", kind="drop", on=["deploy"], next_calls=1)
    began = database_now()
    rollouts.poll_due()
    unasked = RegionDeployment.objects.get(state="intended")
    assert (unasked.polls, unasked.lease_until) == (0, None)
    assert unasked.next_poll_at >= began

    hurry()
    rollouts.poll_due()
    unasked.refresh_from_db()
    assert unasked.state == "deploying"


def test_only_the_holder_of_the_lease_writes_what_it_heard(cast, agent):
    scheduled_rollout(cast, "north", agent=agent)
    hurry()
    rollouts.advance_due()
    (first,) = polling._claim(10)
    assert polling._claim(10) == []
    RegionDeployment.objects.update(lease_until=database_now() - dt.timedelta(seconds=1))
    (second,) = polling._claim(10)

    with pytest.raises(LeaseLost):
        outcomes.record(Asked(first.row.pk, first.fence), Told(None))
    outcomes.record(Asked(second.row.pk, second.fence), Told(None))


def test_a_region_without_a_token_waits_visibly(cast, agent):
    rollout = scheduled_rollout(cast, "north", agent=agent)
    Region.objects.update(credentials=None)
    step()
    row = rollout.deployments.get()
    assert row.state == "intended"
    assert "no address or token" in row.message


def test_missing_bytes_fail_the_deployment_before_anything_acts(cast, agent, settings, tmp_path):
    rollout = scheduled_rollout(cast, "north", agent=agent)
    settings.PACKAGE_ROOT = tmp_path
    run_until(lambda: states(rollout)["north"] == "failed")
    assert "missing or damaged" in rollout.deployments.get().message
    assert effective(agent, rollout) == []


def test_a_wrong_clock_of_the_worker_starts_no_wave_early(cast, agent):
    rollout = scheduled_rollout(cast, "north", agent=agent, due=False)
    with time_machine.travel("2031-01-01T00:00:00Z", tick=True):
        rollouts.advance_due()
    assert state_of(rollout) == "scheduled"
    make_due(rollout)
    with time_machine.travel("2001-01-01T00:00:00Z", tick=True):
        rollouts.advance_due()
    assert state_of(rollout) == "running"
