"""Which operations a change touches, and which changes a finding of an update is about. Plain Python."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from connectors.definitions.diff import IMPACTS, Change, Difference

EVERYTHING = ""
"""Stands for all operations: a change of the host, or of how one signs in, meets everybody."""
# A change in a shared schema names no more operations than this; then it may be any.
_MOST_NAMED = 50


@dataclass(slots=True)
class Touched:
    """An operation of the published version with what changes for those who use it."""

    operation: str
    impact: str
    changes: list[Change] = field(default_factory=list)


def operations_touched(change: Change) -> tuple[str, ...]:
    """The operationIds of the published version that a change meets."""
    if not change.operation_id or len(change.also_in) >= _MOST_NAMED:
        return (EVERYTHING,)
    names = [change.operation_id, *change.also_in]
    if change.kind == "operation-id-changed" and isinstance(change.old_value, str):
        names.append(change.old_value)
    return tuple(dict.fromkeys(names))


def touched_by(difference: Difference) -> list[Touched]:
    """Every operation that a breaking or behavioural change meets, the worst first."""
    found: dict[str, Touched] = {}
    for change in difference.changes:
        if change.impact not in ("breaking", "behavioural"):
            continue
        for name in operations_touched(change):
            row = found.setdefault(name, Touched(name, change.impact))
            row.impact = max(row.impact, change.impact, key=_rank)
            row.changes.append(change)
    return sorted(found.values(), key=lambda row: (-_rank(row.impact), row.operation))


def _rank(impact: str) -> int:
    return [str(each) for each in IMPACTS].index(impact)


def changes_at(difference: Difference, file: str, pointer: str, message: str) -> list[Change]:
    """The breaking changes that a finding may be about: those at its place, and of them those it names.

    Rather too many than too few: who decides by them needs all that could be meant.
    """
    here = [
        change
        for change in difference.changes
        if change.impact == "breaking" and change.new_file == file and change.new_pointer == pointer
    ]
    named = [change for change in here if any(_is_in(name, message) for name in _names(change))]
    return named or here


def _names(change: Change) -> Iterator[str]:
    yield from (name for name in (change.operation_id, change.subject) if name)
    if isinstance(change.old_value, str) and change.old_value:
        yield change.old_value


def _is_in(name: str, message: str) -> bool:
    return name[:60] in message


def union_of(changes: Iterable[Change]) -> tuple[str, ...]:
    """All operations that any of the changes touches; EVERYTHING alone when one touches all."""
    names = dict.fromkeys(name for change in changes for name in operations_touched(change))
    return (EVERYTHING,) if EVERYTHING in names else tuple(names)
