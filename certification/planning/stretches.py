"""Who held which part of a time: stays laid end to end, and spans that take their part of them.

Plain interval arithmetic. Whatever goes in, the stretches that come out follow each other without a gap or an
overlap, and their lengths add up exactly to the whole.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from certification.planning.calendar import Calendar, NoOpenDay
from certification.planning.windows import Window


@dataclass(frozen=True, slots=True)
class Mark:
    """From `at` on it was in `state`. `order` decides between marks: clocks may jump, the record does not."""

    order: int
    at: dt.datetime
    state: str


@dataclass(frozen=True, slots=True)
class Stay:
    """An uninterrupted time in one state; `order` is that of the mark that began it."""

    state: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    order: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """A time that belongs to `holder` while it is in one of `states`, whoever would hold it otherwise.

    `cause` is said to people; `key` tells spans of one holder apart.
    """

    holder: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    states: frozenset[str]
    cause: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time with one holder: a stay, or the part of it that a span took or left."""

    holder: str
    state: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    order: int = 0
    cause: str = ""
    key: str = ""

    @property
    def length(self) -> dt.timedelta:
        return self.ends_at - self.starts_at


def stays_of(
    marks: Iterable[Mark], *, begins_at: dt.datetime, ends_at: dt.datetime, first: str
) -> list[Stay]:
    """The stays between two instants, the first in state `first`. The order of `marks` does not matter.

    A mark outside of the two instants, or earlier than the one before it, is moved as far as it must.
    """
    starts = [Mark(0, begins_at, first)]
    for mark in sorted(marks, key=lambda mark: (mark.order, mark.at)):
        at = min(max(mark.at, starts[-1].at), max(ends_at, begins_at))
        starts.append(replace(mark, at=at))
    ends = [*(mark.at for mark in starts[1:]), max(ends_at, starts[-1].at)]
    return [Stay(mark.state, mark.at, end, mark.order) for mark, end in zip(starts, ends, strict=True)]


def stretches_of(stays: Sequence[Stay], spans: Sequence[Span], *, holder_of: dict[str, str]) -> list[Stretch]:
    """Every stay with its holder, except for the parts that spans take; of spans that overlap the first wins.

    A stay without length stays, as what happened; a span never makes an empty stretch.
    """
    found: list[Stretch] = []
    for stay in stays:
        inside = [span for span in spans if stay.state in span.states]
        for start, end in _pieces(stay, inside):
            taker = next((span for span in inside if span.starts_at <= start and end <= span.ends_at), None)
            stretch = Stretch(
                holder=taker.holder if taker and start < end else holder_of[stay.state],
                state=stay.state,
                starts_at=start,
                ends_at=end,
                order=stay.order,
                cause=taker.cause if taker and start < end else "",
                key=taker.key if taker and start < end else "",
            )
            if found and _continues(found[-1], stretch):
                found[-1] = replace(found[-1], ends_at=end)
            else:
                found.append(stretch)
    return found


def _pieces(stay: Stay, spans: Sequence[Span]) -> list[tuple[dt.datetime, dt.datetime]]:
    """The stay cut where a span begins or ends inside of it."""
    edges = {edge for span in spans for edge in (span.starts_at, span.ends_at)}
    cuts = sorted(edge for edge in edges if stay.starts_at < edge < stay.ends_at)
    return list(pairwise([stay.starts_at, *cuts, stay.ends_at]))


def _continues(one: Stretch, other: Stretch) -> bool:
    same = one.order == other.order and one.state == other.state
    return same and (one.holder, one.cause, one.key) == (other.holder, other.cause, other.key)


def lengths_by_holder(stretches: Iterable[Stretch]) -> dict[str, dt.timedelta]:
    """Holder -> all of their time, in the order they first held it."""
    totals: dict[str, dt.timedelta] = {}
    for stretch in stretches:
        totals[stretch.holder] = totals.get(stretch.holder, dt.timedelta()) + stretch.length
    return totals


@dataclass(frozen=True, slots=True)
class Wait:
    """A wave that waited: from `since` on nothing of its own rollout was in its way, until it started (or
    gave up, or now). `not_before` is the planned day that its plan's spacing asks for, freezes left out."""

    since: dt.datetime
    until: dt.datetime
    regions: frozenset[str]
    not_before: dt.datetime | None = None
    auth_kinds: frozenset[str] = frozenset()


def kept_by(freezes: Sequence[Window], wait: Wait, calendar: Calendar, states: Collection[str]) -> list[Span]:
    """The parts of a wait that freezes are the reason of.

    A freeze counts from the first instant at which the wave would have started without it. A weekend inside
    a freeze is the freeze's, the weekend after it is not; a freeze that was over before the wave was ready
    took nothing from anybody.
    """
    ready = ready_at(wait, calendar)
    if ready is None:
        return []
    spans = []
    for freeze in sorted(freezes, key=lambda freeze: freeze.starts_at):
        if not freeze.covers(ready) or not freeze.concerns(wait.regions, wait.auth_kinds):
            continue
        end = min(freeze.ends_at, wait.until)
        if ready < end:
            spans.append(Span("freeze", ready, end, frozenset(states), f"Freeze: {freeze.name}", freeze.name))
            after = replace(wait, since=freeze.ends_at, not_before=None)
            ready = ready_at(after, calendar) or freeze.ends_at
    return spans


def ready_at(wait: Wait, calendar: Calendar) -> dt.datetime | None:
    """When the wave would have started without freezes; None when that is not before the wait's end."""
    earliest = max(wait.since, wait.not_before or wait.since)
    try:
        day = calendar.next_business_day(calendar.date_of(earliest))
    except NoOpenDay:
        return None
    # On its day a wave waits for the hour of the plan; a late one starts at any hour.
    ready = max(earliest, calendar.instant(day))
    return ready if ready < wait.until else None
