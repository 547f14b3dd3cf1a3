"""The hours of connectors over everything but Preview: they grow with each roll-up, or are counted anew."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from connectors.models import HealthConnectorHour

# The overview looks back 48 hours.
KEPT_DAYS = 3
# Taken by whoever adds to the hours, so that nobody counts what another one has half written.
ROLL_UP_LOCK = 0x401B
_HOUR = timedelta(hours=1)
_LOOKED_AT_AGAIN = 2
# Locations without users say nothing about how a connector does.
_WITH_USERS = "region_id IN (SELECT code FROM connectors_region WHERE NOT (is_preview OR in_preview_stage))"
_SUMS = "sum(requests), sum(successes), sum(throttled)"


def adding(fresh: str) -> str:
    """The statement that adds samples; `fresh` is FROM and WHERE of those that are in no hour yet."""
    return f"""
INSERT INTO connectors_healthconnectorhour AS held (connector_id, hour, requests, successes, throttled)
SELECT connector_id, date_trunc('hour', minute, 'UTC'), {_SUMS} {fresh} AND {_WITH_USERS} GROUP BY 1, 2
    ON CONFLICT (hour, connector_id) DO UPDATE SET
       requests = held.requests + excluded.requests,
       successes = held.successes + excluded.successes,
       throttled = held.throttled + excluded.throttled
"""


_OF_SOME = "hour >= %(since)s AND hour < %(until)s AND (%(every)s OR connector_id = ANY(%(connectors)s))"
_FORGET = f"DELETE FROM connectors_healthconnectorhour WHERE {_OF_SOME}"  # noqa: S608 - built of constants
_COUNT = f"""
INSERT INTO connectors_healthconnectorhour (connector_id, hour, requests, successes, throttled)
SELECT connector_id, hour, {_SUMS} FROM connectors_healthhour WHERE {_OF_SOME} AND {_WITH_USERS} GROUP BY 1, 2
"""  # noqa: S608 - built of constants


def count_anew(*, since: datetime, until: datetime, connectors: Collection[UUID] | None = None) -> None:
    """Make them equal to the hours of operations, for some connectors or for all.

    What is older than `KEPT_DAYS` is left out. Waits for a roll-up under way.
    """
    oldest = timezone.now() - timedelta(days=KEPT_DAYS)
    values: dict[str, Any] = {
        "since": max(since, oldest),
        "until": until,
        "every": connectors is None,
        "connectors": list(connectors or ()),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ROLL_UP_LOCK])
        cursor.execute(_FORGET, values)
        cursor.execute(_COUNT, values)


def mend() -> int:
    """Count anew which hours of the last two days have nothing, and the last whole ones; returns how many.

    Workers of a release before this one roll up beside it for a while, and know nothing of these hours.
    """
    present = timezone.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = [present - ago * _HOUR for ago in range(1, 49)]
    counted = HealthConnectorHour.objects.filter(hour__gte=hours[-1]).values_list("hour", flat=True)
    known = set(counted.distinct())
    wanted = [hour for place, hour in enumerate(hours) if place < _LOOKED_AT_AGAIN or hour not in known]
    for hour in wanted:
        count_anew(since=hour, until=hour + _HOUR)
    return len(wanted)
