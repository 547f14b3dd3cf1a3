"""When a gate closes. The defaults are a matter of judgement, not of a source; operators change them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

OF_A_PLAN = (
    "drop",
    "certain_drop",
    "new_code_share",
    "latency_rise",
    "floor",
    "backend_floor",
    "least_calls",
    "silence_hours",
)
"""What a plan may say itself; the chances of error are the house's, since its promises rest on them."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Shares are from 0 to 1.

    `alpha` is the chance that a healthy rollout is stopped at any of its looks and gates, over all checks;
    `beta` is the chance that one check passes a version that is worse by its whole limit.
    `drop` is the fall of the success rate that counts as harm and that has to be ruled out; `certain_drop`
    is harm already when it is beyond doubt. `floor` is what a version without a predecessor has to reach.
    """

    alpha: float = 0.01
    beta: float = 0.05
    drop: float = 0.02
    certain_drop: float = 0.005
    new_code_share: float = 0.01
    latency_rise: float = 0.5
    latency_rise_ms: float = 50.0
    floor: float = 0.8
    backend_floor: float = 0.5
    least_calls: int = 200
    quiet_calls_a_day: float = 50.0
    silence_hours: int = 2

    def __post_init__(self) -> None:
        shares = ("alpha", "beta", "drop", "certain_drop", "new_code_share", "floor", "backend_floor")
        wrong = [name for name in shares if not 0 < getattr(self, name) < 1]
        counts = ("latency_rise", "least_calls", "silence_hours")
        wrong += [name for name in counts if getattr(self, name) <= 0]
        if wrong:
            raise ValueError(f"thresholds out of range: {', '.join(wrong)}")

    @classmethod
    def of(cls, stored: Mapping[str, float]) -> Thresholds:
        """From a stored mapping; what is not named keeps its default. Raises `ValueError` for wrong names."""
        known = {item.name for item in fields(cls)}
        unknown = sorted(set(stored) - known)
        if unknown:
            raise ValueError(f"unknown thresholds: {', '.join(unknown)}")
        return cls(**dict(stored))  # type: ignore[arg-type]

    def as_dict(self) -> dict[str, float]:
        return asdict(self)
