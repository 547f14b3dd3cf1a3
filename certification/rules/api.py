"""The definition as rules ask for it: its operations with their parameters, references followed.

Everything is worked out when first asked for and kept for the run. Nothing here recurses or raises, whatever
the definition holds; what is not where it should be is left out.
"""

from __future__ import annotations

import functools
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from certification.rules.findings import Key
from connectors.definitions import openapi, pointers

Keys = tuple[Key, ...]
_METHODS = frozenset(openapi.METHODS)
_SUCCESS = re.compile(r"2\d\d")
_LONGEST_CHAIN = 50
_CONTAINERS = frozenset((dict, list))
_MOST_PROPERTIES = 5_000


@dataclass(slots=True, eq=False)
class Parameter:
    """A parameter of an operation. `value` is what its reference leads to, `keys` where that stands in the
    definition, `listed` where the operation or path item lists it; both are equal without a reference.
    """

    value: dict[str, Any]
    keys: Keys
    listed: Keys

    @property
    def name(self) -> str:
        return openapi.text(self.value, "name")

    @property
    def location(self) -> str:
        return openapi.text(self.value, "in")

    @property
    def is_required(self) -> bool:
        return self.value.get("required") is True

    @property
    def is_internal(self) -> bool:
        return self.value.get("x-ms-visibility") == "internal"


@dataclass(slots=True, eq=False)
class Operation:
    """One operation; `keys` leads to it: ("paths", path, method)."""

    path: str
    method: str
    value: dict[str, Any]
    item: dict[str, Any]

    @property
    def keys(self) -> Keys:
        return ("paths", self.path, self.method)

    @property
    def operation_id(self) -> str:
        return openapi.text(self.value, "operationId")

    @property
    def is_internal(self) -> bool:
        return self.value.get("x-ms-visibility") == "internal"

    @property
    def is_trigger(self) -> bool:
        return "x-ms-trigger" in self.value

    @property
    def is_deprecated(self) -> bool:
        return self.value.get("deprecated") is True


