"""Two schemas and all that lies below them, field by field, through references, allOf and arrays.

A pair of schemas is compared once, whatever leads to it: so loops end, and shared schemas cost nothing more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from connectors.definitions.diff.changes import Keys
from connectors.definitions.diff.collecting import Collector
from connectors.definitions.diff.fields import Direction, FieldPair, compare_field
from connectors.definitions.diff.sides import Shape

_LONGEST_PATH = 300
At = tuple[Any, Keys]


@dataclass(frozen=True, slots=True)
class _Task:
    """A pair of schemas still to be compared; `origin` is who leads there: an operation or another pair."""

    path: str
    old: At
    new: At
    origin: Hashable


class Schemas:
    """Compares schemas and parameters of many operations, each pair once."""

    def __init__(self, found: Collector) -> None:
        self.found = found
        self._searched: set[tuple[int, bool]] = set()

    def compare(self, direction: Direction, operation: str, path: str, old: At, new: At) -> bool:
        """Compare two schemas (or parameters) and what lies below; false when that was done before."""
        pending = deque([_Task(path, old, new, operation)])
        is_first = self._pair(direction, operation, pending.popleft(), pending)
        while pending and self.found.step():
            self._pair(direction, operation, pending.popleft(), pending)
        return is_first

    def _pair(self, direction: Direction, operation: str, task: _Task, pending: deque[_Task]) -> bool:
        old, new = self.found.old.shape(*task.old), self.found.new.shape(*task.new)
        if old is None or new is None:
            return False
        pair = (id(old.value), id(new.value), direction)
        if not self.found.reach(pair, task.origin):
            return False
        field = FieldPair(self.found, direction, operation, task.path, old, new, pair)
        if not compare_field(field):
            return True
        if (old.properties or new.properties) and self.found.step(len(old.properties) + len(new.properties)):
            self._members(field, pending)
        self._element(field, "items", _short(f"{task.path}[]"), pending)
        self._element(field, "additionalProperties", _below(task.path, "*"), pending)
        return True

    def _element(self, field: FieldPair, name: str, path: str, pending: deque[_Task]) -> None:
        """What stands in an array, or under any name of a map."""
        old, new = field.old.get(name), field.new.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            places = (old, field.old.place(name)), (new, field.new.place(name))
            pending.append(_Task(path, *places, field.pair))
        elif old != new and (isinstance(old, dict) or isinstance(new, dict) or name != "items"):
            field.add("setting-changed", name, note=name)

    def _members(self, field: FieldPair, pending: deque[_Task]) -> None:
        old, new = field.old, field.new
        for name, place in old.properties.items():
            path = _below(field.path, name)
            if name not in new.properties:
                self._removed(field, path, place[1])
                continue
            if (name in old.required) != (name in new.required):
                self._required(field, path, place[1], new.properties[name][1], name in new.required)
            pending.append(_Task(path, place, new.properties[name], field.pair))
        for name, place in new.properties.items():
            if name not in old.properties:
                self._added(field, _below(field.path, name), place, name in new.required)

    def _removed(self, field: FieldPair, path: str, old: Keys) -> None:
        self.found.add(
            f"{field.direction}-removed", old, field.new.keys,
            operation=field.operation, subject=path, pair=field.pair,
        )  # fmt: skip

    def _required(self, field: FieldPair, path: str, old: Keys, new: Keys, is_required: bool) -> None:
        kind = f"{field.direction}-became-{'required' if is_required else 'optional'}"
        self.found.add(kind, old, new, operation=field.operation, subject=path, pair=field.pair)

    def _added(self, field: FieldPair, path: str, place: At, is_required: bool) -> None:
        self.added(
            field.direction, field.operation, path, place, is_required, old=field.old.keys, pair=field.pair
        )

    def added(
        self,
        direction: Direction,
        operation: str,
        path: str,
        place: At,
        is_required: bool,
        *,
        old: Keys,
        pair: Hashable = None,
    ) -> None:
        """A field or parameter that is new while what holds it is not."""
        is_must = direction == "input" and is_required
        kind = "input-added-required" if is_must else f"{direction}-added"
        self.found.add(kind, old, place[1], operation=operation, subject=path, pair=pair)
        if direction == "input":
            self.added_below(operation, path, place, not is_required, old=old, pair=pair)

    def added_below(
        self, operation: str, path: str, place: At, is_optional: bool, *, old: Keys, pair: Hashable = None
    ) -> None:
        """The required fields of a new input that somebody who leaves the input out need not give."""
        pending = deque([(path, place, is_optional)])
        while pending and self.found.step():
            path, place, is_optional = pending.popleft()
            shape = self.found.new.shape(*place)
            if shape is None or (id(shape.value), is_optional) in self._searched:
                continue
            self._searched.add((id(shape.value), is_optional))
            for name, below in shape.properties.items():
                inner = _below(path, name)
                if name in shape.required and is_optional:
                    self.found.add(
                        "input-added-required-below", old, below[1],
                        operation=operation, subject=inner, pair=pair,
                    )  # fmt: skip
                pending.append((inner, below, is_optional or name not in shape.required))
            pending.extend(_inside(shape, path, is_optional))


def _inside(shape: Shape, path: str, is_optional: bool) -> list[tuple[str, At, bool]]:
    found: list[tuple[str, At, bool]] = []
    for name, inner in (("items", f"{path}[]"), ("schema", path)):
        value = shape.get(name)
        if isinstance(value, dict):
            found.append((_short(inner), (value, shape.place(name)), is_optional))
    return found


def _below(path: str, name: str) -> str:
    return _short(f"{path}/{name}" if path else name)


def _short(path: str) -> str:
    """A loop of references makes long paths; their end says most."""
    return path if len(path) <= _LONGEST_PATH else f"…{path[-_LONGEST_PATH + 1 :]}"
