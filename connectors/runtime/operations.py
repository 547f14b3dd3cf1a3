"""What can be called: the operations of a definition with their inputs, as a form or a program needs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.definitions import openapi
from connectors.definitions.openapi import Operation, mapping, member, sequence, text
from connectors.runtime.errors import CallImpossible

_PLACES = ("path", "query", "header", "formData", "body")


@dataclass(frozen=True, slots=True)
class Input:
    """One parameter. `key` names it among the operation's inputs: its name, with its place before it where
    two share a name. `schema` is the body's schema, or the parameter itself, whose keywords are the same.
    """

    key: str
    name: str
    place: str
    label: str
    help: str
    type: str
    is_required: bool
    is_internal: bool
    is_advanced: bool
    has_default: bool
    default: Any
    choices: tuple[Any, ...]
    collection: str
    is_double_encoded: bool
    schema: Mapping[str, Any] = field(repr=False)

    @property
    def is_asked(self) -> bool:
        """Whether people fill it in: internal inputs come from their defaults."""
        return not self.is_internal


@dataclass(frozen=True, slots=True)
class CallableOperation:
    """One operation with everything that its request and its answer depend on."""

    operation_id: str
    method: str
    path: str
    summary: str
    description: str
    is_trigger: bool
    is_internal: bool
    is_deprecated: bool
    inputs: tuple[Input, ...]
    consumes: tuple[str, ...]
    produces: tuple[str, ...]
    responses: Mapping[str, Any] = field(repr=False)
    security: tuple[tuple[str, ...], ...] | None
    definition: Mapping[str, Any] = field(repr=False)

    @property
    def body(self) -> Input | None:
        return next((each for each in self.inputs if each.place == "body"), None)

    @property
    def asked(self) -> tuple[Input, ...]:
        return tuple(each for each in self.inputs if each.is_asked)

    @property
    def is_safe(self) -> bool:
        """Calling it changes nothing, as far as its method promises."""
        return self.method in ("get", "head") and not self.is_trigger

    def needed(self, given: Mapping[str, Any] = {}) -> tuple[Input, ...]:
        """Required inputs that have neither a default nor a given value."""
        return tuple(
            each
            for each in self.inputs
            if each.is_required and not each.has_default and given.get(each.key) in (None, "")
        )


def list_operations(definition: Any) -> Iterator[CallableOperation]:
    """Every operation that has an id, in document order."""
    for operation in openapi.operations(definition):
        if operation.operation_id:
            yield _callable(definition, operation)


def find_operation(definition: Any, operation_id: str) -> CallableOperation:
    """The operation of that id. Raises `CallImpossible` when there is none."""
    for operation in openapi.operations(definition):
        if operation.operation_id == operation_id:
            return _callable(definition, operation)
    raise CallImpossible(f"The definition has no operation “{operation_id[:200]}”: choose another one.")


def _callable(definition: Any, operation: Operation) -> CallableOperation:
    value = operation.value
    return CallableOperation(
        operation_id=operation.operation_id,
        method=operation.method,
        path=operation.path,
        summary=operation.summary or operation.operation_id,
        description=text(value, "description"),
        is_trigger=operation.is_trigger,
        is_internal=operation.visibility == "internal",
        is_deprecated=value.get("deprecated") is True,
        inputs=tuple(_inputs(definition, operation)),
        consumes=_media_types(definition, value, "consumes"),
        produces=_media_types(definition, value, "produces"),
        responses=_responses(definition, value),
        security=_security(definition, value),
        definition=definition,
    )


def _inputs(definition: Any, operation: Operation) -> Iterator[Input]:
    found = [
        parameter
        for parameter, _ in openapi.parameters(definition, operation)
        if text(parameter, "name") and parameter.get("in") in _PLACES
    ]
    names = [parameter["name"] for parameter in found]
    for parameter in found:
        name, place = parameter["name"], parameter["in"]
        key = name if names.count(name) == 1 else f"{place}.{name}"
        yield _input(definition, parameter, key)


def _input(definition: Any, parameter: dict[str, Any], key: str) -> Input:
    place = parameter["in"]
    schema: Any = parameter
    if place == "body":
        schema = openapi.follow(definition, parameter.get("schema")).value
    schema = schema if isinstance(schema, dict) else {}
    visibility = text(parameter, "x-ms-visibility")
    has_default = "default" in parameter or (place == "body" and "default" in schema)
    return Input(
        key=key,
        name=parameter["name"],
        place=place,
        label=text(parameter, "x-ms-summary") or parameter["name"],
        help=text(parameter, "description"),
        type=_type(schema, place),
        is_required=parameter.get("required") is True or place == "path",
        is_internal=visibility == "internal",
        is_advanced=visibility == "advanced",
        has_default=has_default,
        default=parameter.get("default", schema.get("default")),
        choices=tuple(sequence(parameter, "enum")),
        collection=text(parameter, "collectionFormat") or "csv",
        is_double_encoded=text(parameter, "x-ms-url-encoding") == "double",
        schema=schema,
    )


def _type(schema: dict[str, Any], place: str) -> str:
    declared = schema.get("type")
    if isinstance(declared, str):
        return declared
    if place == "body":
        return "object" if mapping(schema, "properties") or "allOf" in schema else "any"
    return "string"


def _media_types(definition: Any, operation: Any, name: str) -> tuple[str, ...]:
    found = member(operation, name)
    declared = found if isinstance(found, list) else sequence(definition, name)
    return tuple(each for each in declared if isinstance(each, str))


def _responses(definition: Any, operation: Any) -> dict[str, Any]:
    return {
        str(status): resolved
        for status, response in mapping(operation, "responses").items()
        if isinstance(resolved := openapi.follow(definition, response).value, dict)
    }


def _security(definition: Any, operation: Any) -> tuple[tuple[str, ...], ...] | None:
    """The alternatives, each a set of scheme names; None when nothing is said."""
    declared = member(operation, "security")
    if not isinstance(declared, list):
        declared = member(definition, "security")
    if not isinstance(declared, list):
        return None
    return tuple(tuple(each) for each in declared if isinstance(each, dict))
