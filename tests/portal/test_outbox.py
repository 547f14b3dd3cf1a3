from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from certification.services import retention
from portal.shared import outbox
from portal.shared.models import OutboxJob
from portal.shared.outbox import Retry, Subscription
from portal.shared.tasks import tick

CALLS: list[dict[str, object]] = []
FAILURES: list[Exception] = []


def handler(**payload: object) -> None:
    CALLS.append(payload)
    if FAILURES:
        raise FAILURES.pop(0)


def strict(*, id: str) -> None:
    CALLS.append({"id": id})


TABLE = {
    "thing.happen": (
        Subscription("tests.portal.test_outbox.handler", queue="mail", arguments={"event": "thing"}),
    ),
    "thing.fail": (Subscription("tests.portal.test_outbox.handler", max_attempts=2),),
}


@pytest.fixture(autouse=True)
def our_table(settings):
    settings.OUTBOX_SUBSCRIPTIONS = "tests.portal.test_outbox.TABLE"
    CALLS.clear()
    FAILURES.clear()


def emit(topic: str = "thing.happen", **options: object) -> OutboxJob:
    with transaction.atomic():
        [job] = outbox.emit(topic, **options)
    return job


def test_an_event_becomes_a_job_with_ids_and_the_subscriptions_arguments(db):
    emit(id="7")
    assert outbox.drain() == 1
    assert CALLS == [{"id": "7", "event": "thing"}]
    [job] = OutboxJob.objects.all()
    assert (job.state, job.queue, job.attempts) == ("done", "mail", 1)
    assert job.finished_at is not None


@pytest.mark.django_db(transaction=True)
def test_events_outside_a_transaction_are_refused():
    with pytest.raises(RuntimeError, match="inside the transaction"):
        outbox.emit("thing.happen", id="1")


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_transaction_leaves_no_job():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.emit("thing.happen", id="1")
        raise ZeroDivisionError
    assert OutboxJob.objects.count() == 0


