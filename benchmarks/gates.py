"""How often gates stop healthy rollouts, and how often they miss harm: simulated rollouts, looked at hourly.

    python -m benchmarks.gates [--rollouts N] [--jobs N] [--seed N]

Healthy rollouts pass three gates with a bake of a day each, 72 looks in all; harmful ones are looked at in
the first bake. Connectors of the healthy world have between 5 and 20,000 calls an hour. The comparisons and
the rule that judges them are those of `certification.gating`. Worlds without a goal get a tenth of the
rollouts.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from benchmarks.rollout_worlds import BEFORE_HOURS, REGIONS, WAVES, Harm, World
from certification.gating.baseline import Baseline, learn
from certification.gating.comparison import Comparison, judge
from certification.gating.counts import Cell
from certification.gating.gate import CODES_SHARE, LATENCY_SHARE, SUCCESS_SHARE
from certification.gating.latencies import TAIL
from certification.gating.thresholds import Thresholds
from certification.gating.verdicts import Verdict

BAKE_HOURS = 24
GATES = 3
_KINDS = ("failing", "slow", "code")


@dataclass(frozen=True)
class Scenario:
    name: str
    goal: str
    harm: Harm | None = None
    calls_an_hour: float = 0.0
    in_first_wave: bool = False

    @property
    def waves(self) -> int:
        return 1 if self.harm else GATES

    def world(self, chance: random.Random) -> World:
        calls = self.calls_an_hour or 5 * 4_000 ** chance.random()
        return World(chance, calls_an_hour=calls, counted_in=WAVES[0] if self.in_first_wave else REGIONS)


@dataclass(frozen=True)
class Outcome:
    """`stopped_by` is empty when no look failed; `hours` is when the first one did, in its bake."""

    stopped_by: str
    hours: int
    is_unclear: bool


_ANY = "-"
SCENARIOS = (
    Scenario("healthy, 5 to 20,000 calls an hour", "stopped <= 1 %"),
    Scenario("5 points, 1,000 calls an hour in the wave", "stopped >= 99 %", Harm(0.05), 1_000, True),
    Scenario("healthy, 1,000 calls an hour", _ANY, None, 1_000),
    Scenario("healthy, 20 calls an hour", _ANY, None, 20),
    Scenario("5 points, 1,000 an hour in all regions", _ANY, Harm(0.05), 1_000),
    Scenario("2 points, 1,000 calls an hour in the wave", _ANY, Harm(0.02), 1_000, True),
    Scenario("a new code in 3 % of the wave's calls", _ANY, Harm(new_code=0.03), 1_000, True),
    Scenario("10 % more slow calls in the wave", _ANY, Harm(slow=0.10), 1_000, True),
)


def simulate(scenario: Scenario, seed: int, thresholds: Thresholds) -> Outcome:
    chance = random.Random(seed)
    world = scenario.world(chance)
    baselines = _learn(world)
    clock, unclear = BEFORE_HOURS, False
    for number in range(scenario.waves):
        regions = set(WAVES[number])
        later = {region for wave in WAVES[number + 1 :] for region in wave}
        gate = _Gate(baselines, thresholds)
        for hour, place in world.hours(clock, BAKE_HOURS):
            treated = world.cells(
                hour, {one: place[one] for one in place if one in regions}, scenario.harm or Harm()
            )
            control = world.cells(hour, {one: place[one] for one in place if one in later}, Harm())
            failed = gate.look(treated, control)
            if failed:
                return Outcome(failed, hour - clock + 1, unclear)
        unclear = unclear or not gate.is_clear
        clock += BAKE_HOURS
    return Outcome("", 0, unclear)


def _learn(world: World) -> dict[str, Baseline]:
    before: dict[str, list[Cell]] = {kind: [] for kind in _KINDS}
    for hour, place in world.hours(0, BEFORE_HOURS):
        counts = world.cells(hour, place, Harm())
        for kind in _KINDS:
            before[kind] += getattr(counts, kind)
    return {kind: learn(cells) for kind, cells in before.items()}


class _Gate:
    """The three comparisons of one gate, hour by hour."""

    def __init__(self, baselines: dict[str, Baseline], thresholds: Thresholds) -> None:
        alpha = thresholds.alpha / GATES
        self._least, self._beta = thresholds.least_calls, thresholds.beta
        self._rules: dict[str, tuple[Comparison, float, Callable[..., Verdict]]] = {
            "failing": (
                Comparison(baselines["failing"], thresholds.drop / 5), alpha * SUCCESS_SHARE,
                partial(judge, limit=thresholds.drop, certain=thresholds.certain_drop),
            ),
            "slow": (
                Comparison(baselines["slow"], TAIL / 5), alpha * LATENCY_SHARE,
                partial(judge, limit=TAIL - baselines["slow"].rate),
            ),
            "code": (
                Comparison(baselines["code"], thresholds.new_code_share / 5), alpha * CODES_SHARE,
                partial(judge, limit=thresholds.new_code_share),
            ),
        }  # fmt: skip
        self._baseline_calls = baselines["failing"].calls
        self.is_clear = False

    def look(self, treated: object, control: object) -> str:
        """The kind of harm that was found at this hour; empty without."""
        verdicts = {}
        for kind, (comparison, alpha, rule) in self._rules.items():
            comparison.add_hour(getattr(treated, kind), getattr(control, kind))
            calls = min(comparison.treated.calls, self._baseline_calls)
            excess = comparison.result(alpha, self._beta) if calls >= self._least else None
            verdicts[kind] = rule(excess) if excess else Verdict.INCONCLUSIVE
        self.is_clear = all(verdicts[kind] == Verdict.PASS for kind in ("failing", "slow"))
        return next((kind for kind, verdict in verdicts.items() if verdict == Verdict.FAIL), "")


def _some(scenario: Scenario, thresholds: Thresholds, seeds: range) -> list[Outcome]:
    return [simulate(scenario, seed, thresholds) for seed in seeds]


def run(scenario: Scenario, rollouts: int, *, jobs: int = 1, seed: int = 0) -> list[Outcome]:
    work = partial(_some, scenario, Thresholds())
    parts = list(_parts(seed * 1_000_003, rollouts, max(rollouts // (jobs * 8), 1)))
    if jobs == 1:
        return [outcome for part in map(work, parts) for outcome in part]
    with ProcessPoolExecutor(jobs) as pool:
        return [outcome for part in pool.map(work, parts) for outcome in part]


def _parts(first: int, count: int, size: int) -> Iterator[range]:
    for start in range(first, first + count, size):
        yield range(start, min(start + size, first + count))


def report(scenario: Scenario, outcomes: list[Outcome], seconds: float) -> str:
    stopped = [outcome for outcome in outcomes if outcome.stopped_by]
    share = len(stopped) / len(outcomes)
    hours = sorted(outcome.hours for outcome in stopped)
    middle = f"{hours[len(hours) // 2]:>3} h" if hours else "    -"
    unclear = sum(outcome.is_unclear for outcome in outcomes) / len(outcomes)
    kinds = ", ".join(f"{kind} {count}" for kind, count in Counter(o.stopped_by for o in stopped).items())
    return (
        f"{scenario.name:<42} {100 * share:7.2f} %  {middle}  {100 * unclear:5.1f} %  "
        f"{scenario.goal:<18} {seconds:5.0f} s  {kinds}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rollouts", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"{options.rollouts:,} rollouts, {len(REGIONS)} regions in {len(WAVES)} waves, seed {options.seed}")
    print(f"{'world':<42}   stopped  after  waits    goal               time   stopped by")
    for scenario in SCENARIOS:
        begun = time.perf_counter()
        count = max(options.rollouts // (10 if scenario.goal == _ANY else 1), 1)
        outcomes = run(scenario, count, jobs=options.jobs, seed=options.seed)
        print(report(scenario, outcomes, time.perf_counter() - begun), flush=True)


if __name__ == "__main__":
    main()
