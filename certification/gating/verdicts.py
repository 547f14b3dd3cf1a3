"""What a check says, and the verdict of a gate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """`UNUSED` is a check that does not apply; it neither helps nor hinders."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True)
class Check:
    """One question of a gate with its answer in a sentence, and the figures behind it."""

    key: str
    title: str
    verdict: Verdict
    sentence: str
    figures: Mapping[str, Any] = field(default_factory=dict)


def overall(checks: Iterable[Check]) -> Verdict:
    """One failure fails. Without one, anything unclear is inconclusive, and so is nothing at all."""
    found = {check.verdict for check in checks} - {Verdict.UNUSED}
    if Verdict.FAIL in found:
        return Verdict.FAIL
    return Verdict.PASS if found == {Verdict.PASS} else Verdict.INCONCLUSIVE
