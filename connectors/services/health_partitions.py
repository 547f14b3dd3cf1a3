"""The daily partitions of the samples: made ahead, made on demand for late data, dropped when they are
old.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import structlog
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from connectors.models import HealthHour, TelemetryBatch

log = structlog.get_logger(__name__)

# A region that was cut off for a week still gets its minutes in.
LATE_LIMIT = timedelta(days=7)
DETAIL_DAYS = 90
HOUR_DAYS = 400
AHEAD_DAYS = 3
# Ids of batches are remembered longer than their minutes would be accepted, so a repetition never counts
# twice.
BATCH_DAYS = 30
_DELETE_AT_ONCE = 20_000
_PREFIX = "connectors_sample_"
_LOCK = 0x5A4D


def keep_partitions() -> None:
    """Make the partitions of the days to come, drop the expired ones, forget old hours and batches.
    Idempotent.
    """
    today = timezone.now().astimezone(UTC).date()
    late_days = LATE_LIMIT.days + 1
    ensure_partitions(today + timedelta(days=offset) for offset in range(-late_days, AHEAD_DAYS + 1))
    for day in sorted(existing_days()):
        if day < today - timedelta(days=DETAIL_DAYS):
            _drop(day)
    now = timezone.now()
    old_hours = HealthHour.objects.filter(hour__lt=now - timedelta(days=HOUR_DAYS))
    _delete_some(old_hours)
    old_batches = TelemetryBatch.objects.filter(
        received_at__lt=now - timedelta(days=BATCH_DAYS), rolled_up_at__isnull=False
    )
    _delete_some(old_batches)


def _delete_some(rows: object) -> None:
    """A bounded bite: the next tick takes the next one, and no statement runs into its time limit."""
    keys = list(rows.values_list("pk", flat=True)[:_DELETE_AT_ONCE])  # type: ignore[attr-defined]
    if keys:
        rows.model._default_manager.filter(pk__in=keys).delete()  # type: ignore[attr-defined]


def existing_days() -> set[date]:
    """The days that have a partition (UTC)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            "WHERE i.inhparent = 'connectors_sample'::regclass"
        )
        names = [name for (name,) in cursor.fetchall()]
    stamps = [name.removeprefix(_PREFIX) for name in names]
    return {datetime.strptime(stamp, "%Y%m%d").replace(tzinfo=UTC).date() for stamp in stamps}


def ensure_partitions(days: Iterable[date]) -> None:
    """Make the missing partitions.

    A table is made and then attached: attaching lets inserts into other days go on, which creating it as a
    partition would not. The advisory lock keeps two makers apart.
    """
    missing = sorted(set(days) - existing_days())
    if not missing:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        for day in sorted(set(missing) - existing_days()):
            name, start, end = _name(day), _start(day), _start(day + timedelta(days=1))
            cursor.execute(f"CREATE TABLE {name} (LIKE connectors_sample INCLUDING ALL)")
            cursor.execute(
                f"ALTER TABLE connectors_sample ATTACH PARTITION {name} "
                f"FOR VALUES FROM ('{start}') TO ('{end}')"
            )


def _drop(day: date) -> None:
    # Takes the whole table for an instant; lock_timeout gives up rather than queue the intake behind it.
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {_name(day)}")
    except DatabaseError as error:
        log.warning("partition_kept", day=str(day), error=type(error).__name__)


def _name(day: date) -> str:
    return f"{_PREFIX}{day:%Y%m%d}"


def _start(day: date) -> str:
    return f"{day:%Y-%m-%d} 00:00:00+00"
