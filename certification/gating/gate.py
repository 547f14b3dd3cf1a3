"""The gate: evidence in, verdict out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from certification.gating import checks
from certification.gating.counts import Sample, calls_of, failures
from certification.gating.thresholds import Thresholds
from certification.gating.verdicts import Check, Verdict, overall

SUCCESS_SHARE, CODES_SHARE, LATENCY_SHARE = 0.5, 0.3, 0.2
"""How the chance of a false alarm is shared out among the checks of a gate."""


@dataclass(frozen=True, slots=True)
class Smoke:
    """What smoke tests say about a region: "passed", "failed" (twice in a row), "undecided" (once), or
    "untested". `way` is how they were called: "region", "backend", or "" when nobody knows."""

    region: str
    outcome: str
    message: str = ""
    way: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a gate knows.

    `treated` are the wave's regions with the new version since they have it, `control` regions that did not
    get it over the same hours, and `before` both with the old version, earlier. `now` is the hour that is
    not over yet. `gates` is how many gates the rollout passes in all, `before_days` how long `before` is.
    """

    regions: Collection[str]
    treated: Sequence[Sample]
    control: Sequence[Sample]
    before: Sequence[Sample]
    now: int
    since: int
    before_days: float
    gates: int = 1
    is_first: bool = False
    smoke: Sequence[Smoke] = ()
    disagreeing: Sequence[str] = ()
    names: dict[str, str] = field(default_factory=dict)

    def name(self, region: str) -> str:
        return self.names.get(region, region)


@dataclass(frozen=True, slots=True)
class Decision:
    verdict: Verdict
    checks: Sequence[Check]

    @property
    def sentence(self) -> str:
        """The checks that decided, in words."""
        return " ".join(check.sentence for check in self.checks if check.verdict == self.verdict)

    def as_dict(self) -> dict[str, Any]:
        return {
            "verdict": str(self.verdict),
            "checks": [
                {
                    "key": check.key,
                    "title": check.title,
                    "verdict": str(check.verdict),
                    "sentence": check.sentence,
                    "figures": dict(check.figures),
                }
                for check in self.checks
            ],
        }


def decide(evidence: Evidence, thresholds: Thresholds) -> Decision:
    """Every check of the gate. Missing data never passes: what cannot be told is inconclusive."""
    alpha = thresholds.alpha / max(evidence.gates, 1)
    is_quiet = _is_quiet(evidence, thresholds)
    found = [checks.backend(evidence, thresholds)]
    if evidence.is_first or is_quiet:
        found.append(checks.floor(evidence, thresholds, alpha * SUCCESS_SHARE))
        is_told_by_calls = found[-1].verdict != Verdict.UNUSED
    else:
        found += [
            checks.success(evidence, thresholds, alpha * SUCCESS_SHARE),
            checks.new_codes(evidence, thresholds, alpha * CODES_SHARE),
            checks.latency(evidence, thresholds, alpha * LATENCY_SHARE),
            checks.freshness(evidence, thresholds),
        ]
        is_told_by_calls = True
    found.append(checks.smoke(evidence, is_needed=evidence.is_first or not is_told_by_calls))
    if evidence.disagreeing:
        found.append(checks.agreement(evidence))
    return Decision(overall(found), found)


def _is_quiet(evidence: Evidence, thresholds: Thresholds) -> bool:
    """Hardly anybody called the old version, so calls of the new one cannot be waited for."""
    calls = calls_of(failures(evidence.before))
    return calls < thresholds.quiet_calls_a_day * max(evidence.before_days, 1 / 24)
