"""The planner asked again with what the audit record kept: the same dates, or a fault that is named."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from certification.models import Rollout
from certification.planning.calendar import NoOpenDay
from certification.planning.inputs import PlanningInputs, UnknownFormat
from certification.planning.planner import plan
from portal.shared import audit
from portal.shared.models import AuditRecord


@dataclass(frozen=True)
class Replay:
    """One scheduling or rescheduling, computed again. `differences` maps a wave to (recorded, computed)."""

    action: str
    at: dt.datetime
    differences: dict[str, tuple[str, str]]
    problem: str = ""

    @property
    def agrees(self) -> bool:
        return not self.differences and not self.problem


def replay(rollout: Rollout) -> list[Replay]:
    """Every dating of the rollout's waves, oldest first. Changes nothing."""
    records = audit.history(rollout).filter(object_key=audit.key_of(rollout), data__has_key="planning")
    return [_replayed(record) for record in records.order_by("pk")]


def _replayed(record: AuditRecord) -> Replay:
    recorded = {str(number): str(at) for number, at in record.data["dated"].items()}
    try:
        dated = plan(PlanningInputs.from_json(record.data["planning"]))
    except (UnknownFormat, NoOpenDay, KeyError) as error:
        return Replay(record.action, record.at, {}, f"{type(error).__name__}: {error}")
    computed = {str(wave.number): wave.starts_at.isoformat() for wave in dated}
    numbers = sorted({*recorded, *computed}, key=int)
    return Replay(
        record.action,
        record.at,
        {
            number: (recorded.get(number, "none"), computed.get(number, "none"))
            for number in numbers
            if recorded.get(number) != computed.get(number)
        },
    )
