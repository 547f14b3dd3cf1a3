"""Two people, or a person and the scheduler, at the same instant: real transactions, real threads."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import DatabaseError, connection, transaction

from certification.lifecycle import UNDER_WAY
from certification.models import RegionDeployment, Rollout, TrainBoarding
from certification.planning.trains import Timetable
from certification.queries.wave_order import order_version
from certification.services import (
    advance,
    deployments,
    freezes,
    overrides,
    plans,
    rollbacks,
    rollout_queue,
    rollouts,
    schedule,
    trains,
    what_if,
)
from certification.services.clock import database_now
from certification.services.reordering import Place, reorder_waves
from certification.services.wave_order import OrderChanged
from portal.shared.errors import IllegalTransition, PortalError
from portal.shared.models import AuditRecord
from tests.effort import effort
from tests.factories import ConnectorFactory
from tests.factories.rollouts import add_submission, scheduled_rollout

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = effort(15, full=200)


def together(*deeds):
    """Run the deeds at once, each on its own connection; returns their results or errors, in order."""
    barrier, results = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(place, deed):
        try:
            barrier.wait(10)
            results[place] = deed()
        except (PortalError, DatabaseError) as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def as_running(rollout):
    """The rollout with its first wave under way and nothing sent yet."""
    Rollout.objects.filter(pk=rollout.pk).update(state="running", halt_reason="", next_step_at=database_now())
    type(rollout.submission).objects.filter(pk=rollout.submission_id).update(state="rolling_out")
    rollout.waves.update(state="running")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE certification_regiondeployment SET state = 'pending', next_poll_at = NULL"
            " WHERE rollout_id = %s",
            [rollout.pk],
        )


def test_after_a_halt_has_committed_no_intent_is_ever_written(cast):
    rollout = scheduled_rollout(cast, "north")
    deployment = rollout.deployments.get()
    intents_won = 0
    for _ in range(ROUNDS):
        as_running(rollout)
        last = AuditRecord.objects.order_by("-pk").values_list("pk", flat=True).first() or 0

        fresh = Rollout.objects.get(pk=rollout.pk)
        row = RegionDeployment.objects.get(pk=deployment.pk)
        together(
            lambda fresh=fresh: rollouts.stop_rollout(fresh, reason="Stop.", actor=cast.owner),
            lambda row=row: deployments.intend(row),
        )

        actions = list(
            AuditRecord.objects.filter(pk__gt=last, action__in=["rollout.halt", "deployment.intend"])
            .order_by("pk")
            .values_list("action", flat=True)
        )
        assert actions in (["rollout.halt"], ["deployment.intend", "rollout.halt"])
        intents_won += len(actions) - 1
        # Whoever comes now finds the halt.
        RegionDeployment.objects.filter(pk=deployment.pk).update(state="pending", next_poll_at=None)
        assert deployments.intend(RegionDeployment.objects.get(pk=deployment.pk)) is False
    assert 0 <= intents_won <= ROUNDS


def test_a_tick_never_deploys_from_an_order_that_was_replaced(cast):
    """Either the wave began with its old regions and the order is refused, or the new regions go first."""
    for _ in range(6):
        rollout = scheduled_rollout(
            cast, "north south", "east", connector=ConnectorFactory(publisher=cast.publisher)
        )
        fresh = Rollout.objects.get(pk=rollout.pk)
        wanted, seen = {2: Place(("east",)), 3: Place(("north", "south"))}, order_version(fresh)
        _ticked, ordered = together(
            lambda: rollouts.advance_due(),
            lambda fresh=fresh, wanted=wanted, seen=seen: reorder_waves(
                fresh, wanted, seen=seen, reason="East.", actor=cast.operator
            ),
        )
        rollouts.advance_due()
        began = rollout.waves.exclude(state="planned")
        went = set(rollout.deployments.exclude(state="pending").values_list("region_id", flat=True))
        assert {wave.number for wave in began} <= {2}
        if isinstance(ordered, PortalError):
            assert went == {"north", "south"}
        else:
            assert went <= {"east"}


def test_of_two_orders_at_once_one_is_saved_and_the_other_told(cast):
    for _round in range(ROUNDS):
        rollout = scheduled_rollout(cast, "north", "south", "east", due=False)
        fresh = [Rollout.objects.get(pk=rollout.pk) for _each in range(2)]
        seen = order_version(rollout)
        orders = [
            {2: Place(("south",)), 3: Place(("north",)), 4: Place(("east",))},
            {2: Place(("north",)), 3: Place(("east",)), 4: Place(("south",))},
        ]
        found = together(
            *(
                lambda row=row, wanted=wanted, seen=seen: reorder_waves(
                    row, wanted, seen=seen, reason="Mine.", actor=cast.operator
                )
                for row, wanted in zip(fresh, orders, strict=True)
            )
        )
        assert sorted(isinstance(one, OrderChanged) for one in found) == [False, True], found
        assert (
            AuditRecord.objects.filter(
                action="rollout.reorder", about__contains=[f"rollout:{rollout.pk}"]
            ).count()
            == 1
        )


def test_an_early_start_never_meets_an_order_that_nobody_asked_it_for(cast):
    for _round in range(ROUNDS):
        rollout = scheduled_rollout(cast, "north", "south", due=False)
        wave, seen = rollout.waves.get(number=2), order_version(rollout)
        wanted = {2: Place(("south",)), 3: Place(("north",))}
        asked, ordered = together(
            lambda wave=wave, seen=seen: overrides.request_acceleration(
                wave, reason="Soon.", actor=cast.operator, seen=seen
            ),
            lambda rollout=rollout, wanted=wanted, seen=seen: reorder_waves(
                rollout, wanted, seen=seen, reason="South.", actor=cast.operator
            ),
        )
        assert isinstance(asked, PortalError) is not isinstance(ordered, PortalError), (asked, ordered)
        there = wave.deployments.get().region_id
        assert there == ("south" if isinstance(asked, PortalError) else "north")


def test_the_database_refuses_an_intent_whatever_code_writes_it(cast):
    rollout = scheduled_rollout(cast, "north")
    as_running(rollout)
    rollouts.stop_rollout(Rollout.objects.get(pk=rollout.pk), reason="Stop.", actor=cast.owner)

    with pytest.raises(DatabaseError, match="nothing is deployed"), transaction.atomic():
        rollout.deployments.update(state="intended", intended_at=database_now(), next_poll_at=database_now())


def test_of_two_stops_and_a_hold_exactly_one_wins_each_time(cast):
    rollout = scheduled_rollout(cast, "north")
    for _ in range(40):
        as_running(rollout)
        results = together(
            lambda: rollouts.stop_rollout(
                Rollout.objects.get(pk=rollout.pk), reason="Stop.", actor=cast.owner
            ),
            lambda: rollouts.stop_rollout(
                Rollout.objects.get(pk=rollout.pk), reason="Stop!", actor=cast.developer
            ),
        )
        assert sum(isinstance(result, IllegalTransition) for result in results) == 1


def test_a_stop_never_waits_for_the_dates_of_other_rollouts(cast, monkeypatch):
    for _ in range(2):
        scheduled_rollout(cast, "north", due=False)
    replan, locked = what_if.replan, []

    def stop_another(rollout, **how):
        found = replan(rollout, **how)
        other = Rollout.objects.exclude(pk=rollout.pk).get()
        (stopped,) = together(lambda: rollouts.stop_rollout(other, reason="A fault.", actor=cast.operator))
        locked.append(stopped)
        return found

    monkeypatch.setattr(what_if, "replan", stop_another)
    now = database_now()
    draft = freezes.FreezeDraft("Long", "An audit.", now, now + dt.timedelta(days=9))
    _, moved = freezes.create_freeze(draft, actor=cast.operator)
    assert moved == 2
    assert [getattr(one, "state", one) for one in locked] == ["halted", "halted"]


def test_two_schedulers_write_one_intent(cast):
    rollout = scheduled_rollout(cast, "north south")
    for _ in range(20):
        together(rollouts.advance_due, rollouts.advance_due)
        Rollout.objects.filter(pk=rollout.pk).update(next_step_at=database_now())
    assert AuditRecord.objects.filter(action="deployment.intend").count() == 2
    assert RegionDeployment.objects.filter(state__in=UNDER_WAY).count() == 2


def test_what_another_scheduler_has_just_stepped_is_left_alone(cast):
    rollout = scheduled_rollout(cast, "north")
    assert advance.advance(rollout.pk)
    assert not advance.advance(rollout.pk)


def test_one_of_two_decisions_on_a_skip_counts(cast):
    rollout = scheduled_rollout(cast, "north")
    request = overrides.request_skip(rollout.deployments.get(), reason="It moves house.", actor=cast.operator)
    results = together(
        lambda: overrides.decide(
            type(request).objects.get(pk=request.pk), is_approved=True, actor=cast.second_operator
        ),
        lambda: overrides.decide(
            type(request).objects.get(pk=request.pk), is_approved=False, actor=cast.administrator
        ),
    )
    assert sum(isinstance(result, PortalError) for result in results) == 1


def test_two_rollouts_never_take_the_last_place_of_a_train(cast):
    scheduled_rollout(cast, "north")
    daily = Timetable("Daily", "UTC", frozenset(range(7)), capacity=1)
    train = trains.create_train(trains.TrainDraft(daily), actor=cast.operator)
    plan = plans.default_plan()
    type(plan).objects.filter(pk=plan.pk).update(train=train)
    plan.refresh_from_db()
    dates = schedule.Dates(schedule.propose_start(plan))

    def book(submission):
        return lambda: schedule.schedule_rollout(submission, plan, dates, actor=cast.operator)

    submissions = [add_submission(cast, state="signed_off") for _ in range(4)]
    made = together(*(book(submission) for submission in submissions))
    assert all(isinstance(one, Rollout) for one in made)
    assert TrainBoarding.objects.filter(left_at=None).values("departs_at").distinct().count() == 4


def a_line(cast):
    """A rollout as it is about to send, and the next version waiting behind it."""
    first = scheduled_rollout(cast, "north")
    newer = add_submission(cast, state="signed_off", connector=first.connector, marker="two")
    second = scheduled_rollout(cast, submission=newer, due=False)
    assert Rollout.objects.get(pk=second.pk).state == "queued"
    return first, second


def as_waiting(rollout):
    """Behind the other again, as if nothing had happened."""
    Rollout.objects.filter(pk=rollout.pk).update(state="queued", halt_reason="", next_step_at=None)
    type(rollout.submission).objects.filter(pk=rollout.submission_id).update(state="scheduled")


def take_its_place(cast, rollout):
    return lambda: rollout_queue.supersede(
        Rollout.objects.get(pk=rollout.pk), reason="Now.", actor=cast.operator
    )


def test_a_superseded_version_is_never_sent_after_that_has_committed(cast):
    first, second = a_line(cast)
    deployment = first.deployments.get()
    for _ in range(ROUNDS):
        Rollout.objects.filter(pk=second.pk).update(state="cancelled")
        Rollout.objects.filter(pk=first.pk).update(superseded_by=None, state="running")
        as_running(first)
        as_waiting(second)
        last = AuditRecord.objects.order_by("-pk").values_list("pk", flat=True).first() or 0

        row = RegionDeployment.objects.get(pk=deployment.pk)
        ended, _ = together(take_its_place(cast, second), lambda row=row: deployments.intend(row))

        assert isinstance(ended, Rollout)
        found = AuditRecord.objects.filter(pk__gt=last, action__in=["rollout.supersede", "deployment.intend"])
        actions = list(found.order_by("pk").values_list("action", flat=True))
        assert actions in (["rollout.supersede"], ["deployment.intend", "rollout.supersede"])
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE certification_regiondeployment SET state = 'pending', next_poll_at = NULL"
                " WHERE rollout_id = %s",
                [first.pk],
            )
        assert deployments.intend(RegionDeployment.objects.get(pk=deployment.pk)) is False


def test_superseding_against_a_halt_or_a_rollback_leaves_one_truth(cast):
    first, second = a_line(cast)
    for deed in (
        lambda: rollouts.stop_rollout(Rollout.objects.get(pk=first.pk), reason="Stop.", actor=cast.owner),
        lambda: rollbacks.roll_back(Rollout.objects.get(pk=first.pk), reason="Back.", actor=cast.owner),
    ):
        for _ in range(15):
            Rollout.objects.filter(pk=second.pk).update(state="cancelled")
            Rollout.objects.filter(pk=first.pk).update(superseded_by=None, state="running")
            as_running(first)
            as_waiting(second)
            first.deployments.filter(action="rollback").delete()

            taken, other = together(take_its_place(cast, second), deed)

            states = Rollout.objects.in_bulk([first.pk, second.pk])
            if isinstance(taken, Rollout):
                assert (states[first.pk].state, states[second.pk].state) == ("superseded", "scheduled")
            else:
                assert isinstance(taken, PortalError)
                assert states[first.pk].state == "rolling_back"
                assert states[second.pk].state == "queued"
            assert isinstance(other, (Rollout, IllegalTransition))


def test_one_version_goes_whoever_lets_it(cast):
    first, second = a_line(cast)
    third = scheduled_rollout(
        cast,
        submission=add_submission(cast, state="signed_off", connector=first.connector, marker="three"),
        due=False,
    )
    for _ in range(15):
        for row in (second, third):
            Rollout.objects.filter(pk=row.pk).update(superseded_by=None, state="cancelled")
            as_waiting(row)
        Rollout.objects.filter(pk=first.pk).update(state="completed")

        together(rollout_queue.promote_due, rollout_queue.promote_due, take_its_place(cast, third))

        states = {row.pk: row.state for row in Rollout.objects.filter(connector=first.connector)}
        assert sum(states[row.pk] == "scheduled" for row in (second, third)) == 1
        if states[third.pk] == "scheduled":
            assert states[second.pk] in ("superseded", "queued")


def test_two_schedules_of_one_connector_make_one_that_goes_and_one_that_waits(cast):
    first = scheduled_rollout(cast, "north")
    Rollout.objects.filter(pk=first.pk).update(state="cancelled")
    plan = plans.default_plan()
    waiting = [
        add_submission(cast, state="signed_off", connector=first.connector, marker=marker)
        for marker in ("two", "three")
    ]

    def book(submission):
        dates = schedule.Dates(schedule.propose_start(plan, submission))
        return lambda: schedule.schedule_rollout(submission, plan, dates, actor=cast.operator)

    made = together(*(book(submission) for submission in waiting))
    assert sorted(row.state for row in made) == ["queued", "scheduled"]
