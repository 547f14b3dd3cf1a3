"""Calls of one region in one hour: what telemetry tells, and what a comparison counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sample:
    """One version in one region and hour (counted from the epoch). `calls` leaves out throttled ones."""

    region: str
    hour: int
    calls: int
    failures: int
    statuses: Mapping[str, int] = field(default_factory=dict)
    latency: Sequence[int] = ()

    @property
    def timed(self) -> int:
        """Calls with a known duration."""
        return sum(self.latency)


@dataclass(frozen=True, slots=True)
class Cell:
    """`hits` of `calls` were of the kind that is compared: failed, slow, or of one status code."""

    region: str
    hour: int
    calls: int
    hits: int


def failures(samples: Iterable[Sample]) -> list[Cell]:
    return [Cell(one.region, one.hour, one.calls, one.failures) for one in samples if one.calls > 0]


def with_status(samples: Iterable[Sample], code: str) -> list[Cell]:
    return [
        Cell(one.region, one.hour, one.calls, min(one.statuses.get(code, 0), one.calls))
        for one in samples
        if one.calls > 0
    ]


def slow(samples: Iterable[Sample], slow_calls: Callable[[str, Sequence[int]], int]) -> list[Cell]:
    """`slow_calls` tells, for a region, how many calls of a histogram count as slow there."""
    return [
        Cell(one.region, one.hour, one.timed, slow_calls(one.region, one.latency))
        for one in samples
        if one.timed > 0
    ]


def error_codes(samples: Iterable[Sample]) -> dict[str, int]:
    """Calls per status from 400 on, without 429: throttling is no fault of a version."""
    totals: dict[str, int] = {}
    for one in samples:
        for code, calls in one.statuses.items():
            if code >= "400" and code != "429":
                totals[code] = totals.get(code, 0) + calls
    return totals


def calls_of(samples: Iterable[Sample | Cell]) -> int:
    return sum(one.calls for one in samples)
