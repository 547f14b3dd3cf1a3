"""What a simulated year is made of."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from certification.planning.calendar import Calendar
from certification.planning.history import History
from certification.planning.planner import PlanSpec
from certification.planning.trains import Timetable
from certification.planning.windows import Window

HOUR = 3600.0
DAY = 24 * HOUR


@dataclass(frozen=True)
class Spread:
    """A span of time in seconds: half take less than `median`, nine of ten less than `late` (lognormal)."""

    median: float
    late: float


@dataclass(frozen=True)
class Lane:
    """How submissions of one lane behave. `share` is their part of all arrivals.

    `review` is working time of a reviewer in the first round; later rounds take half of it. `changes` is the
    probability that the first round ends with changes requested, half of it in each later round. The first
    public wave boards `train`; `opt_in` are the waves of those who ask for them, after the public ones, the
    first of them on `opt_in_train`.
    """

    share: float
    plan: PlanSpec
    review: Spread
    changes: float
    test: Spread = Spread(20 * HOUR, 60 * HOUR)
    is_urgent: bool = False
    train: Timetable | None = None
    opt_in: PlanSpec | None = None
    opt_in_train: Timetable | None = None


@dataclass(frozen=True)
class Scenario:
    """A year with its people and accidents. Probabilities from 0 to 1.

    `hours` are the working hours a day that a reviewer has for reviews, from the calendar's start time on.
    `opt_in` is the part of submissions that ask for the opt-in waves. `boarded` are the places taken on
    departures when the year begins, by the train's name: lanes on one train share its places.
    """

    lanes: Mapping[str, Lane]
    starts_on: dt.date
    days: int = 365
    seed: int = 1
    arrivals: int = 1_500
    reviewers: int = 4
    hours: float = 6.0
    office: Calendar = field(default_factory=Calendar)
    windows: tuple[Window, ...] = ()
    history: History = field(default_factory=History)
    rejected: float = 0.02
    given_up: float = 0.04
    region_failures: float = 0.004
    gate_halts: float = 0.01
    holds: float = 0.005
    opt_in: float = 0.2
    publishers: int = 150
    boarded: Mapping[str, Mapping[dt.datetime, int]] = field(default_factory=dict)
    preview_days: int = 2
    answer: Spread = Spread(2 * DAY, 9 * DAY)
    reopen: Spread = Spread(1 * DAY, 5 * DAY)
    validation: Spread = Spread(60, 600)
    preview_deploy: Spread = Spread(HOUR / 3, 2 * HOUR)
    scheduling: Spread = Spread(2 * HOUR, 8 * HOUR)

    @property
    def starts_at(self) -> dt.datetime:
        return self.office.instant(self.starts_on, dt.time())

    @property
    def ends_at(self) -> dt.datetime:
        return self.office.instant(self.starts_on + dt.timedelta(days=self.days), dt.time())


class BadChange(ValueError):
    """A change of a scenario that cannot be made, with a sentence that says why."""


def _number(low: float, high: float, *, whole: bool = False) -> Callable[[str], float | int]:
    def read(text: str) -> float | int:
        value = int(text) if whole else float(text)
        if not low <= value <= high:
            raise ValueError
        return value

    return read


_CHANGES: dict[str, tuple[Callable[[str], float | int], str]] = {
    "reviewers": (_number(1, 500, whole=True), "a whole number from 1 to 500"),
    "arrivals": (_number(1, 100_000, whole=True), "a whole number from 1 to 100000"),
    "hours": (_number(0.5, 24), "hours a day from 0.5 to 24"),
    "days": (_number(1, 1_000, whole=True), "a whole number from 1 to 1000"),
    "region_failures": (_number(0, 1), "a probability from 0 to 1"),
    "gate_halts": (_number(0, 1), "a probability from 0 to 1"),
    "holds": (_number(0, 1), "a probability from 0 to 1"),
    "opt_in": (_number(0, 1), "a probability from 0 to 1"),
    "publishers": (_number(1, 100_000, whole=True), "a whole number from 1 to 100000"),
    "preview_days": (_number(1, 30, whole=True), "a whole number from 1 to 30"),
}


def changed(scenario: Scenario, changes: list[str]) -> Scenario:
    """The scenario with `name=value` changes. `freezes=none` and `trains=none` take those away;
    `train.capacity=3` changes every train, `train[Friday].capacity=3` that one. Raises `BadChange`.
    """
    for change in changes:
        name, is_given, text = change.partition("=")
        if change == "freezes=none":
            scenario = dataclasses.replace(scenario, windows=())
        elif change == "trains=none":
            scenario = _with_trains(scenario, lambda _: None)
        elif asked := _TRAIN.fullmatch(change):
            scenario = _with_changed_train(scenario, change, asked["of"], asked["name"], asked["value"])
        elif not is_given or name not in _CHANGES:
            trains = [f"train.{known}=…" for known in _TRAIN_CHANGES]
            known = ", ".join([*(f"{known}=…" for known in _CHANGES), "freezes=none", "trains=none", *trains])
            raise BadChange(f"“{change}” is no change of a scenario. Known are {known}.")
        else:
            values: dict[str, Any] = {name: _value(name, text)}
            scenario = dataclasses.replace(scenario, **values)
    return scenario


_TRAIN = re.compile(r"train(?:\[(?P<of>[^\]]+)\])?\.(?P<name>\w+)=(?P<value>.*)")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _weekdays(text: str) -> frozenset[int]:
    return frozenset(_DAYS.index(day.strip().lower()[:3]) for day in text.split(","))


_TRAIN_CHANGES: dict[str, tuple[Callable[[str], Any], str]] = {
    "capacity": (_number(1, 10_000, whole=True), "a whole number from 1 to 10000"),
    "per_publisher": (_number(0, 10_000, whole=True), "a whole number from 0 (no limit) to 10000"),
    "cutoff_hours": (_number(0, 720, whole=True), "hours from 0 to 720"),
    "departs_at": (dt.time.fromisoformat, "a time such as 09:00"),
    "weekdays": (_weekdays, "days such as tue,fri"),
}


def _with_trains(scenario: Scenario, change: Callable[[Timetable], Timetable | None]) -> Scenario:
    lanes = {
        key: dataclasses.replace(
            lane,
            train=lane.train and change(lane.train),
            opt_in_train=lane.opt_in_train and change(lane.opt_in_train),
        )
        for key, lane in scenario.lanes.items()
    }
    return dataclasses.replace(scenario, lanes=lanes)


def _with_changed_train(scenario: Scenario, change: str, of: str | None, name: str, text: str) -> Scenario:
    found = [train for lane in scenario.lanes.values() for train in (lane.train, lane.opt_in_train) if train]
    names = sorted({train.name for train in found})
    if not names:
        raise BadChange(f"“{change}” changes nothing: no default plan boards a train.")
    if of is not None and of not in names:
        raise BadChange(f"There is no train “{of}”. Default plans board {', '.join(names)}.")
    if name not in _TRAIN_CHANGES:
        raise BadChange(f"“{change}” is no change of a train. Known are {', '.join(_TRAIN_CHANGES)}.")
    read, what = _TRAIN_CHANGES[name]
    try:
        values: dict[str, Any] = {name: read(text)}
    except ValueError:
        raise BadChange(f"{name}={text} is not possible: give {what}.") from None
    return _with_trains(
        scenario,
        lambda train: dataclasses.replace(train, **values) if of in (None, train.name) else train,
    )


def _value(name: str, text: str) -> float | int:
    read, what = _CHANGES[name]
    try:
        return read(text)
    except ValueError:
        raise BadChange(f"{name}={text} is not possible: give {what}.") from None
