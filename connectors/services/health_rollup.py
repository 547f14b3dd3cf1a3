"""Rolling samples up into hours: each batch exactly once, in the transaction that says so."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max, Min
from django.utils import timezone

from connectors.latency import BUCKETS
from connectors.models import TelemetryBatch

# Large enough for a busy half minute, small enough to stay far below the statement timeout.
BATCHES_AT_ONCE = 500
EVENTS_AT_ONCE = 100_000
_LOCK = 0x401B
_SUMS = ", ".join(f"sum(latency[{index}])::bigint" for index in range(1, BUCKETS + 1))

# Samples are found by batch, never by their time of arrival: a transaction that commits late would be missed.
_ROLL_UP = f"""
WITH fresh AS MATERIALIZED (
    SELECT connector_id, region_id, version_label, operation, date_trunc('hour', minute, 'UTC') AS hour,
           requests, successes, throttled, statuses, latency, connections
      FROM connectors_sample
     WHERE batch_id = ANY(%(batches)s) AND minute >= %(first)s AND minute <= %(last)s
), counted AS (
    SELECT connector_id, region_id, version_label, operation, hour, jsonb_object_agg(status, calls) AS
    statuses FROM (SELECT connector_id, region_id, version_label, operation, hour, key AS status,
                   sum(value::bigint) AS calls
              FROM fresh, jsonb_each_text(statuses) GROUP BY 1, 2, 3, 4, 5, 6) AS single
     GROUP BY 1, 2, 3, 4, 5
), summed AS (
    SELECT connector_id, region_id, version_label, operation, hour, sum(requests)::bigint AS requests,
           sum(successes)::bigint AS successes, sum(throttled)::bigint AS throttled,
           ARRAY[{_SUMS}] AS latency, max(connections) AS connections
      FROM fresh GROUP BY 1, 2, 3, 4, 5
)
INSERT INTO connectors_healthhour AS held (connector_id, region_id, version_label, operation, hour, requests,
       successes, throttled, latency, connections, statuses)
SELECT summed.*, counted.statuses
  FROM summed JOIN counted USING (connector_id, region_id, version_label, operation, hour)
    ON CONFLICT (connector_id, hour, region_id, version_label, operation) DO UPDATE SET
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


def roll_up(*, limit: int = BATCHES_AT_ONCE) -> int:
    """Add the samples of batches that are in no hour yet to their hours; returns how many batches.

    Batches are marked in the same transaction, so each counts once however often and wherever this runs; two
    at a time do not happen (advisory lock), the second has nothing to do. Late minutes land in their own
    hour.
    """
    done = 0
    while taken := _roll_up_some(limit):
        done += taken
    return done


def _roll_up_some(limit: int) -> int:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
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
    with connection.cursor() as cursor:
        cursor.execute(_ROLL_UP, {"batches": batches, "first": first, "last": last + timedelta(minutes=1)})
