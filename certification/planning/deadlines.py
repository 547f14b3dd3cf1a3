"""The last moment to hand something in so that it is done before something else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from certification.planning.calendar import Calendar, NoOpenDay
from certification.planning.history import History, Slips
from certification.planning.planner import PlanSpec, earliest_start, plan_waves, why_not
from certification.planning.windows import Window

LAST_HOUR = dt.time(12, 0)
"""Local time up to which a day counts as the last one: noon of the plan, still the same day in most of the
world."""

Reaches = Callable[[dt.datetime], dt.datetime]


def last_moment(
    calendar: Calendar, now: dt.datetime, target: dt.datetime, reaches: Reaches
) -> dt.datetime | None:
    """Noon of the last business day on which a hand-in still `reaches` its goal before `target`.

    None when it is too late for that already. A later hand-in never gets there earlier.
    """
    first, last = calendar.date_of(now), calendar.date_of(target)
    days = [first + dt.timedelta(days=offset) for offset in range((last - first).days + 1)]
    moments = [calendar.instant(day, LAST_HOUR) for day in days if calendar.is_business_day(day)]
    moments = [moment for moment in moments if now < moment < target]
    low, high = 0, len(moments)
    while low < high:
        middle = (low + high) // 2
        if _is_in_time(reaches, moments[middle], target):
            low = middle + 1
        else:
            high = middle
    return moments[low - 1] if low else None


def _is_in_time(reaches: Reaches, moment: dt.datetime, target: dt.datetime) -> bool:
    try:
        return reaches(moment) <= target
    except NoOpenDay:
        return False


def complete_at(
    spec: PlanSpec, ready: dt.datetime, history: History, windows: Sequence[Window] = ()
) -> dt.datetime:
    """When nine of ten rollouts that can be scheduled at `ready` have reached every region.

    Raises `NoOpenDay`.
    """
    first = earliest_start(spec, ready, windows=windows)
    planned = plan_waves(spec, first, windows=windows, first_at=ready, not_before=ready)
    last, day, start = spec.waves[-1], planned[-1].day, planned[-1].starts_at
    for _ in range(slip_days(history.slips, len(spec.waves), 0.9)):
        day += dt.timedelta(days=1)
        while why_not(spec, last, day, windows):
            day += dt.timedelta(days=1)
        start = spec.calendar.instant(day)
    takes = max((_late(history, code) for code in last.regions), default=0.0)
    return start + dt.timedelta(seconds=takes)


def _late(history: History, code: str) -> float:
    points = history.of_region(code).points
    return points[max(round(0.9 * len(points)) - 1, 0)]


def slip_days(slips: Slips, waves: int, share: float) -> int:
    """The open days that so many waves slip in all, with probability `share` or less."""
    chances: Mapping[int, float] = {0: 1.0}
    for _ in range(waves):
        found: dict[int, float] = {}
        for total, chance in chances.items():
            for days, weight in enumerate(slips.weights):
                found[total + days] = found.get(total + days, 0.0) + chance * weight
        chances = found
    reached = 0.0
    for days in sorted(chances):
        reached += chances[days]
        if reached >= share - 1e-9:
            return days
    return max(chances)
