"""What dynamic extensions call: the operation asked, its arguments, and the fields that these mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from certification.rules.api import Api, Operation, Parameter
from certification.rules.findings import Hit, Key
from certification.rules.fixes import Place
from certification.rules.walk import Node
from connectors.definitions import openapi, pointers

VALUES, LIST = "x-ms-dynamic-values", "x-ms-dynamic-list"
SCHEMA, PROPERTIES = "x-ms-dynamic-schema", "x-ms-dynamic-properties"
TREE = "x-ms-dynamic-tree"
EXTENSIONS = (VALUES, LIST, SCHEMA, PROPERTIES, TREE)
HOLDERS = ("parameter", "schema", "items")
NEWER = {VALUES: LIST, SCHEMA: PROPERTIES}
_LOCATIONS = ("path", "query", "header", "formData")
# Deeper than any connector nests; a document of thousands of levels must not cost a climb for each.
_HIGHEST_CLIMB = 200


class Call:
    """One call: of the extension `name` itself, or of "open" or "browse" of a tree. `value` is what stands at
    `keys` below the node; `target` the operation that `operation_id` names, None when there is none.
    """

    __slots__ = ("keys", "name", "node", "operation_id", "target", "value")

    def __init__(self, node: Node, name: str, keys: tuple[Key, ...], value: dict[str, Any]) -> None:
        self.node = node
        self.name = name
        self.keys = keys
        self.value = value
        self.operation_id = openapi.text(value, "operationId")
        self.target: Operation | None = node.run.api.by_id.get(self.operation_id)

    @property
    def api(self) -> Api:
        return self.node.run.api

    @property
    def is_built_in(self) -> bool:
        """Whether the platform itself is asked, not an operation of the connector."""
        return self.name in (VALUES, LIST) and (
            "builtInOperation" in self.value or "capability" in self.value
        )

    @property
    def is_newer(self) -> bool:
        """Whether arguments are written {"value": …} or {"parameterReference": "…"}."""
        return self.name not in NEWER

    def arguments(self) -> Iterator[tuple[str, Any]]:
        yield from openapi.mapping(self.value, "parameters").items()

    def references(self) -> Iterator[tuple[str, str, tuple[Key, ...]]]:
        """Argument, what it refers to in the calling operation, and where below the call that is written."""
        word = "parameterReference" if self.is_newer else "parameter"
        for name, argument in self.arguments():
            reference = openapi.text(argument, word)
            if reference:
                yield name, reference, ("parameters", name, word)

    def literals(self) -> Iterator[tuple[str, Any, tuple[Key, ...]]]:
        """Argument, its fixed value, and where below the call that is written."""
        for name, argument in self.arguments():
            if not self.is_newer:
                if not (isinstance(argument, dict) and "parameter" in argument):
                    yield name, argument, ("parameters", name)
            elif isinstance(argument, dict) and "value" in argument:
                yield name, argument["value"], ("parameters", name, "value")

    def hit(self, *keys: Key, **more: Any) -> Hit:
        """A hit at the call or at a member of it."""
        return self.node.hit(*self.keys, *keys, **more, extension=self.keys[0])


def calls(node: Node, key: str) -> tuple[Call, ...]:
    """The calls of the dynamic extension `key` of a node; none of a shared parameter that nothing uses."""
    # All rules look at one extension after the other: what the last one asked for serves the next.
    last = node.run.cache.get("dynamic.calls")
    if last is None or last[0] is not node or last[1] != key:
        last = node.run.cache["dynamic.calls"] = (node, key, tuple(_calls(node, key)))
    found: tuple[Call, ...] = last[2]
    return found


def _calls(node: Node, key: str) -> Iterator[Call]:
    value = node.value[key]
    if not isinstance(value, dict) or _is_unused(node):
        return
    if key != TREE:
        yield Call(node, key, (key,), value)
        return
    for part in ("open", "browse"):
        if isinstance(value.get(part), dict):
            yield Call(node, part, (key, part), value[part])


def _is_unused(node: Node) -> bool:
    if node.kind != "parameter" or node.parent is None or node.parent.kind != "definition":
        return False
    name = str(node.name)
    return node.run.api.references.isdisjoint(
        (f"#/parameters/{name}", "#" + pointers.join("/parameters", name))
    )


def callers(node: Node) -> tuple[Operation, ...]:
    """The operations in which a node is written; none for what is shared, as its users may differ."""
    above: Node | None = node
    for _ in range(_HIGHEST_CLIMB):
        above = above.parent if above else None
        if above is None:
            break
        if above.kind in ("operation", "path-item"):
            return _written_operations(node).get(id(above.value), ())
    return ()


def _written_operations(node: Node) -> dict[int, tuple[Operation, ...]]:
    """The operations by the identity of their object, and those of a path item by the identity of that."""
    cache = node.run.cache
    if "dynamic.operations" not in cache:
        found: dict[int, tuple[Operation, ...]] = {}
        for operation in node.run.api.operations:
            found[id(operation.value)] = (operation,)
            found[id(operation.item)] = (*found.get(id(operation.item), ()), operation)
        cache["dynamic.operations"] = found
    written: dict[int, tuple[Operation, ...]] = cache["dynamic.operations"]
    return written


def operation_around(api: Api, place: Place) -> Operation | None:
    """The operation in which a place of the definition lies."""
    keys = place.keys[:3]
    return next((operation for operation in api.operations if operation.keys == keys), None)


def alike(name: object, names: Iterable[str]) -> str | None:
    """The one of the names that differs only in letter case or blanks around it."""
    folded = str(name).strip().casefold()
    found = {other for other in names if other.casefold() == folded}
    return found.pop() if len(found) == 1 else None


def without_properties(path: str) -> str:
    """The path to a schema, of a path to it or to its member "properties"."""
    before, _, last = path.rpartition("/")
    return before if last == "properties" else path


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a property inside a body (`is_inside`); `value` describes its values."""

    value: dict[str, Any]
    is_inside: bool
    is_internal: bool

    @property
    def type(self) -> str:
        return openapi.text(self.value, "type")


