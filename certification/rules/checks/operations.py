"""Operations: how many there are, their members, and what they carry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from certification.rules.api import Api, Operation
from certification.rules.checks.schema_graph import body_schemas, graph
from certification.rules.engine import Run
from certification.rules.findings import Hit, shown
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node

_MOST_OPERATIONS, _MOST_SCHEMAS = 256, 16_384
_MEMBERS = {
    "tags": list,
    "summary": str,
    "description": str,
    "externalDocs": dict,
    "operationId": str,
    "consumes": list,
    "produces": list,
    "parameters": list,
    "responses": dict,
    "schemes": list,
    "deprecated": bool,
    "security": list,
}
_NESTING = frozenset(("properties", "items", "additionalProperties", "allOf"))
_LISTS = ("consumes", "produces", "schemes", "tags")


def _has_one_item(value: Any) -> bool:
    return len(value) < 2


@rule("OPR-001", on="paths")
def too_many(paths: Node) -> Iterator[Hit]:
    count = len(paths.run.api.operations)
    if count > _MOST_OPERATIONS:
        yield paths.hit(count=f"{count:,}")


@rule("OPR-002", on="definition")
def no_operation(definition: Node) -> Iterator[Hit]:
    run = definition.run
    if isinstance(definition.value, dict) and not run.api.operations and run.is_definition_whole:
        yield definition.hit("paths") if "paths" in definition.value else definition.hit()


@rule("OPR-003", on="operation", shape=lambda names: not _MEMBERS.keys() >= set(names))
def unknown_member(operation: Node) -> Iterator[Hit]:
    for name in operation.value:
        if name not in _MEMBERS and name[:2] != "x-":
            yield operation.hit(name, value=name, at_key=True)


@fix("OPR-003")
def correct_letter_case(place: Place) -> Patch:
    """Only where the value is of the type that the member takes: nothing else may have been meant."""
    for name, kind in _MEMBERS.items():
        if name.lower() == str(place.name).lower() and isinstance(place.value, kind):
            return place.rename(name)
    return ()


@rule("OPR-006", on=("operation", "definition"), key=_LISTS, unless=_has_one_item)
def duplicate_value(node: Node, key: str) -> Iterator[Hit]:
    values = node.value[key]
    if not isinstance(values, list) or len(values) < 2:
        return
    seen: set[object] = set()
    for index, value in enumerate(values):
        if isinstance(value, str | int | float | None):
            known = (value.__class__, value)
            if known in seen:
                yield node.hit(key, index, member=key)
            seen.add(known)


@fix("OPR-006")
def drop_duplicate(place: Place) -> Patch:
    return place.remove()


@rule("OPR-056", on="operation", without="x-ms-visibility")
def visibility_not_set(operation: Node) -> Iterable[Hit]:
    return (operation.hit(value=operation.text("operationId"), cause="visibility"),)


@rule("OPR-057", on="operation", key="deprecated")
def deprecated_no_boolean(operation: Node, key: str) -> Iterable[Hit]:
    found = operation.value[key]
    return () if isinstance(found, bool) else (operation.hit(key),)


@fix("OPR-057")
def make_boolean(place: Place) -> Patch:
    if place.value is None:
        return place.remove()
    word = place.value.strip().lower() if isinstance(place.value, str) else ""
    return place.replace(word == "true") if word in ("true", "false") else ()


@rule("OPR-058", on="operation", key="schemes")
def schemes(operation: Node, key: str) -> Iterable[Hit]:
    return (operation.hit(key, value=_listed(operation.value[key])),)


@fix("OPR-058")
def drop_schemes(place: Place) -> Patch:
    return place.remove()


@rule("OPR-070", on="paths")
def all_deprecated(paths: Node) -> Iterator[Hit]:
    operations = paths.run.api.operations
    if operations and all(operation.is_deprecated for operation in operations):
        yield paths.hit(count=len(operations))


def _listed(value: Any) -> str:
    return ", ".join(map(shown, value[:10])) if isinstance(value, list) else shown(value)


@rule("OPR-069", on="paths")
def too_many_schemas(paths: Node) -> Iterator[Hit]:
    api = paths.run.api
    counts = SchemaCounts(api)
    for operation in _large(paths.run):
        schemas = [parameter.value.get("schema") for parameter in api.parameters(operation)]
        responses = operation.value.get("responses")
        for status in responses if isinstance(responses, dict) else ():
            response, _ = api.response(operation, status)
            schemas.append(response.get("schema") if isinstance(response, dict) else None)
        total = sum(counts.of(schema) for schema in schemas if isinstance(schema, dict))
        if total > _MOST_SCHEMAS:
            yield paths.hit(*operation.keys[1:], value=operation.operation_id)


def _large(run: Run) -> Iterator[Operation]:
    """The operations that may reach the limit: by the sizes that rules over schemas work out anyway, which
    count compositions and loops as well.
    """
    sizes = graph(run).body_sizes
    for operation, schemas in zip(run.api.operations, body_schemas(run), strict=True):
        if sum(sizes[id(schema)].count for schema in schemas) > _MOST_SCHEMAS:
            yield operation


class SchemaCounts:
    """The number of schemas that a schema unfolds to, references followed; not exact beyond the limit.

    What a reference leads to is counted once, so the time grows with the size of the definition and not with
    what it unfolds to. A reference back into what is being counted adds nothing.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._counts: dict[int, int] = {}
        # References into the middle of other schemas would have the same lines read again and again.
        self._steps = 5_000_000

    def of(self, schema: dict[str, Any]) -> int:
        counts = self._counts
        if id(schema) in counts:
            return counts[id(schema)]
        own, references = self._own(schema)
        if not references:
            counts[id(schema)] = own
            return own
        parts: dict[int, tuple[int, list[dict[str, Any]]]] = {}
        pending = [schema]
        while pending:
            current = pending[-1]
            key = id(current)
            if key not in counts and key not in parts:
                own, references = self._own(current)
                below = [found for target in references if isinstance(found := self._api.at(target)[0], dict)]
                parts[key] = own, below
                pending += [part for part in below if id(part) not in parts]
                continue
            pending.pop()
            if key not in counts:
                own, below = parts[key]
                total = own + sum(counts.get(id(part), 0) for part in below)
                counts[key] = min(total, _MOST_SCHEMAS + 1)
        return counts[id(schema)]

    def _own(self, schema: dict[str, Any]) -> tuple[int, list[str]]:
        """How many schemas are written here, and the references that they contain."""
        own, references = 0, list[str]()
        pending: list[Any] = [schema]
        while pending:
            current = pending.pop()
            if current.__class__ is not dict:
                continue
            if current.get("$ref").__class__ is str:
                references.append(current["$ref"])
                continue
            own += 1
            if not _NESTING.isdisjoint(current):
                for key in _NESTING.intersection(current):
                    below = current[key]
                    if below.__class__ is list:
                        pending += below
                    elif key == "properties" and below.__class__ is dict:
                        pending += below.values()
                    else:
                        pending.append(below)
        self._steps -= own
        return own, references if self._steps > 0 else []
