"""One month of trains, freezes, holidays and waves, day by day in the reader's time zone."""

from __future__ import annotations

import calendar
import datetime as dt
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from certification.lifecycle import GONE_ROLLOUT_STATES
from certification.models import Freeze, Lane, Rollout, RolloutPlan, RolloutWave
from certification.planning.calendar import Calendar
from certification.queries import trains
from certification.queries.reasons import told_days

MOST_WAVES = 300
"""A month of a large portal has more waves than a page can show; the day's number is exact all the same."""


@dataclass(frozen=True)
class WaveOnDay:
    """A wave of a rollout the reader sees."""

    wave: RolloutWave
    at: dt.datetime


@dataclass
class Day:
    """One day and what happens on it. `closed` is the default plan's word for a day without waves."""

    date: dt.date
    is_in_month: bool
    is_today: bool
    closed: str = ""
    freezes: list[Freeze] = field(default_factory=list)
    departures: list[trains.Departure] = field(default_factory=list)
    waves: list[WaveOnDay] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.freezes or self.departures or self.waves or self.closed)

    @property
    def before(self) -> dt.date:
        return self.date - dt.timedelta(days=1)

    @property
    def after(self) -> dt.date:
        return self.date + dt.timedelta(days=1)


@dataclass(frozen=True)
class Month:
    """The weeks of a month, Monday first, with the neighbours' days that complete them."""

    first: dt.date
    weeks: list[list[Day]]
    previous: str
    following: str
    zone: str

    @property
    def days(self) -> Iterator[Day]:
        return (day for week in self.weeks for day in week if day.is_in_month)

    def day(self, date: dt.date) -> Day:
        return next(day for day in self.days if day.date == date)


def month_of(user: Any, first: dt.date, *, now: dt.datetime) -> Month:
    """The month of `first`; the same number of queries whatever happens in it."""
    zone = zoneinfo.ZoneInfo(getattr(user, "time_zone", "") or "UTC")
    today = now.astimezone(zone).date()
    weeks = [
        [Day(date, date.month == first.month, date == today) for date in week]
        for week in calendar.Calendar().monthdatescalendar(first.year, first.month)
    ]
    days = {day.date: day for week in weeks for day in week}
    start = dt.datetime.combine(min(days), dt.time(), tzinfo=zone).astimezone(dt.UTC)
    end = dt.datetime.combine(max(days) + dt.timedelta(days=1), dt.time(), tzinfo=zone).astimezone(dt.UTC)
    _close(days)
    _freeze(days, start, end, zone)
    for departure in trains.departures(trains.trains(), user, start=start, end=end):
        days[departure.leaves_at.astimezone(zone).date()].departures.append(departure)
    for row in _waves(user, start, end):
        at = row.started_at or row.planned_at
        if at.astimezone(zone).date() in days:
            days[at.astimezone(zone).date()].waves.append(WaveOnDay(row, at))
    return Month(first, weeks, *_neighbours(first), zone=zone.key)


def _close(days: dict[dt.date, Day]) -> None:
    plan = RolloutPlan.objects.filter(is_default=True, lane=Lane.ADDITIVE).first()
    if plan is None:
        return
    open_days = Calendar(plan.time_zone, frozenset(plan.weekend), tuple(plan.holiday_countries))
    for date, day in days.items():
        day.closed = told_days(open_days.holiday(date))


def _freeze(days: dict[dt.date, Day], start: dt.datetime, end: dt.datetime, zone: zoneinfo.ZoneInfo) -> None:
    found = Freeze.objects.filter(cancelled_at=None, starts_at__lt=end, ends_at__gt=start)
    for freeze in found.order_by("starts_at"):
        date = max(freeze.starts_at, start).astimezone(zone).date()
        last = (min(freeze.ends_at, end) - dt.timedelta(microseconds=1)).astimezone(zone).date()
        while date <= last:
            days[date].freezes.append(freeze)
            date += dt.timedelta(days=1)


def _waves(user: Any, start: dt.datetime, end: dt.datetime) -> list[RolloutWave]:
    inside = Q(started_at__gte=start, started_at__lt=end) | Q(
        started_at=None, planned_at__gte=start, planned_at__lt=end
    )
    visible = Rollout.objects.visible_to(user).exclude(state__in=GONE_ROLLOUT_STATES)
    rows = RolloutWave.objects.filter(inside, rollout__in=visible).exclude(state="skipped")
    return list(
        rows.select_related("rollout__connector", "rollout__version").order_by("planned_at")[:MOST_WAVES]
    )


def _neighbours(first: dt.date) -> tuple[str, str]:
    before = first - dt.timedelta(days=1)
    after = first + dt.timedelta(days=calendar.monthrange(first.year, first.month)[1])
    return f"{before:%Y-%m}", f"{after:%Y-%m}"


def day_named(text: str) -> dt.date | None:
    """The day of "2026-03-09"; None for anything that names none."""
    try:
        date = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return date if 2000 <= date.year <= 2100 else None


def month_named(text: str, *, today: dt.date) -> dt.date:
    """The first day of "2026-03"; the present month for anything that names none."""
    try:
        year, month = (int(part) for part in text.split("-"))
        first = dt.date(year, month, 1)
    except ValueError:
        return today.replace(day=1)
    return first if 2000 <= first.year <= 2100 else today.replace(day=1)
