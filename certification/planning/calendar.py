"""Business days of one plan: weekend, public holidays, time zone and the hour waves start at."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import holidays

from certification.planning.problems import Problem, problem

HORIZON_DAYS = 730
"""How far ahead the planner looks for an open day before it says that there is none."""

WORKDAY = dt.timedelta(hours=8)
"""The working time of an open day, from its start time on."""


class NoOpenDay(Exception):
    """No day within the horizon is open: the weekend, holidays and freezes leave nothing."""

    def __init__(self, what: Problem) -> None:
        super().__init__(str(what))
        self.problem = what


@lru_cache(maxsize=256)
def _holidays(country: str, year: int) -> dict[dt.date, str]:
    return dict(holidays.country_holidays(country, years=year, language="en_US").items())


def is_known_country(country: str) -> bool:
    """Whether the library has a calendar for this ISO 3166 code."""
    return country in holidays.list_supported_countries(include_aliases=False)


@dataclass(frozen=True)
class Calendar:
    """`weekend` holds weekdays (Monday is 0); `countries` are ISO codes, whose holidays all close the day."""

    time_zone: str = "UTC"
    weekend: frozenset[int] = frozenset({5, 6})
    countries: tuple[str, ...] = ()
    start_time: dt.time = dt.time(9, 0)

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    def holiday(self, day: dt.date) -> str:
        """The name of the public holiday on `day`, the first country's that has one, or ""."""
        for country in self.countries:
            if name := _holidays(country, day.year).get(day):
                return name
        return ""

    def is_business_day(self, day: dt.date) -> bool:
        return day.weekday() not in self.weekend and not self.holiday(day)

    def why_closed(self, day: dt.date) -> str:
        """Words for a closed day ("Saturday", "Thanksgiving Day"), or "" when it is open."""
        return self.holiday(day) or (f"{day:%A}" if day.weekday() in self.weekend else "")

    def date_of(self, moment: dt.datetime) -> dt.date:
        """The local date of an instant."""
        return moment.astimezone(self.zone).date()

    def instant(self, day: dt.date, at: dt.time | None = None) -> dt.datetime:
        """The UTC instant of a local time on `day` (the start time unless given).

        A time that daylight saving skips is moved forward by the gap; one that happens twice is the first.
        """
        local = dt.datetime.combine(day, at or self.start_time, tzinfo=self.zone)
        return local.astimezone(dt.UTC)

    def next_business_day(self, day: dt.date) -> dt.date:
        """`day` itself if it is open, else the first open day after it. Raises `NoOpenDay`."""
        for offset in range(HORIZON_DAYS):
            candidate = day + dt.timedelta(days=offset)
            if self.is_business_day(candidate):
                return candidate
        raise NoOpenDay(problem("no-business-day", days=HORIZON_DAYS, day=day))

    def add_business_days(self, day: dt.date, count: int) -> dt.date:
        """The business day `count` business days after `day` (0: `day` or the next open one)."""
        return _business_day_after(self, day, count)

    def add_business_seconds(self, moment: dt.datetime, seconds: float) -> dt.datetime:
        """The instant at which so much working time has passed since `moment`. Raises `NoOpenDay`."""
        left, day = dt.timedelta(seconds=seconds), self.date_of(moment) - dt.timedelta(days=1)
        if left <= dt.timedelta(0):
            return moment
        while True:
            day = self.next_business_day(day)
            opens, closes = self._working_time(day)
            begins = max(opens, moment)
            if begins + left <= closes:
                return begins + left
            left -= max(closes - begins, dt.timedelta(0))
            day += dt.timedelta(days=1)

    def business_seconds_between(self, start: dt.datetime, end: dt.datetime) -> float:
        """The working time between two instants; nothing when they are the wrong way round."""
        total, day = dt.timedelta(0), self.date_of(start) - dt.timedelta(days=1)
        while day <= self.date_of(end):
            if self.is_business_day(day):
                opens, closes = self._working_time(day)
                total += max(min(closes, end) - max(opens, start), dt.timedelta(0))
            day += dt.timedelta(days=1)
        return total.total_seconds()

    def _working_time(self, day: dt.date) -> tuple[dt.datetime, dt.datetime]:
        opens = self.instant(day)
        return opens, opens + WORKDAY

    def deadline_after(self, moment: dt.datetime, business_days: int) -> dt.datetime:
        """The same local time `business_days` later, in UTC: what "within two business days" ends at."""
        local = moment.astimezone(self.zone)
        return self.instant(self.add_business_days(local.date(), business_days), local.time())


@lru_cache(maxsize=4096)
def _business_day_after(calendar: Calendar, day: dt.date, count: int) -> dt.date:
    """Remembered: a thousand submissions in a queue came on a few days."""
    current = day
    for _ in range(count):
        current = calendar.next_business_day(current + dt.timedelta(days=1))
    return calendar.next_business_day(current)


def check_weekend(weekend: Iterable[int]) -> list[Problem]:
    """What is wrong with a set of weekend days; empty when it can be used."""
    days = set(weekend)
    if not days <= set(range(7)):
        return [problem("weekend-numbers")]
    return [problem("weekend-whole")] if len(days) == 7 else []
