"""Many connectors into one region, so many a day: on which day each of them goes."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from certification.planning.inputs import PlanningInputs
from certification.planning.planner import PlannedWave, plan

_DAY = dt.timedelta(days=1)


def pace(
    rollouts: Iterable[PlanningInputs],
    starts_on: dt.date,
    per_day: int,
    *,
    taken: Counter[dt.date] | None = None,
) -> list[PlannedWave]:
    """The last wave of each rollout on the first day that the planner finds for it and on which fewer than
    `per_day` go. `taken` counts those that have a day already, and is counted on.

    In the order given; days are those of each plan's time zone. Raises `NoOpenDay`.
    """
    taken = Counter() if taken is None else taken
    found = []
    for inputs in rollouts:
        day = starts_on
        while True:
            # Nobody plans for a day that is known to be full.
            while taken[day] >= per_day:
                day += _DAY
            wave = _on(inputs, day)
            if taken[wave.day] < per_day:
                break
            day = wave.day + _DAY
        taken[wave.day] += 1
        found.append(wave)
    return found


def _on(inputs: PlanningInputs, day: dt.date) -> PlannedWave:
    last = inputs.spec.waves[-1].number
    return plan(replace(inputs, chosen={**inputs.chosen, last: day}))[-1]
