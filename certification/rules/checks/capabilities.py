"""Capabilities of the connector and of operations, paging, and simulated operations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from certification.rules.api import Api, Operation
from certification.rules.checks.dynamic_calls import alike
from certification.rules.findings import Hit, shown
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import openapi

_CAPABILITIES = "x-ms-capabilities"
_CONNECTOR_CAPABILITIES = frozenset(("testConnection", "file-picker"))
_NEXT_LINKS = ("nextLink", "@odata.nextLink")
_FILTER_FUNCTION_NAMES = (
    "lt le eq ne gt ge min max countdistinct add sub mul div mod negate now not and or day month year hour "
    "minute second date time totaloffsetminutes totalseconds round floor ceiling contains startswith "
    "endswith length indexof replace substring substringof tolower toupper trim concat sum average null"
)
_FILTER_FUNCTIONS = frozenset(_FILTER_FUNCTION_NAMES.split())


@rule("EXT-050", on="operation", key="x-ms-pageable")
def next_link_unsupported(operation: Node, key: str) -> Iterable[Hit]:
    pageable = operation.value[key]
    name = pageable.get("nextLinkName", "nextLink") if isinstance(pageable, dict) else pageable
    if isinstance(name, str) and name in _NEXT_LINKS:
        return ()
    at = ("nextLinkName",) if isinstance(pageable, dict) else ()
    return (operation.hit(key, *at),)


@fix("EXT-050")
def correct_next_link(place: Place) -> Patch:
    known = alike(place.value, _NEXT_LINKS) if isinstance(place.value, str) else None
    return place.replace(known) if known else ()


@rule("EXT-051", on="operation", key="x-ms-pageable")
def paging_without_policy(operation: Node, key: str) -> Iterable[Hit]:
    cache = operation.run.cache
    if "has updatenextlink" not in cache:
        cache["has updatenextlink"] = operation.run.api.has_policy("updatenextlink")
    if cache["has updatenextlink"]:
        return ()
    return (operation.hit(key, value=operation.text("operationId") or "without id", cause=key),)


@rule("EXT-060", on="operation", key=_CAPABILITIES)
def operation_capability_unknown(operation: Node, key: str) -> Iterator[Hit]:
    found = operation.value[key]
    if not isinstance(found, dict):
        yield operation.hit(key, value="no object")
        return
    for name in found:
        if name != "chunkTransfer":
            yield operation.hit(key, name, value=name, at_key=True)


@fix("EXT-060")
def remove_operation_capability(place: Place) -> Patch:
    """The whole extension when nothing remains."""
    if place.name == _CAPABILITIES:
        return place.remove()
    return (place if len(place.parent.value) > 1 else place.parent).remove()


@rule("EXT-061", on="operation", key="x-ms-operation-context")
def simulated_operation_not_found(operation: Node, key: str) -> Iterable[Hit]:
    simulate = openapi.member(operation.value[key], "simulate")
    operation_id = openapi.text(simulate, "operationId")
    if operation_id in operation.run.api.by_id or not operation.run.is_definition_whole:
        return ()
    if not isinstance(simulate, dict):
        return (operation.hit(key, value="no operationId"),)
    if "operationId" not in simulate:
        return (operation.hit(key, "simulate", value="no operationId"),)
    return (operation.hit(key, "simulate", "operationId"),)


@rule("EXT-062", on="definition", key=_CAPABILITIES)
def capabilities_malformed(definition: Node, key: str) -> Iterable[Hit]:
    return () if isinstance(definition.value[key], dict) else (definition.hit(key),)


@rule("EXT-063", on="definition", key=_CAPABILITIES)
def connector_capability_unknown(definition: Node, key: str) -> Iterator[Hit]:
    for name in openapi.mapping(definition.value, key):
        if name not in _CONNECTOR_CAPABILITIES:
            yield definition.hit(key, name, value=name, at_key=True)


@fix("EXT-063")
def remove_connector_capability(place: Place) -> Patch:
    known = alike(place.name, _CONNECTOR_CAPABILITIES)
    if known and known not in place.parent.value:
        return place.rename(known)
    return (place if len(place.parent.value) > 1 else place.parent).remove()


@rule("EXT-064", on="definition", key=_CAPABILITIES)
def test_operation_not_found(definition: Node, key: str) -> Iterator[Hit]:
    capabilities = openapi.mapping(definition.value, key)
    if "testConnection" not in capabilities or _tested(definition) is not None:
        return
    if not definition.run.is_definition_whole:
        return
    test = capabilities["testConnection"]
    if isinstance(test, dict) and "operationId" in test:
        yield definition.hit(key, "testConnection", "operationId")
    else:
        yield definition.hit(key, "testConnection", value="no operationId")


def _tested(definition: Node) -> Operation | None:
    operation_id = openapi.text(definition.value, _CAPABILITIES, "testConnection", "operationId")
    return definition.run.api.by_id.get(operation_id)


@fix("EXT-061")
def correct_simulated_operation(place: Place) -> Patch:
    return _with_right_letter_case(place)


@fix("EXT-064")
def correct_test_operation(place: Place) -> Patch:
    return _with_right_letter_case(place)


def _with_right_letter_case(place: Place) -> Patch:
    known = alike(place.value, Api(place.root).by_id) if isinstance(place.value, str) else None
    return place.replace(known) if known else ()


@rule("EXT-065", on="definition", key=_CAPABILITIES)
def test_operation_is_no_get(definition: Node, key: str) -> Iterator[Hit]:
    tested = _tested(definition)
    if tested is not None and tested.method != "get":
        method = tested.method.upper()
        yield definition.hit(key, "testConnection", "operationId", method=method)


@rule("EXT-066", on="definition", key=_CAPABILITIES)
def test_parameter_missing(definition: Node, key: str) -> Iterator[Hit]:
    tested = _tested(definition)
    given = openapi.mapping(definition.value, key, "testConnection", "parameters")
    for parameter in definition.run.api.parameters(tested) if tested else ():
        if not parameter.is_required or parameter.name in given:
            continue
        if "default" not in _described(definition, parameter.value):
            yield definition.hit(key, "testConnection", value=parameter.name)


def _described(definition: Node, parameter: dict[str, Any]) -> dict[str, Any]:
    schema, _ = definition.run.api.resolve(parameter.get("schema"))
    return parameter | schema if isinstance(schema, dict) else parameter


@rule("EXT-067", on="definition")
def no_test_connection(definition: Node) -> Iterator[Hit]:
    root = definition.value
    capabilities = root.get(_CAPABILITIES, {}) if isinstance(root, dict) else None
    if isinstance(capabilities, dict) and "testConnection" not in capabilities:
        yield definition.hit(value="missing")


@rule("EXT-080", on=("schema", "parameter", "items"), key=_CAPABILITIES)
def filter_functions_invalid(node: Node, key: str) -> Iterator[Hit]:
    capabilities = node.value[key]
    if not isinstance(capabilities, dict) or "filterFunctions" not in capabilities:
        return
    functions, at = capabilities["filterFunctions"], (key, "filterFunctions")
    if node.kind != "schema" or (node.is_input and not node.is_output):
        yield node.hit(*at, value="filterFunctions in a request", at_key=True)
    elif not isinstance(functions, list) or not functions:
        yield node.hit(*at, value=f"filterFunctions is {'empty' if functions == [] else shown(functions)}")
    else:
        seen: set[str] = set()
        for index, name in enumerate(functions):
            if not isinstance(name, str) or name not in _FILTER_FUNCTIONS:
                yield node.hit(*at, index, value=f"the function {shown(name)} is unknown")
            elif name in seen:
                yield node.hit(*at, index, value=f"{name} stands there twice")
            else:
                seen.add(name)


@fix("EXT-080")
def tidy_filter_functions(place: Place) -> Patch:
    if not isinstance(place.name, int):
        functions = place.value
        is_request = bool(functions) and isinstance(functions, list)
        rest = place.parent.value.keys() - {"filterFunctions"}
        if is_request or functions == []:
            return (place if rest else place.parent).remove()
        return ()
    if not isinstance(place.value, str):
        return ()
    if place.value in place.parent.value[: place.name]:
        return place.remove()
    known = alike(place.value, _FILTER_FUNCTIONS - set(map(str, place.parent.value)))
    return place.replace(known) if known else ()
