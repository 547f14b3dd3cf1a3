"""What is wrong, as a value: a code and what its sentence needs.

The sentences are in `certification/planning_words.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Problem:
    """`values` are what the sentence of `code` names: numbers, days, texts, tuples of texts."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        """For logs and tests; people read the sentence."""
        return " ".join([self.code, *(f"{name}={value}" for name, value in self.values.items())])


def problem(code: str, **values: object) -> Problem:
    """`problem("wave-empty", number=3)`."""
    return Problem(code, values)
