"""Times in which waves may not start (freezes), or may although the calendar says no (openings)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Window:
    """From `starts_at` up to, but without, `ends_at`. Without `regions` it means everywhere, without
    `auth_kinds` every connector.

    A freeze (`opens` false) stops the waves that contain one of its regions. An opening turns a weekend day
    or holiday into a working day. Where both apply, the freeze wins.
    """

    name: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    regions: frozenset[str] = field(default_factory=frozenset)
    opens: bool = False
    auth_kinds: frozenset[str] = field(default_factory=frozenset)

    def covers(self, moment: dt.datetime) -> bool:
        return self.starts_at <= moment < self.ends_at

    def concerns(self, regions: Iterable[str], auth_kinds: Iterable[str] = ()) -> bool:
        """A freeze concerns a wave with any of its regions and a connector with any of its ways to sign in;
        an opening only what lies wholly inside. A connector whose ways to sign in are unknown is concerned by
        a freeze and not by an opening.
        """
        places, kinds = set(regions), set(auth_kinds)
        if self.opens:
            return (not self.regions or places <= self.regions) and (
                not self.auth_kinds or (bool(kinds) and kinds <= self.auth_kinds)
            )
        return (not self.regions or bool(places & self.regions)) and (
            not self.auth_kinds or not kinds or bool(kinds & self.auth_kinds)
        )


def freeze_at(
    windows: Sequence[Window], moment: dt.datetime, regions: Iterable[str], auth_kinds: Iterable[str] = ()
) -> Window | None:
    """The freeze that keeps a wave of these regions from starting at `moment`."""
    wave, kinds = frozenset(regions), frozenset(auth_kinds)
    return next((w for w in windows if not w.opens and w.covers(moment) and w.concerns(wave, kinds)), None)


def is_opened(
    windows: Sequence[Window], moment: dt.datetime, regions: Iterable[str], auth_kinds: Iterable[str] = ()
) -> bool:
    wave, kinds = frozenset(regions), frozenset(auth_kinds)
    return any(w.opens and w.covers(moment) and w.concerns(wave, kinds) for w in windows)
