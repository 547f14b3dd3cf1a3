"""From a plan to dated waves: order, spacing, bake, closed days, freezes, trains, chosen dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from certification.planning.calendar import HORIZON_DAYS, NoOpenDay
from certification.planning.inputs import PlanningInputs, PlanSpec, WaveSpec
from certification.planning.problems import Problem, problem
from certification.planning.windows import Window, freeze_at, is_opened

__all__ = [
    "PlanSpec",
    "PlannedWave",
    "PlanningInputs",
    "WaveSpec",
    "baked_at",
    "check_chosen",
    "earliest_start",
    "plan",
    "plan_waves",
    "why_not",
    "why_not_at",
]

_MIDNIGHT = dt.time(0, 0)


@dataclass(frozen=True)
class PlannedWave:
    """`starts_at` is UTC. `moved_by` names what kept the wave from its first possible day."""

    number: int
    day: dt.date
    starts_at: dt.datetime
    moved_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Before:
    """The wave in front: when it starts or started, and from when it bakes. One that started late and bakes
    no longer does not hold (`holds`) the hour of the next.
    """

    wave: WaveSpec
    starts_at: dt.datetime
    verified_at: dt.datetime
    holds: bool


def why_not(spec: PlanSpec, wave: WaveSpec, day: dt.date, windows: Sequence[Window]) -> str:
    """What keeps `wave` from starting on `day`: a freeze, a holiday, the weekend; "" when nothing does."""
    return why_not_at(spec, wave, spec.calendar.instant(day), windows)


def why_not_at(
    spec: PlanSpec,
    wave: WaveSpec,
    moment: dt.datetime,
    windows: Sequence[Window],
    *,
    is_accelerated: bool = False,
) -> str:
    """The same for an instant: a late wave asks it for the moment at which it could start. Only a freeze
    holds one that two people let start early.
    """
    freeze = freeze_at(windows, moment, wave.regions, spec.auth_kinds)
    if freeze:
        return f"Freeze: {freeze.name}"
    closed = "" if is_accelerated else spec.calendar.why_closed(spec.calendar.date_of(moment))
    return "" if not closed or is_opened(windows, moment, wave.regions, spec.auth_kinds) else closed


def baked_at(spec: PlanSpec, wave: WaveSpec, verified_at: dt.datetime) -> dt.datetime:
    """When wall time and working time of the wave's bake have both passed. Traffic is not planned."""
    return max(
        verified_at + dt.timedelta(seconds=wave.bake_seconds),
        spec.calendar.add_business_seconds(verified_at, wave.bake_business_seconds),
    )


def plan_waves(spec: PlanSpec, starts_on: dt.date, **more: Any) -> list[PlannedWave]:
    """`plan` of the inputs given by name."""
    return plan(_inputs(spec, starts_on, **more))


def _inputs(spec: PlanSpec, starts_on: dt.date, **more: Any) -> PlanningInputs:
    given = {name: value for name, value in more.items() if value is not None}
    return PlanningInputs(spec, starts_on, **{**given, "windows": tuple(given.get("windows", ()))})


def plan(inputs: PlanningInputs, *, lasts: Mapping[int, float] | None = None) -> list[PlannedWave]:
    """Date every wave that has not started, in order. Raises `NoOpenDay`.

    `lasts` are the seconds that waves take to be verified; without it the dates are those of the calendar.
    """
    lasts, before = lasts or {}, None
    planned: list[PlannedWave] = []
    for wave in inputs.spec.waves:
        took = dt.timedelta(seconds=lasts.get(wave.number, 0))
        if wave.number in inputs.started:
            before = _under_way(inputs, wave, took)
            continue
        result = _date(inputs, wave, before)
        planned.append(result)
        before = _Before(wave, result.starts_at, result.starts_at + took, holds=True)
    return planned


def _under_way(inputs: PlanningInputs, wave: WaveSpec, took: dt.timedelta) -> _Before:
    started = inputs.started[wave.number]
    verified = inputs.finished.get(wave.number)
    if verified is None:
        verified = max(filter(None, (started + took, inputs.not_before)))
    return _Before(wave, started, max(started, verified), holds=wave.bakes or bool(took))


