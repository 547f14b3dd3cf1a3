"""What names and paths in dynamic extensions mean: parameters, properties of bodies and of outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from certification.rules.api import Api, Operation, Parameter
from certification.rules.walk import Node
from connectors.definitions import openapi

_LOCATIONS = ("path", "query", "header", "formData")
# Deeper than any connector nests.
_MOST_ARRAYS = 200


@dataclass(slots=True, eq=False)
class Field:
    """A parameter, or a property inside a body (`is_inside`); `value` describes its values."""

    value: dict[str, Any]
    is_inside: bool
    is_internal: bool

    @property
    def type(self) -> str:
        return openapi.text(self.value, "type")


@dataclass(slots=True, eq=False)
class Meaning:
    """The fields that a name means. `is_open` says that the name leads into a body that is not described."""

    fields: tuple[Field, ...]
    is_open: bool

    @property
    def is_nothing(self) -> bool:
        return not self.fields and not self.is_open


@dataclass(slots=True, eq=False)
class Step:
    """The end of a path through a schema; `value` is None when it leads nowhere. `is_open`: it left an object
    whose members are not described; `is_broken`: a reference on the way leads nowhere.
    """

    value: dict[str, Any] | None
    is_open: bool = False
    is_broken: bool = False
    is_internal: bool = False


@dataclass(slots=True, eq=False)
class Inputs:
    """The parameters of an operation by name (those of one name differ in their location), the first body
    parameter, and the names that a call must give.
    """

    by_name: dict[str, list[Parameter]]
    body: Parameter | None
    required: list[str]


class Fields:
    """Looks up fields of operations and paths through schemas; everything is looked up once."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._meanings: dict[tuple[int, str], Meaning] = {}
        self._inputs: dict[int, Inputs] = {}
        self._properties: dict[int, dict[str, Any]] = {}
        self._steps: dict[tuple[int, str], Step] = {}
        self._outputs: dict[int, Any] = {}

    @classmethod
    def of(cls, node: Node) -> Fields:
        found: Fields | None = node.run.cache.get("dynamic.fields")
        if found is None:
            found = node.run.cache["dynamic.fields"] = cls(node.run.api)
        return found

    def meaning(self, operation: Operation, name: str) -> Meaning:
        """What a name means in an operation: a parameter, also with its location in front ("query/id"), or a
        property of the body, alone ("id") or as a path ("body/harbour/id").
        """
        key = (id(operation.value), name)
        known = self._meanings.get(key)
        if known is None:
            known = self._meanings[key] = self._meaning(operation, name)
        return known

    def _meaning(self, operation: Operation, name: str) -> Meaning:
        first, slash, rest = name.partition("/")
        inputs, is_open = self._inputs_of(operation), False
        parameters = inputs.by_name.get(name, [])
        if slash and first in _LOCATIONS:
            parameters = parameters + [one for one in inputs.by_name.get(rest, ()) if one.location == first]
        found = [self._of_parameter(parameter) for parameter in parameters]
        body = inputs.body
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

    def required(self, operation: Operation) -> list[str]:
        """The parameters without which an operation cannot be called; the body aside."""
        return self._inputs_of(operation).required

    def _inputs_of(self, operation: Operation) -> Inputs:
        known = self._inputs.get(id(operation.value))
        if known is None:
            known = self._inputs[id(operation.value)] = Inputs({}, None, [])
            for parameter in self._api.parameters(operation):
                name, is_body = parameter.name, parameter.location == "body"
                known.by_name.setdefault(name, []).append(parameter)
                if is_body:
                    known.body = known.body or parameter
                elif parameter.is_required and "default" not in parameter.value:
                    known.required.append(name)
        return known

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
        known = self._steps.get(key)
        if known is None:
            known = self._steps[key] = self._find(schema, path)
        return known

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
        for _ in range(_MOST_ARRAYS):
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
        if "allOf" not in schema and "$ref" not in schema:
            return openapi.mapping(schema, "properties")
        known = self._properties.get(id(schema))
        if known is None:
            found = {name: value for name, value, _ in self._api.properties(schema)}
            known = self._properties[id(schema)] = found
        return known
