"""When each region will have it: the plan, the present state and history in, a band for each region out.

No clock is asked: `now` is an argument, so a forecast can be made again from the record. Bands run from the
50th to the 90th percentile of one distribution. It is built wave by wave with the planner, so that no wave of
it starts on a closed day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from certification.planning.calendar import Calendar
from certification.planning.history import History
from certification.planning.outcomes import (
    Outcomes,
    combined,
    latest,
    quantile,
    remaining,
    slowest,
    spread,
    thinned,
)
from certification.planning.planner import PlanSpec, WaveSpec, earliest_start, plan_waves, why_not
from certification.planning.windows import Window

Departures = Mapping[int, tuple[dt.datetime, ...]]
_NO_TRAINS: Departures = MappingProxyType({})

WHOLE = ""
"""The key of the band of the whole rollout, beside the codes of its regions."""


@dataclass(frozen=True)
class WaveNow:
    """A wave as it is: `started_at` by the plan's calendar, None while it waits; it bakes from `finished_at`.

    Only regions that do not hold the version yet are named: `waiting` to be sent, `moving` since the start,
    `stuck` (failed or of unknown outcome, a person has to look).
    """

    number: int
    planned_at: dt.datetime
    started_at: dt.datetime | None = None
    finished_at: dt.datetime | None = None
    waiting: tuple[str, ...] = ()
    moving: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()

    @property
    def open_regions(self) -> tuple[str, ...]:
        return (*self.waiting, *self.moving, *self.stuck)


@dataclass(frozen=True)
class RolloutNow:
    """`pause` is "held" or "halted" while nothing may start, since `paused_at`."""

    waves: tuple[WaveNow, ...]
    pause: str = ""
    paused_at: dt.datetime | None = None


@dataclass(frozen=True)
class Band:
    """Half arrive by `early`, nine of ten by `late`. `is_measured` is false when a part rests on defaults."""

    early: dt.datetime
    late: dt.datetime
    is_measured: bool = True


@dataclass
class _Run:
    """What is carried from wave to wave: when the last one started, and when it let the next one go."""

    spec: PlanSpec
    history: History
    windows: Sequence[Window]
    departures: Departures
    now: float
    previous: WaveSpec | None = None
    starts: Outcomes = field(default_factory=list)
    ready: dict[float, Outcomes] = field(default_factory=dict)


def region_bands(
    spec: PlanSpec,
    rollout: RolloutNow,
    history: History,
    *,
    now: dt.datetime,
    windows: Sequence[Window] = (),
    departures: Departures = _NO_TRAINS,
) -> dict[str, Band]:
    """Region code -> band, for every region that has not got it; under `WHOLE` the band of the last one.

    `departures` are the trains of waves that take one. Empty when nothing is open. Raises `NoOpenDay` when
    calendar and freezes leave no day.
    """
    specs = {wave.number: wave for wave in spec.waves}
    run = _Run(spec, history, windows, departures, now.timestamp())
    go_on = _end_of_pause(rollout, history, run.now)
    arrivals: dict[str, Outcomes] = {}
    for wave in rollout.waves:
        named = specs[wave.number]
        if wave.started_at is not None:
            found = _arrivals_of_running(run, wave, wave.started_at, go_on)
        else:
            _start(run, named, wave, go_on)
            found = {code: spread(run.starts, history.of_region(code)) for code in wave.open_regions}
            last = slowest(history.of_region(code) for code in wave.open_regions)
            run.ready = {start: spread([(start, 1.0)], last) for start, _ in run.starts}
        run.previous = named
        arrivals |= found
        if found:
            arrivals[WHOLE] = latest(found) if wave.started_at else _merged(run)
    return {code: _band(outcomes, run, rollout, code) for code, outcomes in arrivals.items()}


def bands_before_schedule(
    spec: PlanSpec,
    ready: tuple[dt.datetime, dt.datetime],
    history: History,
    *,
    windows: Sequence[Window] = (),
    departures: Departures = _NO_TRAINS,
) -> dict[str, Band]:
    """The same for a submission without a rollout: `ready` is the band in which it can be scheduled.

    The early end follows from its early end, the late end from its late one. Raises `NoOpenDay`.
    """
    early, late = (
        region_bands(
            spec,
            _as_planned(spec, moment, windows, departures),
            history,
            now=moment,
            windows=windows,
            departures=departures,
        )
        for moment in ready
    )
    return {
        code: Band(early[code].early, max(late[code].late, early[code].late), late[code].is_measured)
        for code in early
    }


def _as_planned(
    spec: PlanSpec, moment: dt.datetime, windows: Sequence[Window], departures: Departures
) -> RolloutNow:
    first = earliest_start(spec, moment, windows=windows, departures=departures)
    regions = {wave.number: wave.regions for wave in spec.waves}
    planned = plan_waves(
        spec, first, windows=windows, departures=departures, first_at=moment, not_before=moment
    )
    return RolloutNow(
        tuple(WaveNow(wave.number, wave.starts_at, waiting=regions[wave.number]) for wave in planned)
    )


def business_days_between(calendar: Calendar, first: dt.datetime, second: dt.datetime) -> float:
    """How much of open days lies between, in days of 24 hours; negative when `second` is earlier."""
    if second < first:
        return -business_days_between(calendar, second, first)
    total, day = 0.0, calendar.date_of(first)
    while day <= calendar.date_of(second):
        begins = calendar.instant(day, dt.time())
        ends = calendar.instant(day + dt.timedelta(days=1), dt.time())
        if calendar.is_business_day(day):
            total += max((min(ends, second) - max(begins, first)) / (ends - begins), 0.0)
        day += dt.timedelta(days=1)
    return total


def _end_of_pause(rollout: RolloutNow, history: History, now: float) -> Outcomes:
    """When the rollout may go on: now, or what is left of a hold or halt like those before."""
    if not rollout.pause:
        return [(now, 1.0)]
    since = rollout.paused_at.timestamp() if rollout.paused_at else now
    return remaining(since, history.of_pause(rollout.pause), now)


def _start(run: _Run, named: WaveSpec, wave: WaveNow, go_on: Outcomes) -> None:
    """When the wave starts: after the one before, on an open day, and later as often as waves slip."""
    before: Iterable[tuple[float | None, Outcomes, float]] = (
        [(start, run.ready[start], chance) for start, chance in run.starts]
        if run.starts
        else [(None, [(run.now, 1.0)], 1.0)]
    )
    slips = run.history.slips.weights
    found: dict[float, float] = {}
    dated: dict[tuple[float | None, float], float] = {}
    for previous, ready, chance in before:
        for moment, part in _both(ready, go_on):
            key = (previous, _counts_from(run, wave, moment))
            if key not in dated:
                dated[key] = _dated(run, named, wave, *key)
            for slip, weight in enumerate(slips):
                at = _further(run, named, dated[key], slip)
                found[at] = found.get(at, 0.0) + chance * part * weight
    run.starts = thinned(found)


def _counts_from(run: _Run, wave: WaveNow, moment: float) -> float:
    """Moments before the planned one all mean the same, unless the wave before bakes from there on."""
    bakes = run.previous is not None and run.previous.bakes
    return max(moment, run.now) if bakes or moment > wave.planned_at.timestamp() else run.now


def _dated(run: _Run, named: WaveSpec, wave: WaveNow, previous: float | None, ready: float) -> float:
    """The planner's date, given when the wave before started and was ready. A late one starts at once on an
    open day.
    """
    spec, before = run.spec, run.previous if previous is not None else None
    day = spec.calendar.date_of(wave.planned_at)
    (planned,) = plan_waves(
        replace(spec, waves=(before, named) if before else (named,)),
        day,
        windows=run.windows,
        departures={named.number: run.departures[named.number]} if named.number in run.departures else None,
        chosen=None if spec.hours_between else {named.number: day},
        started={before.number: _moment(previous)} if before and previous is not None else None,
        finished={before.number: _moment(ready)} if before and before.bakes else None,
        first_at=wave.planned_at,
        not_before=_moment(ready if before is None or not before.bakes else run.now),
    )
    floor = max(wave.planned_at.timestamp() if spec.hours_between else run.now, run.now)
    return max(planned.starts_at.timestamp(), ready, floor)


def _further(run: _Run, wave: WaveSpec, start: float, slip: int) -> float:
    """The start `slip` open days later at the plan's hour, or as many trains later."""
    if not slip:
        return start
    trains = [at for at in run.departures.get(wave.number, ()) if at.timestamp() > start]
    if len(trains) >= slip:
        return trains[slip - 1].timestamp()
    calendar, moment, left = run.spec.calendar, _moment(start), slip
    day = calendar.date_of(moment)
    while left:
        day += dt.timedelta(days=1)
        left -= not why_not(run.spec, wave, day, run.windows)
    hour = moment.astimezone(calendar.zone).time() if run.spec.hours_between else None
    return calendar.instant(day, hour).timestamp()


