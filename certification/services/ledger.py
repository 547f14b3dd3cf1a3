"""Writes finished times down, so that percentiles and sums over many submissions are one question."""

from __future__ import annotations

from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, Q

from certification.models import Submission, TimeLedger, TimeStretch
from certification.queries import lanes
from certification.queries.ledger import STEP_OF, Entry, ledger_of

log = structlog.get_logger(__name__)


def write_due(*, limit: int = 500) -> int:
    """One tick: every submission that moved since its times were written; returns how many there were.

    A draft that was never handed in has no finished time yet.
    """
    behind = Q(time_ledger=None, submitted_at__isnull=False) | Q(
        time_ledger__closed_until__lt=F("state_changed_at")
    )
    found = Submission.objects.filter(behind).order_by("state_changed_at")
    ids = list(found.values_list("pk", flat=True)[:limit])
    for pk in ids:
        try:
            write(pk)
        except Exception as error:
            log.error("ledger_failed", submission=str(pk), exc_info=error)
    return len(ids)


def write(submission_id: UUID) -> None:
    """Write the finished times of one submission anew. Safe to repeat: the audit trail says it all."""
    with transaction.atomic():
        submission = (
            Submission.objects.select_for_update(of=("self",), no_key=True)
            .select_related("connector__live_version", "version")
            .get(pk=submission_id)
        )
        entries = ledger_of(submission).entries
        ledger, _ = TimeLedger.objects.update_or_create(
            submission=submission,
            defaults={"lane": lane_of(submission), "closed_until": submission.state_changed_at},
        )
        ledger.stretches.all().delete()
        TimeStretch.objects.bulk_create(_row(ledger, entry) for entry in _finished(entries))


def _finished(entries: list[Entry]) -> list[Entry]:
    """All but the stay that lasts, whose parts may still change hands."""
    last = entries[-1]
    running = last.stretch.order if last.is_running else None
    return [entry for entry in entries if entry.stretch.order != running and entry.seconds > 0]


def _row(ledger: TimeLedger, entry: Entry) -> TimeStretch:
    stretch = entry.stretch
    return TimeStretch(
        ledger=ledger,
        step=STEP_OF[stretch.state],
        state=stretch.state,
        holder=stretch.holder,
        cause=stretch.cause[:200],
        starts_at=stretch.starts_at,
        ends_at=stretch.ends_at,
        seconds=entry.seconds,
    )


def lane_of(submission: Submission) -> str:
    """The lane of its latest rollout's plan; before there is one, the lane that fits."""
    planned = submission.rollouts.order_by("-created_at").values_list("plan__lane", flat=True).first()
    return planned or lanes.lane_of(submission)
