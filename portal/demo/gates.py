"""What gates see while history is told: calls as steady connectors have them, smoke tests that pass.

The telemetry of the demo world is written when its stories are over, so gates of the past look here instead.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

from certification.gating.counts import Sample
from certification.gating.gate import Evidence, Smoke
from certification.models import Rollout, RolloutWave
from certification.services import gate_evidence, gates
from connectors.latency import BUCKETS
from portal.demo.clock import replaced

LOOKS_EVERY = dt.timedelta(hours=20)
"""History is told in large steps."""
_BEFORE_HOURS = 48
_CALLS_AN_HOUR = 900
_FEW_CALLS_AN_HOUR = 22
_SILENT_HOURS = 9


@dataclass
class ToldGates:
    """`unclear` holds (connector's slug, wave's number) of gates that cannot tell: few call the new version,
    a little more of the calls fail, and one region has fallen silent."""

    unclear: set[tuple[str, int]] = field(default_factory=set)


@contextmanager
def told_gates() -> Iterator[ToldGates]:
    """Gates see told calls inside the block."""
    told = ToldGates()
    with ExitStack() as stack:
        stack.enter_context(replaced(gate_evidence, "gather", partial(_gather, told)))
        stack.enter_context(replaced(gates, "LOOK_EVERY", LOOKS_EVERY))
        yield told


def _gather(
    told: ToldGates, rollout: Rollout, wave: RolloutWave, *, since: dt.datetime, now: dt.datetime
) -> Evidence:
    rows = list(rollout.deployments.filter(action="deploy").select_related("region"))
    own = [row for row in rows if row.wave_id == wave.pk and row.state == "verified"]
    waiting = [row for row in rows if row.state == "pending"]
    chance = random.Random(f"{rollout.version.label} {wave.number}")  # noqa: S311 - shapes of a demo
    first, last = int(since.timestamp() // 3600), int(now.timestamp() // 3600)
    is_first = rollout.previous_version_id is None
    regions, others = [row.region_id for row in own], [row.region_id for row in waiting[:4]]
    before = [] if is_first else list(_calls(chance, [*regions, *others], first - _BEFORE_HOURS, first))
    hours = (max(first, last - 24), last + 1)
    is_unclear = (rollout.connector.slug, wave.number) in told.unclear
    treated = _few_calls(regions, *hours) if is_unclear else _calls(chance, regions, *hours)
    return Evidence(
        regions=set(regions),
        treated=[] if is_first else list(treated),
        control=[] if is_first else list(_calls(chance, others, *hours)),
        before=before,
        now=last,
        since=first,
        before_days=_BEFORE_HOURS / 24,
        gates=max(rollout.waves.count() - 1, 1),
        is_first=is_first,
        smoke=[Smoke(region, "passed") for region in regions],
        disagreeing=gate_evidence.disagreeing(rollout, own, now=now),
        names={row.region_id: row.region.name for row in rows},
    )


def _calls(chance: random.Random, regions: Iterable[str], first: int, last: int) -> Iterator[Sample]:
    for region in regions:
        for hour in range(first, last):
            calls = round(_CALLS_AN_HOUR * chance.uniform(0.7, 1.3))
            failed = round(calls * chance.uniform(0.008, 0.012))
            latency = [0] * BUCKETS
            latency[4], latency[6] = calls - calls // 40, calls // 40
            statuses = {"500": failed - failed // 3, "404": failed // 3}
            yield Sample(region, hour, calls, failed, statuses, latency)


def _few_calls(regions: Sequence[str], first: int, last: int) -> Iterator[Sample]:
    """Too few calls to rule anything out; the first region was not heard of for some hours."""
    for region in regions:
        is_silent = region == regions[0]
        for hour in range(first, last - _SILENT_HOURS if is_silent else last):
            failed = int(hour % 2 == 0)
            latency = [0] * BUCKETS
            latency[4], latency[6] = _FEW_CALLS_AN_HOUR - 1, 1
            yield Sample(region, hour, _FEW_CALLS_AN_HOUR, failed, {"500": failed}, latency)