def _arrivals_of_running(
    run: _Run, wave: WaveNow, started_at: dt.datetime, go_on: Outcomes
) -> dict[str, Outcomes]:
    """What is moving keeps its start, what waits is sent when it may be, what is stuck is mended first."""
    started, history = started_at.timestamp(), run.history
    found = {code: remaining(started, history.of_region(code), run.now) for code in wave.moving}
    found |= {code: spread(go_on, history.of_region(code)) for code in wave.waiting}
    mended = combined(go_on, spread([(run.now, 1.0)], history.repairs))
    found |= {code: spread(mended, history.of_region(code)) for code in wave.stuck}
    run.starts = [(started, 1.0)]
    finished = max(started, wave.finished_at.timestamp()) if wave.finished_at else started
    run.ready = {started: latest(found) if found else [(finished, 1.0)]}
    return found


def _both(ready: Outcomes, go_on: Outcomes) -> Outcomes:
    return ready if len(go_on) == 1 and go_on[0][0] <= ready[0][0] else combined(ready, go_on)


def _merged(run: _Run) -> Outcomes:
    return sorted((at, chance * part) for start, chance in run.starts for at, part in run.ready[start])


def _band(outcomes: Outcomes, run: _Run, rollout: RolloutNow, code: str) -> Band:
    history = run.history
    measured = history.slips.is_measured and history.of_region(code).is_measured
    if rollout.pause:
        measured = measured and history.of_pause(rollout.pause).is_measured
    early, late = quantile(outcomes, 0.5), quantile(outcomes, 0.9)
    return Band(_moment(early), _moment(late), measured)


def _moment(timestamp: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(timestamp, dt.UTC)
