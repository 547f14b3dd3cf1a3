"""What a region's answer means: one short transaction per answer, written only by the holder of the lease."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection, transaction

from certification.lifecycle import DEPLOYMENT, DeploymentState
from certification.models import RegionDeployment, Rollout
from certification.regions.errors import (
    DigestMismatch,
    OutcomeUnknown,
    RegionError,
    RegionRefused,
    RegionThrottled,
    RegionUnauthorized,
)
from certification.regions.polling import next_delay
from certification.regions.protocol import CurrentVersion, Operation, OperationState
from certification.services.clock import database_now
from certification.services.deployments import about, lock_deployment, lock_placement, may_act, move, resend
from certification.services.placements import agree, disagree
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM

log = structlog.get_logger(__name__)

TOKEN_REJECTED_PAUSE_SECONDS = 60.0
FIRST_DELAY_SECONDS = 2.0


class LeaseLost(Exception):
    """Somebody else holds the deployment now; what we heard is theirs to find out."""


@dataclass(frozen=True)
class Asked:
    """A question put to a region under a lease. `is_sending` says that it was the command itself."""

    deployment_id: UUID
    fence: int
    is_sending: bool = False
    delay_seconds: float = 0.0


@dataclass(frozen=True)
class Told:
    """The region's word about the command; `operation` is None when it never heard of the key."""

    operation: Operation | None


@dataclass(frozen=True)
class Probed:
    """What the region runs now; None when it runs nothing of the connector."""

    current: CurrentVersion | None


Answer = Told | Probed


def record(asked: Asked, answer: Answer | RegionError) -> None:
    """Write what was learnt. Raises `LeaseLost` when the lease went to somebody else meanwhile."""
    with transaction.atomic():
        unlocked = RegionDeployment.objects.get(pk=asked.deployment_id)
        # The owner's row comes first in the order of locks; only a key nobody knows leads to a new intent.
        if isinstance(answer, Told) and answer.operation is None:
            may_act(unlocked, lock=True)
        row = lock_deployment(asked.deployment_id)
        if row.fence != asked.fence or row.next_poll_at is None:
            raise LeaseLost(str(asked.deployment_id))
        if isinstance(answer, RegionError):
            _record_error(row, answer, is_sending=asked.is_sending)
        elif isinstance(answer, Probed):
            _record_probe(row, answer.current)
        elif answer.operation is None:
            _record_never_heard(row)
        else:
            _record_operation(row, answer.operation)
        _raise_alarm_if_overdue(row)
    if row.state in (DeploymentState.VERIFIED, DeploymentState.FAILED, DeploymentState.PENDING):
        wake(row)


