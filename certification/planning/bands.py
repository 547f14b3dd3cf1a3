"""When a region has it: the planned date, and a band of how long regions usually and seldom take."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from certification.planning.inputs import UNKNOWN_DURATION, Duration, PlanningInputs, WaveSpec
from certification.planning.planner import PlannedWave, plan


@dataclass(frozen=True)
class Arrival:
    """A region of a wave that has not started. Half of all arrive by `early`, nine of ten by `late`.

    The band follows the waves in front: a slow one pushes those behind it past their bake, their train or
    their day. It takes every wave at its median or every wave at its ninetieth percentile, so `late` errs on
    the safe side.
    """

    region: str
    wave: int
    planned_at: dt.datetime
    early: dt.datetime
    late: dt.datetime


def arrivals(inputs: PlanningInputs) -> list[Arrival]:
    """The band of every region still to come, in the order of waves. Raises `NoOpenDay`."""
    waves = [wave for wave in inputs.spec.waves if wave.number not in inputs.started]
    planned = _by_number(plan(inputs))
    usual = _by_number(plan(inputs, lasts=_lasts(inputs, late=False)))
    late = _by_number(plan(inputs, lasts=_lasts(inputs, late=True)))
    found = []
    for wave in waves:
        for code in wave.regions:
            takes = duration_of(inputs.history, code)
            found.append(
                Arrival(
                    code,
                    wave.number,
                    planned[wave.number].starts_at,
                    usual[wave.number].starts_at + dt.timedelta(seconds=takes.p50),
                    late[wave.number].starts_at + dt.timedelta(seconds=takes.p90),
                )
            )
    return found


def duration_of(history: Mapping[str, Duration], region: str) -> Duration:
    return history.get(region, UNKNOWN_DURATION)


def _by_number(waves: list[PlannedWave]) -> dict[int, PlannedWave]:
    return {wave.number: wave for wave in waves}


def _lasts(inputs: PlanningInputs, *, late: bool) -> dict[int, float]:
    """A wave is as slow as its slowest region."""
    return {wave.number: _slowest(inputs.history, wave, late=late) for wave in inputs.spec.waves}


def _slowest(history: Mapping[str, Duration], wave: WaveSpec, *, late: bool) -> float:
    takes = [duration_of(history, code) for code in wave.regions]
    return max((one.p90 if late else one.p50 for one in takes), default=0.0)
