"""A unified diff as two columns: what was removed stands beside what came in its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from certification.reviewing.differences import DiffRow


@dataclass(frozen=True, slots=True)
class Pair:
    """One row of two columns; a side without a line is None. A hunk has its title on the left only."""

    old: DiffRow | None
    new: DiffRow | None

    @property
    def is_hunk(self) -> bool:
        return self.old is not None and self.old.kind == "hunk"


def side_by_side(rows: Sequence[DiffRow]) -> list[Pair]:
    """The rows in pairs: lines that stayed on both sides, changed stretches line against line."""
    return list(_pairs(rows))


def _pairs(rows: Sequence[DiffRow]) -> Iterator[Pair]:
    removed: list[DiffRow] = []
    added: list[DiffRow] = []
    for row in rows:
        if row.kind == "removed" and not added:
            removed.append(row)
            continue
        if row.kind == "added":
            added.append(row)
            continue
        yield from _flushed(removed, added)
        if row.kind == "removed":
            removed.append(row)
        else:
            yield Pair(row, None if row.kind == "hunk" else row)
    yield from _flushed(removed, added)


def _flushed(removed: list[DiffRow], added: list[DiffRow]) -> Iterator[Pair]:
    yield from (Pair(old, new) for old, new in zip_longest(removed, added))
    removed.clear()
    added.clear()
