"""Gates between waves: looks, halts, decisions; regions are settled by hand, calls are written as hours."""

from __future__ import annotations

import datetime as dt

import pytest

from certification.models import GateCheck, PlanWave, SmokeRun
from certification.services import gates, rollouts
from certification.services.clock import database_now
from connectors.latency import BUCKETS
from connectors.models import HealthHour
from portal.shared.errors import Blocked, InvalidInput, NotPermitted
from portal.shared.models import AuditRecord, OutboxJob
from tests.factories.rollouts import (
    add_submission,
    add_version,
    hurry,
    make_due,
    placement,
    scheduled_rollout,
    state_of,
    states,
)

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


def write_calls(rollout, region, *, version, since, hours, calls=1_000, failing=0.02):
    latency = [0] * BUCKETS
    latency[5] = calls
    bad = round(calls * failing)
    HealthHour.objects.bulk_create(
        HealthHour(
            connector=rollout.connector, region_id=region, version_label=version, operation="GetTides",
            hour=since + number * HOUR, requests=calls, successes=calls - bad, throttled=0,
            statuses={"200": calls - bad, "500": bad}, latency=latency, connections=40,
        )
        for number in range(hours)
    )  # fmt: skip


def verify_wave(rollout, number, *, ago):
    wave = rollout.waves.get(number=number)
    at = database_now() - ago
    wave.deployments.update(state="verified", verified_at=at, next_poll_at=None)
    wave.state, wave.started_at, wave.finished_at = "verified", at, at
    wave.save()
    return wave


@pytest.fixture
def rollout(cast):
    """An update whose first wave has had the version for 30 hours; a week of calls of the old one before."""
    first = add_submission(cast, state="live")
    old = first.version
    first.connector.live_version = old
    first.connector.save()
    newer = add_submission(cast, state="signed_off", connector=first.connector, marker="two")
    found = scheduled_rollout(cast, "north south", "east west", submission=newer)
    PlanWave.objects.filter(plan=found.plan).update(bake_seconds=24 * 3600)
    now = database_now()
    found.state, found.started_at = "running", now - 31 * HOUR
    found.save()
    found.submission.state = "rolling_out"
    found.submission.save()
    verify_wave(found, 2, ago=30 * HOUR)
    begin = (now - 30 * HOUR).replace(minute=0, second=0, microsecond=0) + HOUR
    for code in ("north", "south", "east", "west"):
        write_calls(found, code, version=old.label, since=begin - 120 * HOUR, hours=118)
    for code in ("east", "west"):
        write_calls(found, code, version=old.label, since=begin, hours=30)
    found.begin = begin
    make_due(found)
    return found


def treated(rollout, **how):
    for code in ("north", "south"):
        write_calls(rollout, code, version=rollout.version.label, since=rollout.begin, hours=30, **how)


def step(rollout):
    hurry(rollout)
    rollouts.advance_due()
    rollout.refresh_from_db()


def latest(rollout):
    return GateCheck.objects.filter(rollout=rollout).first()


def an_hour_passes():
    now = database_now()
    GateCheck.objects.update(at=now - HOUR, first_at=now - 2 * HOUR)


def test_a_good_version_passes_and_the_next_wave_starts(rollout):
    treated(rollout)
    step(rollout)
    check = latest(rollout)
    assert (check.verdict, check.stage) == ("pass", "gate"), check.summary
    assert {row["key"] for row in check.evidence["checks"]} >= {"success", "codes", "latency", "freshness"}
    assert check.thresholds["drop"] == 0.02
    assert states(rollout)["east"] == "intended"


def test_a_bad_version_halts_the_rollout_with_figures_and_mails(rollout):
    treated(rollout, failing=0.08)
    step(rollout)
    assert rollout.state == "halted"
    assert rollout.halted_by is None
    assert "The gate after wave 2 failed" in rollout.halt_reason
    assert "succeed" in rollout.halt_reason
    assert state_of(rollout.submission) == "halted"
    assert states(rollout)["east"] == "pending"
    assert OutboxJob.objects.filter(topic="rollout.halt", payload__id=str(rollout.pk)).exists()
    for _ in range(3):
        step(rollout)
    assert rollout.state == "halted"


def test_a_fall_is_found_while_it_still_bakes(rollout):
    PlanWave.objects.filter(plan=rollout.plan).update(bake_seconds=72 * 3600)
    treated(rollout, failing=0.08)
    step(rollout)
    assert rollout.state == "halted"
    assert latest(rollout).stage == "bake"


def test_nothing_starts_before_the_bake_is_over_however_good_it_looks(rollout):
    PlanWave.objects.filter(plan=rollout.plan).update(bake_seconds=72 * 3600)
    treated(rollout)
    step(rollout)
    assert (latest(rollout).verdict, latest(rollout).stage) == ("pass", "bake")
    assert states(rollout)["east"] == "pending"


