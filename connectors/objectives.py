"""Service-level objectives: what is promised, how fast it is used up, and what is unusual. Pure arithmetic.

An objective of 99 % allows one failed call in a hundred; that hundredth is the error budget of 30 days. The
burn rate says how many times faster than that calls fail: at 1 the budget lasts 30 days, at 14.4 it is gone
in 50 hours.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from connectors.latency import LATENCY_BOUNDS_MS


class Verdict(StrEnum):
    """`UNKNOWN` is neither: too little was measured to say."""

    BREACH = "breach"
    FINE = "fine"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Objective:
    """What a connector promises. `success` is a share from 0 to 1 (exclusive); `latency_ms`, a bound of the
    histogram, is what `latency_share` of the calls stay within.
    """

    success: float = 0.99
    latency_ms: int = 2500
    latency_share: float = 0.95
    silence: timedelta = timedelta(hours=2)

    def __post_init__(self) -> None:
        if not 0 < self.success < 1 or not 0 < self.latency_share < 1:
            raise ValueError("an objective is a share between 0 and 1; 100 % leaves nothing that may fail")
        if self.latency_ms not in LATENCY_BOUNDS_MS:
            raise ValueError("the latency is one of the histogram's bounds: others cannot be counted exactly")

    @property
    def budget(self) -> float:
        """The share of calls that may fail."""
        return 1 - self.success


@dataclass(frozen=True, slots=True)
class Counts:
    """Calls of a span of time, without the throttled ones; `failed` of them failed."""

    calls: int = 0
    failed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.failed <= self.calls:
            raise ValueError("between none and all of the calls fail")

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.calls + other.calls, self.failed + other.failed)


@dataclass(frozen=True, slots=True)
class BurnRule:
    """An alert when calls fail `factor` times faster than allowed over a long window, and still do over a
    short one. Below `least_calls` in the long window nothing is said.
    """

    key: str
    long: timedelta
    short: timedelta
    factor: float
    least_calls: int
    quiet: timedelta
    is_urgent: bool

    @property
    def budget_used(self) -> float:
        """The share of a 30-day budget that is gone when the rule speaks."""
        return self.factor * (self.long / timedelta(days=30))


RULES: tuple[BurnRule, ...] = (
    BurnRule("burn_fast", timedelta(hours=1), timedelta(minutes=5), 14.4, 100, timedelta(minutes=15), True),
    BurnRule("burn_slow", timedelta(hours=6), timedelta(minutes=30), 6.0, 200, timedelta(hours=1), True),
    BurnRule("burn_steady", timedelta(days=3), timedelta(hours=6), 1.0, 1000, timedelta(hours=6), False),
)  # fmt: skip


def burn_rate(counts: Counts, objective: Objective) -> float | None:
    """How many times the allowed share fails; None without calls."""
    return counts.failed / counts.calls / objective.budget if counts.calls else None


def burn_verdict(rule: BurnRule, objective: Objective, *, long: Counts, short: Counts) -> Verdict:
    """Both windows over the factor is a breach. A quiet short window ends it: what failed an hour ago is no
    reason to wake somebody now. Too few calls say nothing, however they ended.
    """
    fast_long, fast_short = burn_rate(long, objective), burn_rate(short, objective)
    if fast_long is None or fast_short is None or long.calls < rule.least_calls:
        return Verdict.UNKNOWN
    return Verdict.BREACH if min(fast_long, fast_short) >= rule.factor else Verdict.FINE


def budget_left(counts: Counts, objective: Objective) -> float | None:
    """The share of the error budget of these calls that is left; below 0 when it is overspent."""
    rate = burn_rate(counts, objective)
    return None if rate is None else 1 - rate


def within(histogram: Sequence[int], bound_ms: int) -> int:
    """How many calls took at most `bound_ms`, which is one of the histogram's bounds."""
    return sum(histogram[: LATENCY_BOUNDS_MS.index(bound_ms) + 1])


# Weeks that are looked back, and how many of them must have calls before anything is called unusual.
PAST_WEEKS = 6
LEAST_WEEKS = 4
# Median absolute deviations from the median that are still usual; 1.4826 makes one a standard deviation.
_FAR = 4.0
_TO_SIGMA = 1.4826
# Whatever the deviations say: smaller changes are not worth a mail.
_LEAST_CALLS = 100
_LEAST_FALL = 0.5
_LEAST_RISE_IN_FAILURES = 0.02
_LEAST_RISE_IN_LATENCY = 0.5


@dataclass(frozen=True, slots=True)
class Usual:
    """The middle of past weeks and how far they stray from it (as a standard deviation, robustly)."""

    middle: float
    spread: float
    weeks: int


def usual(past: Sequence[float]) -> Usual | None:
    """None with fewer than `LEAST_WEEKS` weeks. One holiday or outage among the weeks moves nothing."""
    if len(past) < LEAST_WEEKS:
        return None
    middle = statistics.median(past)
    spread = statistics.median(abs(each - middle) for each in past) * _TO_SIGMA
    return Usual(middle, spread, len(past))


def fleet_factor(now: Sequence[float], usually: Sequence[float]) -> float:
    """How busy everybody is compared with usual, at most 1: on a holiday everybody's calls fall together, and
    nobody's fall is remarkable. The median over connectors, so that one large one does not decide.
    """
    ratios = [one / other for one, other in zip(now, usually, strict=True) if other > 0]
    return min(1.0, statistics.median(ratios)) if len(ratios) >= 5 else 1.0


def calls_verdict(calls: float, past: Sequence[float], *, factor: float = 1.0) -> Verdict:
    """Far fewer calls than in the same hour of past weeks, `factor` being how busy everybody is."""
    known = usual(past)
    if known is None or known.middle < _LEAST_CALLS:
        return Verdict.UNKNOWN
    expected = known.middle * factor
    floor = min(expected - _FAR * known.spread, expected * (1 - _LEAST_FALL))
    return Verdict.BREACH if calls < floor else Verdict.FINE


def failures_verdict(now: Counts, past: Sequence[float]) -> Verdict:
    """A far larger share of failures than in the same hour of past weeks."""
    known = usual(past)
    if known is None or now.calls < _LEAST_CALLS:
        return Verdict.UNKNOWN
    ceiling = known.middle + max(_FAR * known.spread, _LEAST_RISE_IN_FAILURES)
    return Verdict.BREACH if now.failed / now.calls > ceiling else Verdict.FINE


def latency_verdict(milliseconds: float | None, past: Sequence[float], *, calls: int) -> Verdict:
    """Far slower (p95) than in the same hour of past weeks."""
    known = usual(past)
    if known is None or milliseconds is None or calls < _LEAST_CALLS:
        return Verdict.UNKNOWN
    ceiling = known.middle + max(_FAR * known.spread, _LEAST_RISE_IN_LATENCY * known.middle)
    return Verdict.BREACH if milliseconds > ceiling else Verdict.FINE


def silence_verdict(
    since_last: timedelta | None, expected_calls: float | None, objective: Objective
) -> Verdict:
    """Nothing was reported for longer than promised, though calls were to be expected in that time.

    `expected_calls` is the median of the same hours of past weeks, None while there are too few of them:
    then a connector that is called every day may be missed, but a dormant one raises no alarm every night.
    """
    if since_last is None or expected_calls is None or expected_calls < _LEAST_EXPECTED:
        return Verdict.UNKNOWN
    return Verdict.BREACH if since_last > objective.silence else Verdict.FINE


_LEAST_EXPECTED = 20.0
