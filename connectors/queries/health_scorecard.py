"""What the scorecard of general availability is made of, read from thirty days of hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from connectors.lifecycle import AvailabilityState
from connectors.models import AvailabilityRequest, Connector, Region, in_production
from connectors.scorecard import AVAILABILITY_TARGET, DAYS, WEEKS, Measured, Scorecard, score


def scorecard(connector: Connector, *, now: datetime | None = None) -> Scorecard:
    """Three queries and the last request, whose support hours still count."""
    now = now or timezone.now()
    asked = AvailabilityRequest.objects.filter(connector=connector).order_by("-created_at").first()
    return score(measure(connector, now=now), now=now, support_hours=asked.support_hours if asked else "")


def measure(connector: Connector, *, now: datetime) -> Measured:
    values: dict[str, Any] = {
        "connector": connector.pk,
        "since": now - timedelta(days=DAYS),
        "weeks": now - timedelta(weeks=WEEKS),
        "now": now,
        "target": AVAILABILITY_TARGET,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, values)
        calls, successes, failures, hours, steady, reporting = cursor.fetchone()
        cursor.execute(_CONNECTIONS, values)
        peaks = cursor.fetchall()
    # Regions of the Preview stage serve no users, and those that are switched off serve nobody.
    regions = set(Region.objects.filter(in_production(), is_active=True).values_list("code", flat=True))
    weekly = {week: peak for week, peak in peaks if week is not None and 0 <= week < WEEKS}
    return Measured(
        calls=calls,
        successes=successes,
        backend_failures=failures,
        hours=hours,
        steady_hours=steady,
        connections=max((peak for _, peak in peaks), default=0),
        weekly_peaks=[weekly.get(week, 0) for week in reversed(range(WEEKS))] if calls else [],
        regions=len(regions),
        missing_regions=len(regions - set(reporting or ())),
        live_since=_live_since(connector),
    )


def _live_since(connector: Connector) -> datetime | None:
    if connector.live_version_id is None:
        return None
    marked = connector.marked_at.get("live")
    return parse_datetime(marked) if marked else connector.state_changed_at


_FIGURES = """
WITH hours AS (
    SELECT region_id, hour, sum(requests - throttled) AS calls, sum(successes) AS successes,
           coalesce(sum((SELECT sum(value::bigint) FROM jsonb_each_text(statuses) WHERE key >= '500')), 0)
           AS failures
      FROM connectors_healthhour WHERE connector_id = %(connector)s AND hour >= %(since)s GROUP BY 1, 2
)
SELECT coalesce(sum(calls), 0)::bigint, coalesce(sum(successes), 0)::bigint,
       coalesce(sum(failures), 0)::bigint,
       count(*) FILTER (WHERE calls > 0),
       count(*) FILTER (WHERE calls > 0 AND failures <= (1 - %(target)s) * calls),
       array_agg(DISTINCT region_id)
  FROM hours
"""
_CONNECTIONS = """
SELECT CASE WHEN hour >= %(weeks)s THEN floor(extract(epoch FROM %(now)s - hour) / 604800)::integer END,
       max(active)::bigint
  FROM (SELECT hour, sum(peak) AS active
          FROM (SELECT hour, region_id, max(connections) AS peak FROM connectors_healthhour
                 WHERE connector_id = %(connector)s AND hour >= %(since)s GROUP BY 1, 2) AS regional
         GROUP BY 1) AS hourly
 GROUP BY 1
"""


def open_request(connector: Connector) -> AvailabilityRequest | None:
    """The request that waits or was granted."""
    states = [AvailabilityState.REQUESTED, AvailabilityState.GRANTED]
    found: AvailabilityRequest | None = (
        AvailabilityRequest.objects.filter(connector=connector, state__in=states)
        .select_related("requested_by", "decided_by")
        .first()
    )
    return found


def requests_of(connector: Connector) -> Any:
    return AvailabilityRequest.objects.filter(connector=connector).select_related(
        "requested_by", "decided_by"
    )
