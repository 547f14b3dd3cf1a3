"""A rollout from its schedule to every region, against a real region agent."""

from __future__ import annotations

import pytest

from certification.models import RegionDeployment, Rollout
from certification.services import overrides, rollbacks, rollouts
from portal.shared.errors import Conflict, IllegalTransition, InvalidInput, NotPermitted
from tests.factories.rollouts import (
    add_submission,
    effective,
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
REGIONS = "preview-us,north,south,east"


def test_a_rollout_goes_wave_by_wave_to_every_region_and_becomes_live(cast, agent):
    rollout = scheduled_rollout(cast, "north south", "east", agent=agent)

    run_until(lambda: state_of(rollout) == "completed")

    assert states(rollout) == {"north": "verified", "south": "verified", "east": "verified"}
    first, second = rollout.waves.order_by("number")
    assert first.finished_at <= second.started_at
    assert state_of(rollout.submission) == "live"
    rollout.connector.refresh_from_db()
    assert rollout.connector.live_version == rollout.version
    assert rollout.connector.scheduled_version is None
    assert rollout.connector.state == "active"
    for code in ("north", "south", "east"):
        (row,) = effective(agent, rollout, code)
        assert (row["action"], row["digest"]) == ("deploy", rollout.digest)
        held = placement(rollout.connector, code)
        assert held.reported_version == held.verified_version == rollout.version
        assert held.probed_digest == rollout.digest


def test_the_second_wave_is_not_sent_before_the_first_is_verified(cast, agent):
    rollout = scheduled_rollout(cast, "north south", "east", agent=agent)
    misbehave(agent, "south", kind="error", on=["current"])

    run_until(lambda: states(rollout)["north"] == "verified" and states(rollout)["south"] == "reported")
    for _ in range(3):
        hurry()
        rollouts.advance_due()

    assert states(rollout)["east"] == "pending"
    assert effective(agent, rollout, "east") == []


def test_a_newer_version_supersedes_the_one_that_was_live(cast, agent, drain_outbox):
    first = scheduled_rollout(cast, "north", agent=agent)
    run_until(lambda: state_of(first) == "completed")
    newer = add_submission(cast, state="signed_off", connector=first.connector, marker="two")
    second = scheduled_rollout(cast, "north", agent=agent, submission=newer)
    assert second.previous_version == first.version

    run_until(lambda: state_of(second) == "completed")
    rollouts.settle_completed(str(newer.pk))

    assert state_of(first.submission) == "superseded"
    assert [row["number"] for row in effective(agent, second, "north")] == [1, 2]


def test_a_second_version_waits_for_the_first_and_then_goes_by_itself(cast, agent):
    first = scheduled_rollout(cast, "north", agent=agent)
    newer = add_submission(cast, state="signed_off", connector=first.connector, marker="two")
    second = scheduled_rollout(cast, "north", agent=agent, submission=newer, due=False)

    assert (state_of(second), state_of(newer)) == ("queued", "scheduled")
    first.connector.refresh_from_db()
    assert first.connector.scheduled_version == first.version

    run_until(lambda: state_of(second) == "scheduled")

    second.refresh_from_db()
    assert state_of(first) == "completed"
    assert second.previous_version == first.version
    make_due(second)
    run_until(lambda: state_of(second) == "completed")
    assert [row["number"] for row in effective(agent, second, "north")] == [1, 2]


def test_a_held_rollout_starts_nothing_until_it_is_resumed(cast, agent):
    rollout = scheduled_rollout(cast, "north", "east", agent=agent)
    run_until(lambda: states(rollout)["north"] == "verified")

    rollouts.hold_rollout(rollout, reason="The sign-in service is ill.", actor=cast.operator)
    hurry()
    rollouts.advance_due()
    assert states(rollout)["east"] == "pending"
    assert state_of(rollout.submission) == "held"

    rollouts.resume_rollout(rollout, actor=cast.operator)
    run_until(lambda: state_of(rollout) == "completed")


def test_the_owner_stops_a_rollout_alone_and_only_an_operator_releases_it(cast, agent):
    rollout = scheduled_rollout(cast, "north", "east", agent=agent)
    run_until(lambda: states(rollout)["north"] == "verified")

    rollouts.stop_rollout(rollout, reason="Sign-in fails for everybody.", actor=cast.owner)
    assert state_of(rollout.submission) == "halted"
    for _ in range(3):
        hurry()
        rollouts.advance_due()
        rollouts.poll_due()
    assert states(rollout)["east"] == "pending"
    with pytest.raises(NotPermitted):
        rollouts.release_rollout(rollout, reason="It works again.", actor=cast.owner)
    with pytest.raises(InvalidInput):
        rollouts.release_rollout(rollout, reason="  ", actor=cast.operator)

    rollouts.release_rollout(rollout, reason="The sign-in service is mended.", actor=cast.operator)
    run_until(lambda: state_of(rollout) == "completed")


@pytest.mark.parametrize("person", ["viewer", "tester", "stranger", "reviewer"])
def test_nobody_else_stops_a_rollout(cast, agent, person):
    rollout = scheduled_rollout(cast, "north", agent=agent)
    with pytest.raises(NotPermitted):
        rollouts.stop_rollout(rollout, reason="I would like to.", actor=getattr(cast, person))


def test_a_rollback_returns_regions_to_the_last_good_version_and_latches(cast, agent):
    first = scheduled_rollout(cast, "north", "east", agent=agent)
    run_until(lambda: state_of(first) == "completed")
    newer = add_submission(cast, state="signed_off", connector=first.connector, marker="two")
    rollout = scheduled_rollout(cast, "north", "east", agent=agent, submission=newer)
    run_until(lambda: states(rollout)["north"] == "verified" and states(rollout)["east"] == "pending")

    rollbacks.roll_back(rollout, reason="Half of the calls fail.", actor=cast.owner)
    assert states(rollout)["east"] == "cancelled"
    run_until(lambda: state_of(rollout) == "rolled_back")
    for _ in range(3):
        hurry()
        rollouts.advance_due()
        rollouts.poll_due()

    assert states(rollout, "rollback") == {"north": "verified"}
    history = effective(agent, rollout, "north")
    assert [(row["number"], row["action"]) for row in history] == [
        (1, "deploy"),
        (2, "deploy"),
        (3, "rollback"),
    ]
    assert history[-1]["digest"] == first.digest
    assert [row["number"] for row in effective(agent, rollout, "east")] == [1]
    assert placement(rollout.connector, "north").verified_version == first.version
    rollout.connector.refresh_from_db()
    assert rollout.connector.live_version == first.version
    assert state_of(newer) == "rolled_back"


def test_the_rollback_of_a_first_certification_removes_the_connector(cast, agent):
    rollout = scheduled_rollout(cast, "north", agent=agent)
    run_until(lambda: state_of(rollout) == "completed")

    rollbacks.roll_back(rollout, reason="It must not be used.", actor=cast.operator)
    run_until(lambda: state_of(rollout) == "rolled_back")

    assert [row["action"] for row in effective(agent, rollout, "north")] == ["deploy", "remove"]
    answer = agent.request("GET", f"connectors/{rollout.connector.slug}", code="north")
    assert answer.json()["code"] == "not-deployed"
    held = placement(rollout.connector, "north")
    assert (held.verified_version, held.probed_digest) == (None, "")
    rollout.connector.refresh_from_db()
    assert rollout.connector.live_version is None


def test_a_rollback_of_one_region_leaves_the_others_until_somebody_decides(cast, agent):
    rollout = scheduled_rollout(cast, "north south", agent=agent)
    run_until(lambda: state_of(rollout) == "completed")

    rollbacks.roll_back(rollout, regions=["north"], reason="Only there it is ill.", actor=cast.operator)
    run_until(lambda: states(rollout, "rollback") == {"north": "verified"})
    hurry()
    rollouts.advance_due()
    assert state_of(rollout) == "rolling_back"
    with pytest.raises(InvalidInput, match="nowhere"):
        rollbacks.roll_back(rollout, regions=["nowhere"], reason="Typing.", actor=cast.operator)

    rollbacks.end_rollback(rollout, reason="South is well.", actor=cast.operator)
    assert state_of(rollout) == "rolled_back"
    assert len(effective(agent, rollout, "south")) == 1


def test_a_stopped_rollout_that_never_started_is_rolled_back_without_a_call(cast, agent):
    rollout = scheduled_rollout(cast, "north", agent=agent, due=False)
    rollouts.stop_rollout(rollout, reason="Wrong package.", actor=cast.owner)
    rollbacks.roll_back(rollout, reason="Wrong package.", actor=cast.owner)
    run_until(lambda: state_of(rollout) == "rolled_back")
    assert effective(agent, rollout, "north") == []


def test_a_failed_region_is_tried_again_under_a_new_key(cast, agent):
    rollout = scheduled_rollout(cast, "north south", agent=agent)
    misbehave(agent, "north", kind="fail-deploys", next_calls=1)
    run_until(lambda: states(rollout) == {"north": "failed", "south": "verified"})
    failed = rollout.deployments.get(region_id="north")
    assert "did not start" in failed.message
    key, number = failed.idempotency_key, failed.number

    rollouts.retry_deployment(failed, reason="Their disk was full.", actor=cast.operator)
    run_until(lambda: state_of(rollout) == "completed")

    failed.refresh_from_db()
    assert failed.idempotency_key != key
    assert failed.number > number
    assert len(effective(agent, rollout, "north")) == 1


def test_a_region_is_left_out_only_by_two_people(cast, agent):
    rollout = scheduled_rollout(cast, "north south", agent=agent)
    deployment = rollout.deployments.get(region_id="south")
    with pytest.raises(NotPermitted):
        overrides.request_skip(deployment, reason="We do not need it.", actor=cast.owner)
    request = overrides.request_skip(deployment, reason="The region moves house.", actor=cast.operator)
    with pytest.raises(Conflict):
        overrides.request_skip(deployment, reason="Once more.", actor=cast.second_operator)
    with pytest.raises(NotPermitted):
        overrides.decide(request, is_approved=True, actor=cast.operator)

    overrides.decide(request, is_approved=True, actor=cast.second_operator)
    run_until(lambda: state_of(rollout) == "completed")

    assert states(rollout) == {"north": "verified", "south": "skipped"}
    assert effective(agent, rollout, "south") == []


def test_a_declined_skip_changes_nothing(cast, agent):
    rollout = scheduled_rollout(cast, "north", agent=agent)
    request = overrides.request_skip(
        rollout.deployments.get(), reason="The region moves house.", actor=cast.operator
    )
    overrides.decide(request, is_approved=False, actor=cast.second_operator)
    assert states(rollout) == {"north": "pending"}


def test_a_rollout_whose_submission_was_withdrawn_does_not_start(cast, agent):
    rollout = scheduled_rollout(cast, "north", agent=agent)
    rollout.submission.state = "withdrawn"
    rollout.submission.save()
    hurry()
    rollouts.advance_due()
    assert state_of(rollout) == "cancelled"
    assert states(rollout) == {"north": "cancelled"}


def test_nothing_is_done_twice_when_the_scheduler_runs_twice(cast, agent):
    rollout = scheduled_rollout(cast, "north south", agent=agent)
    for _ in range(5):
        hurry()
        rollouts.advance_due()
    numbers = RegionDeployment.objects.filter(rollout=rollout).values_list("number", flat=True)
    assert list(numbers) == [1, 1]
    with pytest.raises(IllegalTransition):
        rollouts.resume_rollout(Rollout.objects.get(pk=rollout.pk), actor=cast.operator)
