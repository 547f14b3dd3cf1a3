"""Times in which waves may not start (freezes), or may although the calendar says no (openings)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Window:
    """From `starts_at` up to, but without, `ends_at`. Without `regions` it means everywhere.

    A freeze (`opens` false) stops the waves that contain one of its regions. An opening turns a weekend day
    or holiday into a working day. Where both apply, the freeze wins.
    """

    name: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    regions: frozenset[str] = field(default_factory=frozenset)
    opens: bool = False

    def covers(self, moment: dt.datetime) -> bool:
        return self.starts_at <= moment < self.ends_at

    def concerns(self, regions: Iterable[str]) -> bool:
        """A freeze concerns a wave with any of its regions; an opening only one that lies wholly inside."""
        if not self.regions:
            return True
        wanted = set(regions)
        return wanted <= self.regions if self.opens else bool(wanted & self.regions)


def freeze_at(windows: Sequence[Window], moment: dt.datetime, regions: Iterable[str]) -> Window | None:
    """The freeze that keeps a wave of these regions from starting at `moment`."""
    wave = frozenset(regions)
    return next((w for w in windows if not w.opens and w.covers(moment) and w.concerns(wave)), None)


def is_opened(windows: Sequence[Window], moment: dt.datetime, regions: Iterable[str]) -> bool:
    wave = frozenset(regions)
    return any(w.opens and w.covers(moment) and w.concerns(wave) for w in windows)
