"""Where changes are collected while two versions are compared."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

from connectors.definitions.diff.changes import Change, Difference, Keys
from connectors.definitions.diff.kinds import KINDS, Impact
from connectors.definitions.diff.sides import Side

_MOST_STEPS = 200_000
_MOST_ALSO = 50
_MOST_LOOKED_AT = 2_000
Values = tuple[Any, Any]


class Collector:
    """The two sides, the changes found so far, and how much work may still be done.

    Schemas are compared once for each pair, however many operations reach them; who reaches a pair is kept,
    so that a change in a shared schema can name all its operations.
    """

    def __init__(self, old: Side, new: Side) -> None:
        self.old = old
        self.new = new
        self.changes: list[Change] = []
        self.steps_left = _MOST_STEPS
        self.is_cut = False
        self._pair_of: dict[int, Hashable] = {}
        self._reached_from: dict[Hashable, list[Hashable]] = {}

    def step(self, cost: int = 1) -> bool:
        """Whether there is work left to be spent; spends some of it."""
        self.steps_left -= cost
        if self.steps_left < 0:
            self.is_cut = True
        return self.steps_left >= 0

    def reach(self, pair: Hashable, origin: Hashable) -> bool:
        """Note that an operation (its label) or another pair leads to a pair; true the first time."""
        known = self._reached_from.get(pair)
        if known is None:
            self._reached_from[pair] = [origin]
            return True
        known.append(origin)
        return False

    def add(
        self,
        kind: str,
        old: Keys = (),
        new: Keys = (),
        *,
        operation: str = "",
        subject: str = "",
        values: Values = (None, None),
        note: str = "",
        impact: Impact | None = None,
        files: tuple[str, str] | None = None,
        pair: Hashable = None,
    ) -> None:
        """A change; without `files` it is one of the definition. `pair` is that of the shared schema."""
        old_file, new_file = files or (self.old.file, self.new.file)
        if pair is not None:
            self._pair_of[len(self.changes)] = pair
        self.changes.append(
            Change(
                kind, impact or KINDS[kind].impact, operation, subject,
                old_file, old, new_file, new, values[0], values[1], note,
            )
        )  # fmt: skip

    def difference(self) -> Difference:
        also: dict[Hashable, tuple[str, ...]] = {}
        left = 100 * _MOST_LOOKED_AT
        for index, pair in self._pair_of.items():
            if pair not in also:
                also[pair], looked_at = self._operations_of(pair) if left > 0 else ((), 0)
                left -= looked_at
            own = self.changes[index].operation_id
            others = tuple(name for name in also[pair] if name != own)
            if others:
                self.changes[index] = replace(self.changes[index], also_in=others[:_MOST_ALSO])
        is_cut = self.is_cut or self.old.is_cut or self.new.is_cut
        return Difference(tuple(self.changes), not is_cut)

    def _operations_of(self, pair: Hashable) -> tuple[tuple[str, ...], int]:
        """The labels of the operations that reach a pair, as far as they are found with bounded work."""
        found: dict[str, None] = {}
        pending, seen = [pair], {pair}
        looked_at = 0
        while pending and looked_at < _MOST_LOOKED_AT and len(found) <= _MOST_ALSO:
            for origin in self._reached_from.get(pending.pop(), ()):
                looked_at += 1
                if isinstance(origin, str):
                    found[origin] = None
                elif origin not in seen:
                    seen.add(origin)
                    pending.append(origin)
                if looked_at >= _MOST_LOOKED_AT:
                    break
        return tuple(found), looked_at
