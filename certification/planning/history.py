"""What forecasts rest on: how long things took and how often dates slipped, or the stated defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MIN_SAMPLES = 5
"""With fewer samples than this a default is the better guess."""
STEPS = 20
"""Measured durations are kept as their 5th, 10th … 100th percentile."""
MAX_SLIP_DAYS = 20
"""Longer slips count as this long: one wave that waited half a year says nothing about the next."""

_MINUTE, _HOUR = 60.0, 3600.0


@dataclass(frozen=True)
class Durations:
    """Points of equal probability in seconds, rising. Without samples they are a default."""

    points: tuple[float, ...]
    samples: int = 0

    @property
    def is_measured(self) -> bool:
        return self.samples >= MIN_SAMPLES


@dataclass(frozen=True)
class Slips:
    """The probability that a wave starts 0, 1, 2 … open days after its date, and what caused it how often."""

    weights: tuple[float, ...]
    samples: int = 0
    causes: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_measured(self) -> bool:
        return self.samples >= MIN_SAMPLES


def _scaled(unit: float, *points: float) -> Durations:
    return Durations(tuple(unit * point for point in points))


# Usually half an hour, nine of ten within four.
DEFAULT_REGION = _scaled(_MINUTE, 10, 15, 20, 25, 30, 45, 60, 120, 240, 480)
# Six waves have two spare days for holds.
DEFAULT_SLIPS = Slips((0.85, 0.10, 0.05))
DEFAULT_HOLD = _scaled(_HOUR, 1, 2, 3, 4, 4, 8, 24, 24, 48, 72)
DEFAULT_HALT = _scaled(_HOUR, 4, 8, 24, 24, 24, 48, 72, 96, 120, 240)
DEFAULT_REPAIR = _scaled(_HOUR, 1, 2, 3, 4, 4, 8, 24, 24, 24, 48)


@dataclass(frozen=True)
class History:
    """`regions` are durations from a wave's start to the verified region, by code; `anywhere` is all of them.

    `holds` and `halts` last until somebody goes on, `repairs` from a failed region to one that is sent again.
    """

    regions: Mapping[str, Durations] = field(default_factory=dict)
    anywhere: Durations = DEFAULT_REGION
    slips: Slips = DEFAULT_SLIPS
    holds: Durations = DEFAULT_HOLD
    halts: Durations = DEFAULT_HALT
    repairs: Durations = DEFAULT_REPAIR

    def of_region(self, code: str) -> Durations:
        """The region's own figures, else those of all regions, else the default."""
        own = self.regions.get(code)
        if own and own.is_measured:
            return own
        return self.anywhere if self.anywhere.is_measured else DEFAULT_REGION

    def of_pause(self, kind: str) -> Durations:
        measured, default = (self.halts, DEFAULT_HALT) if kind == "halted" else (self.holds, DEFAULT_HOLD)
        return measured if measured.is_measured else default


def slips_from(days: list[int], causes: Mapping[str, int] | None = None) -> Slips:
    """Weights from the open days each wave slipped against the one before; with few samples the default."""
    if len(days) < MIN_SAMPLES:
        return DEFAULT_SLIPS
    longest = min(max(days), MAX_SLIP_DAYS)
    counts = [0] * (longest + 1)
    for slip in days:
        counts[min(max(slip, 0), longest)] += 1
    return Slips(tuple(count / len(days) for count in counts), len(days), dict(causes or {}))
