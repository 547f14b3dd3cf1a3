"""What alerts look at: counts of all connectors at once, cheaply, as numbers without a verdict."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from connectors.latency import BUCKETS, percentile
from connectors.models import HealthObjective
from connectors.objectives import PAST_WEEKS, Counts, Objective

_SUMS = ", ".join(f"sum(latency[{index}])::bigint" for index in range(1, BUCKETS + 1))


def _rows(query: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def objectives() -> dict[UUID, Objective]:
    """The objectives of those connectors that have one of their own."""
    return {row.pk: row.as_rule() for row in HealthObjective.objects.all()}


def counts_of_minutes(until: datetime, spans: Sequence[timedelta]) -> dict[UUID, dict[timedelta, Counts]]:
    """Connector -> span -> calls of the span that ends with minute `until`; one scan of the longest span."""
    sums = ", ".join(
        f"coalesce(sum(requests - throttled) FILTER (WHERE minute > %(since{index})s), 0)::bigint, "
        f"coalesce(sum(requests - throttled - successes) FILTER (WHERE minute > %(since{index})s), 0)::bigint"
        for index in range(len(spans))
    )
    values: dict[str, Any] = {f"since{index}": until - span for index, span in enumerate(spans)}
    values |= {"until": until, "since": until - max(spans)}
    query = f"""
        SELECT connector_id, {sums} FROM connectors_healthminute
         WHERE minute > %(since)s AND minute <= %(until)s GROUP BY 1
    """  # noqa: S608 - constants and placeholders
    return {
        row[0]: {
            span: Counts(row[1 + 2 * index], row[2 + 2 * index]) for index, span in enumerate(spans)
        }
        for row in _rows(query, values)
    }  # fmt: skip


def counts_of_hours(connectors: Collection[UUID], *, since: datetime) -> dict[UUID, Counts]:
    """Connector -> calls of the hours from `since` on, for the few that are asked for."""
    if not connectors:
        return {}
    query = """
        SELECT connector_id, sum(requests - throttled)::bigint, sum(requests - throttled - successes)::bigint
          FROM connectors_healthhour WHERE connector_id = ANY(%(connectors)s) AND hour >= %(since)s GROUP BY 1
    """
    values = {"connectors": list(connectors), "since": since}
    return {row[0]: Counts(row[1], row[2]) for row in _rows(query, values)}


def last_minutes_of_live() -> dict[UUID, datetime | None]:
    """Every connector with a live version -> the latest minute that was reported of it in the last days.

    Figures that were imported have hours and no minutes: such an hour counts to its end.
    """
    query = """
        WITH hours AS (
            SELECT connector_id, max(hour) AS hour FROM connectors_healthconnectorhour
             WHERE hour >= %(since)s AND requests > 0 GROUP BY connector_id
        )
        SELECT id, CASE WHEN hour > minute OR minute IS NULL THEN hour + interval '59 minutes' ELSE minute END
          FROM connectors_connector
          LEFT JOIN hours ON hours.connector_id = id
          LEFT JOIN LATERAL (SELECT minute FROM connectors_healthminute
                              WHERE connector_id = connectors_connector.id
                              ORDER BY minute DESC LIMIT 1) AS last ON true
         WHERE live_version_id IS NOT NULL AND state <> 'retired'
    """
    return {row[0]: row[1] for row in _rows(query, {"since": timezone.now() - timedelta(days=1)})}


@dataclass(frozen=True, slots=True)
class HourFigures:
    """One hour of a connector over everything."""

    requests: int
    counts: Counts
    p95: float | None


def figures_of_hours(
    hours: Collection[datetime], *, connectors: Collection[UUID] | None = None
) -> dict[tuple[UUID, datetime], HourFigures]:
    """(connector, hour) -> figures, of all connectors or the given ones."""
    only = "AND connector_id = ANY(%(connectors)s)" if connectors is not None else ""
    query = f"""
        SELECT connector_id, hour, sum(requests)::bigint, sum(requests - throttled)::bigint,
               sum(requests - throttled - successes)::bigint, {_SUMS}
          FROM connectors_healthhour WHERE hour = ANY(%(hours)s) {only} GROUP BY 1, 2
    """  # noqa: S608 - constants and placeholders
    values = {"hours": list(hours), "connectors": list(connectors or ())}
    found = {}
    for connector_id, hour, requests, calls, failed, *histogram in _rows(query, values):
        p95 = percentile([count or 0 for count in histogram], 0.95)
        figures = HourFigures(requests, Counts(calls, failed), p95.milliseconds if p95 else None)
        found[connector_id, hour] = figures
    return found


def same_hours_of_past_weeks(hour: datetime) -> list[datetime]:
    return [hour - timedelta(weeks=week) for week in range(1, PAST_WEEKS + 1)]


def past_calls(connectors: Collection[UUID], *, since: datetime, until: datetime) -> dict[UUID, list[int]]:
    """Connector -> calls between these moments in each of the past weeks that has any, by whole hours."""
    if not connectors:
        return {}
    query = """
        SELECT connector_id, week, sum(requests)::bigint
          FROM connectors_healthhour, generate_series(1, %(weeks)s) AS week
         WHERE connector_id = ANY(%(connectors)s)
           AND hour >= date_trunc('hour', %(since)s::timestamptz, 'UTC') - week * interval '7 days'
           AND hour < date_trunc('hour', %(until)s::timestamptz, 'UTC') - week * interval '7 days'
         GROUP BY 1, 2
    """
    values = {"connectors": list(connectors), "since": since, "until": until, "weeks": PAST_WEEKS}
    found: dict[UUID, list[int]] = {}
    for connector_id, _hour, calls in _rows(query, values):
        found.setdefault(connector_id, []).append(calls)
    return found