def record_no_news(answers: Sequence[Asked]) -> set[UUID]:
    """Regions still work on these: put off the next question of each, in one statement.

    Returns those that need a closer look: their lease went to somebody else, or their deadline has passed.
    """
    delays = [next_delay(asked.delay_seconds) for asked in answers]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE certification_regiondeployment d
               SET poll_delay_seconds = v.delay, lease_until = NULL, message = '',
                   next_poll_at = statement_timestamp() + make_interval(secs => v.delay)
              FROM unnest(%s::uuid[], %s::int[], %s::float8[]) AS v (id, fence, delay)
             WHERE d.id = v.id AND d.fence = v.fence AND d.state = 'deploying' AND d.next_poll_at IS NOT NULL
               AND (d.overdue_since IS NOT NULL OR d.deadline_at > statement_timestamp())
            RETURNING d.id
            """,
            [[asked.deployment_id for asked in answers], [asked.fence for asked in answers], delays],
        )
        written = {row[0] for row in cursor.fetchall()}
    return {asked.deployment_id for asked in answers} - written


def wake(row: RegionDeployment) -> None:
    """Let the scheduler look at the rollout now. Losing this costs a minute, not the step."""
    if row.rollout_id:
        Rollout.objects.filter(pk=row.rollout_id, next_step_at__isnull=False).update(
            next_step_at=database_now()
        )


def _later(row: RegionDeployment, *, at_least: float = 0.0, message: str | None = None) -> None:
    """Nothing new: ask again after a pause that grows with jitter."""
    delay = next_delay(row.poll_delay_seconds)
    row.poll_delay_seconds = delay
    row.next_poll_at = database_now() + dt.timedelta(seconds=max(delay, at_least))
    row.lease_until = None
    if message is not None:
        row.message = message[:500]
    row.save(update_fields=["poll_delay_seconds", "next_poll_at", "lease_until", "message"])


def _move(row: RegionDeployment, event: str, *, after: float, message: str = "", **columns: object) -> None:
    """A transition that keeps (or ends) the polling: next question in `after` seconds, lease given back."""
    ends = DEPLOYMENT.moves[event].target in ("failed", "verified")
    changes = {
        "next_poll_at": None if ends else database_now() + dt.timedelta(seconds=after),
        "poll_delay_seconds": after,
        "lease_until": None,
        "message": message[:500],
        **columns,
    }
    move(row, event, reason=message[:500], changes=changes)


def _record_operation(row: RegionDeployment, operation: Operation) -> None:
    if operation.state == OperationState.FAILED:
        _move(row, "fail", after=0, message=operation.message or "The region reports a failure.")
    elif operation.state == OperationState.SUCCEEDED:
        if row.state == DeploymentState.REPORTED:
            _later(row)
            return
        now = database_now()
        _move(row, "report", after=0, reported_at=now)
        placement = lock_placement(row)
        placement.reported_version, placement.reported_at = row.version, now
        placement.save(update_fields=["reported_version", "reported_at"])
    elif row.state in (DeploymentState.INTENDED, DeploymentState.UNKNOWN):
        _move(row, "accept", after=FIRST_DELAY_SECONDS)
    else:
        _later(row, message="")


def _record_never_heard(row: RegionDeployment) -> None:
    """Definite: the region never accepted the key. What it once accepted and lost is unknown first."""
    if row.state == DeploymentState.DEPLOYING:
        _move(row, "lose", after=0, message="The region forgot the command it had accepted.")
    else:
        resend(row)


def _record_probe(row: RegionDeployment, current: CurrentVersion | None) -> None:
    now = database_now()
    placement = lock_placement(row)
    placement.probed_digest, placement.probe_problem = (current.digest if current else ""), ""
    placement.probed_at = (current.seen_at if current else None) or now
    placement.next_probe_at = now + dt.timedelta(seconds=settings.PROBE_INTERVAL_SECONDS)
    wanted = row.version.digest if row.version else ""
    holds = current.digest == wanted and current.deployment_number == row.number if current else not wanted
    if holds:
        placement.verified_version, placement.verified_at = row.version, now
        agree(placement, about=[row, *about(row)])
        placement.save()
        _move(row, "verify", after=0, verified_at=now)
        return
    message = (
        f"The region reports success, but a probe finds package {current.digest[:12]} "
        f"under number {current.deployment_number}."
        if current
        else "The region reports success, but a probe finds nothing."
    )
    disagree(placement, message, about=[row, *about(row)])
    placement.save()
    if row.deadline_at and row.deadline_at <= now:
        _move(row, "fail", after=0, message=message)
    else:
        _later(row, message=message)


def _record_error(row: RegionDeployment, error: RegionError, *, is_sending: bool) -> None:
    text = error.message
    if isinstance(error, RegionThrottled):
        _later(row, at_least=error.retry_after_seconds, message=text)
    elif isinstance(error, DigestMismatch):
        placement = lock_placement(row)
        placement.probed_digest, placement.probed_at = error.reported, database_now()
        disagree(placement, text, about=[row, *about(row)])
        placement.save()
        _move(row, "fail", after=0, message=text)
    elif isinstance(error, RegionRefused) and is_sending:
        _move(row, "fail", after=0, message=text)
    elif isinstance(error, RegionUnauthorized):
        _later(row, at_least=TOKEN_REJECTED_PAUSE_SECONDS, message=f"{text} {error.advice}")
    elif isinstance(error, OutcomeUnknown) and row.state in ("intended", "deploying"):
        _move(row, "lose", after=next_delay(row.poll_delay_seconds), message=text)
    else:
        _later(row, message=text)


def _raise_alarm_if_overdue(row: RegionDeployment) -> None:
    """Say once that an act has no result in time. It stays what it is: only the region's word makes it
    fail.
    """
    if row.next_poll_at is None or row.overdue_since or not row.deadline_at:
        return
    now = database_now()
    if row.deadline_at > now:
        return
    row.overdue_since = now
    row.save(update_fields=["overdue_since"])
    reason = row.message or "The region has not said how it ended."
    audit.record("deployment.overdue", row, actor=SYSTEM, reason=reason, about=about(row))
    outbox.emit("deployment.overdue", id=str(row.pk))
    log.warning("deployment_overdue", region=row.region_id, deployment=str(row.pk), state=row.state)