def test_missing_data_waits_for_a_person_who_lets_it_through(rollout, cast):
    step(rollout)
    check = latest(rollout)
    assert (check.verdict, check.stage) == ("inconclusive", "gate")
    assert states(rollout)["east"] == "pending"
    assert OutboxJob.objects.filter(topic="gatecheck.wait", handler__endswith=".notify").count() == 1
    with pytest.raises(NotPermitted):
        gates.let_through(check, reason="It will be fine.", actor=cast.owner)
    with pytest.raises(InvalidInput):
        gates.let_through(check, reason=" ", actor=cast.operator)

    gates.let_through(
        check, reason="The regions send no telemetry today; I called each.", actor=cast.operator
    )
    step(rollout)

    assert states(rollout)["east"] == "intended"
    record = AuditRecord.objects.get(action="gatecheck.let_through")
    assert (record.actor, record.reason) == (
        cast.operator,
        "The regions send no telemetry today; I called each.",
    )
    with pytest.raises(Blocked):
        gates.let_through(check, reason="Again.", actor=cast.operator)


def test_waiting_gates_look_again_and_pass_by_themselves(rollout):
    step(rollout)
    assert latest(rollout).verdict == "inconclusive"
    treated(rollout)
    an_hour_passes()
    step(rollout)
    assert latest(rollout).verdict == "pass"
    assert states(rollout)["east"] == "intended"


def test_looks_keep_their_distance(rollout):
    for _ in range(3):
        step(rollout)
    assert latest(rollout).looks == 1


def test_a_bake_for_traffic_waits_for_calls_and_then_for_a_person(rollout):
    PlanWave.objects.filter(plan=rollout.plan).update(bake_calls=1_000_000)
    treated(rollout)
    step(rollout)
    assert (latest(rollout).stage, latest(rollout).evidence["waits_for"]) == ("bake", "calls")
    wave = rollout.waves.get(number=2)
    wave.finished_at -= 100 * HOUR
    wave.save()
    an_hour_passes()
    step(rollout)
    assert latest(rollout).stage == "gate"
    assert latest(rollout).verdict == "inconclusive"
    assert "1,000,000 calls" in latest(rollout).summary


def test_smoke_tests_that_fail_twice_halt_at_once(rollout):
    treated(rollout)
    row = rollout.deployments.get(region_id="north")
    for attempt in (1, 2):
        SmokeRun.objects.create(
            deployment=row, operation_id="GetTides", attempt=attempt, outcome="failed", message="Answers 500."
        )
    step(rollout)
    assert rollout.state == "halted"
    assert "North: Answers 500." in rollout.halt_reason


def test_a_digest_that_disagrees_halts_and_a_release_accepts_what_was_known(rollout, cast):
    treated(rollout)
    row = rollout.deployments.get(region_id="north")
    from certification.models import Placement

    Placement.objects.create(
        connector=rollout.connector, region=row.region, disagrees_since=database_now() - HOUR
    )
    step(rollout)
    assert rollout.state == "halted"
    assert "North" in rollout.halt_reason

    rollouts.release_rollout(rollout, reason="The region shows an old cache.", actor=cast.operator)
    make_due(rollout)
    step(rollout)
    assert rollout.state == "running"
    held = placement(rollout.connector, "north")
    held.disagrees_since = database_now()
    held.save()
    step(rollout)
    assert rollout.state == "halted"


def test_a_first_certification_waits_for_smoke_tests(cast):
    found = scheduled_rollout(cast, "north", "east")
    PlanWave.objects.filter(plan=found.plan).update(bake_seconds=3600)
    found.state, found.started_at = "running", database_now() - 3 * HOUR
    found.save()
    verify_wave(found, 2, ago=2 * HOUR)
    make_due(found)
    step(found)
    assert latest(found).verdict == "inconclusive"
    SmokeRun.objects.create(
        deployment=found.deployments.get(region_id="north"), operation_id="GetTides", outcome="passed"
    )
    an_hour_passes()
    step(found)
    assert latest(found).verdict == "pass"
    assert states(found)["east"] == "intended"


def test_a_wave_that_is_verified_now_bakes_before_the_next_starts(rollout):
    rollout.waves.filter(number=2).update(state="running", finished_at=None)
    step(rollout)
    step(rollout)
    assert rollout.waves.get(number=2).state == "verified"
    assert states(rollout)["east"] == "pending"


def test_a_plan_without_a_bake_has_no_gate(rollout):
    PlanWave.objects.filter(plan=rollout.plan).update(bake_seconds=0)
    step(rollout)
    assert latest(rollout) is None
    assert states(rollout)["east"] == "intended"


def test_a_trial_clock_lets_the_unclear_through_after_a_while(rollout, settings):
    settings.TRIAL_CLOCK_SCALE = 1440.0
    step(rollout)
    assert states(rollout)["east"] == "pending"
    GateCheck.objects.update(first_at=database_now() - HOUR)
    step(rollout)
    assert states(rollout)["east"] == "intended"
    check = latest(rollout)
    assert (check.is_let_through, check.decided_by) == (True, None)


def test_an_earlier_version_never_counts_as_the_new_one(rollout, cast):
    other = add_version(rollout.connector, cast.developer, "three")
    write_calls(rollout, "north", version=other.label, since=rollout.begin, hours=30)
    step(rollout)
    success = next(row for row in latest(rollout).evidence["checks"] if row["key"] == "success")
    assert success["figures"]["treated_calls"] == 0
