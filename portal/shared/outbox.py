"""Durable jobs: PostgreSQL holds them, Celery runs them, the broker only rings the bell.

`emit()` writes one row per subscriber inside the business transaction. After the commit the broker is told
the row's id; if that message is lost, `sweep()` rings again. A worker claims the row with a lease and a
fencing number, so a job runs at least once and is finished by exactly one holder. Every handler bears being
run twice.
"""

from __future__ import annotations

import inspect
import json
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.module_loading import import_string
from structlog.contextvars import bound_contextvars, get_contextvars

from portal.shared.models import OutboxJob

log = structlog.get_logger(__name__)

# Longer than Celery's hard time limit, so a lease never runs out under a live job.
LEASE_SECONDS = 150
_BELL_SILENCE_SECONDS = 5.0
# During an upgrade workers of two releases run side by side: what one does not know is left to the other.
_LEFT_SECONDS, _LEFT_FOR = 10.0, timedelta(hours=24)


@dataclass(frozen=True)
class Subscription:
    """`handler` is the dotted path of a function in a tasks module; it gets the event's payload as keywords,
    and `arguments` on top."""

    handler: str
    queue: str = "default"
    max_attempts: int = 12
    arguments: Mapping[str, Any] = field(default_factory=dict)


class Retry(Exception):
    """Raised by a handler: not now, try again after so many seconds. Does not count as a failed attempt."""

    def __init__(self, after_seconds: float) -> None:
        super().__init__(f"again in {after_seconds:g} s")
        self.after_seconds = after_seconds


class OfAnotherRelease(Exception):
    """This job is not known here: its handler, what it is told, or what it is about. A worker of the release
    that wrote it runs it; after a day without one it fails like any other."""


@lru_cache(maxsize=4)
def _subscriptions(path: str) -> dict[str, Sequence[Subscription]]:
    table: dict[str, Sequence[Subscription]] = import_string(path)
    return table


