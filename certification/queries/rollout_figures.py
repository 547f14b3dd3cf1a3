"""How rollouts went over the last months: lead time, waves, time held by cause, halts, rollbacks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from redis.exceptions import RedisError

from certification.models.plans import Lane
from portal.shared.words import lazy as _

DAYS = 90
FIGURES_KEY = "rollout-figures"
"""Where the last figures are kept in the cache."""
QUANTILES = (0.5, 0.9)
CAUSES = {
    "freeze": _("A freeze"),
    "incident": _("An incident"),
    "held": _("Held by a person or a gate"),
    "halted": _("Stopped"),
}


@dataclass(frozen=True, slots=True)
class Spread:
    """Lengths of `lane` ("" for all lanes): how many, the half and nine tenths of them in seconds."""

    lane: str
    samples: int
    p50_seconds: float
    p90_seconds: float

    @property
    def label(self) -> str:
        return Lane(self.lane).label if self.lane else _("All lanes")


@dataclass(frozen=True, slots=True)
class Held:
    """Time in which rollouts did not go on, of stays that ended in these days."""

    cause: str
    times: int
    seconds: float

    @property
    def label(self) -> str:
        return CAUSES[self.cause]


@dataclass(frozen=True, slots=True)
class RolloutFigures:
    """`lead` is from handing in to every public region, `waves` from a wave's start to its verification,
    `rollbacks` from the decision to the last region. `halts_by_portal` are those of gates, tests and probes.
    """

    lead: tuple[Spread, ...] = ()
    waves: tuple[Spread, ...] = ()
    rollbacks: tuple[Spread, ...] = ()
    held: tuple[Held, ...] = ()
    halts_by_portal: int = 0
    halts_by_people: int = 0
    days: int = DAYS

    @property
    def is_empty(self) -> bool:
        return not (self.lead or self.waves or self.rollbacks or self.held or self.halts)

    @property
    def halts(self) -> int:
        return self.halts_by_portal + self.halts_by_people


def kept_figures() -> RolloutFigures | None:
    """The figures of the last hour; None when the cache is away or was never filled."""
    try:
        found: RolloutFigures | None = cache.get(FIGURES_KEY)
    except RedisError:
        return None
    return found


def rollout_figures(*, days: int = DAYS) -> RolloutFigures:
    """The figures of the last `days`. Three queries over months: not for each scrape."""
    since = timezone.now() - dt.timedelta(days=days)
    spreads = _spreads(since)
    halts = _halts(since)
    return RolloutFigures(
        lead=spreads.get("lead", ()),
        waves=spreads.get("wave", ()),
        rollbacks=spreads.get("rollback", ()),
        held=_held(since),
        halts_by_portal=halts.get(True, 0),
        halts_by_people=halts.get(False, 0),
        days=days,
    )


def _spreads(since: dt.datetime) -> dict[str, tuple[Spread, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH lengths AS (
                SELECT 'lead' AS kind, p.lane, r.finished_at - s.submitted_at AS length
                  FROM certification_rollout r
                  JOIN certification_rolloutplan p ON p.id = r.plan_id
                  JOIN certification_submission s ON s.id = r.submission_id
                 WHERE r.state = 'completed' AND r.finished_at >= %(since)s AND s.submitted_at IS NOT NULL
                UNION ALL
                SELECT 'wave', p.lane, w.finished_at - w.started_at
                  FROM certification_rolloutwave w
                  JOIN certification_rollout r ON r.id = w.rollout_id
                  JOIN certification_rolloutplan p ON p.id = r.plan_id
                 WHERE w.state = 'verified' AND w.finished_at >= %(since)s AND w.started_at IS NOT NULL
                UNION ALL
                SELECT 'rollback', '', d.at - min(b.at)
                  FROM shared_auditrecord d
                  JOIN shared_auditrecord b
                    ON b.about @> ARRAY[d.object_key] AND b.object_key = d.object_key
                   AND b.action = 'rollout.start_rollback'
                 WHERE d.action = 'rollout.complete_rollback' AND d.at >= %(since)s
                 GROUP BY d.id)
            SELECT kind, lane, count(*),
                   percentile_cont(%(quantiles)s::float8[])
                       WITHIN GROUP (ORDER BY greatest(extract(epoch FROM length), 0))
              FROM lengths GROUP BY kind, lane ORDER BY kind, lane
            """,
            {"since": since, "quantiles": list(QUANTILES)},
        )
        found: dict[str, tuple[Spread, ...]] = {}
        for kind, lane, samples, (half, most) in cursor.fetchall():
            found[kind] = (*found.get(kind, ()), Spread(lane, samples, float(half), float(most)))
    return found


def _held(since: dt.datetime) -> tuple[Held, ...]:
    """A freeze or an incident counts as such, whatever state it kept the rollout in."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH held AS (
                SELECT CASE WHEN holder IN ('freeze', 'incident') THEN holder ELSE state END AS cause, seconds
                  FROM certification_timestretch
                 WHERE ends_at >= %s AND (holder IN ('freeze', 'incident') OR state IN ('held', 'halted')))
            SELECT cause, count(*), sum(seconds) FROM held GROUP BY cause ORDER BY sum(seconds) DESC
            """,
            [since],
        )
        return tuple(Held(cause, times, float(seconds)) for cause, times, seconds in cursor.fetchall())


def _halts(since: dt.datetime) -> dict[bool, int]:
    """Whether the portal halted it -> how often."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT actor_id IS NULL, count(*) FROM shared_auditrecord "
            "WHERE action = 'rollout.halt' AND at >= %s GROUP BY 1",
            [since],
        )
        return dict(cursor.fetchall())
