"""By how much the treated regions do worse than they should, judged by the others over the same hours.

Every region is first compared with its own level under the old version, which takes the mix of regions out.
Then, hour by hour, the treated regions are compared with those not yet treated, which takes out what hits
all of them. Hours are weighted by the calls on both sides (Cochran 1954; Mantel and Haenszel 1959).
Altogether it is a difference in differences (Card and Krueger 1994), stratified by hour.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import sqrt

from certification.gating.baseline import Baseline, binomial_variance
from certification.gating.counts import Cell
from certification.gating.sequential import radius
from certification.gating.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Excess:
    """The share of hits beyond what was to be expected; positive is worse.

    `lower` and `upper` hold at all looks together: `lower` is above nothing without harm with the chance
    `alpha` at most, `upper` below a true harm with the chance `beta` at most.

    `share` and `expected` are those of the treated regions. `alone` hours had nobody to compare with over the
    same time.
    """

    estimate: float
    error: float
    lower: float
    upper: float
    treated_calls: int
    control_calls: int
    share: float
    control_share: float | None
    expected: float
    hours: int
    alone: int


def judge(excess: Excess, limit: float, *, certain: float | None = None) -> Verdict:
    """Harm needs size and certainty: at least `limit`, and surely above nothing; or surely above `certain`.

    It passes only when `limit` is ruled out.
    """
    if excess.lower > 0 and excess.estimate >= limit:
        return Verdict.FAIL
    if certain is not None and excess.lower > certain:
        return Verdict.FAIL
    return Verdict.PASS if excess.upper < limit else Verdict.INCONCLUSIVE


@dataclass(slots=True)
class _Side:
    calls: int = 0
    hits: int = 0
    expected: float = 0.0


@dataclass(slots=True)
class Comparison:
    """Takes hours as they come; `result()` may be asked after each of them."""

    baseline: Baseline
    tightest_at: float
    treated: _Side = field(default_factory=_Side)
    control: _Side = field(default_factory=_Side)
    hours: int = 0
    alone: int = 0
    _weight: float = 0.0
    _weighted: float = 0.0
    _leaning: dict[str, float] = field(default_factory=dict)

    def add_hour(self, treated: Iterable[Cell], control: Iterable[Cell]) -> None:
        """One hour's cells. Without a treated call the hour says nothing."""
        worth, excess, pulls = self._sum(treated, self.treated)
        if not worth:
            return
        other_worth, other_excess, other_pulls = self._sum(control, self.control)
        if other_worth:
            weight = 1 / (1 / worth + 1 / other_worth)
            difference = excess / worth - other_excess / other_worth
        else:
            self.alone += 1
            share = self.baseline.common / binomial_variance(self.baseline.rate)
            weight = 1 / (1 / worth + share)
            difference = excess / worth
        self.hours += 1
        self._weight += weight
        self._weighted += weight * difference
        for region, pull in pulls:
            self._leaning[region] = self._leaning.get(region, 0.0) + weight * pull / worth
        for region, pull in other_pulls:
            self._leaning[region] = self._leaning.get(region, 0.0) - weight * pull / other_worth

    def _sum(self, cells: Iterable[Cell], side: _Side) -> tuple[float, float, list[tuple[str, float]]]:
        total = excess = 0.0
        pulls = []
        for cell in cells:
            if not cell.calls:
                continue
            rate = self.baseline.level(cell.region).rate
            worth = self.baseline.worth(cell.calls)
            total += worth
            excess += worth * (cell.hits / cell.calls - rate)
            pulls.append((cell.region, worth))
            side.calls += cell.calls
            side.hits += cell.hits
            side.expected += cell.calls * rate
        return total, excess, pulls

    def result(self, alpha: float, beta: float) -> Excess | None:
        """None while no treated call was seen."""
        if not self._weight:
            return None
        estimate = self._weighted / self._weight
        # Two more calls of each kind keep the variance honest where hits are few (Agresti and Coull 1998).
        seen = (self.treated.hits + 2) / (self.treated.calls + 4)
        usual = binomial_variance(self.baseline.rate)
        variance = max(usual, (usual + binomial_variance(seen)) / 2) / self._weight
        variance += sum(
            (pull / self._weight) ** 2 * self.baseline.level(region).variance
            for region, pull in self._leaning.items()
        )
        control = self.control
        return Excess(
            estimate=estimate,
            error=sqrt(variance),
            lower=estimate - radius(variance, 2 * alpha, tightest_at=self.tightest_at),
            upper=estimate + radius(variance, 2 * beta, tightest_at=self.tightest_at),
            treated_calls=self.treated.calls,
            control_calls=control.calls,
            share=self.treated.hits / self.treated.calls,
            control_share=control.hits / control.calls if control.calls else None,
            expected=self.treated.expected / self.treated.calls,
            hours=self.hours,
            alone=self.alone,
        )


def compare(
    treated: Iterable[Cell],
    control: Iterable[Cell],
    baseline: Baseline,
    *,
    alpha: float,
    beta: float,
    tightest_at: float,
) -> Excess | None:
    """The comparison of all hours in hand; None without a treated call."""
    hours: dict[int, tuple[list[Cell], list[Cell]]] = {}
    for cell in treated:
        hours.setdefault(cell.hour, ([], []))[0].append(cell)
    for cell in control:
        if cell.hour in hours:
            hours[cell.hour][1].append(cell)
    comparison = Comparison(baseline, tightest_at)
    for hour in sorted(hours):
        comparison.add_hour(*hours[hour])
    return comparison.result(alpha, beta)
