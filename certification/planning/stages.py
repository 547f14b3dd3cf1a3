"""The way of a submission through its states: from how long others stayed, or the published defaults.

States are named as the lifecycle names them. No clock is asked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from certification.planning.history import MIN_SAMPLES

_HOUR = 3600.0


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


# Review within 5 working days, Preview window of 2, four daily waves after it and 2 spare days for holds.
DEFAULTS: Mapping[str, Allowance] = {
    "submitted": Allowance(usual_seconds=60, late_seconds=600),
    "validating": Allowance(usual_seconds=60, late_seconds=600),
    "in_review": Allowance(usual_days=3, late_days=5),
    "approved": Allowance(usual_seconds=60, late_seconds=_HOUR),
    "preview_deploying": Allowance(usual_seconds=_HOUR / 2, late_seconds=4 * _HOUR),
    "preview_testing": Allowance(usual_days=1, late_days=2),
    "signed_off": Allowance(usual_days=1, late_days=2),
    "scheduled": Allowance(usual_days=1, late_days=2),
    "rolling_out": Allowance(usual_days=4, late_days=6),
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
    until: str = "",
) -> Forecast | None:
    """The expected time of going live from `state`, held `since`; None where that is not foreseeable.

    States in which somebody's answer is awaited without a promise (a draft, say) count as left now. The
    margins of the states add up as those of independent things do: not everything is late at once.
    `not_before` is the planned date of the last wave where there is a plan: no forecast beats the calendar.
    With `until` it is the time of leaving that state instead.
    """
    way = way_from(state)
    if until:
        way = way[: way.index(until) + 1] if until in way else ()
    if not way:
        return None
    early, overdue, measured = now, False, True
    step, margins = (now, now), 0.0
    for name in way:
        spread, allowance = history.get(name), defaults.get(name)
        # The present state began in the past; what it still takes is never less than nothing.
        start = since if name == state else early
        if spread and spread.samples >= MIN_SAMPLES:
            ends = (start + timedelta(seconds=spread.p50), start + timedelta(seconds=spread.p90))
        elif allowance:
            measured = False
            ends = _after(start, allowance)
        else:
            continue
        if name == state:
            overdue = ends[1] < now
            ends = step = (max(ends[0], now), max(ends[1], now))
        early = ends[0]
        margins += max((ends[1] - ends[0]).total_seconds(), 0.0) ** 2
    late = early + timedelta(seconds=math.sqrt(margins))
    if not_before:
        early, late = max(early, not_before), max(late, not_before)
    return Forecast(early, late, step[0], step[1], overdue, measured)


def _after(start: datetime, allowance: Allowance) -> tuple[datetime, datetime]:
    usual = add_working_days(start, allowance.usual_days) + timedelta(seconds=allowance.usual_seconds)
    late = add_working_days(start, allowance.late_days) + timedelta(seconds=allowance.late_seconds)
    return usual, late


def add_working_days(start: datetime, days: float) -> datetime:
    """`start` plus so many days from Monday to Friday. Holidays are the rollout plan's matter."""
    moment, left = start, days
    while left > 0:
        moment += timedelta(days=min(left, 1))
        while moment.weekday() >= 5:
            moment += timedelta(days=1)
        left -= 1
    return moment
