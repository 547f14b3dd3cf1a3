"""The figures of health and their formulas: pure arithmetic on counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.latency import BUCKETS, Percentile, percentile

THROTTLED = 429


@dataclass(frozen=True, slots=True)
class Figures:
    """Calls of any selection. `successes` are answers 1xx, 2xx and 3xx, `throttled` are answers 429."""

    requests: int = 0
    successes: int = 0
    throttled: int = 0
    latency: Sequence[int] = field(default=(0,) * BUCKETS)

    @property
    def counted(self) -> int:
        """The denominator of the success rate: all calls but the throttled ones."""
        return self.requests - self.throttled

    @property
    def failures(self) -> int:
        return self.counted - self.successes

    @property
    def success_rate(self) -> float | None:
        """(1xx + 2xx + 3xx) / (all - 429), from 0 to 1; None when there is nothing to divide by."""
        return self.successes / self.counted if self.counted > 0 else None

    @property
    def success_percent(self) -> str:
        """As shown; never rounded up to 100 % while a call failed. "" without calls."""
        rate = self.success_rate
        if rate is None:
            return ""
        if self.failures and rate > 0.9999:
            return "> 99.99%"
        return f"{100 * rate:.2f}".rstrip("0").rstrip(".") + "%"

    @property
    def p50(self) -> Percentile | None:
        return percentile(self.latency, 0.50)

    @property
    def p95(self) -> Percentile | None:
        return percentile(self.latency, 0.95)

    @property
    def p99(self) -> Percentile | None:
        return percentile(self.latency, 0.99)


def count_statuses(statuses: Mapping[str, int]) -> tuple[int, int, int]:
    """(requests, successes, throttled) of a map from HTTP status to count."""
    requests = successes = throttled = 0
    for status, count in statuses.items():
        requests += count
        if status < "400":
            successes += count
        elif status == "429":
            throttled += count
    return requests, successes, throttled