class Api:
    """A definition and the properties beside it. Anything may be absent or of the wrong type.

    `objects` are all objects of the definition in the order of their closing braces, where the reader knows
    them: passing over a list is much cheaper than a walk.
    """

    def __init__(
        self, definition: Any, properties: Any = None, objects: Sequence[dict[str, Any]] | None = None
    ) -> None:
        self.definition: dict[str, Any] = definition if isinstance(definition, dict) else {}
        self.connector: dict[str, Any] = openapi.mapping(properties, "properties")
        """The member "properties" of apiProperties.json."""
        self._parameters: dict[int, tuple[Parameter, ...]] = {}
        self._looked_up: dict[str, tuple[Any, Keys]] = {}
        self._objects = objects

    @functools.cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Every operation with a lower-case method, in document order."""
        return tuple(
            Operation(path, method, value, item)
            for path, item in openapi.mapping(self.definition, "paths").items()
            if isinstance(item, dict) and not path.startswith("x-")
            for method, value in item.items()
            if method in _METHODS and isinstance(value, dict)
        )

    @functools.cached_property
    def by_id(self) -> dict[str, Operation]:
        """The operations by their operationId; the first of several with one id."""
        found: dict[str, Operation] = {}
        for operation in self.operations:
            name = operation.value.get("operationId")
            if name and name.__class__ is str:
                found.setdefault(name, operation)
        return found

    @functools.cached_property
    def policies(self) -> tuple[tuple[dict[str, Any], Keys], ...]:
        """The policy template instances with their paths in apiProperties.json."""
        return tuple(
            (policy, ("properties", "policyTemplateInstances", index))
            for index, policy in enumerate(openapi.sequence(self.connector, "policyTemplateInstances"))
            if isinstance(policy, dict)
        )

    def has_policy(self, template: str) -> bool:
        """Whether a policy of this template (lower case) is applied."""
        return any(openapi.text(policy, "templateId").lower() == template for policy, _ in self.policies)

    @functools.cached_property
    def connection_parameters(self) -> tuple[tuple[str, dict[str, Any], Keys], ...]:
        """Name, value and path in apiProperties.json of every connection parameter, also those of sets."""
        single = ("properties", "connectionParameters")
        maps: list[tuple[Any, Keys]] = [(self.connector.get("connectionParameters"), single)]
        sets = openapi.sequence(self.connector, "connectionParameterSets", "values")
        maps += [
            (
                openapi.mapping(one, "parameters"),
                ("properties", "connectionParameterSets", "values", index, "parameters"),
            )
            for index, one in enumerate(sets)
        ]
        return tuple(
            (name, value, (*keys, name))
            for found, keys in maps
            if isinstance(found, dict)
            for name, value in found.items()
            if isinstance(value, dict)
        )

    def parameters(self, operation: Operation) -> tuple[Parameter, ...]:
        """The effective parameters of an operation: its own, then those of the path item that it does not
        override. Parameters whose reference leads nowhere are left out.
        """
        known = self._parameters.get(id(operation.value))
        if known is None:
            known = self._parameters[id(operation.value)] = tuple(self._effective(operation))
        return known

    def _effective(self, operation: Operation) -> Iterator[Parameter]:
        seen: set[tuple[str, str]] = set()
        for holder, base in ((operation.value, operation.keys), (operation.item, operation.keys[:2])):
            found: list[tuple[str, str]] = []
            for index, listed in enumerate(openapi.sequence(holder, "parameters")):
                at = (*base, "parameters", index)
                value, keys = self.resolve(listed, at)
                if isinstance(value, dict):
                    parameter = Parameter(value, keys, at)
                    identity = (parameter.name, parameter.location)
                    if identity not in seen:
                        found.append(identity)
                        yield parameter
            seen.update(found)

    def body(self, operation: Operation) -> Parameter | None:
        """The body parameter of an operation."""
        found = (parameter for parameter in self.parameters(operation) if parameter.location == "body")
        return next(found, None)

    def resolve(self, value: Any, keys: Keys = ()) -> tuple[Any, Keys]:
        """What a value is and where it stands, after following its references; None when they lead nowhere
        or in a circle.
        """
        if value.__class__ is not dict or "$ref" not in value:
            return value, keys
        for _ in range(_LONGEST_CHAIN):
            target = value.get("$ref") if isinstance(value, dict) else None
            if not isinstance(target, str):
                return value, keys
            value, keys = self.at(target)
        return None, keys

    def at(self, reference: str) -> tuple[Any, Keys]:
        """The value that "#/…" names, and its path; (None, ()) when there is none."""
        if reference not in self._looked_up:
            found = openapi.lookup(self.definition, reference)
            self._looked_up[reference] = found if found else (None, ())
        return self._looked_up[reference]

    def properties(self, schema: Any, keys: Keys = ()) -> Iterator[tuple[str, Any, Keys]]:
        """Name, schema and path of the direct properties of an object, through references and allOf. The
        schemas themselves are given as they are written, references not followed.
        """
        pending = deque([(schema, keys)])
        seen: set[int] = set()
        left = _MOST_PROPERTIES
        while pending:
            schema, keys = self.resolve(*pending.popleft())
            if not isinstance(schema, dict) or id(schema) in seen:
                continue
            seen.add(id(schema))
            for name, value in openapi.mapping(schema, "properties").items():
                yield name, value, (*keys, "properties", name)
                left -= 1
                if left < 0:
                    return
            parts = openapi.sequence(schema, "allOf")
            pending.extend((part, (*keys, "allOf", index)) for index, part in enumerate(parts))

    def response(self, operation: Operation, status: str) -> tuple[Any, Keys]:
        """A response of an operation, its reference followed; (None, …) when there is none."""
        listed = openapi.mapping(operation.value, "responses").get(status)
        return self.resolve(listed, (*operation.keys, "responses", status))

    def output(self, operation: Operation) -> tuple[Any, Keys] | None:
        """The schema of the first of the responses 200, 201 and other 2xx that has one, as it is written."""
        responses = openapi.mapping(operation.value, "responses")
        codes = sorted(code for code in responses if _SUCCESS.fullmatch(code))
        for code in codes:
            response, keys = self.response(operation, code)
            if isinstance(response, dict) and isinstance(response.get("schema"), dict):
                return response["schema"], (*keys, "schema")
        return None

    def sides(self, inputs: Iterable[str], outputs: Iterable[str]) -> dict[str, str]:
        """Shared schema to "input", "output" or "both", for all that these references lead to."""
        reached_in, reached_out = self._reached(inputs), self._reached(outputs)
        sides = dict.fromkeys(reached_in, "input") | dict.fromkeys(reached_out, "output")
        sides.update(dict.fromkeys(reached_in & reached_out, "both"))
        return sides

    def _reached(self, references: Iterable[str]) -> set[str]:
        reached: set[str] = set()
        pending = [name for reference in references if (name := _schema_name(reference)) is not None]
        while pending:
            name = pending.pop()
            if name not in reached:
                reached.add(name)
                pending.extend(self.schema_references.get(name, ()))
        return reached

    @functools.cached_property
    def schema_references(self) -> dict[str, tuple[str, ...]]:
        """Shared schema to the names of the shared schemas that it refers to, at any depth."""
        targets = {
            name: frozenset(references_below(schema) if found is None else found)
            for name, schema, found in self._shared_schemas()
        }
        names = {target: _schema_name(target) for target in frozenset().union(*targets.values())}
        return {
            name: tuple(sorted({other for one in found if (other := names[one]) is not None}))
            for name, found in targets.items()
        }

    def _shared_schemas(self) -> Iterator[tuple[str, Any, list[str] | None]]:
        """Name and value of the shared schemas, and the references in each where the list of objects tells:
        between the closing braces of two of them lie the objects of the second.
        """
        shared = openapi.mapping(self.definition, "definitions")
        names = {id(schema): name for name, schema in shared.items()}
        if self._objects is None or not all(schema.__class__ is dict for schema in shared.values()):
            yield from ((name, schema, None) for name, schema in shared.items())
            return
        found: list[str] | None = None
        # Few objects are either; a comprehension asks ten thousands of them at a third of the cost of a loop.
        telling = [one for one in self._objects if "$ref" in one or id(one) in names] if shared else []
        for one in telling:
            if found is not None and "$ref" in one and one["$ref"].__class__ is str:
                found.append(one["$ref"])
            if id(one) in names:
                yield names[id(one)], one, found
                found = []

    @functools.cached_property
    def references(self) -> frozenset[str]:
        """The target of every `$ref` in the definition, wherever it stands."""
        if self._objects is None:
            return frozenset(references_below(self.definition))
        targets = [one["$ref"] for one in self._objects if "$ref" in one]
        return frozenset(target for target in targets if target.__class__ is str)


def references_below(value: Any) -> Iterator[str]:
    """The target of every `$ref` at or below a value, in no order."""
    pending = [value]
    while pending:
        current = pending.pop()
        if current.__class__ is dict:
            target = current.get("$ref")
            if target.__class__ is str:
                yield target
            pending += [below for below in current.values() if below.__class__ in _CONTAINERS]
        elif current.__class__ is list:
            pending += [below for below in current if below.__class__ in _CONTAINERS]


def _schema_name(reference: str) -> str | None:
    if not reference.startswith("#/definitions/"):
        return None
    rest = reference[len("#/definitions/") :]
    return openapi.unquoted(pointers.unescape(rest)) if "/" not in rest else rest.partition("/")[0]
