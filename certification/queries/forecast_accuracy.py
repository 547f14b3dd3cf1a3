"""How right the portal's forecasts were: what was said when, against what came.

A band runs from the 50th to the 90th percentile, so of many arrivals half should come by its early end, nine
of ten by its late end, and four of ten between the two.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from redis.exceptions import RedisError

from portal.shared.words import lazy as _

EXPECTED_BY_LATE, EXPECTED_INSIDE, EXPECTED_BY_EARLY = 0.9, 0.4, 0.5
DAYS = 90
ERRORS_KEY = "forecast-errors-by-lane"
"""Where the last figures by lane are kept in the cache."""
_REGIONS = 20_000

HORIZONS = {
    "scheduled": _("When the rollout was scheduled"),
    "started": _("At the start of the wave"),
    "day_before": _("One day before"),
}
SUBJECTS = {"region": _("Regions"), "rollout": _("Whole rollouts")}


@dataclass(frozen=True)
class Accuracy:
    """Forecasts of one kind. Seconds; `bias` is positive where things come later than said by the early end.

    Shares are of `samples`, from 0 to 1.
    """

    subject: str
    horizon: str
    samples: int
    median_error_seconds: float
    bias_seconds: float
    by_early: float
    by_late: float
    inside: float

    @property
    def label(self) -> str:
        return HORIZONS[self.horizon]

    @property
    def subject_label(self) -> str:
        return SUBJECTS[self.subject]


_ARRIVALS = """
    WITH regions AS (
        SELECT d.rollout_id, d.region_id, d.verified_at, w.started_at,
               -- A trial clock starts waves before their day; forecasts speak of the calendar.
               d.verified_at + GREATEST(w.planned_at - w.started_at, interval '0') AS arrived
          FROM certification_regiondeployment d
          JOIN certification_rolloutwave w ON w.id = d.wave_id
         WHERE d.state = 'verified' AND d.action = 'deploy' AND d.verified_at >= %(since)s
         ORDER BY d.verified_at DESC LIMIT %(limit)s),
    arrivals AS (
        SELECT 'region' AS subject, * FROM regions
        UNION ALL
        SELECT 'rollout', rollout_id, NULL, max(verified_at), min(r.started_at), max(arrived)
          FROM regions JOIN certification_rollout r ON r.id = rollout_id
         WHERE r.state = 'completed' GROUP BY rollout_id),
    said AS (
        SELECT a.subject, h.horizon, a.rollout_id, a.region_id, a.arrived, f.early, f.late
          FROM arrivals a
         CROSS JOIN LATERAL (VALUES
               ('scheduled', a.verified_at, 1),
               ('started', LEAST(a.started_at + interval '1 minute', a.verified_at), -1),
               ('day_before', a.verified_at - interval '1 day', -1)) AS h(horizon, until, direction)
         CROSS JOIN LATERAL (
               SELECT s.early, s.late FROM certification_forecastsnapshot s
                WHERE s.rollout_id = a.rollout_id AND s.region_id IS NOT DISTINCT FROM a.region_id
                  AND s.at <= h.until
                ORDER BY extract(epoch FROM s.at) * h.direction LIMIT 1) AS f)
"""


def accuracy(*, days: int = DAYS) -> list[Accuracy]:
    """For regions and whole rollouts that arrived in the last `days`, by when the forecast was made.

    Kinds without a single sample are left out. One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""{_ARRIVALS}
            SELECT subject, horizon, count(*),
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(extract(epoch FROM arrived - early))),
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM arrived - early)),
                   avg((arrived <= early)::int), avg((arrived <= late)::int),
                   avg((arrived BETWEEN early AND late)::int)
              FROM said GROUP BY subject, horizon
            """,  # noqa: S608 - a constant
            {"since": timezone.now() - dt.timedelta(days=days), "limit": _REGIONS},
        )
        rows = {(row[0], row[1]): row for row in cursor.fetchall()}
    return [
        Accuracy(subject, horizon, row[2], *map(float, row[3:]))
        for subject in SUBJECTS
        for horizon in HORIZONS
        if (row := rows.get((subject, horizon)))
    ]


@dataclass(frozen=True)
class LaneError:
    """How far off the first forecasts of regions were in one lane, in hours; `bias` above 0 is too late."""

    lane: str
    samples: int
    bias_hours: float
    p50_hours: float
    p90_hours: float


def kept_errors() -> list[LaneError]:
    """The figures of the last hour; none when the cache is away or was never filled."""
    try:
        return cache.get(ERRORS_KEY) or []
    except RedisError:
        return []


def errors_by_lane(*, days: int = DAYS) -> list[LaneError]:
    """Of forecasts made when the rollout was scheduled. One query over every arrival: not for each scrape."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""{_ARRIVALS}
            SELECT p.lane, count(*),
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM arrived - early)) / 3600,
                   percentile_cont(ARRAY[0.5, 0.9])
                       WITHIN GROUP (ORDER BY abs(extract(epoch FROM arrived - early)) / 3600)
              FROM said
              JOIN certification_rollout r ON r.id = said.rollout_id
              JOIN certification_rolloutplan p ON p.id = r.plan_id
             WHERE subject = 'region' AND horizon = 'scheduled'
             GROUP BY p.lane ORDER BY p.lane
            """,  # noqa: S608 - a constant
            {"since": timezone.now() - dt.timedelta(days=days), "limit": _REGIONS},
        )
        return [
            LaneError(lane, count, float(bias), *map(float, errors))
            for lane, count, bias, errors in cursor.fetchall()
        ]


@dataclass(frozen=True)
class Miss:
    """An arrival after the late end of what was said when the rollout was scheduled."""

    rollout_id: str
    connector: str
    region: str
    late: dt.datetime
    arrived: dt.datetime

    @property
    def seconds(self) -> float:
        return (self.arrived - self.late).total_seconds()


def worst_misses(*, days: int = DAYS, limit: int = 10) -> list[Miss]:
    """The regions that came longest after the late end of their first forecast."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""{_ARRIVALS}
            SELECT said.rollout_id::text, c.name, g.name, late, arrived
              FROM said
              JOIN certification_rollout r ON r.id = said.rollout_id
              JOIN connectors_connector c ON c.id = r.connector_id
              JOIN connectors_region g ON g.code = said.region_id
             WHERE subject = 'region' AND horizon = 'scheduled' AND arrived > late
             ORDER BY arrived - late DESC LIMIT %(misses)s
            """,  # noqa: S608 - a constant
            {"since": timezone.now() - dt.timedelta(days=days), "limit": _REGIONS, "misses": limit},
        )
        return [Miss(*row) for row in cursor.fetchall()]
