"""The parameters of an operation together: references, duplicates, the body, the variables of the path."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from certification.rules.api import Api, Keys, Operation, Parameter
from certification.rules.checks.operation_inputs import VARIABLE, inputs
from certification.rules.checks.parameters import used_names, word_of
from certification.rules.findings import Hit
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import openapi

if TYPE_CHECKING:
    from certification.rules.engine import Run

_SHARED = "#/parameters/"
_MOST_PARTS = 100


@rule("PRM-001", on="misfit")
def parameters_malformed(misfit: Node) -> Iterable[Hit]:
    return (misfit.hit(value=misfit.value),) if misfit.expected == "parameter" else ()


@fix("PRM-001")
def remove_empty(place: Place) -> Patch:
    return place.remove() if place.name == "parameters" and not place.value else ()


@rule("PRM-002", on="parameter", key="$ref")
def reference_not_found(parameter: Node, key: str) -> Iterable[Hit]:
    target = parameter.text(key)
    if not target.startswith(_SHARED) or _is_shared(parameter):
        return ()
    # A shared parameter that is no object is a finding of its own.
    return () if len(parameter.run.api.at(target)[1]) == 2 else (parameter.hit(key),)


@fix("PRM-002")
def write_reference_right(place: Place) -> Patch:
    found = word_of(place.value, [_SHARED + name for name in openapi.mapping(place.root, "parameters")])
    return place.replace(found) if found else ()


@rule("PRM-003", on="parameter", key="$ref")
def reference_not_valid(parameter: Node, key: str) -> Iterable[Hit]:
    if parameter.text(key).startswith(_SHARED) or _is_shared(parameter):
        return ()
    return (parameter.hit(key),)


@fix("PRM-003")
def refer_to_shared(place: Place) -> Patch:
    """A bare name, or the place of OpenAPI 3, of a parameter that is shared here."""
    name = place.value.rpartition("/")[2] if isinstance(place.value, str) else ""
    return place.replace(_SHARED + name) if name in openapi.mapping(place.root, "parameters") else ()


@rule("PRM-004", on="parameter", key="$ref", shape=lambda names: len(names) > 1)
def members_beside_reference(parameter: Node, key: str) -> Iterable[Hit]:
    others = [name for name in parameter.value if name != key]
    return (parameter.hit(others[0], value=", ".join(others), at_key=True),)


@fix("PRM-004")
def remove_beside_reference(place: Place) -> Patch:
    """The reference replaces the whole parameter, so what stands beside it never counted."""
    parameter = place.parent
    others = (name for name in parameter.value if name != "$ref")
    return tuple(operation for name in others for operation in parameter.at(name).remove())


@rule("PRM-005", on="parameter", key="$ref")
def shared_parameter_is_reference(parameter: Node, key: str) -> Iterable[Hit]:
    return (parameter.hit(key),) if _is_shared(parameter) else ()


@fix("PRM-005")
def write_out(place: Place) -> Patch:
    value, _ = Api(place.root).resolve(place.parent.value)
    is_parameter = isinstance(value, dict) and "in" in value
    return place.parent.replace(copy.deepcopy(value)) if is_parameter else ()


@rule("PRM-006", on="paths")
def duplicate_parameter(paths: Node) -> Iterator[Hit]:
    reported: set[Keys] = set()
    for parameters in inputs(paths.run).repeated:
        seen: set[tuple[str, str]] = set()
        for parameter in parameters:
            identity = (parameter.name, parameter.location)
            if identity in seen and parameter.name and parameter.listed not in reported:
                reported.add(parameter.listed)
                yield paths.run.hit(*parameter.listed, value=parameter.name, location=parameter.location)
            seen.add(identity)


@fix("PRM-006")
def remove_copy(place: Place) -> Patch:
    """Of two that differ a person must choose."""
    listed, index = place.parent.value, int(place.name)
    return place.remove() if place.value in listed[:index] else ()


@rule("PRM-007", on="paths")
def name_in_two_locations(paths: Node) -> Iterator[Hit]:
    reported: set[Keys] = set()
    for parameters in inputs(paths.run).repeated:
        seen: dict[str, str] = {}
        for parameter in parameters:
            other = seen.setdefault(parameter.name, parameter.location)
            if other != parameter.location and parameter.name and parameter.listed not in reported:
                reported.add(parameter.listed)
                yield paths.run.hit(
                    *parameter.listed, value=parameter.name, location=parameter.location, other=other
                )


@rule("PRM-008", on="paths")
def several_bodies(paths: Node) -> Iterator[Hit]:
    reported: set[Keys] = set()
    for bodies in inputs(paths.run).several_bodies:
        for body in bodies[1:]:
            if body.listed not in reported:
                reported.add(body.listed)
                yield paths.run.hit(*body.listed, value=body.name, first=bodies[0].name)


@rule("PRM-009", on="paths")
def body_and_form(paths: Node) -> Iterator[Hit]:
    for operation, body in inputs(paths.run).mixed:
        yield paths.run.hit(*body.listed, value=body.name, operation=operation.operation_id or operation.path)


@rule("PRM-010", on="paths")
def variable_without_parameter(paths: Node) -> Iterator[Hit]:
    for operation in inputs(paths.run).paths:
        # Whoever mends the reference has the parameter.
        if not _all_resolve(paths.run.api, operation):
            continue
        declared = {one.name for one in paths.run.api.parameters(operation) if one.location == "path"}
        for name in dict.fromkeys(VARIABLE.findall(operation.path)):
            if name not in declared:
                yield paths.run.hit(*operation.keys, value=name, cause=f"{operation.path} {name}")


@rule("PRM-011", on="paths")
def parameter_not_in_path(paths: Node) -> Iterator[Hit]:
    reported: set[Keys] = set()
    for operation in inputs(paths.run).paths:
        variables = VARIABLE.findall(operation.path)
        for parameter in paths.run.api.parameters(operation):
            if parameter.location != "path" or not parameter.name or parameter.name in variables:
                continue
            if parameter.listed not in reported:
                reported.add(parameter.listed)
                yield paths.run.hit(*parameter.listed, value=parameter.name, path=operation.path)


@rule("PRM-034", on="paths")
def named_like_body_property(paths: Node) -> Iterator[Hit]:
    """The body counts as well: where a dynamic value refers to "body", a property of that name cannot be told
    from the whole.
    """
    reported: set[Keys] = set()
    known: dict[int, list[dict[str, Any]]] = {}
    for operation, body, names in inputs(paths.run).bodies:
        maps = _property_maps(paths.run.api, body.get("schema"), known)
        if all(properties.keys().isdisjoint(names) for properties in maps):
            continue
        for parameter in paths.run.api.parameters(operation):
            name = parameter.name
            if not any(name in properties for properties in maps):
                continue
            if parameter.listed not in reported:
                reported.add(parameter.listed)
                yield paths.run.hit(*parameter.listed, value=name)


@rule("PRM-060", on="definition", key="parameters")
def unused_parameter(definition: Node, key: str) -> Iterator[Hit]:
    shared = definition.value[key]
    if isinstance(shared, dict):
        for name in shared:
            if name not in used_names(definition.run):
                yield definition.hit(key, name, value=name, at_key=True)


@fix("PRM-060")
def remove_unused(place: Place) -> Patch:
    return place.remove() if len(place.parent.value) > 1 else place.parent.remove()


@rule("PRM-062", on="operation", key="x-ms-notification")
def differs_from_subscription(operation: Node, key: str) -> Iterator[Hit]:
    """The operation that fetches names the one that subscribes; makers fill in their parameters once."""
    run, item, named = operation.run, operation.parent, operation.value[key]
    target = run.api.by_id.get(named if isinstance(named, str) else openapi.text(named, "operationId"))
    if target is None or item is None:
        return
    fetching = Operation(str(item.name), str(operation.name), operation.value, item.value)
    subscribing = _by_name(run, target)
    for parameter in run.api.parameters(fetching):
        other = subscribing.get(parameter.name)
        differ = [
            member
            for member in ("type", "x-ms-visibility")
            if other and (parameter.value.get(member) or "") != (other.value.get(member) or "")
        ]
        if differ:
            yield run.hit(
                *parameter.listed,
                value=parameter.name,
                member=" and ".join(differ),
                other=target.operation_id,
            )


def _by_name(run: Run, operation: Operation) -> dict[str, Parameter]:
    known: dict[str, dict[str, Parameter]] = run.cache.setdefault("parameters by name", {})
    found = known.get(operation.operation_id)
    if found is None:
        found = known[operation.operation_id] = {one.name: one for one in run.api.parameters(operation)}
    return found


def _is_shared(parameter: Node) -> bool:
    above = parameter.parent
    return above is not None and above.kind == "definition"


def _all_resolve(api: Api, operation: Operation) -> bool:
    listed = [
        *openapi.sequence(operation.value, "parameters"),
        *openapi.sequence(operation.item, "parameters"),
    ]
    return all(isinstance(api.resolve(one)[0], dict) for one in listed)


def _property_maps(api: Api, schema: Any, known: dict[int, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The `properties` of a schema, of the parts of its allOf, and of the items of an array: for looking
    names up, not for reading them all.
    """
    first, _ = api.resolve(schema)
    if id(first) in known:
        return known[id(first)]
    maps: list[dict[str, Any]] = []
    pending, seen = [first], set[int]()
    while pending and len(seen) < _MOST_PARTS:
        value, _ = api.resolve(pending.pop())
        if isinstance(value, dict) and id(value) not in seen:
            seen.add(id(value))
            maps.append(openapi.mapping(value, "properties"))
            pending.extend(openapi.sequence(value, "allOf")[:_MOST_PARTS])
            pending.append(value.get("items"))
    known[id(first)] = [found for found in maps if found]
    return known[id(first)]
