"""How long regions take to hold a version, from the deployments of the last months."""

from __future__ import annotations

import datetime as dt

from django.db import connection
from django.utils import timezone

from certification.planning.history import STEPS, Durations
from certification.planning.inputs import Duration

DAYS = 180
"""How far back history counts."""
QUANTILES = [(step + 1) / STEPS for step in range(STEPS)]
_MOST = 4_000


def since() -> dt.datetime:
    """From when on history counts."""
    return timezone.now() - dt.timedelta(days=DAYS)


def region_durations() -> dict[str | None, Durations]:
    """Region code -> from the start of its wave to verified; under None those of all regions. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH done AS (
                SELECT d.region_id, extract(epoch FROM d.verified_at - w.started_at) AS seconds
                  FROM certification_regiondeployment d
                  JOIN certification_rolloutwave w ON w.id = d.wave_id
                 WHERE d.state = 'verified' AND d.action = 'deploy' AND d.verified_at >= %s
                 ORDER BY d.verified_at DESC LIMIT %s)
            SELECT region_id, count(*), percentile_cont(%s::float8[]) WITHIN GROUP (ORDER BY seconds)
              FROM done WHERE seconds >= 0 GROUP BY GROUPING SETS ((region_id), ())
            """,
            [since(), _MOST, QUANTILES],
        )
        return {
            code: Durations(tuple(map(float, points)), count)
            for code, count, points in cursor.fetchall()
            if points
        }


def durations_by_region() -> dict[str, Duration]:
    """The half and nine tenths of the same, of regions with a history worth the name."""
    return {
        code: Duration(found.points[_step(0.5)], found.points[_step(0.9)])
        for code, found in region_durations().items()
        if code and found.is_measured
    }


def _step(share: float) -> int:
    return round(share * STEPS) - 1
