"""From a plan to dated waves: order, spacing, closed days, freezes, chosen dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from certification.planning.calendar import HORIZON_DAYS, Calendar, NoOpenDay
from certification.planning.windows import Window, freeze_at, is_opened


@dataclass(frozen=True)
class WaveSpec:
    """One wave to be dated. `regions` are codes."""

    number: int
    name: str
    regions: tuple[str, ...]


@dataclass(frozen=True)
class PlanSpec:
    """`days_between` business days lie between the starts of two waves (1: daily)."""

    waves: tuple[WaveSpec, ...]
    calendar: Calendar
    days_between: int = 1


@dataclass(frozen=True)
class PlannedWave:
    """`starts_at` is UTC. `moved_by` names what kept the wave from its first possible day."""

    number: int
    day: dt.date
    starts_at: dt.datetime
    moved_by: tuple[str, ...] = ()


def why_not(spec: PlanSpec, wave: WaveSpec, day: dt.date, windows: Sequence[Window]) -> str:
    """What keeps `wave` from starting on `day`: a freeze, a holiday, the weekend; "" when nothing does."""
    moment = spec.calendar.instant(day)
    return why_not_at(spec, wave, moment, windows)


def why_not_at(spec: PlanSpec, wave: WaveSpec, moment: dt.datetime, windows: Sequence[Window]) -> str:
    """The same for an instant: a late wave asks it for the moment at which it could start."""
    freeze = freeze_at(windows, moment, wave.regions)
    if freeze:
        return f"Freeze: {freeze.name}"
    closed = spec.calendar.why_closed(spec.calendar.date_of(moment))
    return "" if not closed or is_opened(windows, moment, wave.regions) else closed


def plan_waves(
    spec: PlanSpec,
    starts_on: dt.date,
    *,
    windows: Sequence[Window] = (),
    chosen: Mapping[int, dt.date] | None = None,
    started: Mapping[int, dt.datetime] | None = None,
    not_before: dt.datetime | None = None,
) -> list[PlannedWave]:
    """Date every wave that has not started, in order.

    `chosen` are days a person picked for single waves: never earlier, later if something closes the day.
    `started` are waves under way with their actual start; they are not dated but hold back the others.
    `not_before` is the present: no wave is put before its local day. Raises `NoOpenDay`.
    """
    chosen, started = chosen or {}, started or {}
    today = spec.calendar.date_of(not_before) if not_before else None
    previous: dt.date | None = None
    planned: list[PlannedWave] = []
    for wave in spec.waves:
        if wave.number in started:
            previous = spec.calendar.date_of(started[wave.number])
            continue
        after = _after(spec, wave, previous, windows) if previous else starts_on
        wish = max(filter(None, (after, chosen.get(wave.number), today)))
        result = _first_open(spec, wave, wish, windows)
        if previous and result.day > previous:
            result = replace(result, moved_by=_closed_between(spec, wave, previous, result.day, windows))
        planned.append(result)
        previous = result.day
    return planned


def _closed_between(
    spec: PlanSpec, wave: WaveSpec, first: dt.date, last: dt.date, windows: Sequence[Window]
) -> tuple[str, ...]:
    """What closes the days between two waves, without saying anything twice."""
    between = (first + dt.timedelta(days=offset) for offset in range(1, (last - first).days))
    reasons = (why_not(spec, wave, day, windows) for day in between)
    return tuple(dict.fromkeys(reason for reason in reasons if reason))


def _after(spec: PlanSpec, wave: WaveSpec, day: dt.date, windows: Sequence[Window]) -> dt.date:
    """The first day on which `wave` may start after one that starts on `day`.

    Counts working days, opened ones included; a freeze does not stop the count, only the start.
    """
    left, current = spec.days_between, day
    for _ in range(HORIZON_DAYS):
        if left <= 0:
            break
        current += dt.timedelta(days=1)
        moment = spec.calendar.instant(current)
        left -= spec.calendar.is_business_day(current) or is_opened(windows, moment, wave.regions)
    return current


def _first_open(spec: PlanSpec, wave: WaveSpec, wish: dt.date, windows: Sequence[Window]) -> PlannedWave:
    reasons: dict[str, None] = {}
    for offset in range(HORIZON_DAYS):
        day = wish + dt.timedelta(days=offset)
        reason = why_not(spec, wave, day, windows)
        if not reason:
            return PlannedWave(wave.number, day, spec.calendar.instant(day), tuple(reasons))
        reasons[reason] = None
    raise NoOpenDay(
        f"Wave {wave.number} finds no open day within {HORIZON_DAYS} days of {wish}: "
        "shorten the freezes or change the plan's calendar."
    )


def check_chosen(
    spec: PlanSpec,
    starts_on: dt.date,
    chosen: Mapping[int, dt.date],
    *,
    windows: Sequence[Window] = (),
    started: Mapping[int, dt.datetime] | None = None,
    not_before: dt.datetime | None = None,
) -> dict[int, str]:
    """For each day a person chose that cannot be kept: wave number -> what is wrong and what to do."""
    problems: dict[int, str] = {}
    unknown = sorted(set(chosen) - {wave.number for wave in spec.waves})
    problems |= {number: f"The plan has no wave {number}." for number in unknown}
    dated = plan_waves(
        spec, starts_on, windows=windows, chosen=chosen, started=started, not_before=not_before
    )
    for wave in dated:
        wish = chosen.get(wave.number)
        if wish is None or wish == wave.day:
            continue
        reason = wave.moved_by[0] if wave.moved_by else "the wave before it comes too late"
        if not_before and wish < spec.calendar.date_of(not_before):
            reason = "that day is over"
        problems[wave.number] = (
            f"{wish:%a %d %b %Y} is not possible ({reason}). Possible: {wave.day:%a %d %b %Y}."
        )
    return problems


def earliest_start(spec: PlanSpec, not_before: dt.datetime, *, windows: Sequence[Window] = ()) -> dt.date:
    """The first day on which the first wave can start at its hour. Raises `NoOpenDay`."""
    if not spec.waves:
        raise NoOpenDay("The plan has no wave.")
    day = spec.calendar.date_of(not_before)
    if spec.calendar.instant(day) <= not_before:
        day += dt.timedelta(days=1)
    return _first_open(spec, spec.waves[0], day, windows).day
