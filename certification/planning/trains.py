"""Trains: when they leave, who may board, and which one is missed and why."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from certification.planning.problems import Problem, problem

HORIZON_DAYS = 400
"""How far ahead departures are looked at."""


@dataclass(frozen=True)
class Timetable:
    """Leaves on `weekdays` (Monday is 0) at `departs_at` local time. Boarding closes `cutoff_hours` before.

    At most `capacity` rollouts travel together, at most `per_publisher` of one publisher (0: no limit), and
    only those of `lanes` (empty: all).
    """

    name: str
    time_zone: str = "America/Los_Angeles"
    weekdays: frozenset[int] = frozenset({4})
    departs_at: dt.time = dt.time(9, 0)
    cutoff_hours: int = 24
    capacity: int = 20
    per_publisher: int = 0
    lanes: frozenset[str] = frozenset()

    @property
    def cutoff(self) -> dt.timedelta:
        return dt.timedelta(hours=self.cutoff_hours)

    def departures(self, after: dt.datetime, *, days: int = HORIZON_DAYS) -> Iterator[dt.datetime]:
        """Departures later than `after`, in UTC. An hour that daylight saving skips moves behind the gap."""
        zone = zoneinfo.ZoneInfo(self.time_zone)
        first = after.astimezone(zone).date()
        for offset in range(days + 1):
            day = first + dt.timedelta(days=offset)
            if day.weekday() in self.weekdays:
                leaves_at = dt.datetime.combine(day, self.departs_at, tzinfo=zone).astimezone(dt.UTC)
                if leaves_at > after:
                    yield leaves_at


@dataclass(frozen=True)
class Places:
    """Who has boarded: departure -> rollouts on it, all of them and those of the publisher that asks.

    `kept` is the departure this rollout has a place on already: no cut-off and no capacity take it away.
    """

    taken: Mapping[dt.datetime, int] = field(default_factory=dict)
    taken_by_publisher: Mapping[dt.datetime, int] = field(default_factory=dict)
    kept: dt.datetime | None = None


@dataclass(frozen=True)
class Missed:
    """A departure that cannot be taken, and why."""

    leaves_at: dt.datetime
    because: Problem


@dataclass(frozen=True)
class Boarding:
    """The departures that can be taken, in order, and those missed before the first of them."""

    departures: tuple[dt.datetime, ...]
    missed: tuple[Missed, ...] = ()

    @property
    def first(self) -> dt.datetime | None:
        return next(iter(self.departures), None)


def boarding(
    timetable: Timetable,
    now: dt.datetime,
    places: Places | None = None,
    *,
    closed: Callable[[dt.datetime], str] = lambda moment: "",
    days: int = HORIZON_DAYS,
) -> Boarding:
    """Which departures a rollout may take. `closed` tells why a train does not run: a freeze, a holiday."""
    places = places or Places()
    taken: list[dt.datetime] = []
    missed: list[Missed] = []
    start = now if places.kept is None else min(now, places.kept - dt.timedelta(microseconds=1))
    for leaves_at in timetable.departures(start, days=days):
        because = None if leaves_at == places.kept else why_missed(timetable, leaves_at, now, places)
        reason = "" if because else closed(leaves_at)
        because = problem("train-closed", why=reason) if reason else because
        if because is None:
            taken.append(leaves_at)
        elif not taken:
            missed.append(Missed(leaves_at, because))
    return Boarding(tuple(taken), tuple(missed))


def why_missed(
    timetable: Timetable, leaves_at: dt.datetime, now: dt.datetime, places: Places
) -> Problem | None:
    """Why a departure that runs cannot be boarded; None when it can."""
    closes_at = leaves_at - timetable.cutoff
    if now >= closes_at:
        return problem("boarding-closed", at=closes_at.astimezone(zoneinfo.ZoneInfo(timetable.time_zone)))
    if places.taken.get(leaves_at, 0) >= timetable.capacity:
        return problem("train-full", capacity=timetable.capacity)
    own = places.taken_by_publisher.get(leaves_at, 0)
    if timetable.per_publisher and own >= timetable.per_publisher:
        return problem("publisher-full", own=own)
    return None


def check_timetable(timetable: Timetable) -> dict[str, Problem]:
    """Field -> what is wrong; empty when the train can run."""
    wrong = {
        "name": not timetable.name.strip(),
        "time_zone": timetable.time_zone not in zoneinfo.available_timezones(),
        "weekdays": not timetable.weekdays or not timetable.weekdays <= set(range(7)),
        "cutoff_hours": not 0 <= timetable.cutoff_hours <= 336,
        "capacity": not 1 <= timetable.capacity <= 1_000,
        "per_publisher": not 0 <= timetable.per_publisher <= timetable.capacity,
    }
    return {name: problem(f"train-{name}") for name, is_so in wrong.items() if is_so}
