"""The clockwork: events in order of time, one queue of reviews, a pool of reviewers."""

from __future__ import annotations

import datetime as dt
import heapq
import random
from dataclasses import dataclass, field

from certification.simulation.journey import Ask, Dice, Submission, Way, World, journey
from certification.simulation.scenario import Scenario
from certification.simulation.shifts import Shift

ENDS = ("live", "rejected", "given up")
IN_QUEUE, IN_REVIEW = "review queue", "review"


@dataclass
class Year:
    """What happened. `queue` is the length of the review queue each noon; `busy_seconds` of all reviewers."""

    scenario: Scenario
    submissions: list[Submission]
    busy_seconds: float = 0.0
    working_seconds: float = 0.0
    queue: list[tuple[dt.date, int]] = field(default_factory=list)


@dataclass(order=True)
class _Event:
    at: dt.datetime
    order: int
    item: Submission | None = field(compare=False, default=None)
    ends_review: bool = field(compare=False, default=False)


@dataclass
class _Run:
    year: Year
    world: World
    events: list[_Event] = field(default_factory=list)
    ways: dict[int, Way] = field(default_factory=dict)
    waiting: list[tuple[bool, dt.datetime, int, Ask, dt.datetime, Submission]] = field(default_factory=list)
    idle: int = 0
    counter: int = 0

    def push(self, at: dt.datetime, item: Submission | None, *, ends_review: bool = False) -> None:
        self.counter += 1
        heapq.heappush(self.events, _Event(at, self.counter, item, ends_review))


def simulate(scenario: Scenario) -> Year:
    """Run the year. Raises `NoOpenDay` when freezes and calendars leave a plan no day at all."""
    year = Year(scenario, arrivals(scenario))
    shift = Shift(scenario.office, scenario.hours)
    run = _Run(year, World(scenario, shift), idle=scenario.reviewers)
    for item in year.submissions:
        run.push(item.arrives_at, item)
    for day in range(scenario.days):
        noon = scenario.office.instant(scenario.starts_on + dt.timedelta(days=day), dt.time(12))
        run.push(noon, None)
    while run.events and run.events[0].at < scenario.ends_at:
        _turn(run, heapq.heappop(run.events))
    _close(run)
    year.working_seconds = scenario.reviewers * shift.seconds_between(scenario.starts_at, scenario.ends_at)
    return year


def arrivals(scenario: Scenario) -> list[Submission]:
    """Spread over the working days of the year, each with chance of its own."""
    days = [
        day
        for offset in range(scenario.days)
        if scenario.office.is_business_day(day := scenario.starts_on + dt.timedelta(days=offset))
    ]
    names = list(scenario.lanes)
    weights = [scenario.lanes[name].share for name in names]
    found = []
    for number in range(scenario.arrivals if days else 0):
        stream = random.Random(f"{scenario.seed}:{number}")  # noqa: S311 - a simulation, guards nothing
        day = stream.choice(days)
        at = scenario.office.instant(day, dt.time(7)) + dt.timedelta(seconds=stream.random() * 43_200)
        lane = stream.choices(names, weights)[0]
        # Streams of their own: who publishes and who opts in changes nothing else of the year.
        own = random.Random(f"{scenario.seed}:{number}:publisher")  # noqa: S311 - a simulation
        publisher, opts_in = own.randrange(scenario.publishers), own.random() < scenario.opt_in
        found.append(Submission(number, lane, at, Dice(stream), publisher=publisher, opts_in=opts_in))
    return sorted(found, key=lambda item: (item.arrives_at, item.number))


def _turn(run: _Run, event: _Event) -> None:
    item = event.item
    if item is None:
        run.year.queue.append((run.year.scenario.office.date_of(event.at), len(run.waiting)))
        return
    if event.ends_review:
        run.idle += 1
        _assign(run, event.at)
    if item.number not in run.ways:
        run.ways[item.number] = journey(item, run.world, event.at)
        _go_on(run, item, event.at, is_first=True)
    else:
        _go_on(run, item, event.at)


def _go_on(run: _Run, item: Submission, now: dt.datetime, *, is_first: bool = False) -> None:
    """Let the submission take its next step; one that takes no time is taken at once."""
    way = run.ways[item.number]
    while True:
        try:
            wish = next(way) if is_first else way.send(now)
        except StopIteration as end:
            item.state, item.ended_at = end.value, now
            return
        is_first = False
        if isinstance(wish, Ask):
            is_urgent = run.year.scenario.lanes[item.lane].is_urgent
            item.state = IN_QUEUE
            heapq.heappush(run.waiting, (not is_urgent, item.arrives_at, item.number, wish, now, item))
            _assign(run, now)
            return
        if wish.until > now:
            item.state = wish.step
            item.stays.append((wish.step, wish.party, now, wish.until))
            run.push(wish.until, item)
            return


def _assign(run: _Run, now: dt.datetime) -> None:
    """Idle reviewers take what is urgent, then what came first: a resubmission keeps its place.

    Out of hours they begin in the morning.
    """
    while run.idle and run.waiting:
        *_, ask, since, item = heapq.heappop(run.waiting)
        begins = run.world.shift.begins(now)
        ends = run.world.shift.after(begins, ask.work)
        run.idle -= 1
        run.year.busy_seconds += ask.work
        item.state = IN_REVIEW
        item.stays += [(IN_QUEUE, "reviewer", since, begins), (IN_REVIEW, "reviewer", begins, ends)]
        run.push(ends, item, ends_review=True)


def _close(run: _Run) -> None:
    """The year ends: stays end with it, and whoever waits for a reviewer has waited until then."""
    end = run.year.scenario.ends_at
    for *_, since, item in run.waiting:
        item.stays.append((IN_QUEUE, "reviewer", since, end))
    for item in run.year.submissions:
        item.stays = [
            (step, party, first, min(last, end)) for step, party, first, last in item.stays if first < end
        ]
        if item.state == IN_REVIEW and item.stays and item.stays[-1][0] == IN_QUEUE:
            item.state = IN_QUEUE
