"""The way of one submission, as a generator: it yields where it stays until when, or asks for a reviewer."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace

from certification.planning.history import Durations
from certification.planning.planner import PlanSpec, WaveSpec, earliest_start, plan_waves, why_not_at
from certification.planning.trains import Places, Timetable, boarding
from certification.planning.windows import Window
from certification.simulation.scenario import Lane, Scenario, Spread
from certification.simulation.shifts import Shift

PARTIES = ("publisher", "reviewer", "operator", "machine", "calendar", "freeze", "incident")
"""To whom time belongs."""
TRAIN_STEP, CALENDAR_STEP = "waiting for its train", "waiting for its day"


@dataclass(frozen=True)
class Stay:
    """Time that passes with somebody until an instant."""

    step: str
    party: str
    until: dt.datetime


@dataclass(frozen=True)
class Ask:
    """A reviewer is needed for so many seconds of working time."""

    work: float


Way = Generator[Stay | Ask, dt.datetime, str]


@dataclass
class Dice:
    """Chance of one submission."""

    stream: random.Random

    def happens(self, probability: float) -> bool:
        return self.stream.random() < probability

    def span(self, spread: Spread) -> float:
        sigma = math.log(max(spread.late / spread.median, 1.0001)) / 1.2816
        return spread.median * math.exp(sigma * self.stream.gauss(0, 1))

    def one_of(self, durations: Durations) -> float:
        return self.stream.choice(durations.points)


@dataclass
class Submission:
    """One submission of the year and what became of it: `state` is where it is, or how it ended.

    `waves` are the instants at which waves started, `promised_at` the first date of the last wave,
    `opt_in_at` the planned start of the last opt-in wave.
    """

    number: int
    lane: str
    arrives_at: dt.datetime
    dice: Dice
    state: str = "arriving"
    ended_at: dt.datetime | None = None
    stays: list[tuple[str, str, dt.datetime, dt.datetime]] = field(default_factory=list)
    waves: list[tuple[int, dt.datetime]] = field(default_factory=list)
    promised_at: dt.datetime | None = None
    rounds: int = 0
    expired: int = 0
    publisher: int = 0
    opts_in: bool = False
    opt_in_at: dt.datetime | None = None


@dataclass
class World:
    """What submissions share: the scenario and the places taken on trains, of all and of each publisher."""

    scenario: Scenario
    shift: Shift
    taken: dict[str, dict[dt.datetime, int]] = field(default_factory=dict)
    own: dict[tuple[str, int], dict[dt.datetime, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.taken = {train: dict(places) for train, places in self.scenario.boarded.items()}

    def board(self, train: Timetable, publisher: int, leaves_at: dt.datetime) -> None:
        for places in (
            self.taken.setdefault(train.name, {}),
            self.own.setdefault((train.name, publisher), {}),
        ):
            places[leaves_at] = places.get(leaves_at, 0) + 1


def journey(item: Submission, world: World, now: dt.datetime) -> Way:
    """From the hand-in to live; returns how it ended."""
    scenario, lane, dice = world.scenario, world.scenario.lanes[item.lane], item.dice
    while True:
        now = yield _stay("validation", "machine", now, dice.span(scenario.validation))
        item.rounds += 1
        work = dice.span(lane.review)
        now = yield Ask(work if item.rounds == 1 else work / 2)
        if dice.happens(scenario.rejected):
            return "rejected"
        if not dice.happens(lane.changes / 2 ** (item.rounds - 1)):
            break
        now = yield _stay("changes", "publisher", now, dice.span(scenario.answer))
        if dice.happens(scenario.given_up):
            return "given up"
    now = yield _stay("preview deployment", "machine", now, dice.span(scenario.preview_deploy))
    now = yield from _preview(item, world, lane, now)
    work = 0 if lane.is_urgent else dice.span(scenario.scheduling)
    now = yield Stay("scheduling", "operator", world.shift.after(now, work) if work else now)
    now = yield from _roll_out(item, world, lane, now)
    _opt_in(item, world, lane, now)
    return "live"


def _stay(step: str, party: str, now: dt.datetime, seconds: float) -> Stay:
    return Stay(step, party, now + dt.timedelta(seconds=seconds))


def _preview(
    item: Submission, world: World, lane: Lane, now: dt.datetime
) -> Generator[Stay, dt.datetime, dt.datetime]:
    """The publisher tests; what is not signed off in time expires and is reopened."""
    tested = now + dt.timedelta(seconds=item.dice.span(lane.test))
    deadline = lane.plan.calendar.deadline_after(now, world.scenario.preview_days)
    if tested <= deadline:
        return (yield Stay("preview test", "publisher", tested))
    item.expired += 1
    now = yield Stay("preview test", "publisher", deadline)
    now = yield _stay("preview expired", "publisher", now, item.dice.span(world.scenario.reopen))
    return (yield _stay("preview test", "publisher", now, item.dice.span(lane.test) / 2))


def _roll_out(
    item: Submission, world: World, lane: Lane, now: dt.datetime
) -> Generator[Stay, dt.datetime, dt.datetime]:
    """Wave by wave on the planner's dates. Each date is planned when the wave before is done, with what that
    one really took.
    """
    spec, windows = lane.plan, world.scenario.windows
    departures = _departures(item, world, lane.train, spec, now)
    first = earliest_start(spec, now, windows=windows, departures=departures)
    promised = plan_waves(spec, first, windows=windows, departures=departures, first_at=now, not_before=now)
    item.promised_at = promised[-1].starts_at
    if lane.train is not None:
        world.board(lane.train, item.publisher, promised[0].starts_at)
    before: tuple[WaveSpec, dt.datetime] | None = None
    for wave in spec.waves:
        starts_at = promised[0].starts_at if before is None else _next_start(spec, windows, before, wave, now)
        step = TRAIN_STEP if before is None and lane.train is not None else CALENDAR_STEP
        now = yield from _until(starts_at, spec, wave, windows, now, step)
        item.waves.append((wave.number, now))
        before = (wave, now)
        now = yield from _run_wave(item.dice, world.scenario, wave, now)
    return now


def _opt_in(item: Submission, world: World, lane: Lane, now: dt.datetime) -> None:
    """The dates of the waves that were asked for, as the planner gives them once the public ones are done.

    They are no part of the way to live: it has ended, and nobody waits for them.
    """
    spec, windows = lane.opt_in, world.scenario.windows
    if spec is None or not spec.waves or not item.opts_in:
        return
    departures = _departures(item, world, lane.opt_in_train, spec, now)
    first = earliest_start(spec, now, windows=windows, departures=departures)
    planned = plan_waves(spec, first, windows=windows, departures=departures, first_at=now, not_before=now)
    item.opt_in_at = planned[-1].starts_at
    if lane.opt_in_train is not None:
        world.board(lane.opt_in_train, item.publisher, planned[0].starts_at)


def _departures(
    item: Submission, world: World, train: Timetable | None, spec: PlanSpec, now: dt.datetime
) -> dict[int, tuple[dt.datetime, ...]] | None:
    if train is None:
        return None
    first, windows = spec.waves[0], world.scenario.windows
    found = boarding(
        train,
        now,
        Places(
            taken=world.taken.get(train.name, {}),
            taken_by_publisher=world.own.get((train.name, item.publisher), {}),
        ),
        closed=lambda moment: why_not_at(spec, first, moment, windows),
    )
    return {first.number: found.departures}


def _next_start(
    spec: PlanSpec,
    windows: Sequence[Window],
    before: tuple[WaveSpec, dt.datetime],
    wave: WaveSpec,
    now: dt.datetime,
) -> dt.datetime:
    previous, started_at = before
    (planned,) = plan_waves(
        replace(spec, waves=(previous, wave)),
        spec.calendar.date_of(now),
        windows=windows,
        started={previous.number: started_at},
        finished={previous.number: now},
        not_before=now,
    )
    return max(planned.starts_at, now)


def _until(
    starts_at: dt.datetime,
    spec: PlanSpec,
    wave: WaveSpec,
    windows: Sequence[Window],
    now: dt.datetime,
    step: str,
) -> Generator[Stay, dt.datetime, dt.datetime]:
    """The wait for the wave's date; what of it lies in a freeze that concerns the wave is the freeze's."""
    for begins, ends in _frozen(now, starts_at, wave, spec, windows):
        now = yield Stay(step, "calendar", max(begins, now))
        now = yield Stay("frozen", "freeze", ends)
    return (yield Stay(step, "calendar", starts_at))


def _frozen(
    since: dt.datetime, until: dt.datetime, wave: WaveSpec, spec: PlanSpec, windows: Sequence[Window]
) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """The freezes between two instants, clipped and without overlaps."""
    reached = since
    for window in sorted(windows, key=lambda each: each.starts_at):
        if window.opens or not window.concerns(wave.regions, spec.auth_kinds):
            continue
        begins, ends = max(window.starts_at, reached), min(window.ends_at, until)
        if begins < ends:
            yield begins, ends
            reached = ends


def _run_wave(
    dice: Dice, scenario: Scenario, wave: WaveSpec, now: dt.datetime
) -> Generator[Stay, dt.datetime, dt.datetime]:
    """Every region deploys; failed ones wait for a person. A gate or a person may stop it afterwards."""
    history = scenario.history
    slowest = max((dice.one_of(history.of_region(code)) for code in wave.regions), default=0.0)
    now = yield _stay("wave", "machine", now, slowest)
    failed = sum(dice.happens(scenario.region_failures) for _ in wave.regions)
    if failed:
        mended = max(dice.one_of(history.repairs) for _ in range(failed))
        now = yield _stay("region failed", "incident", now, mended)
    if dice.happens(scenario.gate_halts):
        now = yield _stay("halted", "incident", now, dice.one_of(history.halts))
    if dice.happens(scenario.holds):
        now = yield _stay("held", "incident", now, dice.one_of(history.holds))
    return now
