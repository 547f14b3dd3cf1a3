"""Versions in line: one travels, the next waits, and one may take its place, against a real region agent."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from certification.models import Lane, Notification, OverrideRequest, Rollout
from certification.queries.ledger import ledger_of
from certification.queries.rollout_queue import line_of
from certification.services import (
    overrides,
    plan_replays,
    rollbacks,
    rollout_queue,
    rollouts,
    schedule,
    submissions,
)
from portal.shared.errors import Blocked, Conflict, IllegalTransition, InvalidInput, NotPermitted
from tests.factories.rollouts import (
    add_plan,
    add_submission,
    behave,
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


def next_version(cast, rollout, marker="two", **more):
    """A waiting rollout of the next version of the same connector."""
    newer = add_submission(cast, state="signed_off", connector=rollout.connector, marker=marker)
    return scheduled_rollout(cast, submission=newer, due=False, **more)


def halfway(cast, agent):
    """A rollout that reached the north and not the east."""
    first = scheduled_rollout(cast, "north", "east", agent=agent)
    run_until(lambda: states(first)["north"] == "verified")
    rollouts.hold_rollout(first, reason="Half is enough.", actor=cast.operator)
    return first


def test_what_waits_is_dated_behind_what_travels_and_takes_no_pointer(cast, agent):
    first = scheduled_rollout(cast, "north", "east", agent=agent, due=False)
    second = next_version(cast, first)
    third = next_version(cast, first, "three")

    line = line_of(first.connector_id)
    assert (line.moving, list(line.waiting)) == (first, [second, third])
    assert (line.position(first), line.position(second), line.position(third)) == (0, 1, 2)
    ends = [max(row.waves.values_list("planned_at", flat=True)) for row in (first, second)]
    starts = [min(row.waves.values_list("planned_at", flat=True)) for row in (second, third)]
    assert all(end.date() < start.date() for end, start in zip(ends, starts, strict=True))
    first.connector.refresh_from_db()
    assert first.connector.scheduled_version == first.version
    assert second.next_step_at is None
    assert all(one.agrees for one in plan_replays.replay(second))


def test_dates_of_what_waits_follow_what_is_before_it(cast, agent, drain_outbox):
    first = scheduled_rollout(cast, "north", "east", agent=agent, due=False)
    second = next_version(cast, first)
    before = second.waves.get(number=2).planned_at

    later = schedule.propose_start(first.plan).replace(year=first.starts_on.year + 1)
    schedule.reschedule_rollout(
        first, schedule.Dates(later), reason="Next year is soon enough.", actor=cast.operator
    )
    drain_outbox()

    after = second.waves.get(number=2).planned_at
    assert after > before
    assert after > max(first.waves.values_list("planned_at", flat=True))
    assert second.date_changes.filter(cause="queue").exists()
    assert second.forecasts.filter(region=None).exists()


def test_a_second_version_is_prepared_while_the_first_travels_but_not_a_third(cast, agent):
    first = halfway(cast, agent)
    draft = submissions.create_submission(first.connector, actor=cast.owner)
    assert draft.state == "draft"
    with pytest.raises(Conflict, match="in preparation"):
        submissions.create_submission(first.connector, actor=cast.owner)
    with pytest.raises(IntegrityError), transaction.atomic():
        add_submission(cast, state="in_review", connector=first.connector, marker="three")


def test_after_a_rollback_what_waited_stops_for_an_operator(cast, agent):
    first = halfway(cast, agent)
    second = next_version(cast, first)
    rollbacks.roll_back(first, reason="It is bad.", actor=cast.owner)
    run_until(lambda: state_of(first) == "rolled_back")
    run_until(lambda: state_of(second) != "queued")

    second.refresh_from_db()
    assert second.state == "halted"
    assert "was rolled back while this version waited" in second.halt_reason
    assert state_of(second.submission) == "halted"

    rollouts.release_rollout(second, reason="The fault is mended in it.", actor=cast.operator)
    make_due(second)
    run_until(lambda: state_of(second) == "completed")


def test_an_older_package_never_follows_a_newer_one_by_itself(cast, agent):
    first = scheduled_rollout(cast, "north", agent=agent)
    old = next_version(cast, first, "two")
    fix = add_submission(cast, state="signed_off", connector=first.connector, marker="three")
    hotfix = queue_hotfix(cast, fix)
    assert list(line_of(first.connector_id).waiting) == [hotfix, old]

    run_until(lambda: state_of(hotfix) == "scheduled")
    make_due(hotfix)
    run_until(lambda: state_of(hotfix) == "completed")
    run_until(lambda: state_of(old) != "queued")

    old.refresh_from_db()
    assert old.state == "halted"
    assert "an older package" in old.halt_reason


def queue_hotfix(cast, submission):
    submission.kind = "hotfix"
    submission.save()
    request = overrides.request_hotfix(submission, reason="Sign-in is broken.", actor=cast.owner)
    for person in (cast.operator, cast.second_operator):
        overrides.decide(request, is_approved=True, actor=person)
    plan = add_plan(cast.operator, "north", name="Fast", lane=Lane.HOTFIX, hours_between_waves=12)
    dates = schedule.Dates(schedule.propose_start(plan, submission))
    rollout = schedule.schedule_rollout(submission, plan, dates, actor=cast.operator)
    assert OverrideRequest.objects.get(pk=request.pk).state == "used"
    return rollout


def test_superseding_takes_regions_from_new_to_newer(cast, agent, drain_outbox, mailoutbox):
    first = halfway(cast, agent)
    second = next_version(cast, first)

    rollout_queue.supersede(second, reason="The next one is better.", actor=cast.operator)

    first.refresh_from_db()
    assert (first.state, first.superseded_by, first.next_step_at) == ("superseded", second, None)
    assert states(first) == {"north": "verified", "east": "cancelled"}
    assert (state_of(first.submission), state_of(second)) == ("superseded", "scheduled")
    assert second.previous_version is None
    first.connector.refresh_from_db()
    assert first.connector.scheduled_version == second.version
    ledger = ledger_of(first.submission)
    assert ledger.current.holder == "nobody"

    make_due(second)
    run_until(lambda: state_of(second) == "completed")
    assert [(row["action"], row["number"]) for row in effective(agent, second, "north")] == [
        ("deploy", 1),
        ("deploy", 2),
    ]
    assert [row["digest"] for row in effective(agent, second, "east")] == [second.digest]
    drain_outbox()
    told = Notification.objects.filter(event="rollout.supersede", recipient=cast.owner)
    assert told.exists()


def test_what_is_on_its_way_to_a_region_arrives_before_the_newer_one(cast, agent):
    first = scheduled_rollout(cast, "north", agent=agent)
    misbehave(agent, "north", kind="error", on=["current"])
    run_until(lambda: states(first)["north"] == "reported")
    second = next_version(cast, first)
    rollout_queue.supersede(second, reason="The next one is better.", actor=cast.operator)
    make_due(second)
    for _ in range(3):
        hurry()
        rollouts.advance_due()
    assert states(second)["north"] == "pending"

    behave(agent, "north")
    run_until(lambda: state_of(second) == "completed")
    assert states(first)["north"] == "verified"
    assert [row["number"] for row in effective(agent, second, "north")] == [1, 2]


def test_a_rollback_of_the_newer_one_also_returns_what_only_the_older_one_reached(cast, agent):
    first = halfway(cast, agent)
    second = next_version(cast, first)
    rollout_queue.supersede(second, reason="The next one is better.", actor=cast.operator)
    rollouts.stop_rollout(second, reason="It is bad, too.", actor=cast.owner)

    rollbacks.roll_back(second, reason="Back to nothing.", actor=cast.owner)
    run_until(lambda: state_of(second) == "rolled_back")

    assert placement(first.connector, "north").reported_version is None
    assert [row["action"] for row in effective(agent, second, "north")] == ["deploy", "remove"]
    assert not effective(agent, second, "east")


def test_superseding_needs_an_operator_a_reason_and_something_older(cast, agent):
    first = halfway(cast, agent)
    second = next_version(cast, first)
    for person in (cast.owner, cast.reviewer, cast.stranger):
        with pytest.raises(NotPermitted):
            rollout_queue.supersede(second, reason="Me first.", actor=person)
    with pytest.raises(InvalidInput):
        rollout_queue.supersede(second, reason=" ", actor=cast.operator)
    with pytest.raises(IllegalTransition):
        rollout_queue.supersede(first, reason="It is under way.", actor=cast.operator)
    Rollout.objects.filter(pk=first.pk).update(state="rolling_back")
    with pytest.raises(Blocked, match="is being rolled back"):
        rollout_queue.supersede(second, reason="Now.", actor=cast.operator)
    Rollout.objects.filter(pk=first.pk).update(state="held")
    assert state_of(second) == "queued"


def test_an_older_version_never_takes_the_place_of_a_newer_one(cast, agent):
    first = halfway(cast, agent)
    rollouts.stop_rollout(first, reason="Wait.", actor=cast.owner)
    older = add_submission(cast, state="signed_off", connector=first.connector, marker="two")
    newer = next_version(cast, first, "three")
    waiting = scheduled_rollout(cast, submission=older, due=False)
    with pytest.raises(Blocked, match="is newer than"):
        rollout_queue.supersede(waiting, reason="Now.", actor=cast.operator)
    assert (state_of(waiting), state_of(newer), state_of(first)) == ("queued", "queued", "halted")


def test_whoever_leaves_the_line_leaves_the_pointers_alone(cast, agent):
    first = halfway(cast, agent)
    second = next_version(cast, first)
    schedule.unschedule_rollout(second, reason="Not yet.", actor=cast.operator)
    assert (state_of(second), state_of(second.submission)) == ("cancelled", "signed_off")
    first.connector.refresh_from_db()
    assert first.connector.scheduled_version == first.version

    third = scheduled_rollout(cast, submission=second.submission, due=False)
    submissions.withdraw(third.submission, reason="We changed our minds.", actor=cast.owner)
    rollout_queue.leave_with_submission(str(third.submission_id))
    assert state_of(third) == "cancelled"
    assert line_of(first.connector_id).waiting == []


def test_the_database_knows_that_superseded_means_by_another(cast, agent):
    first = scheduled_rollout(cast, "north", agent=agent)
    with pytest.raises(IntegrityError), transaction.atomic():
        Rollout.objects.filter(pk=first.pk).update(state="superseded", superseded_by=first)
    with pytest.raises(IntegrityError), transaction.atomic():
        Rollout.objects.filter(pk=first.pk).update(state="superseded")


def test_a_rollout_in_which_every_region_was_left_out_is_not_live(cast, agent):
    rollout = scheduled_rollout(cast, "north", agent=agent, due=False)
    request = overrides.request_skip(rollout.deployments.get(), reason="It moves.", actor=cast.operator)
    overrides.decide(request, is_approved=True, actor=cast.second_operator)
    make_due(rollout)
    run_until(lambda: state_of(rollout) != "scheduled")

    assert (state_of(rollout), state_of(rollout.submission)) == ("cancelled", "signed_off")
    rollout.connector.refresh_from_db()
    assert rollout.connector.live_version is None
    again = scheduled_rollout(cast, submission=rollout.submission)
    run_until(lambda: state_of(again) == "completed")
