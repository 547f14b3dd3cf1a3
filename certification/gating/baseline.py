"""What the old version was like: every region's own level, and how unsteady hours are.

Calls of one region and hour are alike: they share the backend's mood. Their number says less than as many
independent calls would. With an intra-class correlation r, n of them are worth n / (1 + (n - 1) r)
(Williams 1982). Correlation over neighbouring hours is added with Bartlett weights (Newey and West 1987), so
that a bad afternoon counts as one event and not as six.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt

from certification.gating.counts import Cell

PRIOR_CORRELATION = 0.005
PRIOR_CELLS = 24
"""Until so many region-hours are known, the prior has at least half a say."""
LEAST_CORRELATION, MOST_CORRELATION = 0.0002, 0.5
LAGS = 6
LEAST_RATE = 0.001
FEWEST_TO_SHARE = 3


@dataclass(frozen=True, slots=True)
class Level:
    """A region's usual share of hits, with the variance of that knowledge."""

    rate: float
    variance: float


@dataclass(frozen=True, slots=True)
class Baseline:
    """`spread` is the variance between regions, `correlation` the long-run one inside them, `common` the
    variance of what hits all regions in the same hour."""

    calls: int = 0
    rate: float = 0.0
    spread: float = 0.0
    correlation: float = PRIOR_CORRELATION
    common: float = 0.0
    levels: Mapping[str, Level] = field(default_factory=dict)

    def level(self, region: str) -> Level:
        """A region nobody called before is taken for an average one, as unlike it as regions are."""
        return self.levels.get(region) or Level(self.rate, self.spread)

    def worth(self, calls: int) -> float:
        """How many independent calls the calls of one region and hour are worth."""
        return calls / (1 + (calls - 1) * self.correlation) if calls else 0.0


def binomial_variance(rate: float) -> float:
    bounded = min(max(rate, LEAST_RATE), 1 - LEAST_RATE)
    return bounded * (1 - bounded)


def learn(cells: Iterable[Cell]) -> Baseline:
    """The baseline of these region-hours, all of the version to compare with."""
    by_region: dict[str, list[Cell]] = {}
    for cell in cells:
        by_region.setdefault(cell.region, []).append(cell)
    if not by_region:
        return Baseline()
    totals = {
        region: (sum(cell.calls for cell in some), sum(cell.hits for cell in some))
        for region, some in by_region.items()
    }
    calls = sum(total for total, _ in totals.values())
    rate = sum(hits for _, hits in totals.values()) / calls
    residuals = {
        region: [(cell.hour, cell.calls, cell.hits - cell.calls * totals[region][1] / totals[region][0])
                 for cell in some]
        for region, some in by_region.items()
    }  # fmt: skip
    correlation = _correlation(_without_common(residuals.values()), binomial_variance(rate))
    rough = Baseline(calls, rate, 0.0, correlation)
    spread = _spread(totals, rate, rough, by_region)
    levels = {
        region: _level(totals[region], rate, spread, sum(rough.worth(cell.calls) for cell in some))
        for region, some in by_region.items()
    }
    common = _common(residuals.values(), rough)
    return Baseline(calls, rate, spread, correlation, common, levels)


_Residuals = Sequence[tuple[int, int, float]]


def _without_common(regions: Collection[_Residuals]) -> list[_Residuals]:
    """The deviations without those that all regions share in an hour: a comparison over the same hours is
    free of them."""
    if len(regions) < FEWEST_TO_SHARE:
        return list(regions)
    hours: dict[int, list[float]] = {}
    for rows in regions:
        for hour, calls, left in rows:
            held = hours.setdefault(hour, [0.0, 0.0, 0.0])
            held[0] += 1
            held[1] += calls
            held[2] += left
    found: list[_Residuals] = []
    for rows in regions:
        own = []
        for hour, calls, left in rows:
            count, total, common = hours[hour]
            # A region pulls the mean of its hour towards itself; this gives back what that hides.
            scale = sqrt(1 / (1 - calls / total)) if count >= FEWEST_TO_SHARE and calls < 0.8 * total else 0.0
            own.append((hour, calls, (left - calls * common / total) * scale if scale else left))
        found.append(own)
    return found


def _correlation(regions: Sequence[_Residuals], variance: float) -> float:
    """Within an hour by Pearson's statistic, plus that of neighbouring hours; drawn to the prior when
    little is known."""
    cells = [row for rows in regions for row in rows]
    beyond_one = sum(calls - 1 for _, calls, _ in cells)
    mean = beyond_one / len(cells) or 1.0
    freedom = max(len(cells) - len(regions), 1)
    pearson = sum(left * left / calls for _, calls, left in cells) / variance * len(cells) / freedom
    prior = PRIOR_CELLS * mean
    within = (pearson - len(cells) + prior * PRIOR_CORRELATION) / (beyond_one + prior)
    within = min(max(within, LEAST_CORRELATION), MOST_CORRELATION)
    over_time = 2 * sum(
        (1 - lag / (LAGS + 1)) * _lagged(regions, lag, variance) for lag in range(1, LAGS + 1)
    )
    trust = len(cells) / (len(cells) + PRIOR_CELLS)
    return min(within + max(over_time, 0.0) * trust, MOST_CORRELATION)


def _lagged(regions: Sequence[_Residuals], lag: int, variance: float) -> float:
    products = weights = 0.0
    for rows in regions:
        at = {hour: (calls, left) for hour, calls, left in rows}
        for hour, calls, left in rows:
            later = at.get(hour + lag)
            if later is not None:
                products += left * later[1]
                weights += calls * later[0]
    return products / (weights * variance) if weights else 0.0


def _spread(
    totals: Mapping[str, tuple[int, int]], rate: float, rough: Baseline, by_region: Mapping[str, list[Cell]]
) -> float:
    """Variance between regions beyond chance, by moments; never below that of a quarter of the rate."""
    variance = binomial_variance(rate)
    calls = sum(total for total, _ in totals.values())
    between = sum(total * (hits / total - rate) ** 2 for total, hits in totals.values()) / calls
    chance = (
        sum(
            totals[region][0] * variance / sum(rough.worth(cell.calls) for cell in some)
            for region, some in by_region.items()
        )
        / calls
    )
    return max(between - chance, (max(rate, LEAST_RATE) / 4) ** 2)


def _level(total: tuple[int, int], rate: float, spread: float, worth: float) -> Level:
    """A region's rate, drawn to the average where it is hardly known (empirical Bayes)."""
    calls, hits = total
    chance = binomial_variance(rate) / worth
    trust = spread / (spread + chance)
    return Level(rate + trust * (hits / calls - rate), trust * chance)


def _common(regions: Iterable[_Residuals], rough: Baseline) -> float:
    """Variance of the mean deviation of all regions, beyond chance: from hour to hour, and as much again for
    each hour by which such moods may last.
    """
    hours: dict[int, list[float]] = {}
    for rows in regions:
        for hour, calls, left in rows:
            worth = rough.worth(calls)
            held = hours.setdefault(hour, [0.0, 0.0])
            held[0] += worth
            held[1] += worth * left / calls
    if len(hours) < 2:
        return 0.0
    variance = binomial_variance(rough.rate)
    beyond = [(total / worth) ** 2 - variance / worth for worth, total in hours.values()]
    return max(sum(beyond) / len(beyond), 0.0) * LAGS
