"""What the members of a family change in common, and what each changes besides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from certification.queries.families import Mark, is_own_to_each, marked
from connectors.definitions.diff import IMPACTS, Difference
from connectors.definitions.diff.changes import Change

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class FamilyLine:
    """One change in a sentence; `where` is its operation, or empty for the connector as a whole."""

    impact: str
    where: str
    sentence: str

    @classmethod
    def of(cls, change: Change) -> FamilyLine:
        return cls(change.impact, change.operation_id, change.sentence)


@dataclass(frozen=True, slots=True)
class MemberDifference:
    """`exceptions` are changes that only this member makes, `missing` the common ones it does not make,
    `own` what every release has for itself (title, version). Without `is_complete` more may differ."""

    exceptions: list[FamilyLine] = field(default_factory=list)
    missing: list[FamilyLine] = field(default_factory=list)
    own: list[FamilyLine] = field(default_factory=list)
    is_complete: bool = True

    @property
    def is_plain(self) -> bool:
        """It makes the common change and nothing else."""
        return self.is_complete and not self.exceptions and not self.missing


@dataclass(frozen=True)
class FamilyDifference(Generic[K]):
    """`common` is what most members (more than half of at least two) change alike; `members` those that
    could be compared, by the caller's key."""

    common: list[FamilyLine]
    members: dict[K, MemberDifference]

    @property
    def plain(self) -> int:
        return sum(member.is_plain for member in self.members.values())


def family_difference(differences: Mapping[K, Difference]) -> FamilyDifference[K]:
    """The common part of several differences, and the rest of each."""
    marks = {key: marked(difference) for key, difference in differences.items()}
    counts = Counter(mark for found in marks.values() for mark in found)
    common = {mark for mark, count in counts.items() if count > 1 and count * 2 > len(marks)}
    samples: dict[Mark, Change] = {}
    for found in marks.values():
        samples.update({mark: change for mark, change in found.items() if mark in common})
    return FamilyDifference(
        _lines(samples.values()),
        {
            key: MemberDifference(
                exceptions=_lines(change for mark, change in marks[key].items() if mark not in common),
                missing=_lines(samples[mark] for mark in common - marks[key].keys()),
                own=_lines(change for change in difference.changes if is_own_to_each(change)),
                is_complete=difference.is_complete,
            )
            for key, difference in differences.items()
        },
    )


def _lines(changes: Iterable[Change]) -> list[FamilyLine]:
    found = [FamilyLine.of(change) for change in changes]
    return sorted(found, key=lambda line: (-IMPACTS.index(line.impact), line.where, line.sentence))