def _date(inputs: PlanningInputs, wave: WaveSpec, before: _Before | None) -> PlannedWave:
    early = _accelerated(inputs, wave, before)
    if early is not None:
        return early
    bound = None
    if before is not None and before.holds:
        bound = baked_at(inputs.spec, before.wave, before.verified_at)
    if wave.number in inputs.departures:
        result = _by_train(inputs, wave, before, bound)
    elif inputs.spec.hours_between:
        result = _by_hours(inputs, wave, before, bound)
    else:
        result = _by_days(inputs, wave, before, bound)
    if bound is not None and before is not None and _waits_for_bake(inputs, wave, before, bound, result):
        until = bound.astimezone(inputs.spec.calendar.zone)
        baking = f"Wave {before.wave.number} bakes until {until:%a %H:%M}"
        result = replace(result, moved_by=(*result.moved_by, baking))
    return result


def _accelerated(inputs: PlanningInputs, wave: WaveSpec, before: _Before | None) -> PlannedWave | None:
    moment = inputs.accelerated.get(wave.number)
    if moment is None:
        return None
    moment = max(moment, before.starts_at) if before else moment
    if freeze_at(inputs.windows, moment, wave.regions, inputs.spec.auth_kinds):
        return None
    return PlannedWave(wave.number, inputs.spec.calendar.date_of(moment), moment)


def _waits_for_bake(
    inputs: PlanningInputs, wave: WaveSpec, before: _Before, bound: dt.datetime, result: PlannedWave
) -> bool:
    """Whether the wave would come earlier if the one before it did not bake."""
    spec = inputs.spec
    if not before.wave.bakes:
        return False
    if spec.hours_between:
        return before.starts_at + dt.timedelta(hours=spec.hours_between) < bound <= result.starts_at
    first = _wish(inputs, wave, before, None)
    return first < result.day and spec.calendar.instant(first) < bound


def _wish(
    inputs: PlanningInputs, wave: WaveSpec, before: _Before | None, bound: dt.datetime | None
) -> dt.date:
    """The first day that order, spacing, a person and the present leave."""
    spec = inputs.spec
    first = _after(spec, wave, spec.calendar.date_of(before.starts_at), inputs.windows) if before else None
    today = spec.calendar.date_of(inputs.not_before) if inputs.not_before else None
    baked = spec.calendar.date_of(bound) if bound else None
    return max(filter(None, (first or inputs.starts_on, inputs.chosen.get(wave.number), today, baked)))


def _after(spec: PlanSpec, wave: WaveSpec, day: dt.date, windows: Sequence[Window]) -> dt.date:
    """The first day on which `wave` may start after one that starts on `day`.

    Counts working days, opened ones included; a freeze does not stop the count, only the start.
    """
    left, current = (0 if spec.hours_between else spec.days_between), day
    for _ in range(HORIZON_DAYS):
        if left <= 0:
            break
        current += dt.timedelta(days=1)
        moment = spec.calendar.instant(current)
        opened = is_opened(windows, moment, wave.regions, spec.auth_kinds)
        left -= spec.calendar.is_business_day(current) or opened
    return current


def _by_days(
    inputs: PlanningInputs, wave: WaveSpec, before: _Before | None, bound: dt.datetime | None
) -> PlannedWave:
    spec, windows = inputs.spec, inputs.windows
    wish = _wish(inputs, wave, before, bound)
    if bound is not None and spec.calendar.instant(wish) < bound:
        wish += dt.timedelta(days=1)
    result = _first_open_day(inputs, wave, wish)
    previous = spec.calendar.date_of(before.starts_at) if before else None
    if previous and result.day > previous:
        between = (previous + dt.timedelta(days=n) for n in range(1, (result.day - previous).days))
        reasons = (why_not(spec, wave, day, windows) for day in between)
        result = replace(result, moved_by=tuple(dict.fromkeys(reason for reason in reasons if reason)))
    return result


def _first_open_day(inputs: PlanningInputs, wave: WaveSpec, wish: dt.date) -> PlannedWave:
    reasons: dict[str, None] = {}
    for offset in range(HORIZON_DAYS):
        day = wish + dt.timedelta(days=offset)
        reason = why_not(inputs.spec, wave, day, inputs.windows)
        if not reason:
            return PlannedWave(wave.number, day, inputs.spec.calendar.instant(day), tuple(reasons))
        reasons[reason] = None
    raise _nothing_open(wave, wish)


def _by_hours(
    inputs: PlanningInputs, wave: WaveSpec, before: _Before | None, bound: dt.datetime | None
) -> PlannedWave:
    """The first open instant once the hours have passed; a chosen or present day begins at its midnight."""
    spec = inputs.spec
    calendar = spec.calendar
    if before:
        moment = before.starts_at + dt.timedelta(hours=spec.hours_between)
    else:
        moment = calendar.instant(inputs.starts_on)
        if inputs.first_at and calendar.date_of(inputs.first_at) >= inputs.starts_on:
            moment = inputs.first_at
    chosen = inputs.chosen.get(wave.number)
    if chosen and chosen > calendar.date_of(moment):
        moment = calendar.instant(chosen)
    if inputs.not_before and calendar.date_of(moment) < calendar.date_of(inputs.not_before):
        moment = calendar.instant(calendar.date_of(inputs.not_before), _MIDNIGHT)
    return _first_open_instant(inputs, wave, max(filter(None, (moment, bound))))


