"""Rolling samples up into minutes, hours and days: each batch once, in the transaction that says so."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max, Min
from django.utils import timezone

from connectors.latency import BUCKETS
from connectors.models import TelemetryBatch
from connectors.services import health_connector_hours

# Large enough for a busy half minute, small enough to stay far below the statement timeout.
BATCHES_AT_ONCE = 500
EVENTS_AT_ONCE = 100_000
_SUMS = ", ".join(f"sum(latency[{index}])::bigint" for index in range(1, BUCKETS + 1))

# Samples are found by batch, never by their time of arrival: a transaction that commits late would be missed.
_FRESH = """
  FROM connectors_sample
 WHERE batch_id = ANY(%(batches)s) AND minute >= %(first)s AND minute <= %(last)s
"""
_ADD_MINUTES = f"""
INSERT INTO connectors_healthminute AS held (connector_id, minute, requests, successes, throttled)
SELECT connector_id, minute, sum(requests), sum(successes), sum(throttled) {_FRESH} GROUP BY 1, 2
    ON CONFLICT (connector_id, minute) DO UPDATE SET
       requests = held.requests + excluded.requests,
       successes = held.successes + excluded.successes,
       throttled = held.throttled + excluded.throttled
"""


def _grouped(source: str, column: str, span: str) -> str:
    """Rows of `source`, added up per place and `span` of time, as a SELECT in the order of `_COLUMNS`."""
    return f"""
WITH fresh AS MATERIALIZED (
    SELECT connector_id, region_id, version_label, operation, {span} AS {column},
           requests, successes, throttled, statuses, latency, connections
      {source}
), counted AS (
    SELECT connector_id, region_id, version_label, operation, {column}, jsonb_object_agg(status, calls) AS
    statuses FROM (SELECT connector_id, region_id, version_label, operation, {column}, key AS status,
                   sum(value::bigint) AS calls
              FROM fresh, jsonb_each_text(statuses) GROUP BY 1, 2, 3, 4, 5, 6) AS single
     GROUP BY 1, 2, 3, 4, 5
), summed AS (
    SELECT connector_id, region_id, version_label, operation, {column}, sum(requests)::bigint AS requests,
           sum(successes)::bigint AS successes, sum(throttled)::bigint AS throttled,
           ARRAY[{_SUMS}] AS latency, max(connections) AS connections
      FROM fresh GROUP BY 1, 2, 3, 4, 5
)
INSERT INTO connectors_health{column} AS held (connector_id, region_id, version_label, operation, {column},
       requests, successes, throttled, latency, connections, statuses)
SELECT summed.*, coalesce(counted.statuses, '{{}}'::jsonb)
  FROM summed LEFT JOIN counted USING (connector_id, region_id, version_label, operation, {column})
"""  # noqa: S608 - built of constants of this module


def _adding(column: str, span: str) -> str:
    return f"""{_grouped(_FRESH, column, span)}
    ON CONFLICT (connector_id, {column}, region_id, version_label, operation) DO UPDATE SET
       requests = held.requests + excluded.requests,
       successes = held.successes + excluded.successes,
       throttled = held.throttled + excluded.throttled,
       connections = greatest(held.connections, excluded.connections),
       latency = (SELECT array_agg(coalesce(old, 0) + coalesce(new, 0) ORDER BY place)
                    FROM unnest(held.latency, excluded.latency) WITH ORDINALITY AS pair(old, new, place)),
       statuses = (SELECT jsonb_object_agg(key, calls)
                     FROM (SELECT key, sum(value::bigint) AS calls
                             FROM (SELECT * FROM jsonb_each_text(held.statuses)
                                   UNION ALL SELECT * FROM jsonb_each_text(excluded.statuses)) AS both_sides
                            GROUP BY key) AS merged)
"""  # noqa: S608 - built of constants of this module


_ADD_CONNECTOR_HOURS = health_connector_hours.adding(_FRESH)
_ADD_HOURS = _adding("hour", "date_trunc('hour', minute, 'UTC')")
_ADD_DAYS = _adding("day", "(minute AT TIME ZONE 'UTC')::date")
_COUNT_DAYS = _grouped(
    "FROM connectors_healthhour WHERE connector_id = ANY(%(connectors)s) "
    "AND hour >= %(first)s AND hour < %(until)s",
    "day",
    "(hour AT TIME ZONE 'UTC')::date",
)


def roll_up(*, limit: int = BATCHES_AT_ONCE) -> int:
    """Add the samples of batches that are in no hour yet to every level; returns how many batches.

    Batches are marked in the same transaction, so each counts once however often and wherever this runs; two
    at a time do not happen (advisory lock), the second has nothing to do. Late minutes land in their own
    minute, hour and day.
    """
    done = 0
    while taken := _roll_up_some(limit):
        done += taken
    return done


def _roll_up_some(limit: int) -> int:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [health_connector_hours.ROLL_UP_LOCK])
            if not cursor.fetchone()[0]:
                return 0
        waiting = TelemetryBatch.objects.filter(rolled_up_at=None).order_by("received_at")
        batches = _bite(waiting.values_list("pk", "events")[:limit])
        if not batches:
            return 0
        marked = TelemetryBatch.objects.filter(pk__in=batches)
        bounds = marked.aggregate(first=Min("first_minute"), last=Max("last_minute"))
        if bounds["first"] is not None:
            _add(batches, bounds["first"], bounds["last"])
        marked.update(rolled_up_at=timezone.now())
        return len(batches)


def _bite(waiting: Iterable[tuple[UUID, int]]) -> list[UUID]:
    """The first batches, up to `EVENTS_AT_ONCE` samples; at least one."""
    taken: list[UUID] = []
    events = 0
    for batch, size in waiting:
        events += size
        if taken and events > EVENTS_AT_ONCE:
            break
        taken.append(batch)
    return taken


def _add(batches: list[UUID], first: datetime, last: datetime) -> None:
    # The bounds let PostgreSQL skip the partitions of all other days.
    values: dict[str, Any] = {"batches": batches, "first": first, "last": last + timedelta(minutes=1)}
    with connection.cursor() as cursor:
        for statement in (_ADD_MINUTES, _ADD_CONNECTOR_HOURS, _ADD_HOURS, _ADD_DAYS):
            cursor.execute(statement, values)


def count_anew(connectors: Collection[UUID], *, first: datetime, until: datetime) -> None:
    """Make what is counted from the hours of these connectors equal to them, after hours came from elsewhere.

    `first` and `until` are midnights in UTC. Waits for a roll-up under way, and the next one waits for this.
    """
    values: dict[str, Any] = {"connectors": list(connectors), "first": first, "until": until}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [health_connector_hours.ROLL_UP_LOCK])
        cursor.execute(
            "DELETE FROM connectors_healthday WHERE connector_id = ANY(%(connectors)s) "
            "AND day >= (%(first)s AT TIME ZONE 'UTC')::date AND day < (%(until)s AT TIME ZONE 'UTC')::date",
            values,
        )
        cursor.execute(_COUNT_DAYS, values)
        health_connector_hours.count_anew(since=first, until=until, connectors=connectors)
