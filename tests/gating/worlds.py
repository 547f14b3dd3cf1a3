"""Samples of versions in regions, for gates."""

from __future__ import annotations

import random
from collections.abc import Iterable

from certification.gating.counts import Sample
from certification.gating.gate import Evidence
from connectors.latency import BUCKETS

HOUR = 500_000
BAKE = 12


def sample(
    chance: random.Random,
    region: str,
    hour: int,
    *,
    calls: int,
    failing: float,
    slow: float = 0.0,
    code="500",
) -> Sample:
    failures = sum(chance.random() < failing for _ in range(calls))
    late = sum(chance.random() < slow for _ in range(calls))
    latency = [0] * BUCKETS
    latency[5], latency[13] = calls - late, late
    statuses = {"200": calls - failures, code: failures}
    return Sample(region, hour, calls, failures, statuses, latency)


def samples(
    regions: Iterable[str], hours: range, *, calls: int = 100, failing: float = 0.03, seed: int = 1, **more
) -> list[Sample]:
    chance = random.Random(f"{seed} {hours}")
    return [
        sample(chance, region, hour, calls=calls, failing=failing, **more)
        for hour in hours
        for region in regions
    ]


def evidence(*, treated: dict | None = None, control: dict | None = None, before: dict | None = None, **more):
    """Three treated regions, three others, three days before; what differs is named."""
    now = range(HOUR, HOUR + BAKE)
    values = {
        "regions": "abc",
        "treated": samples("abc", now, **(treated or {})),
        "control": samples("def", now, **{"seed": 2, **(control or {})}),
        "before": samples("abcdef", range(HOUR - 72, HOUR), **{"seed": 3, **(before or {})}),
        "now": HOUR + BAKE,
        "since": HOUR,
        "before_days": 3.0,
        "gates": 3,
    }
    return Evidence(**{**values, **more})
