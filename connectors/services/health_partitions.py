"""How long figures are kept: daily partitions of the samples made ahead, on demand for late data, and
dropped; minutes, hours, days and batch ids deleted bite by bite.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from connectors.models import HealthConnectorHour, HealthDay, HealthHour, HealthMinute, TelemetryBatch
from connectors.services import health_connector_hours

log = structlog.get_logger(__name__)

# A region that was cut off for a week still gets its minutes in.
LATE_LIMIT = timedelta(days=7)
# Alerts look back six hours over minutes; the rest is for whoever looks into one.
MINUTE_DAYS = 3
AHEAD_DAYS = 3
# Ids of batches are remembered longer than their minutes would be accepted, so a repetition never counts
# twice.
BATCH_DAYS = 30
_DELETE_AT_ONCE = 20_000
_DELETE_SECONDS = 20.0
_PREFIX = "connectors_sample_"
_LOCK = 0x5A4D


def keep_partitions() -> None:
    """Make the partitions of the days to come, drop the expired ones, forget what is older than its level is
    kept (settings.HEALTH_KEEP_DAYS). Idempotent.
    """
    now = timezone.now()
    today = now.astimezone(UTC).date()
    late_days = LATE_LIMIT.days + 1
    ensure_partitions(today + timedelta(days=offset) for offset in range(-late_days, AHEAD_DAYS + 1))
    keep = settings.HEALTH_KEEP_DAYS
    for day in sorted(existing_days()):
        if day < today - timedelta(days=max(keep["samples"], late_days)):
            _drop(day)
    stop = time.monotonic() + _DELETE_SECONDS
    _forget(HealthMinute.objects.filter(minute__lt=now - timedelta(days=MINUTE_DAYS)), stop)
    oldest = now - timedelta(days=health_connector_hours.KEPT_DAYS)
    _forget(HealthConnectorHour.objects.filter(hour__lt=oldest), stop)
    _forget(HealthHour.objects.filter(hour__lt=now - timedelta(days=keep["hours"])), stop)
    _forget(HealthDay.objects.filter(day__lt=today - timedelta(days=keep["days"])), stop)
    old_batches = TelemetryBatch.objects.filter(
        received_at__lt=now - timedelta(days=BATCH_DAYS), rolled_up_at__isnull=False
    )
    _forget(old_batches, stop)


def _forget(rows: QuerySet[Any], stop: float) -> None:
    """Delete in bites, so that no statement runs into its time limit; what is left when the time is up waits
    for the next tick.
    """
    while time.monotonic() < stop:
        bite = rows.values("pk")[:_DELETE_AT_ONCE]
        deleted = rows.model._default_manager.filter(pk__in=bite)._raw_delete(using=rows.db)
        if deleted < _DELETE_AT_ONCE:
            return


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
