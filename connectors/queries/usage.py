"""Who uses which operation: active connections and calls of the last weeks, added up over the regions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Max, Min

from connectors.models import TelemetryBatch

OBSERVED_FOR = timedelta(days=7)
"""Regions must have reported for so long before silence about an operation means that nobody calls it."""
_LATEST_REPORT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Use:
    """`connections` were active in the busiest hour; the true number is at least that. `last_at` is the last
    hour with calls.
    """

    connections: int
    calls: int
    last_at: datetime | None = None


UNUSED = Use(0, 0)


def usage_of(connector_id: UUID, *, since: datetime) -> tuple[Mapping[str, Use], Use]:
    """Operation -> its use since then, and that of all together. Two queries over the hours of one connector.

    Versions in one region are added up, and so are the operations for all together: what decides whether
    somebody is hurt must rather be too high.
    """
    query = """
        SELECT operation, max(active)::bigint, sum(calls)::bigint, max(hour) FILTER (WHERE calls > 0)
          FROM (SELECT {operation}, hour, sum(connections) AS active, sum(requests) AS calls
                  FROM connectors_healthhour WHERE connector_id = %s AND hour >= %s GROUP BY 1, 2) AS hourly
         GROUP BY 1
    """
    with connection.cursor() as cursor:
        cursor.execute(query.format(operation="operation"), [connector_id, since])
        found = {row[0]: _use(*row[1:]) for row in cursor.fetchall()}
        cursor.execute(query.format(operation="''::text AS operation"), [connector_id, since])
        total = [_use(*row[1:]) for row in cursor.fetchall()]
    return found, total[0] if total else UNUSED


def _use(connections: int, calls: int, last_at: datetime | None) -> Use:
    # Who calls is connected, also where a region counts no connections.
    return Use(max(connections or 0, 1 if calls else 0), calls or 0, last_at)


def silent_about_use(regions: Collection[str], *, now: datetime) -> set[str]:
    """Those of the regions whose telemetry is too young or too old to say that something is not used."""
    rows = (
        TelemetryBatch.objects.filter(region__in=regions)
        .values("region")
        .annotate(first=Min("received_at"), last=Max("received_at"))
    )
    known = {
        row["region"]
        for row in rows
        if row["first"] <= now - OBSERVED_FOR and row["last"] >= now - _LATEST_REPORT
    }
    return set(regions) - known
