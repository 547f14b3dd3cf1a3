"""Ratios that survive a busy machine: CPU time of two deeds that take turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Deed = Callable[[], object]


@dataclass(frozen=True)
class Pair:
    """Median CPU seconds of one `ours` and of one `base`, measured in turn."""

    ours: float
    base: float

    @property
    def ratio(self) -> float:
        """How many times the base costs what ours costs."""
        return self.ours / self.base


def cpu_seconds(deed: Deed, times: int = 1) -> float:
    """CPU seconds of this process for one call, the mean of so many."""
    began = time.process_time()
    for _ in range(times):
        deed()
    return (time.process_time() - began) / times


def compare(ours: Deed, base: Deed, *, pairs: int = 15, base_times: int = 1) -> Pair:
    """Run both in turn, A B A B, after a warm-up; `base_times` calls of a cheap base make one measurement."""
    ours(), base()
    found = [(cpu_seconds(ours), cpu_seconds(base, base_times)) for _ in range(pairs)]
    return Pair(statistics.median(one for one, _ in found), statistics.median(other for _, other in found))