@dataclass(frozen=True, slots=True)
class Meaning:
    """The fields that a name means. `is_open` says that the name leads into a body that is not described."""

    fields: tuple[Field, ...]
    is_open: bool

    @property
    def is_nothing(self) -> bool:
        return not self.fields and not self.is_open


@dataclass(frozen=True, slots=True)
class Step:
    """The end of a path through a schema; `value` is None when it leads nowhere. `is_open`: it left an object
    whose members are not described; `is_broken`: a reference on the way leads nowhere.
    """

    value: dict[str, Any] | None
    is_open: bool = False
    is_broken: bool = False
    is_internal: bool = False


class Fields:
    """Looks up fields of operations and paths through schemas; everything is looked up once."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._meanings: dict[tuple[int, str], Meaning] = {}
        self._parameters: dict[int, dict[str, list[Parameter]]] = {}
        self._properties: dict[int, dict[str, Any]] = {}
        self._steps: dict[tuple[int, str], Step] = {}
        self._outputs: dict[int, Any] = {}
        self._bodies: dict[int, Parameter | None] = {}
        self._required: dict[int, tuple[str, ...]] = {}

    @classmethod
    def of(cls, node: Node) -> Fields:
        found: Fields = node.run.cache.get("dynamic.fields") or cls(node.run.api)
        node.run.cache["dynamic.fields"] = found
        return found

    def meaning(self, operation: Operation, name: str) -> Meaning:
        """What a name means in an operation: a parameter, also with its location in front ("query/id"), or a
        property of the body, alone ("id") or as a path ("body/harbour/id").
        """
        key = (id(operation.value), name)
        if key not in self._meanings:
            self._meanings[key] = self._meaning(operation, name)
        return self._meanings[key]

    def _meaning(self, operation: Operation, name: str) -> Meaning:
        first, slash, rest = name.partition("/")
        parameters = list(self.parameters(operation, name))
        if slash and first in _LOCATIONS:
            parameters += [one for one in self.parameters(operation, rest) if one.location == first]
        found = [self._of_parameter(parameter) for parameter in parameters]
        body, is_open = self.body(operation), False
        if body is not None:
            path = rest if slash and first in ("body", body.name) else name
            step = self.find(body.value.get("schema"), path)
            is_open = step.is_open
            if step.value is not None:
                found.append(Field(step.value, True, body.is_internal or step.is_internal))
        return Meaning(tuple(found), is_open)

    def _of_parameter(self, parameter: Parameter) -> Field:
        value = parameter.value
        if parameter.location == "body":
            value = self.described(value.get("schema")) or {}
        return Field(value, False, parameter.is_internal)

    def parameters(self, operation: Operation, name: str) -> list[Parameter]:
        """The parameters with a name; their locations differ."""
        by_name = self._parameters.get(id(operation.value))
        if by_name is None:
            by_name = self._parameters[id(operation.value)] = {}
            for parameter in self._api.parameters(operation):
                by_name.setdefault(parameter.name, []).append(parameter)
        return by_name.get(name, [])

    def body(self, operation: Operation) -> Parameter | None:
        key = id(operation.value)
        if key not in self._bodies:
            self._bodies[key] = self._api.body(operation)
        return self._bodies[key]

    def required(self, operation: Operation) -> tuple[str, ...]:
        """The parameters without which an operation cannot be called; the body aside."""
        key = id(operation.value)
        if key not in self._required:
            self._required[key] = tuple(
                parameter.name
                for parameter in self._api.parameters(operation)
                if parameter.is_required and parameter.location != "body" and "default" not in parameter.value
            )
        return self._required[key]

    def output(self, operation: Operation | None) -> Any:
        """The schema of what an operation gives back; None when there is none."""
        if operation is None:
            return None
        key = id(operation.value)
        if key not in self._outputs:
            found = self._api.output(operation)
            self._outputs[key] = found[0] if found else None
        return self._outputs[key]

    def find(self, schema: Any, path: str) -> Step:
        """Follow names joined by "/" through the properties of objects and the items of arrays."""
        # Parts of the definition live as long as the run, so their identity is a name.
        key = (id(schema), path)
        if key not in self._steps:
            self._steps[key] = self._find(schema, path)
        return self._steps[key]

    def _find(self, schema: Any, path: str) -> Step:
        current, is_internal = self.described(schema), False
        for name in path.split("/") if path else ():
            if current is None:
                return Step(None, is_open=True, is_broken=True)
            members = self.properties(self._element(current))
            if name not in members:
                return Step(None, is_open=not members)
            current = self.described(members[name])
            is_internal = is_internal or openapi.text(current, "x-ms-visibility") == "internal"
        return Step(current, current is None, current is None, is_internal)

    def _element(self, schema: dict[str, Any]) -> dict[str, Any]:
        """What an array holds at its innermost; any other schema itself."""
        for _ in range(_HIGHEST_CLIMB):
            inner = None if "properties" in schema else self.described(schema.get("items"))
            if inner is None:
                break
            schema = inner
        return schema

    def described(self, schema: Any) -> dict[str, Any] | None:
        """A schema with its references followed; None when they lead nowhere."""
        value, _ = self._api.resolve(schema)
        return value if isinstance(value, dict) else None

    def properties(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The direct properties of an object by name, also those of its allOf parts."""
        known = self._properties.get(id(schema))
        if known is None:
            found = {name: value for name, value, _ in self._api.properties(schema)}
            known = self._properties[id(schema)] = found
        return known


Reference = tuple[Call, str, tuple[Key, ...], Meaning]


def references(node: Node, key: str) -> tuple[Reference, ...]:
    """The references of inline schemas and parameters: call, argument, place below the call, meaning."""
    last = node.run.cache.get("dynamic.references")
    if last is None or last[0] is not node or last[1] != key:
        last = node.run.cache["dynamic.references"] = (node, key, tuple(_references(node, key)))
    found: tuple[Reference, ...] = last[2]
    return found


def _references(node: Node, key: str) -> Iterator[Reference]:
    around = callers(node)
    for call in calls(node, key) if around else ():
        for name, reference, at in call.references():
            meanings = [Fields.of(node).meaning(caller, reference) for caller in around]
            known = (meaning for meaning in meanings if not meaning.is_nothing)
            yield call, name, at, next(known, meanings[0])