def emit(
    topic: str, *, due_at: datetime | None = None, dedupe_key: str | None = None, **payload: Any
) -> list[OutboxJob]:
    """Write a job for every subscriber of `topic`, due now or at `due_at`. Payload: ids and plain values.

    With `dedupe_key` a job that was already written under it is not written again.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{topic}: events are emitted inside the transaction that makes them true")
    subscribers = _subscriptions(settings.OUTBOX_SUBSCRIPTIONS).get(topic, ())
    return [
        job
        for subscription in subscribers
        if (job := _enqueue(topic, subscription, payload, due_at=due_at, dedupe_key=dedupe_key))
    ]


def _enqueue(
    topic: str,
    subscription: Subscription,
    payload: dict[str, Any],
    *,
    due_at: datetime | None,
    dedupe_key: str | None,
) -> OutboxJob | None:
    job = OutboxJob(
        topic=topic,
        handler=subscription.handler,
        queue=subscription.queue,
        payload={**payload, **subscription.arguments},
        max_attempts=subscription.max_attempts,
        request_id=str(get_contextvars().get("request_id", "")),
        dedupe_key=f"{topic}:{subscription.handler}:{dedupe_key}" if dedupe_key else None,
    )
    if due_at is not None:
        job.due_at = due_at
    if dedupe_key:
        OutboxJob.objects.bulk_create([job], ignore_conflicts=True)
        existing = OutboxJob.objects.get(dedupe_key=job.dedupe_key)
        if existing.state != OutboxJob.State.DUE:
            return None
        job = existing
    else:
        job.save()
    job_id = job.pk
    if due_at is None or due_at <= timezone.now():
        transaction.on_commit(lambda: ring([(job_id, subscription.queue)]))
    return job


@dataclass
class _Bell:
    """Remembers that the broker did not answer, so that a request never waits for it twice in a row."""

    silent_until: float = 0.0


_bell = _Bell()
_running: ContextVar[int] = ContextVar("outbox_job_id", default=0)


def current_job_id() -> int:
    """The id of the job that runs now, 0 outside: the same in its repetitions, another for every event."""
    return _running.get()


def ring(jobs: Sequence[tuple[int, str]]) -> None:
    """Tell the broker about (job id, queue). A broker that is away costs one try every few seconds."""
    if not jobs or time.monotonic() < _bell.silent_until:
        return
    from portal.shared.tasks import run_job

    try:
        for job_id, queue in jobs:
            run_job.apply_async(args=[job_id], queue=queue, retry=False)
    except Exception as error:  # noqa: BLE001 - the row is safe, and the sweep rings again
        _bell.silent_until = time.monotonic() + _BELL_SILENCE_SECONDS
        log.warning("broker_unreachable", error=type(error).__name__)


def sweep(*, limit: int = 500) -> int:
    """Ring for the jobs that are due or whose holder's lease ran out, unless bells enough wait in their queue
    already: a queue without a worker must not fill the broker. Returns how many jobs wait.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            (SELECT id, queue FROM shared_outboxjob
              WHERE state = 'running' AND lease_until <= statement_timestamp()
              ORDER BY lease_until LIMIT %s)
            UNION ALL
            (SELECT id, queue FROM shared_outboxjob WHERE state = 'due' AND due_at <= statement_timestamp()
             ORDER BY due_at LIMIT %s)
            """,
            [limit, limit],
        )
        rows = [(job_id, queue) for job_id, queue in cursor.fetchall()]
    by_queue: dict[str, list[tuple[int, str]]] = {}
    for job_id, queue in rows:
        by_queue.setdefault(queue, []).append((job_id, queue))
    waiting = bells_waiting(by_queue)
    for queue, jobs in by_queue.items():
        ring(jobs[: max(0, len(jobs) - waiting.get(queue, 0))])
    return len(rows)


def bells_waiting(queues: Iterable[str]) -> dict[str, int]:
    """How many messages wait in each of the broker's queues; nothing where it does not say."""
    from celery import current_app

    found = {}
    try:
        with current_app.pool.acquire(block=True, timeout=3) as link:
            for queue in queues:
                with suppress(*link.channel_errors):
                    found[queue] = link.default_channel.queue_declare(queue, passive=True).message_count
    except Exception as error:  # noqa: BLE001 - then nobody knows, and every job is rung for
        log.warning("broker_unreachable", error=type(error).__name__)
    return found


@dataclass(frozen=True)
class Claim:
    """The right to run a job until its lease ends; `fence` proves it when finishing."""

    job_id: int
    fence: int
    handler: str
    topic: str
    payload: dict[str, Any]
    attempts: int
    max_attempts: int
    request_id: str


def claim(job_id: int | None = None, *, lease_seconds: int = LEASE_SECONDS) -> Claim | None:
    """Take the job, or the longest due one; None when it is not due, done, or held by somebody alive."""
    condition, arguments = ("id = %s AND", [job_id]) if job_id is not None else ("", [])
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE shared_outboxjob SET state = 'running', fence = fence + 1, attempts = attempts + 1,
                   lease_until = statement_timestamp() + make_interval(secs => %s)
             WHERE id = (
                   SELECT id FROM shared_outboxjob
                    WHERE {condition} ((state = 'due' AND due_at <= statement_timestamp())
                                   OR (state = 'running' AND lease_until <= statement_timestamp()))
                    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING id, fence, handler, topic, payload::text, attempts, max_attempts, request_id
            """,  # noqa: S608 - the condition is one of two constants
            [lease_seconds, *arguments],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    return Claim(row[0], row[1], row[2], row[3], json.loads(row[4]), row[5], row[6], row[7])


def _finish(claim: Claim, assignments: str, arguments: Sequence[Any] = ()) -> bool:
    """Write the outcome if nobody claimed the job after us."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE shared_outboxjob SET lease_until = NULL, {assignments} "  # noqa: S608 - our constants
            "WHERE id = %s AND fence = %s AND state = 'running'",
            [*arguments, claim.job_id, claim.fence],
        )
        return bool(cursor.rowcount)


