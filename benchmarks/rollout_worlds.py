"""Simulated rollouts with the shapes of real traffic: days and nights, unequal regions, bad hours in a row.

A world has twelve regions in four waves. Calls follow the local time of day. The share that fails is, in
log-odds, the sum of a level per region, a mood of the backend that all regions share, and a mood of each
region, both with a memory; now and then one region has a bad hour.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from certification.gating.counts import Cell

REGIONS = tuple("abcdefghijkl")
WAVES = (REGIONS[0:3], REGIONS[3:6], REGIONS[6:9], REGIONS[9:12])
BEFORE_HOURS = 72
MEMORY = 0.7


@dataclass(frozen=True)
class Harm:
    """What the new version does: adds so much to the share that fails, that is slow, that gives a new
    code."""

    failing: float = 0.0
    slow: float = 0.0
    new_code: float = 0.0


@dataclass
class Counts:
    """The cells of one hour of some regions, for the three comparisons."""

    failing: list[Cell] = field(default_factory=list)
    slow: list[Cell] = field(default_factory=list)
    code: list[Cell] = field(default_factory=list)


class World:
    """A connector with its traffic; `calls_an_hour` is the day's mean in the regions `counted_in`."""

    def __init__(
        self, chance: random.Random, *, calls_an_hour: float, counted_in: Sequence[str] = REGIONS
    ) -> None:
        self._chance = chance
        shares = [math.exp(chance.gauss(0, 0.8)) for _ in REGIONS]
        self._calls = {
            region: calls_an_hour * share / sum(shares) for region, share in zip(REGIONS, shares, strict=True)
        }
        self._east = {region: chance.randrange(24) for region in REGIONS}
        level = math.exp(chance.uniform(math.log(0.002), math.log(0.04)))
        self._level = {region: _log_odds(level) + chance.gauss(0, 0.4) for region in REGIONS}
        self._slow = {region: _log_odds(0.02) + chance.gauss(0, 0.3) for region in REGIONS}
        self._mood = 0.0
        self._moods = dict.fromkeys(REGIONS, 0.0)

    def hours(self, first: int, count: int) -> Iterator[tuple[int, dict[str, tuple[int, float, float]]]]:
        """(hour, region -> calls, share that fails, share that is slow), the moods going on."""
        chance, shake = self._chance, math.sqrt(1 - MEMORY * MEMORY)
        for hour in range(first, first + count):
            self._mood = MEMORY * self._mood + shake * chance.gauss(0, 0.25)
            found = {}
            for region in REGIONS:
                self._moods[region] = MEMORY * self._moods[region] + shake * chance.gauss(0, 0.4)
                mood = self._mood + self._moods[region]
                failing = _share(self._level[region] + mood)
                if chance.random() < 0.001:
                    failing += chance.uniform(0.02, 0.1)
                calls = poisson(chance, self._calls[region] * _pulse(hour + self._east[region]))
                found[region] = calls, failing, _share(self._slow[region] + mood)
            yield hour, found

    def cells(self, hour: int, place: dict[str, tuple[int, float, float]], harm: Harm) -> Counts:
        chance, counts = self._chance, Counts()
        for region, (calls, failing, slow) in place.items():
            if not calls:
                continue
            bad = binomial(chance, calls, min(failing + harm.failing, 1.0))
            counts.failing.append(Cell(region, hour, calls, bad))
            counts.slow.append(Cell(region, hour, calls, binomial(chance, calls, min(slow + harm.slow, 1.0))))
            rare = binomial(chance, calls, 0.0003 + harm.new_code)
            counts.code.append(Cell(region, hour, calls, rare))
        return counts


def _pulse(hour: int) -> float:
    """Busy at noon, quiet at night; one on average."""
    return (0.25 + 1.5 * max(0.0, math.sin(math.pi * (hour % 24 - 5) / 16))) / 0.886


def _log_odds(share: float) -> float:
    return math.log(share / (1 - share))


def _share(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def poisson(chance: random.Random, mean: float) -> int:
    if mean > 40:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count


def binomial(chance: random.Random, calls: int, share: float) -> int:
    """Exact enough: normal where many hits are expected, Poisson where few are."""
    mean = calls * share
    if mean < 30 and share < 0.2:
        return min(poisson(chance, mean), calls)
    if calls < 60:
        return sum(chance.random() < share for _ in range(calls))
    return min(max(round(chance.gauss(mean, math.sqrt(mean * (1 - share)))), 0), calls)
