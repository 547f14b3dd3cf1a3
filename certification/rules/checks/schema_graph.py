"""How the schemas of a definition refer to each other, and how large they are with their references followed.

Each schema is looked at once, where it is written: its own size and its references. What it comes to with all
that it refers to is added up from there, those that are referred to first, so the work is linear however
often a definition doubles. Schemas that refer to each other in a circle are followed along every way that
passes through none of them twice, as far as a fixed amount of steps allows.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from certification.rules.api import Api, Keys, Operation
from certification.rules.checks.operation_inputs import inputs
from certification.rules.checks.response_schemas import outputs
from certification.rules.checks.schema_loops import order_without_loops, strong_components
from connectors.definitions import openapi

if TYPE_CHECKING:
    from certification.rules.engine import Run

# A file may have 256 operations of 16,384 schemas each; beyond that no number is worth counting to.
MOST_SCHEMAS = 256 * 16_384
_MOST_STEPS = 50_000
_NESTING = frozenset(
    ("$ref", "properties", "items", "additionalProperties", "allOf", "anyOf", "oneOf", "not")
)
_NOTIFICATION = "x-ms-notification-content"
_BESIDE_PROPERTIES = _NESTING - {"$ref", "properties"}
_SINGLE = ("items", "additionalProperties", "not")
_SEVERAL = ("allOf", "anyOf", "oneOf", "items")


@dataclass(slots=True)
class Size:
    """A number of schemas (counted no further than just beyond MOST_SCHEMAS) and the levels they fill."""

    count: int
    depth: int


@dataclass(slots=True)
class Part:
    """A schema as it is written: its own size, and the names of the schemas that it refers to, each with the
    level on which the reference stands.
    """

    count: int
    depth: int
    references: tuple[tuple[str, int], ...]


_LEAF = Part(1, 1, ())


def _sorted_out(schemas: list[Any]) -> tuple[list[dict[str, Any]], int]:
    """The schemas that hold or refer to others, and the number of the rest. Most schemas are of the rest, so
    that only C code looks at each.
    """
    try:
        nesting = list(itertools.filterfalse(_NESTING.isdisjoint, schemas))
    except TypeError:
        schemas = [one for one in schemas if one.__class__ is dict]
        nesting = list(itertools.filterfalse(_NESTING.isdisjoint, schemas))
    leaves = len(schemas) - len(nesting)
    return [one for one in nesting if one.__class__ is dict], leaves


def children(schema: dict[str, Any]) -> list[Any]:
    """The schemas directly below a schema."""
    properties = schema.get("properties")
    found = list(properties.values()) if properties.__class__ is dict else []
    for key in _SINGLE:
        if key in schema and schema[key].__class__ is dict:
            found.append(schema[key])
    for key in _SEVERAL:
        if key in schema and schema[key].__class__ is list:
            found += schema[key]
    return found


def _below(schemas: list[dict[str, Any]]) -> list[Any]:
    """The schemas directly below any of these."""
    found: list[Any] = []
    for schema in schemas:
        if _BESIDE_PROPERTIES.isdisjoint(schema):
            properties = schema["properties"]
            found += properties.values() if properties.__class__ is dict else ()
        else:
            found += children(schema)
    return found


def children_with_keys(schema: dict[str, Any]) -> Iterator[tuple[Keys, dict[str, Any]]]:
    """The same objects with the keys that lead to them."""
    for key in ("properties", "items", "additionalProperties", "not", "allOf", "anyOf", "oneOf"):
        value = schema.get(key)
        found: Iterable[tuple[Keys, Any]] = ()
        if value.__class__ is list and key in _SEVERAL:
            found = (((key, index), one) for index, one in enumerate(value))
        elif value.__class__ is dict and key == "properties":
            found = (((key, name), one) for name, one in value.items())
        elif value.__class__ is dict and key in _SINGLE:
            found = (((key,), value),)
        yield from ((keys, one) for keys, one in found if one.__class__ is dict)


@dataclass(slots=True, eq=False)
class Body:
    """What an operation takes or gives: the schema of a body, a response or a notification, which stands at
    `around` + `below`.
    """

    schema: dict[str, Any]
    operation: Operation
    around: Keys
    below: Keys

    @property
    def keys(self) -> Keys:
        return self.around + self.below


def body_schemas(run: Run) -> list[list[dict[str, Any]]]:
    """For each operation, in their order, the schemas of all its bodies."""
    found: list[list[dict[str, Any]]] | None = run.cache.get("schemas.bodies")
    if found is None:
        found = run.cache["schemas.bodies"] = []
        written = zip(run.api.operations, inputs(run).schemas, outputs(run).schemas, strict=True)
        for operation, taken, given in written:
            schemas = [schema for schema in (*taken, *given) if schema.__class__ is dict]
            for holder in (operation.value, operation.item):
                if _NOTIFICATION in holder:
                    schema = openapi.member(holder, _NOTIFICATION, "schema")
                    schemas += [schema] if schema.__class__ is dict else []
            found.append(schemas)
    return found


def bodies_of(api: Api, operation: Operation) -> Iterator[Body]:
    for parameter in api.parameters(operation):
        schema = parameter.value.get("schema")
        if schema.__class__ is dict and parameter.location == "body":
            yield Body(schema, operation, parameter.keys, ("schema",))
    at = operation.keys
    for status, response in openapi.mapping(operation.value, "responses").items():
        if response.__class__ is not dict:
            continue
        around: Keys = at
        below: Keys = ("responses", status, "schema")
        if "$ref" in response:
            response, around = api.response(operation, status)
            below = ("schema",)
        schema = response.get("schema") if response.__class__ is dict else None
        if schema.__class__ is dict:
            yield Body(schema, operation, around, below)
    for holder, around in ((operation.value, at), (operation.item, at[:2])):
        if _NOTIFICATION in holder:
            schema = openapi.mapping(holder, _NOTIFICATION).get("schema")
            if schema.__class__ is dict:
                yield Body(schema, operation, around, (_NOTIFICATION, "schema"))


class Graph:
    """All schemas that the bodies of a definition lead to, by the reference that leads to each."""

    def __init__(self, api: Api, roots: Iterable[dict[str, Any]]) -> None:
        self._api = api
        self._names: dict[int, str] = {}
        self._spellings: dict[str, str] = {}
        self._steps_left = _MOST_STEPS
        self.roots: dict[int, Part] = {}
        self.parts: dict[str, Part] = {}
        for root in roots:
            if id(root) not in self.roots:
                self.roots[id(root)] = self._part_of(root)
        pending = [name for part in self.roots.values() for name, _ in part.references]
        while pending:
            name = pending.pop()
            if name not in self.parts:
                part = self.parts[name] = self._part_of(api.at(name)[0])
                pending += (below for below, _ in part.references)

    def name_of(self, target: object) -> str:
        """The one name of a schema that may be referred to in several spellings; "" when there is none."""
        if not isinstance(target, str):
            return ""
        name = self._spellings.get(target)
        if name is None:
            value = self._api.at(target)[0]
            name = self._names.setdefault(id(value), target) if value.__class__ is dict else ""
            self._spellings[target] = name
        return name

    def _part_of(self, schema: dict[str, Any]) -> Part:
        if _NESTING.isdisjoint(schema):
            return _LEAF
        if "$ref" in schema:
            name = self.name_of(schema["$ref"])
            return Part(0, 0, ((name, 1),) if name else ())
        count = level = depth = 1
        references: list[tuple[str, int]] = []
        nesting = [schema]
        while below := _below(nesting):
            level += 1
            found, leaves = _sorted_out(below)
            nesting = []
            for one in found:
                if "$ref" not in one:
                    nesting.append(one)
                elif name := self.name_of(one["$ref"]):
                    references.append((name, level))
            if leaves or nesting:
                count += leaves + len(nesting)
                depth = level
        return Part(count, depth, tuple(references))

    @functools.cached_property
    def successors(self) -> dict[str, tuple[str, ...]]:
        """Schema to the schemas that it refers to, each once."""
        return {
            name: tuple(dict.fromkeys(below for below, _ in part.references))
            for name, part in self.parts.items()
        }

    @functools.cached_property
    def components(self) -> list[list[str]]:
        order = order_without_loops(self.successors)
        return strong_components(self.successors) if order is None else [[name] for name in order]

    @functools.cached_property
    def loops(self) -> list[list[str]]:
        """The groups of schemas that lead back to each of themselves."""
        return [group for group in self.components if len(group) > 1 or group[0] in self.successors[group[0]]]

    @functools.cached_property
    def sizes(self) -> dict[str, Size]:
        """Schema to its size with all references followed."""
        sizes: dict[str, Size] = {}
        looping = {name for group in self.loops for name in group}
        for group in self.components:
            if group[0] not in looping:
                sizes[group[0]] = self._sum(self.parts[group[0]], sizes)
                continue
            members = frozenset(group)
            outside = {name: self._sum(self.parts[name], sizes) for name in group}
            once = Size(_most(sum(size.count for size in outside.values())), 0)
            sizes.update({name: self._followed(name, members, outside, once) for name in group})
        return sizes

    @functools.cached_property
    def body_sizes(self) -> dict[int, Size]:
        """The sizes of all bodies, by the identity of their schema."""
        return {key: self._sum(part, self.sizes) for key, part in self.roots.items()}

    def _sum(self, part: Part, sizes: Mapping[str, Size]) -> Size:
        """The part with those of its references whose size is known."""
        count, depth = part.count, part.depth
        for name, level in part.references:
            size = sizes.get(name)
            if size is not None:
                count += size.count
                depth = max(depth, level - 1 + size.depth)
        return Size(_most(count), depth)

    def _followed(self, start: str, members: frozenset[str], outside: Mapping[str, Size], once: Size) -> Size:
        """The size along all ways through a loop; every member counts at least once."""
        count = depth = 0
        inside: set[str] = set()
        pending = [(start, 0, False)]
        while pending and self._steps_left > 0:
            name, level, is_left = pending.pop()
            if is_left:
                inside.discard(name)
            elif name not in inside:
                inside.add(name)
                pending.append((name, level, True))
                references = self.parts[name].references
                self._steps_left -= len(references) + 1
                count += outside[name].count
                depth = max(depth, level + outside[name].depth)
                pending += ((below, level + at - 1, False) for below, at in references if below in members)
        return Size(_most(max(count, once.count)), max(depth, outside[start].depth))


def graph(run: Run) -> Graph:
    if "schemas.graph" not in run.cache:
        run.cache["schemas.graph"] = Graph(run.api, itertools.chain.from_iterable(body_schemas(run)))
    found: Graph = run.cache["schemas.graph"]
    return found


def _most(count: int) -> int:
    return min(count, MOST_SCHEMAS + 1)