def _first_open_instant(inputs: PlanningInputs, wave: WaveSpec, wish: dt.datetime) -> PlannedWave:
    spec, moment = inputs.spec, wish
    edges = sorted({edge for w in inputs.windows for edge in (w.starts_at, w.ends_at) if edge > wish})
    reasons: dict[str, None] = {}
    for _ in range(HORIZON_DAYS + len(edges)):
        reason = why_not_at(spec, wave, moment, inputs.windows)
        if not reason:
            return PlannedWave(wave.number, spec.calendar.date_of(moment), moment, tuple(reasons))
        reasons[reason] = None
        midnight = spec.calendar.instant(spec.calendar.date_of(moment) + dt.timedelta(days=1), _MIDNIGHT)
        moment = min(midnight, next((edge for edge in edges if edge > moment), midnight))
    raise _nothing_open(wave, spec.calendar.date_of(wish))


def _by_train(
    inputs: PlanningInputs, wave: WaveSpec, before: _Before | None, bound: dt.datetime | None
) -> PlannedWave:
    spec, reasons = inputs.spec, dict[str, None]()
    wish = _wish(inputs, wave, before, bound)
    earliest = bound
    if before and spec.hours_between:
        spaced = before.starts_at + dt.timedelta(hours=spec.hours_between)
        earliest = max(filter(None, (bound, spaced)))
    for leaves_at in inputs.departures[wave.number]:
        day = spec.calendar.date_of(leaves_at)
        if day < wish or (earliest is not None and leaves_at < earliest):
            continue
        reason = why_not_at(spec, wave, leaves_at, inputs.windows)
        if not reason:
            return PlannedWave(wave.number, day, leaves_at, tuple(reasons))
        reasons[reason] = None
    raise NoOpenDay(problem("no-train", number=wave.number, day=wish))


def _nothing_open(wave: WaveSpec, wish: dt.date) -> NoOpenDay:
    return NoOpenDay(problem("no-open-day", number=wave.number, days=HORIZON_DAYS, day=wish))


def check_chosen(
    spec: PlanSpec, starts_on: dt.date, chosen: Mapping[int, dt.date], **more: Any
) -> dict[int, Problem]:
    """For each day a person chose that cannot be kept: wave number -> what is wrong and what to do."""
    return chosen_problems(_inputs(spec, starts_on, chosen=chosen, **more))


def chosen_problems(inputs: PlanningInputs) -> dict[int, Problem]:
    """The same for inputs in hand."""
    spec, not_before = inputs.spec, inputs.not_before
    unknown = sorted(set(inputs.chosen) - {wave.number for wave in spec.waves})
    problems = {number: problem("no-such-wave", number=number) for number in unknown}
    for wave in plan(inputs):
        wish = inputs.chosen.get(wave.number)
        if wish is None or wish == wave.day:
            continue
        given = {"day": wish, "possible": wave.day}
        if not_before and wish < spec.calendar.date_of(not_before):
            problems[wave.number] = problem("day-over", **given)
        elif wave.moved_by:
            problems[wave.number] = problem("day-closed", why=wave.moved_by[0], **given)
        else:
            problems[wave.number] = problem("day-too-early", **given)
    return problems


def earliest_start(
    spec: PlanSpec,
    not_before: dt.datetime,
    *,
    windows: Sequence[Window] = (),
    departures: Mapping[int, tuple[dt.datetime, ...]] | None = None,
) -> dt.date:
    """The first day on which the first wave can start: at its hour, on its train, or from now on where the
    plan counts hours. Raises `NoOpenDay`.
    """
    if not spec.waves:
        raise NoOpenDay(problem("plan-empty"))
    first, day = spec.waves[0], spec.calendar.date_of(not_before)
    inputs = _inputs(spec, day, windows=windows, departures=departures, not_before=not_before)
    if first.number in inputs.departures:
        return _by_train(inputs, first, None, not_before).day
    if spec.hours_between:
        return _first_open_instant(inputs, first, not_before).day
    if spec.calendar.instant(day) <= not_before:
        day += dt.timedelta(days=1)
    return _first_open_day(inputs, first, day).day
