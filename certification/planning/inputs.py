"""Everything that decides a date, in one value that can be written down and read back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from certification.planning.calendar import Calendar
from certification.planning.windows import Window

FORMAT = 1
"""Of the JSON below. A reader of an older one has to be kept: audit records live for ever."""

_NOTHING: Mapping[Any, Any] = MappingProxyType({})


class UnknownFormat(ValueError):
    """The inputs were written by a version of the portal that this one does not know."""


@dataclass(frozen=True)
class WaveSpec:
    """One wave to be dated. `regions` are codes; the bake is what has to pass before the next wave starts."""

    number: int
    name: str
    regions: tuple[str, ...]
    bake_seconds: int = 0
    bake_business_seconds: int = 0

    @property
    def bakes(self) -> bool:
        return bool(self.bake_seconds or self.bake_business_seconds)


@dataclass(frozen=True)
class PlanSpec:
    """`days_between` business days lie between the starts of two waves (1: daily). With `hours_between` it is
    that many hours instead, and waves start at any hour of an open day. `auth_kinds` are the connector's ways
    to sign in, empty where they are unknown.
    """

    waves: tuple[WaveSpec, ...]
    calendar: Calendar
    days_between: int = 1
    hours_between: int = 0
    auth_kinds: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Duration:
    """Seconds from the start of a region's wave until it is verified: half and nine tenths of them."""

    p50: float
    p90: float

    def __post_init__(self) -> None:
        if not 0 <= self.p50 <= self.p90:
            raise ValueError("A duration needs 0 <= p50 <= p90.")


UNKNOWN_DURATION = Duration(1_800, 4 * 3_600)
"""For a region without history: half an hour, four hours when things go badly."""


@dataclass(frozen=True)
class PlanningInputs:
    """`chosen` are days a person picked for single waves: never earlier, later if something closes the day.
    `started` and `finished` are waves under way with their actual instants; they are not dated but hold back
    the others. `departures` are the trains a wave may take, in order; a wave without an entry needs none.
    `accelerated` are waves that two people let start at an instant, whatever spacing, bake and closed days
    say; only a freeze holds them. `first_at` is the instant of the first wave of a plan that counts hours.
    `not_before` is the present: no wave is put before its local day. `history` has the durations of regions;
    it decides bands, never dates.
    """

    spec: PlanSpec
    starts_on: dt.date
    windows: tuple[Window, ...] = ()
    chosen: Mapping[int, dt.date] = field(default_factory=lambda: _NOTHING)
    started: Mapping[int, dt.datetime] = field(default_factory=lambda: _NOTHING)
    finished: Mapping[int, dt.datetime] = field(default_factory=lambda: _NOTHING)
    departures: Mapping[int, tuple[dt.datetime, ...]] = field(default_factory=lambda: _NOTHING)
    accelerated: Mapping[int, dt.datetime] = field(default_factory=lambda: _NOTHING)
    first_at: dt.datetime | None = None
    not_before: dt.datetime | None = None
    history: Mapping[str, Duration] = field(default_factory=lambda: _NOTHING)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON of all of it, for the audit record."""
        spec, calendar = self.spec, self.spec.calendar
        return {
            "format": FORMAT,
            "waves": [
                [w.number, w.name, list(w.regions), w.bake_seconds, w.bake_business_seconds]
                for w in spec.waves
            ],
            "calendar": {
                "time_zone": calendar.time_zone,
                "weekend": sorted(calendar.weekend),
                "countries": list(calendar.countries),
                "start_time": calendar.start_time.isoformat(),
            },
            "days_between": spec.days_between,
            "hours_between": spec.hours_between,
            "auth_kinds": sorted(spec.auth_kinds),
            "starts_on": self.starts_on.isoformat(),
            "windows": [_window_json(window) for window in self.windows],
            "chosen": _text(self.chosen),
            "started": _text(self.started),
            "finished": _text(self.finished),
            "departures": {
                str(number): [at.isoformat() for at in instants]
                for number, instants in sorted(self.departures.items())
            },
            "accelerated": _text(self.accelerated),
            "first_at": self.first_at.isoformat() if self.first_at else None,
            "not_before": self.not_before.isoformat() if self.not_before else None,
            "history": {code: [one.p50, one.p90] for code, one in sorted(self.history.items())},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PlanningInputs:
        """What `to_json` wrote. Raises `UnknownFormat`."""
        if data.get("format") != FORMAT:
            raise UnknownFormat(f"These inputs have format {data.get('format')!r}, known is {FORMAT}.")
        calendar = data["calendar"]
        spec = PlanSpec(
            waves=tuple(WaveSpec(n, name, tuple(codes), *bake) for n, name, codes, *bake in data["waves"]),
            calendar=Calendar(
                calendar["time_zone"],
                frozenset(calendar["weekend"]),
                tuple(calendar["countries"]),
                dt.time.fromisoformat(calendar["start_time"]),
            ),
            days_between=data["days_between"],
            hours_between=data["hours_between"],
            auth_kinds=frozenset(data["auth_kinds"]),
        )
        return cls(
            spec=spec,
            starts_on=dt.date.fromisoformat(data["starts_on"]),
            windows=tuple(_window_from(window) for window in data["windows"]),
            chosen={int(n): dt.date.fromisoformat(day) for n, day in data["chosen"].items()},
            started={int(n): _instant(at) for n, at in data["started"].items()},
            finished={int(n): _instant(at) for n, at in data["finished"].items()},
            departures={int(n): tuple(map(_instant, all_of)) for n, all_of in data["departures"].items()},
            accelerated={int(n): _instant(at) for n, at in data["accelerated"].items()},
            first_at=_instant(data["first_at"]) if data["first_at"] else None,
            not_before=_instant(data["not_before"]) if data["not_before"] else None,
            history={code: Duration(*pair) for code, pair in data["history"].items()},
        )


def _text(values: Mapping[int, dt.date]) -> dict[str, str]:
    return {str(number): value.isoformat() for number, value in sorted(values.items())}


def _instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


def _window_json(window: Window) -> dict[str, Any]:
    return {
        "name": window.name,
        "from": window.starts_at.isoformat(),
        "to": window.ends_at.isoformat(),
        "regions": sorted(window.regions),
        "auth_kinds": sorted(window.auth_kinds),
        "opens": window.opens,
    }


def _window_from(data: Mapping[str, Any]) -> Window:
    return Window(
        data["name"],
        _instant(data["from"]),
        _instant(data["to"]),
        frozenset(data["regions"]),
        data["opens"],
        frozenset(data["auth_kinds"]),
    )
