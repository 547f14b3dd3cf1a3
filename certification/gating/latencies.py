"""Percentiles by histograms: a region's limit, and how many calls of a histogram lie beyond it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from certification.gating.counts import Sample
from connectors.latency import BUCKETS, LATENCY_BOUNDS_MS, Percentile, percentile

TAIL = 0.05
_FEWEST_TIMED = 100


def in_words(value: float | None) -> str:
    return "unknown" if value is None else str(Percentile(value))


def merged(histograms: Iterable[Sequence[int]]) -> list[int]:
    total = [0] * BUCKETS
    for histogram in histograms:
        for place, calls in enumerate(histogram):
            total[place] += calls
    return total


def p95(samples: Iterable[Sample]) -> float | None:
    return quantile(merged(sample.latency for sample in samples), 1 - TAIL)


def quantile(histogram: Sequence[int], share: float) -> float | None:
    found = percentile(histogram, share)
    return None if found is None else found.milliseconds


def beyond(histogram: Sequence[int], limit: float) -> float:
    """Calls slower than the limit, with the bucket it lies in shared out evenly."""
    place = bisect_left(LATENCY_BOUNDS_MS, limit)
    slower = float(sum(histogram[place + 1 :]))
    if place >= len(LATENCY_BOUNDS_MS):
        return slower
    lower = LATENCY_BOUNDS_MS[place - 1] if place else 0
    return slower + histogram[place] * (LATENCY_BOUNDS_MS[place] - limit) / (LATENCY_BOUNDS_MS[place] - lower)


@dataclass(frozen=True, slots=True)
class Limits:
    """The slowest a region's p95 may become. `typical` stands for regions nobody knows."""

    by_region: Mapping[str, float]
    typical: float

    @classmethod
    def learn(cls, before: Sequence[Sample], rise: float, rise_ms: float) -> Limits | None:
        """From the old version's histograms; None when hardly a call of it was timed."""
        whole = merged(sample.latency for sample in before)
        usual = quantile(whole, 1 - TAIL)
        if usual is None or sum(whole) < _FEWEST_TIMED:
            return None
        regions: dict[str, list[Sequence[int]]] = {}
        for sample in before:
            regions.setdefault(sample.region, []).append(sample.latency)
        limits = {}
        for region, histograms in regions.items():
            own = merged(histograms)
            value = quantile(own, 1 - TAIL)
            if value is not None and sum(own) >= _FEWEST_TIMED:
                limits[region] = _raised(value, rise, rise_ms)
        return cls(limits, _raised(usual, rise, rise_ms))

    def slow_calls(self, region: str, histogram: Sequence[int]) -> int:
        return round(beyond(histogram, self.by_region.get(region, self.typical))) if histogram else 0


def _raised(value: float, rise: float, rise_ms: float) -> float:
    return max(value * (1 + rise), value + rise_ms)
