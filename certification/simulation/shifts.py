"""Working hours: when somebody who starts now is done."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

from certification.planning.calendar import Calendar


@dataclass(frozen=True)
class Shift:
    """`hours` a day from the calendar's start time on, on its business days."""

    calendar: Calendar
    hours: float

    def of_day(self, day: dt.date) -> tuple[dt.datetime, dt.datetime] | None:
        """From when to when, or None on a closed day."""
        return _of_day(self, day)

    def begins(self, moment: dt.datetime) -> dt.datetime:
        """The moment itself in working hours, else the start of the next shift."""
        day = self.calendar.date_of(moment)
        while True:
            shift = self.of_day(day)
            if shift and moment < shift[1]:
                return max(moment, shift[0])
            day += dt.timedelta(days=1)

    def after(self, moment: dt.datetime, seconds: float) -> dt.datetime:
        """When so much work is done that begins at `moment` or with the next shift."""
        left = dt.timedelta(seconds=seconds)
        while True:
            begin = self.begins(moment)
            shift = self.of_day(self.calendar.date_of(begin))
            assert shift is not None
            if begin + left <= shift[1]:
                return begin + left
            left -= shift[1] - begin
            moment = shift[1]

    def seconds_between(self, first: dt.datetime, last: dt.datetime) -> float:
        """Working time in all, from the day of `first` up to that of `last`."""
        days = (self.calendar.date_of(last) - self.calendar.date_of(first)).days
        found = (self.of_day(self.calendar.date_of(first) + dt.timedelta(days=n)) for n in range(days))
        return sum((shift[1] - shift[0]).total_seconds() for shift in found if shift)


@lru_cache(maxsize=4096)
def _of_day(shift: Shift, day: dt.date) -> tuple[dt.datetime, dt.datetime] | None:
    if not shift.calendar.is_business_day(day):
        return None
    begins = shift.calendar.instant(day)
    return begins, begins + dt.timedelta(hours=shift.hours)
