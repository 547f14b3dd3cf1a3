"""What operations return: the schemas of their responses, references to shared responses followed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from certification.rules.api import Keys, Operation
from certification.rules.engine import Run
from certification.rules.findings import Hit
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node

_SUCCESS = re.compile(r"2[0-9][0-9]").fullmatch
_ERROR = re.compile(r"[45][0-9][0-9]").fullmatch
# What says more of an object than its type; the rest is a label.
_DESCRIBING = frozenset(
    (
        "properties", "additionalProperties", "allOf", "anyOf", "oneOf", "x-ms-dynamic-schema",
        "x-ms-dynamic-properties",
    )
)  # fmt: skip


@dataclass(slots=True, eq=False)
class Answer:
    """A response of an operation that has a schema, its reference followed; `listed` is where the operation
    names it.
    """

    code: str
    schema: Any
    keys: Keys
    listed: Keys

    @property
    def is_shared(self) -> bool:
        return self.keys != self.listed


@dataclass(slots=True)
class Outputs:
    """What the rules have to look at: responses whose schema one of them may object to, operations that have
    several with the codes of these, operations that have none for 200 or 201. `schemas` holds for each
    operation, in their order, the schemas of its responses.
    """

    odd: list[Answer] = field(default_factory=list)
    several: list[tuple[Operation, list[str]]] = field(default_factory=list)
    without: list[Operation] = field(default_factory=list)
    schemas: list[list[Any]] = field(default_factory=list)


def outputs(run: Run) -> Outputs:
    found: Outputs | None = run.cache.get("outputs")
    if found is None:
        found = run.cache["outputs"] = Outputs()
        for operation in run.api.operations:
            codes = _look(found, run, operation)
            if len(codes) > 1:
                found.several.append((operation, codes))
            if "200" not in codes and "201" not in codes:
                found.without.append(operation)
    return found


def _look(found: Outputs, run: Run, operation: Operation) -> list[str]:
    """Collect the odd responses of an operation; returns the codes of all that have a schema."""
    codes: list[str] = []
    schemas: list[Any] = []
    found.schemas.append(schemas)
    responses = operation.value.get("responses")
    for code, listed in responses.items() if responses.__class__ is dict else ():
        if listed.__class__ is not dict:
            continue
        response = run.api.resolve(listed)[0] if "$ref" in listed else listed
        if response.__class__ is dict and "schema" in response:
            schema = response["schema"]
            schemas.append(schema)
            if code[:2] == "x-":
                continue
            codes.append(code)
            if code[:1] != "2" or not schema or _is_undescribed(schema):
                at = (*operation.keys, "responses", code)
                found.odd.append(Answer(code, schema, run.api.resolve(listed, at)[1], at))
    return codes


def _odd(paths: Node) -> list[Answer]:
    return outputs(paths.run).odd


def _hits(paths: Node, wrong: Iterable[Answer]) -> Iterator[Hit]:
    """Hits at the schemas of responses; one for a shared response, however often it is used."""
    seen: set[Keys] = set()
    for answer in wrong:
        if not answer.is_shared:
            yield paths.hit(*answer.keys[1:], "schema", value=answer.code)
        elif answer.keys not in seen:
            seen.add(answer.keys)
            yield paths.run.hit(*answer.keys, "schema", value=answer.code)


@rule("RSP-020", on="paths")
def schema_on_default(paths: Node) -> Iterator[Hit]:
    return _hits(paths, (answer for answer in _odd(paths) if answer.code == "default"))


@fix("RSP-020")
def move_schema_of_default(place: Place) -> Patch:
    """Beside a response of success that has a schema, or when it is empty, the schema of default is spare."""
    if place.keys[0] != "paths":
        return ()
    responses = Place(place.package, place.root, place.keys[:4])
    has_output = any(
        _SUCCESS(code) and isinstance(response, dict) and "schema" in response
        for code, response in responses.value.items()
    )
    return place.remove() if has_output or not place.value else default_as_success(responses)


def default_as_success(responses: Place) -> Patch:
    """A default response that is the only one and has a schema is what the operation returns: its 200."""
    default = responses.value.get("default") if len(responses.value) == 1 else None
    has_schema = isinstance(default, dict) and default.get("schema")
    return responses.at("default").rename("200") if has_schema else ()


@rule("RSP-021", on="paths")
def schema_on_error(paths: Node) -> Iterator[Hit]:
    return _hits(paths, (answer for answer in _odd(paths) if _ERROR(answer.code)))


@rule("RSP-022", on="paths")
def schema_empty(paths: Node) -> Iterator[Hit]:
    return _hits(paths, (answer for answer in _odd(paths) if answer.schema == {}))


@fix("RSP-021")
@fix("RSP-022")
def drop_schema(place: Place) -> Patch:
    """Only of errors: what an operation returns in the case of success has to be described by a person."""
    is_own_error = place.keys[0] == "paths" and (place.keys[4] == "default" or _ERROR(str(place.keys[4])))
    return place.remove() if is_own_error else ()


@rule("RSP-023", on="paths")
def object_without_properties(paths: Node) -> Iterator[Hit]:
    return _hits(paths, (answer for answer in _odd(paths) if _is_undescribed(answer.schema)))


def _is_undescribed(schema: Any) -> bool:
    return schema.__class__ is dict and schema.get("type") == "object" and _DESCRIBING.isdisjoint(schema)


@rule("RSP-024", on="paths")
def several_schemas(paths: Node) -> Iterator[Hit]:
    for operation, codes in outputs(paths.run).several:
        yield paths.hit(*operation.keys[1:], "responses", value=", ".join(codes[:20]))


@rule("RSP-025", on="paths")
def several_success_schemas(paths: Node) -> Iterator[Hit]:
    for operation, codes in outputs(paths.run).several:
        success = [code for code in codes if _SUCCESS(code)]
        if len(success) > 1:
            yield paths.hit(*operation.keys[1:], "responses", value=", ".join(success[:20]))


@rule("RSP-026", on="paths")
def no_output_schema(paths: Node) -> Iterator[Hit]:
    return _no_output(paths, is_get=False)


@rule("RSP-026b", on="paths")
def no_output_schema_of_get(paths: Node) -> Iterator[Hit]:
    return _no_output(paths, is_get=True)


def _no_output(paths: Node, *, is_get: bool) -> Iterator[Hit]:
    for operation in outputs(paths.run).without:
        if operation.is_internal:
            continue
        if is_get and operation.method != "get":
            continue
        if "x-ms-notification-content" in operation.item or "x-ms-notification-content" in operation.value:
            continue
        keys = (*operation.keys, "responses") if "responses" in operation.value else operation.keys
        yield paths.hit(*keys[1:], value=operation.operation_id)
