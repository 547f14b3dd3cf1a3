"""When a submission will be live: a band from how long others took, or from the published defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from certification.lifecycle import SUBMISSION, SubmissionState

MIN_SAMPLES = 5
"""With fewer finished stays in a state, the default is the better guess."""
_HISTORY = 200
_HOUR, _DAY = 3600.0, 86400.0


@dataclass(frozen=True, slots=True)
class Spread:
    """How long finished submissions stayed in a state, in calendar seconds."""

    samples: int
    p50: float
    p90: float


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is promised where history says nothing: working days plus seconds, usual and late."""

    usual_days: float = 0
    late_days: float = 0
    usual_seconds: float = 0
    late_seconds: float = 0


@dataclass(frozen=True, slots=True)
class Forecast:
    """`early` to `late` is where half to nine tenths of all end up.

    `overdue` when the present state already takes longer than nine of ten. `measured` is false when any part
    of it rests on defaults.
    """

    early: datetime
    late: datetime
    step_early: datetime
    step_late: datetime
    overdue: bool
    measured: bool


# Review within 5 working days, Preview window of 2, six daily waves and 2 spare days for holds.
DEFAULTS: Mapping[str, Allowance] = {
    "submitted": Allowance(usual_seconds=60, late_seconds=600),
    "validating": Allowance(usual_seconds=60, late_seconds=600),
    "in_review": Allowance(usual_days=3, late_days=5),
    "approved": Allowance(usual_seconds=60, late_seconds=_HOUR),
    "preview_deploying": Allowance(usual_seconds=_HOUR / 2, late_seconds=4 * _HOUR),
    "preview_testing": Allowance(usual_days=1, late_days=2),
    "signed_off": Allowance(usual_days=1, late_days=2),
    "scheduled": Allowance(usual_days=1, late_days=2),
    "rolling_out": Allowance(usual_days=6, late_days=8),
}
# A hotfix is reviewed the same day, tested for four hours and rolled out in waves twelve hours apart.
HOTFIX_DEFAULTS: Mapping[str, Allowance] = {
    **DEFAULTS,
    "in_review": Allowance(usual_seconds=4 * _HOUR, late_days=1),
    "preview_testing": Allowance(usual_seconds=4 * _HOUR, late_days=1),
    "signed_off": Allowance(usual_seconds=2 * _HOUR, late_seconds=8 * _HOUR),
    "scheduled": Allowance(usual_seconds=2 * _HOUR, late_seconds=12 * _HOUR),
    "rolling_out": Allowance(usual_seconds=60 * _HOUR, late_seconds=84 * _HOUR),
}

_WAY = tuple(DEFAULTS)
# Where a submission off the straight way joins it again.
_JOINS = {
    "draft": "submitted",
    "validation_failed": "submitted",
    "changes_requested": "submitted",
    "preview_refused": "submitted",
    "preview_failed": "preview_deploying",
    "expired": "preview_testing",
    "held": "rolling_out",
    "halted": "rolling_out",
}


def way_from(state: str) -> tuple[str, ...]:
    """The states still to be passed, the present one first; empty when there is no way to live."""
    joined = _JOINS.get(state, state)
    if joined not in _WAY:
        return ()
    rest = _WAY[_WAY.index(joined) :]
    return rest if joined == state else (state, *rest)


def forecast(
    state: str,
    *,
    since: datetime,
    now: datetime,
    history: Mapping[str, Spread],
    defaults: Mapping[str, Allowance] = DEFAULTS,
    not_before: datetime | None = None,
) -> Forecast | None:
    """The expected time of going live from `state`, held `since`; None where that is not foreseeable.

    States in which somebody's answer is awaited without a promise (a draft, say) count as left now.
    `not_before` is the planned date of the last wave where there is a plan: no forecast beats the calendar.
    """
    way = way_from(state)
    if not way:
        return None
    early, late, step = now, now, (now, now)
    overdue, measured = False, True
    for name in way:
        # The present state began in the past; what it still takes is never less than nothing.
        spread, allowance = history.get(name), defaults.get(name)
        starts = (since, since) if name == state else (early, late)
        if spread and spread.samples >= MIN_SAMPLES:
            ends = (starts[0] + timedelta(seconds=spread.p50), starts[1] + timedelta(seconds=spread.p90))
        elif allowance:
            measured = False
            ends = _after(starts, allowance)
        else:
            continue
        if name == state:
            overdue = ends[1] < now
            ends = (max(ends[0], now), max(ends[1], now))
            step = ends
        early, late = ends[0], max(ends)
    if not_before:
        early, late = max(early, not_before), max(late, not_before)
    return Forecast(early, late, step[0], step[1], overdue, measured)


def _after(starts: tuple[datetime, datetime], allowance: Allowance) -> tuple[datetime, datetime]:
    early = add_working_days(starts[0], allowance.usual_days) + timedelta(seconds=allowance.usual_seconds)
    late = add_working_days(starts[1], allowance.late_days) + timedelta(seconds=allowance.late_seconds)
    return early, late


def add_working_days(start: datetime, days: float) -> datetime:
    """`start` plus so many days from Monday to Friday. Holidays are the rollout plan's matter."""
    moment, left = start, days
    while left > 0:
        moment += timedelta(days=min(left, 1))
        while moment.weekday() >= 5:
            moment += timedelta(days=1)
        left -= 1
    return moment


def history_of(kind: str) -> dict[str, Spread]:
    """State -> spread, over the last submissions of `kind` that went live."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH finished AS (
                SELECT 'submission:' || id AS key FROM certification_submission
                 WHERE state IN ('live', 'superseded') AND kind = %s
                 ORDER BY state_changed_at DESC LIMIT %s),
            stays AS (
                SELECT r.data->>'to' AS state,
                       extract(epoch FROM lead(r.at) OVER trail - r.at) AS seconds
                  FROM finished f
                  JOIN shared_auditrecord r ON r.about @> ARRAY[f.key]::varchar[] AND r.object_key = f.key
                 WHERE r.data ? 'to'
                WINDOW trail AS (PARTITION BY f.key ORDER BY r.id))
            SELECT state, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds),
                   percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds)
              FROM stays WHERE seconds IS NOT NULL GROUP BY state
            """,
            [kind, _HISTORY],
        )
        return {row[0]: Spread(row[1], float(row[2]), float(row[3])) for row in cursor.fetchall()}


def defaults_of(kind: str) -> Mapping[str, Allowance]:
    return HOTFIX_DEFAULTS if kind == "hotfix" else DEFAULTS


def is_on_the_way(state: str) -> bool:
    """Whether a date of going live can be given at all."""
    return state not in SUBMISSION.terminal and state != SubmissionState.LIVE and bool(way_from(state))
