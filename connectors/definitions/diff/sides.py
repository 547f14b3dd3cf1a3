"""One of the two versions, as the comparison asks for it, references followed."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.definitions import openapi
from connectors.definitions.diff.changes import Keys
from connectors.definitions.package import Package

_LONGEST_CHAIN = 50
_MOST_PARTS = 200
# The parts of all shapes together: a definition whose schemas all extend all others is cut off here.
_MOST_PARTS_IN_ALL = 50_000
Place = tuple[dict[str, Any], Keys]


@dataclass(slots=True, eq=False)
class Operation:
    """An operation; `item` is the path item around it, `keys` lead to `value`."""

    path: str
    method: str
    value: dict[str, Any]
    item: dict[str, Any]
    keys: Keys
    operation_id: str = field(init=False)

    def __post_init__(self) -> None:
        self.operation_id = openapi.text(self.value, "operationId")

    @property
    def label(self) -> str:
        """The operationId, or what stands for it."""
        return self.operation_id or f"{self.method.upper()} {self.path}"

    def member(self, name: str) -> tuple[Any, Keys]:
        """A member of the operation, or of the path item around it."""
        holder, keys = (
            (self.value, self.keys)
            if name in self.value or name not in self.item
            else (self.item, self.keys[:2])
        )
        return holder.get(name), (*keys, name)


class Shape:
    """A schema or parameter with what it inherits through allOf. Of a member that several parts have, the
    first counts; properties and required names are those of all parts.
    """

    __slots__ = ("keys", "parts", "properties", "required", "value")

    def __init__(self, parts: list[Place]) -> None:
        self.value, self.keys = parts[0]
        self.parts = parts
        self.properties: dict[str, tuple[Any, Keys]] = {}
        self.required: set[str] = set()
        for value, keys in parts:
            members = value.get("properties")
            if isinstance(members, dict):
                for name, member in members.items():
                    if name not in self.properties:
                        self.properties[name] = (member, (*keys, "properties", name))
            required = value.get("required")
            if isinstance(required, list):
                self.required.update(name for name in required if isinstance(name, str))

    def get(self, name: str) -> Any:
        if len(self.parts) == 1:
            return self.value.get(name)
        for value, _ in self.parts:
            if name in value:
                return value[name]
        return None

    def place(self, name: str) -> Keys:
        """Where a member stands; the schema itself when it has no such member."""
        for value, keys in self.parts:
            if name in value:
                return (*keys, name)
        return self.keys

    @property
    def names(self) -> set[str]:
        return {name for value, _ in self.parts for name in value}

    @property
    def type(self) -> str:
        """The type as one text, also where it is only implied; "" when anything may stand there."""
        declared = self.get("type")
        if isinstance(declared, str):
            return declared
        if isinstance(declared, list):
            return " or ".join(sorted(name for name in declared if isinstance(name, str) and name != "null"))
        if self.properties:
            return "object"
        return "array" if isinstance(self.get("items"), dict) else ""


class Side:
    """A version. Nothing here raises or recurses, whatever the definition holds."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.document = package.definition
        value = self.document.value if self.document else None
        self.definition: dict[str, Any] = value if isinstance(value, dict) else {}
        self.file = self.document.file.name if self.document else ""
        self.is_cut = False
        self._parts_left = _MOST_PARTS_IN_ALL
        self._shapes: dict[int, Shape] = {}
        self._referred: dict[str, tuple[Any, Keys]] = {}
        self._lists: dict[int, dict[tuple[str, str], Place]] = {}

    @functools.cached_property
    def operations(self) -> list[Operation]:
        return [
            Operation(path, method.lower(), value, item, ("paths", path, method))
            for path, item in openapi.mapping(self.definition, "paths").items()
            if isinstance(item, dict) and not path.startswith("x-")
            for method, value in item.items()
            if isinstance(value, dict) and method.lower() in openapi.METHODS
        ]

    def full_path(self, path: str) -> str:
        return openapi.text(self.definition, "basePath").rstrip("/") + path

    def resolve(self, value: Any, keys: Keys) -> tuple[Any, Keys]:
        """What a value is and where it stands after following its references; None when they lead nowhere."""
        for _ in range(_LONGEST_CHAIN):
            target = value.get("$ref") if value.__class__ is dict else None
            if not isinstance(target, str):
                return value, keys
            if target not in self._referred:
                found = openapi.lookup(self.definition, target)
                self._referred[target] = found if found else (None, ())
            value, keys = self._referred[target]
        return None, keys

    def shape(self, value: Any, keys: Keys) -> Shape | None:
        """The shape of a schema or parameter; None when it is no object or its reference leads nowhere."""
        value, keys = self.resolve(value, keys)
        if value.__class__ is not dict:
            return None
        known = self._shapes.get(id(value))
        if known is None:
            parts = self._parts(value, keys) if value.get("allOf") else [(value, keys)]
            known = self._shapes[id(value)] = Shape(parts)
        return known

    def _parts(self, value: dict[str, Any], keys: Keys) -> list[Place]:
        parts: list[Place] = []
        pending: list[tuple[Any, Keys]] = [(value, keys)]
        seen: set[int] = set()
        while pending:
            found, at = self.resolve(*pending.pop())
            if found.__class__ is not dict or id(found) in seen:
                continue
            if parts and (len(parts) >= _MOST_PARTS or self._parts_left <= 0):
                self.is_cut = True
                break
            seen.add(id(found))
            parts.append((found, at))
            self._parts_left -= 1
            inherited = openapi.sequence(found, "allOf")
            pending.extend((inherited[n], (*at, "allOf", n)) for n in range(len(inherited) - 1, -1, -1))
        return parts

    def parameters(self, operation: Operation) -> dict[tuple[str, str], Place]:
        """The effective parameters of an operation by name and place."""
        own = self._listed(operation.value, operation.keys)
        shared = self._listed(operation.item, operation.keys[:2])
        return {**shared, **own} if shared else own

    def _listed(self, holder: dict[str, Any], keys: Keys) -> dict[tuple[str, str], Place]:
        known = self._lists.get(id(holder))
        if known is None:
            known = self._lists[id(holder)] = {}
            for identity, place in self._identified(holder, keys):
                known.setdefault(identity, place)
        return known

    def _identified(self, holder: dict[str, Any], keys: Keys) -> Iterator[tuple[tuple[str, str], Place]]:
        for index, listed in enumerate(openapi.sequence(holder, "parameters")):
            value, at = self.resolve(listed, (*keys, "parameters", index))
            if isinstance(value, dict):
                yield (openapi.text(value, "name"), openapi.text(value, "in")), (value, at)

    @property
    def properties(self) -> dict[str, Any]:
        """The member "properties" of apiProperties.json."""
        document = self.package.properties
        return openapi.mapping(document.value if document else None, "properties")
