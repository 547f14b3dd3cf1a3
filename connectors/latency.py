"""Latency histograms: the fixed bounds, and percentiles read from the counts.

A histogram counts calls per bucket: bucket i holds the calls that took at most `LATENCY_BOUNDS_MS[i]` and
more than the bound before; one more bucket at the end holds everything slower. All regions use the same
bounds, so histograms of different regions and hours add up without loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LATENCY_BOUNDS_MS: tuple[int, ...] = (
    5, 10, 20, 35, 60, 100, 175, 300, 500, 850, 1500, 2500, 4500, 8000, 15000, 30000,
)  # fmt: skip
BUCKETS = len(LATENCY_BOUNDS_MS) + 1


@dataclass(frozen=True, slots=True)
class Percentile:
    """`milliseconds` is interpolated; `is_beyond` says that the true value is above the last bound."""

    milliseconds: float
    is_beyond: bool = False

    def __str__(self) -> str:
        if self.is_beyond:
            return f"> {self.milliseconds / 1000:g} s"
        if self.milliseconds < 10:
            return f"{self.milliseconds:.1f} ms"
        if self.milliseconds < 1000:
            return f"{self.milliseconds:.0f} ms"
        return f"{self.milliseconds / 1000:.2f} s"


def percentile(histogram: Sequence[int], share: float) -> Percentile | None:
    """The latency that `share` (0 to 1) of the calls did not exceed; None without calls.

    Within the bucket in which the share is reached, calls are taken as evenly spread between its bounds. The
    error is therefore at most the width of that bucket.
    """
    if not 0 < share <= 1:
        raise ValueError("a share lies above 0 and is at most 1")
    total = sum(histogram)
    if not total:
        return None
    wanted = share * total
    below = 0
    for index, count in enumerate(histogram):
        if count and below + count >= wanted:
            if index >= len(LATENCY_BOUNDS_MS):
                break
            lower = LATENCY_BOUNDS_MS[index - 1] if index else 0
            upper = LATENCY_BOUNDS_MS[index]
            return Percentile(lower + (upper - lower) * (wanted - below) / count)
        below += count
    return Percentile(float(LATENCY_BOUNDS_MS[-1]), is_beyond=True)