def backoff_seconds(attempts: int) -> float:
    """Exponential with jitter: about 2, 4, 8 ... at most 600 seconds."""
    ceiling = min(600.0, 2.0 ** min(attempts, 12))
    return ceiling * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing


def run(job_id: int) -> bool:
    """Claim and run one job; True when it was ours and is done. Failures are recorded, not raised."""
    held = claim(job_id)
    return held is not None and perform(held)


def perform(held: Claim) -> bool:
    """Run a claimed job to its outcome: done, due again later, or parked."""
    token = _running.set(held.job_id)
    try:
        return _perform(held)
    finally:
        _running.reset(token)


def _perform(held: Claim) -> bool:
    with bound_contextvars(job_id=held.job_id, topic=held.topic, request_id=held.request_id):
        try:
            _handler_of(held)(**held.payload)
        except OfAnotherRelease as unknown:
            _leave_to_others(held, unknown)
            return False
        except Retry as retry:
            _finish(
                held,
                "state = 'due', attempts = attempts - 1, "
                "due_at = statement_timestamp() + make_interval(secs => %s)",
                [retry.after_seconds],
            )
            return False
        except Exception as error:  # noqa: BLE001 - a failed job is a row to look at, never a dead worker
            _record_failure(held, error)
            return False
        return _finish(held, "state = 'done', finished_at = statement_timestamp(), last_error = ''")


def _handler_of(held: Claim) -> Callable[..., None]:
    try:
        handler: Callable[..., None] = import_string(held.handler)
        inspect.signature(handler).bind(**held.payload)
    except (ImportError, TypeError) as error:
        raise OfAnotherRelease(held.handler) from error
    return handler


def _leave_to_others(held: Claim, unknown: OfAnotherRelease) -> None:
    if not OutboxJob.objects.filter(pk=held.job_id, created_at__gt=Now() - _LEFT_FOR).exists():
        _record_failure(held, unknown)
        return
    _finish(
        held,
        "state = 'due', attempts = attempts - 1, last_error = %s, "
        "due_at = statement_timestamp() + make_interval(secs => %s)",
        ["unknown to this release", _LEFT_SECONDS],
    )
    log.warning("job_of_another_release", handler=held.handler)


def _record_failure(held: Claim, error: Exception) -> None:
    # The type and place only: messages may quote what a region or a package said.
    summary = f"{type(error).__name__} in {held.handler}"
    if held.attempts >= held.max_attempts:
        _finish(held, "state = 'parked', finished_at = statement_timestamp(), last_error = %s", [summary])
        log.error("job_parked", handler=held.handler, attempts=held.attempts, exc_info=error)
        return
    wait = backoff_seconds(held.attempts)
    _finish(
        held,
        "state = 'due', last_error = %s, due_at = statement_timestamp() + make_interval(secs => %s)",
        [summary, wait],
    )
    log.warning("job_failed", handler=held.handler, attempts=held.attempts, again_in=wait, exc_info=error)


def run_again(job: OutboxJob) -> bool:
    """Give a parked job a fresh set of attempts; False when it is not parked any more."""
    with transaction.atomic():
        changed = OutboxJob.objects.filter(pk=job.pk, state=OutboxJob.State.PARKED).update(
            state=OutboxJob.State.DUE, attempts=0, due_at=timezone.now(), finished_at=None
        )
        if changed:
            transaction.on_commit(lambda: ring([(job.pk, job.queue)]))
    return bool(changed)


def drain(*, limit: int = 1_000) -> int:
    """Run every due job in this process until none is left; returns how many ran. For tests and seeding."""
    for count in range(limit):
        held = claim()
        if held is None:
            return count
        perform(held)
    raise RuntimeError(f"More than {limit} jobs: one of them emits itself for ever.")