def test_a_job_due_later_waits(db):
    job = emit(id="1", due_at=timezone.now() + timedelta(hours=1))
    assert outbox.drain() == 0
    OutboxJob.objects.filter(pk=job.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    assert outbox.drain() == 1


def test_the_same_dedupe_key_makes_one_job(db):
    emit(id="1", dedupe_key="a")
    emit(id="1", dedupe_key="a")
    assert OutboxJob.objects.count() == 1
    outbox.drain()
    with transaction.atomic():
        assert outbox.emit("thing.happen", id="1", dedupe_key="a") == []
    assert len(CALLS) == 1


def test_a_failure_waits_longer_each_time_and_parks_in_the_end(db):
    FAILURES.extend([ValueError("one secret detail"), ValueError("two")])
    job = emit("thing.fail", id="1")
    outbox.drain()
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("due", 1)
    assert job.due_at > timezone.now()
    assert "secret detail" not in job.last_error
    OutboxJob.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    outbox.drain()
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("parked", 2)


def test_a_parked_job_runs_again_on_demand(db):
    FAILURES.extend([ValueError(), ValueError()])
    job = emit("thing.fail", id="1")
    for _ in range(2):
        OutboxJob.objects.update(due_at=timezone.now() - timedelta(seconds=1))
        outbox.drain()
    job.refresh_from_db()
    assert outbox.run_again(job)
    OutboxJob.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    outbox.drain()
    job.refresh_from_db()
    assert job.state == "done"
    assert not outbox.run_again(job)


def test_retry_is_not_a_failed_attempt(db):
    FAILURES.append(Retry(30))
    job = emit("thing.fail", id="1")
    outbox.drain()
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("due", 0)
    assert timedelta(seconds=25) < job.due_at - timezone.now() <= timedelta(seconds=31)


def test_a_job_whose_holder_died_is_taken_over_and_the_dead_cannot_finish_it(db):
    job = emit(id="1")
    first = outbox.claim(job.pk)
    assert first is not None
    assert outbox.claim(job.pk) is None
    OutboxJob.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    second = outbox.claim(job.pk)
    assert second is not None
    assert second.fence == first.fence + 1
    assert not outbox.perform(first), "the first holder's fence is old"
    assert OutboxJob.objects.get().state == "running"
    assert outbox.perform(second)
    assert OutboxJob.objects.get().state == "done"


def test_sweeping_finds_due_jobs_and_lost_ones_only(db, monkeypatch):
    rung: list[tuple[int, str]] = []
    monkeypatch.setattr(outbox, "ring", lambda jobs: rung.extend(jobs))
    monkeypatch.setattr(outbox, "bells_waiting", lambda queues: {})
    due = emit(id="1")
    lost = emit(id="2")
    emit(id="3", due_at=timezone.now() + timedelta(hours=1))
    outbox.claim(lost.pk)
    OutboxJob.objects.filter(pk=lost.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    held = emit(id="4")
    outbox.claim(held.pk)
    rung.clear()
    assert outbox.sweep() == 2
    assert sorted(rung) == sorted([(due.pk, "mail"), (lost.pk, "mail")])


def test_sweeping_rings_no_bell_where_enough_are_waiting(db, monkeypatch):
    jobs = [emit(id=str(number)) for number in range(3)]
    rung: list[int] = []
    waiting = {"mail": 2}
    monkeypatch.setattr(outbox, "ring", lambda jobs: rung.extend(job_id for job_id, _ in jobs))
    monkeypatch.setattr(outbox, "bells_waiting", lambda queues: waiting)
    assert outbox.sweep() == 3
    assert rung == [jobs[0].pk]
    rung.clear()
    waiting["mail"] = 50
    assert outbox.sweep() == 3
    assert rung == []


def test_the_broker_says_how_many_bells_wait_and_silence_means_none(monkeypatch):
    queue = f"quiet-{uuid.uuid4().hex[:8]}"
    assert outbox.bells_waiting([queue]).get(queue, 0) == 0
    outbox.ring([(1, queue), (2, queue)])
    assert outbox.bells_waiting([queue]) == {queue: 2}
    monkeypatch.setattr("celery.current_app.pool.acquire", lambda **_: 1 / 0)
    assert outbox.bells_waiting([queue]) == {}


@pytest.mark.django_db(transaction=True)
def test_two_hundred_racing_claims_have_one_winner_each():
    for number in range(50):
        job = emit(id=str(number))
        barrier = threading.Barrier(4)
        winners: list[object] = []

        def attempt(job_id=job.pk, barrier=barrier, winners=winners) -> None:
            barrier.wait()
            held = outbox.claim(job_id)
            if held:
                winners.append(held)
            connection.close()

        threads = [threading.Thread(target=attempt) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(winners) == 1


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_does_not_fail_the_transaction(monkeypatch):
    from portal.shared.tasks import run_job

    def unreachable(*args: object, **options: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(run_job, "apply_async", unreachable)
    monkeypatch.setattr(outbox._bell, "silent_until", 0.0)
    emit(id="1")
    assert OutboxJob.objects.get().state == "due"


@pytest.mark.parametrize(
    ("path", "payload"),
    [
        ("tests.portal.test_outbox.of_a_newer_release", {}),
        ("tests.portal.no_such_room.handler", {}),
        ("tests.portal.test_outbox.strict", {"id": "1", "newer": True}),
        ("certification.tasks.notify", {"event": "thing.nobody_knows_yet", "id": "1"}),
    ],
)
def test_a_job_of_another_release_is_left_to_others_and_fails_after_a_day(db, path, payload):
    job = OutboxJob.objects.create(topic="x", handler=path, queue="x", payload=payload, max_attempts=1)
    for _round in range(3):
        assert outbox.run(job.pk) is False
        job.refresh_from_db()
        assert (job.state, job.attempts, job.last_error) == ("due", 0, "unknown to this release")
        assert job.due_at > timezone.now()
        OutboxJob.objects.filter(pk=job.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    OutboxJob.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(hours=25))
    outbox.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("parked", 1)


def test_a_type_error_inside_a_handler_is_a_failure_and_no_other_release(db):
    FAILURES.append(TypeError("a fault of ours"))
    job = emit("thing.fail", id="1")
    outbox.run(job.pk)
    job.refresh_from_db()
    assert (job.attempts, job.last_error.split()[0]) == (1, "TypeError")


def test_a_tick_that_only_another_release_knows_does_nothing():
    tick("certification.tasks.of_a_newer_release")
    assert CALLS == []
    tick("tests.portal.test_outbox.handler")
    assert CALLS == [{}]


def test_old_finished_jobs_are_forgotten_and_nothing_else(db):
    emit(id="1")
    outbox.drain()
    OutboxJob.objects.update(finished_at=timezone.now() - timedelta(days=8))
    emit(id="2")
    assert retention.keep_to_rules()["jobs"] == 1
    assert OutboxJob.objects.get().payload["id"] == "2"
