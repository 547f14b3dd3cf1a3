"""Looking again and again does not raise the number of false alarms."""

from __future__ import annotations

import math
import random

import pytest

from benchmarks import gates
from certification.gating.baseline import LEAST_CORRELATION, learn
from certification.gating.counts import Cell
from certification.gating.sequential import radius


def test_a_confidence_sequence_holds_at_all_of_500_looks():
    chance, outside = random.Random(4), 0
    for _ in range(400):
        total, ever = 0.0, False
        for count in range(1, 501):
            total += chance.gauss(0, 1)
            ever = ever or abs(total / count) > radius(1 / count, 0.05, tightest_at=0.1)
        outside += ever
    assert outside / 400 <= 0.05


def test_a_fixed_interval_would_not_hold():
    chance, outside = random.Random(4), 0
    for _ in range(100):
        total, ever = 0.0, False
        for count in range(1, 501):
            total += chance.gauss(0, 1)
            ever = ever or abs(total / count) > 1.96 / math.sqrt(count)
        outside += ever
    assert outside / 100 > 0.3


@pytest.mark.parametrize("spread", [0.0, 0.02])
def test_unsteady_hours_make_calls_worth_less(spread):
    chance = random.Random(2)
    cells = []
    for hour in range(200):
        share = min(max(0.05 + chance.gauss(0, spread), 0.001), 1)
        cells.append(Cell("a", hour, 1_000, sum(chance.random() < share for _ in range(1_000))))
    found = learn(cells).correlation
    expected = spread**2 / (0.05 * 0.95)
    assert found == pytest.approx(max(expected, LEAST_CORRELATION), abs=0.003)


def test_healthy_rollouts_are_let_through_and_a_fall_of_five_points_is_stopped():
    healthy, harmful = gates.SCENARIOS[:2]
    assert not any(outcome.stopped_by for outcome in gates.run(healthy, 12, seed=3))
    stopped = [outcome.stopped_by for outcome in gates.run(harmful, 24, seed=3)]
    assert stopped.count("failing") >= 23
