"""What smoke tests say about deployments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from certification.models import SmokeRun

FAILURES_IN_A_ROW = 2
"""So many failures of one operation, one after the other, count; a single one may be the network."""


@dataclass(frozen=True)
class SmokeVerdict:
    """One deployment's smoke tests. `failing` and `passed` name operations by their last runs; an operation
    with one failure so far is in `undecided`. `message` is of the last failure. `way` is "region" when every
    call went through the region, "backend" when one went directly, "" when none was made."""

    passed: list[str] = field(default_factory=list)
    failing: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    message: str = ""
    way: str = ""

    @property
    def outcome(self) -> str:
        """ "failed", "passed", or "inconclusive": nothing was run, or a failure waits for its second try."""
        if self.failing:
            return "failed"
        return "passed" if self.passed and not self.undecided else "inconclusive"


def smoke_verdicts(deployment_ids: Iterable[UUID]) -> dict[UUID, SmokeVerdict]:
    """The verdict of every deployment, in one query; a deployment that was never tested is inconclusive."""
    ids = list(deployment_ids)
    found = {pk: SmokeVerdict() for pk in ids}
    runs: dict[tuple[UUID, str], list[SmokeRun]] = {}
    for run in SmokeRun.objects.filter(deployment__in=ids).order_by("at", "pk"):
        runs.setdefault((run.deployment_id, run.operation_id), []).append(run)
    messages: dict[UUID, str] = {}
    ways: dict[UUID, set[str]] = {}
    for (pk, operation_id), several in runs.items():
        verdict, last = found[pk], several[-FAILURES_IN_A_ROW:]
        if last[-1].outcome != SmokeRun.Outcome.NOT_RUN:
            ways.setdefault(pk, set()).add(last[-1].target)
        if last[-1].outcome == SmokeRun.Outcome.PASSED:
            verdict.passed.append(operation_id)
        elif last[-1].outcome == SmokeRun.Outcome.FAILED:
            enough = len(last) == FAILURES_IN_A_ROW and all(run.outcome == "failed" for run in last)
            (verdict.failing if enough else verdict.undecided).append(operation_id)
            messages[pk] = last[-1].message
    return {
        pk: SmokeVerdict(each.passed, each.failing, each.undecided, messages.get(pk, ""), _way(ways.get(pk)))
        for pk, each in found.items()
    }


def _way(targets: set[str] | None) -> str:
    if not targets:
        return ""
    return "region" if targets == {"region"} else "backend"
