"""When a backend that reports by itself is on time, late or missing. Pure arithmetic.

A beat is expected every `period` and called missing `grace` after it was due. One that was sent while the
portal was away is lost, so an outage moves the moment: whoever could have beaten in it is given another
period. Backends that are missing already stay so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MINUTE = timedelta(minutes=1)
LONGEST_MINUTES = 31 * 24 * 60


class BeatState(StrEnum):
    OFF = "off"
    NEVER = "never"
    ON_TIME = "on_time"
    LATE = "late"
    FAILING = "failing"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What a backend promises of its beats."""

    period: timedelta
    grace: timedelta

    def __post_init__(self) -> None:
        if min(self.period, self.grace) <= timedelta(0):
            raise ValueError("a period and a grace are longer than nothing")

    @property
    def shake(self) -> timedelta:
        """How far from the rhythm a single beat may be and the backend is still well."""
        return min(self.grace, self.period)

    def missing_after(self, beat: datetime) -> datetime:
        return beat + self.period + self.grace

    def due(self, missing_at: datetime) -> datetime:
        return missing_at - self.grace

    def after_outage(self, missing_at: datetime, began: datetime, ended: datetime) -> datetime:
        """The moment from which silence says something again, the portal having heard nobody from `began`
        to `ended`. Unchanged where no beat was to be expected in that time, so that a portal that is away now
        and then hides no backend that is gone."""
        could_beat_in_it = began <= missing_at and self.due(missing_at) - self.shake <= ended
        return max(missing_at, ended + self.period + self.shake) if could_beat_in_it else missing_at


def state_of(
    rhythm: Rhythm, *, missing_at: datetime, heard_at: datetime | None, is_failing: bool, now: datetime
) -> BeatState:
    """Silence weighs more than what was said last; a backend that was never heard is never on time."""
    if now > missing_at:
        return BeatState.MISSING
    if heard_at is None:
        return BeatState.NEVER
    if is_failing:
        return BeatState.FAILING
    return BeatState.LATE if now > rhythm.due(missing_at) else BeatState.ON_TIME
