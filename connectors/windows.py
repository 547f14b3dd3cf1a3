"""Spans of time that health is looked at, and the steps they are cut into. Pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from portal.shared.words import lazy as _lazy

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A Monday, so that steps of a week begin on one.
_FIRST_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
_LONGEST = timedelta(days=1830)
# (longest length, step) of a chosen range, so that a chart has between a handful and about 120 points.
_STEPS = ((timedelta(days=4), _HOUR), (timedelta(days=30), 6 * _HOUR), (timedelta(days=120), _DAY))


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time to look at, in steps of `step`. Steps begin at whole multiples of their length in UTC.

    It ends now unless `since` and `until` are chosen, which are beginnings of steps then.
    """

    key: str
    label: str
    length: timedelta
    step: timedelta
    since: datetime | None = None
    until: datetime | None = None

    def bounds(self, now: datetime) -> tuple[datetime, datetime]:
        """(beginning of the first step, end of the last one)."""
        if self.since and self.until:
            return self.since, self.until
        until = floor(now, self.step) + self.step
        return until - self.length, until

    @property
    def origin(self) -> datetime:
        return _origin(self.step)

    @property
    def is_chosen(self) -> bool:
        return self.since is not None

    @property
    def reads_days(self) -> bool:
        """Whether it is made of days; shorter steps are made of hours."""
        return self.length > timedelta(days=31) and self.step >= _DAY


WINDOWS = {
    "24h": Window("24h", _lazy("24 hours"), timedelta(hours=24), _HOUR),
    "7d": Window("7d", _lazy("7 days"), timedelta(days=7), 6 * _HOUR),
    "30d": Window("30d", _lazy("30 days"), timedelta(days=30), _DAY),
    "90d": Window("90d", _lazy("90 days"), timedelta(days=90), _DAY),
    "1y": Window("1y", _lazy("a year"), timedelta(weeks=52), _WEEK),
}
DEFAULT_WINDOW = WINDOWS["24h"]


def _origin(step: timedelta) -> datetime:
    return _FIRST_MONDAY if step % _WEEK == timedelta(0) else _EPOCH


def floor(moment: datetime, step: timedelta) -> datetime:
    """The beginning of the step that holds `moment`."""
    origin = _origin(step)
    return origin + (moment - origin) // step * step


def chosen_window(since: datetime, until: datetime) -> Window:
    """A window between two moments, widened to whole steps. Raises `ValueError` when they are no span."""
    if until <= since:
        raise ValueError(_("The range ends before it begins."))
    if until - since > _LONGEST:
        raise ValueError(
            _("A range spans at most %(days)s days.")
            % {"days": number_format(_LONGEST.days, force_grouping=True)}
        )
    step = next((step for longest, step in _STEPS if until - since <= longest), _WEEK)
    first, last = floor(since, step), floor(until, step)
    last = last if last == until else last + step
    return Window("chosen", _("the chosen range"), last - first, step, first, last)
