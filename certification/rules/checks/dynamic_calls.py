"""What dynamic extensions call: the operation asked, its arguments, and what these refer to."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from certification.rules.api import Api, Operation
from certification.rules.checks.dynamic_fields import Fields, Meaning
from certification.rules.checks.parameters import listed_references
from certification.rules.findings import Hit, Key
from certification.rules.fixes import Place
from certification.rules.registry import Check, rule
from certification.rules.walk import Node
from connectors.definitions import openapi, pointers

VALUES, LIST = "x-ms-dynamic-values", "x-ms-dynamic-list"
SCHEMA, PROPERTIES = "x-ms-dynamic-schema", "x-ms-dynamic-properties"
TREE = "x-ms-dynamic-tree"
EXTENSIONS = (VALUES, LIST, SCHEMA, PROPERTIES, TREE)
HOLDERS = ("parameter", "schema", "items")
NEWER = {VALUES: LIST, SCHEMA: PROPERTIES}
# Deeper than any connector nests; a document of thousands of levels must not cost a climb for each.
_HIGHEST_CLIMB = 200


class Call:
    """One call: of the extension `name` itself, or of "open" or "browse" of a tree. `value` is what stands at
    `keys` below the node; `target` the operation that `operation_id` names, None when there is none.
    """

    __slots__ = ("_arguments", "keys", "name", "node", "operation_id", "target", "value")

    def __init__(self, node: Node, name: str, keys: tuple[Key, ...], value: dict[str, Any]) -> None:
        self.node = node
        self.name = name
        self.keys = keys
        self.value = value
        self.operation_id = openapi.text(value, "operationId")
        self._arguments = openapi.mapping(value, "parameters")
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

    def arguments(self) -> Iterable[tuple[str, Any]]:
        return self._arguments.items()

    def references(self) -> Iterator[tuple[str, str, tuple[Key, ...]]]:
        """Argument, what it refers to in the calling operation, and where below the call that is written."""
        word = "parameterReference" if self.is_newer else "parameter"
        for name, argument in self._arguments.items():
            if argument.__class__ is dict:
                reference = argument.get(word)
                if reference.__class__ is str and reference:
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
    plain, run = f"#/parameters/{node.name}", node.run
    if plain in listed_references(run):
        return False
    return run.api.references.isdisjoint((plain, "#" + pointers.join("/parameters", str(node.name))))


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


Reference = tuple[Call, str, tuple[Key, ...], Meaning]


def references(node: Node, key: str) -> tuple[Reference, ...]:
    """The references of inline schemas and parameters: call, argument, place below the call, meaning."""
    last = node.run.cache.get("dynamic.references")
    if last is None or last[0] is not node or last[1] != key:
        last = node.run.cache["dynamic.references"] = (node, key, tuple(_references(node, key)))
    found: tuple[Reference, ...] = last[2]
    return found


def _references(node: Node, key: str) -> Iterator[Reference]:
    found = [(call, *reference) for call in calls(node, key) for reference in call.references()]
    around = callers(node) if found else ()
    fields = Fields.of(node)
    for call, name, reference, at in found if around else ():
        meanings = [fields.meaning(caller, reference) for caller in around]
        known = (meaning for meaning in meanings if not meaning.is_nothing)
        yield call, name, at, next(known, meanings[0])


_on_content: list[tuple[tuple[str, ...], Check]] = []


def on_content(rule_id: str, key: str | tuple[str, ...], without: str = "") -> Callable[[Check], Check]:
    """Register a check of dynamic extensions to which nothing counts but what the extension itself says.

    A connector has dozens of equal ones: the first of which no such check has anything to say speaks for all.
    """

    def register(check: Check) -> Check:
        @functools.wraps(check)
        def check_unless_clean(node: Node, key: str) -> Iterable[Hit] | None:
            return () if _is_clean(node, key) else check(node, key)

        _on_content.append(((key,) if isinstance(key, str) else key, check))
        return rule(rule_id, on=HOLDERS, key=key, without=without or ())(check_unless_clean)

    return register


def _is_clean(node: Node, key: str) -> bool:
    cache = node.run.cache
    last = cache.get("dynamic.clean")
    if last is None or last[0] is not node or last[1] != key:
        last = cache["dynamic.clean"] = (node, key, _is_content_clean(node, key))
    found: bool = last[2]
    return found


def _is_content_clean(node: Node, key: str) -> bool:
    known: dict[tuple[str, str, bool], bool] = node.run.cache.setdefault("dynamic.clean contents", {})
    try:
        content = (key, repr(node.value[key]), _is_unused(node))
        clean = known.get(content)
        if clean is None:
            found = (hit for keys, check in _on_content if key in keys for hit in check(node, key) or ())
            clean = known[content] = next(iter(found), None) is None
    except Exception:  # noqa: BLE001 - a check that fails has to do so in its own name
        return False
    return clean
