"""Calls per region, hour and version, for comparing a version with the one before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from connectors.latency import BUCKETS

_SUMS = ", ".join(f"sum(latency[{index}])::bigint" for index in range(1, BUCKETS + 1))


@dataclass(frozen=True, slots=True)
class RegionHour:
    """All operations together. `errors` maps each status from 400 on to its calls, 429 left out."""

    region: str
    hour: datetime
    version: str
    calls: int
    failures: int
    errors: dict[str, int]
    latency: tuple[int, ...]


def region_hours(connector_id: UUID, since: datetime, until: datetime) -> list[RegionHour]:
    """Every hour that touches the span, two queries. Throttled calls are no calls here."""
    values = {"connector": connector_id, "since": since, "until": until}
    where = """connector_id = %(connector)s AND hour >= date_trunc('hour', %(since)s::timestamptz, 'UTC')
               AND hour < %(until)s"""
    errors: dict[tuple[Any, ...], dict[str, int]] = {}
    for region, hour, version, status, calls in _rows(
        f"""SELECT region_id, hour, version_label, key, sum(value::bigint)::bigint
              FROM connectors_healthhour, jsonb_each_text(statuses)
             WHERE {where} AND requests > successes AND key >= '400' AND key <> '429'
             GROUP BY 1, 2, 3, 4""",  # noqa: S608 - constants and placeholders
        values,
    ):
        errors.setdefault((region, hour, version), {})[status] = calls
    sums = _rows(
        f"""SELECT region_id, hour, version_label, sum(requests - throttled)::bigint,
                   sum(requests - throttled - successes)::bigint, {_SUMS}
              FROM connectors_healthhour WHERE {where} GROUP BY 1, 2, 3 ORDER BY 2, 1, 3""",  # noqa: S608
        values,
    )
    return [
        RegionHour(
            region, hour, version, calls, max(failures, 0), errors.get((region, hour, version), {}),
            tuple(count or 0 for count in latency),
        )
        for region, hour, version, calls, failures, *latency in sums
    ]  # fmt: skip


def _rows(query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
