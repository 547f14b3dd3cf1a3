"""Dynamic extensions come in pairs: the older for flows made before, the newer for the present designer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from certification.rules.api import Api
from certification.rules.checks.dynamic_calls import (
    HOLDERS,
    LIST,
    NEWER,
    PROPERTIES,
    SCHEMA,
    TREE,
    VALUES,
    calls,
    on_content,
    operation_around,
    references,
    without_properties,
)
from certification.rules.checks.dynamic_fields import Fields
from certification.rules.findings import Hit
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import openapi

# The members of the older extensions and their names in the newer ones.
_NEWER_NAMES = {
    VALUES: {"value-collection": "itemsPath", "value-path": "itemValuePath", "value-title": "itemTitlePath"},
    SCHEMA: {"value-path": "itemValuePath"},
}


@rule("EXT-025", on=HOLDERS, key=VALUES, without=LIST)
@rule("EXT-025", on=HOLDERS, key=SCHEMA, without=PROPERTIES)
def reference_ambiguous(node: Node, key: str) -> Iterator[Hit]:
    for call, _, at, meaning in references(node, key):
        if len({field.is_inside for field in meaning.fields}) == 2:
            yield call.hit(*at, newer=NEWER[key])


@rule("EXT-026", on=HOLDERS, key=VALUES, without=LIST)
@rule("EXT-026", on=HOLDERS, key=SCHEMA, without=PROPERTIES)
def reference_into_body(node: Node, key: str) -> Iterator[Hit]:
    for call, _, at, meaning in references(node, key):
        if meaning.fields and all(field.is_inside for field in meaning.fields):
            yield call.hit(*at, newer=NEWER[key])


@fix("EXT-026")
def add_newer(place: Place) -> Patch:
    *holder, key, _, _, _ = place.keys
    return _add_newer(Place(place.package, place.root, tuple(holder)), str(key), NEWER[str(key)])


@rule("EXT-035", on=HOLDERS, key=VALUES, without=LIST)
def list_missing(node: Node, key: str) -> Iterator[Hit]:
    yield from (node.hit(value=call.operation_id or key) for call in calls(node, key))


@fix("EXT-035")
def add_list(place: Place) -> Patch:
    """A capability such as the file picker has no counterpart in the newer extension."""
    if "capability" in openapi.mapping(place.value, VALUES):
        return ()
    return _add_newer(place, VALUES, LIST)


@on_content("EXT-037", key=VALUES)
def value_path_missing(node: Node, key: str) -> Iterator[Hit]:
    """What a capability such as the file picker gives needs no path."""
    for call in calls(node, key):
        if "value-path" not in call.value and "capability" not in call.value:
            yield call.hit(value=call.operation_id or key)


@fix("EXT-037")
def copy_item_value_path(place: Place) -> Patch:
    """Beside x-ms-dynamic-list, which says it already."""
    path = openapi.text(place.parent.value, LIST, "itemValuePath")
    return place.add("value-path", path) if path else ()


@rule("EXT-038", on=HOLDERS, key=LIST, without=VALUES)
@rule("EXT-038", on=HOLDERS, key=PROPERTIES, without=SCHEMA)
def older_extension_missing(node: Node, key: str) -> Iterator[Hit]:
    older = VALUES if key == LIST else SCHEMA
    yield from (node.hit(value=key, cause=call.operation_id, older=older) for call in calls(node, key))


@fix("EXT-038")
def add_older(place: Place) -> Patch:
    newer, older = (
        (LIST, VALUES) if VALUES not in place.value and LIST in place.value else (PROPERTIES, SCHEMA)
    )
    call = dict(openapi.mapping(place.value, newer))
    if "parameters" in call:
        arguments = _older_arguments(call["parameters"])
        if arguments is None:
            return ()
        call["parameters"] = arguments
    older_names = {name: old for old, name in _NEWER_NAMES[older].items()}
    return place.add(older, {older_names.get(name, name): value for name, value in call.items()})


def _older_arguments(arguments: Any) -> dict[str, Any] | None:
    """The arguments as the older extension writes them; None when it cannot."""
    if not isinstance(arguments, dict):
        return None
    found: dict[str, Any] = {}
    for name, argument in arguments.items():
        if not isinstance(argument, dict):
            return None
        if "value" in argument:
            found[name] = argument["value"]
            continue
        reference = openapi.text(argument, "parameterReference")
        if not reference or "/" in reference.removeprefix("body/"):
            return None
        found[name] = {"parameter": reference.removeprefix("body/")}
    return found


@rule("EXT-039", on=HOLDERS, key=SCHEMA, without=PROPERTIES)
def properties_missing(node: Node, key: str) -> Iterator[Hit]:
    yield from (node.hit(value=call.operation_id or key) for call in calls(node, key))


@fix("EXT-039")
def add_properties(place: Place) -> Patch:
    return _add_newer(place, SCHEMA, PROPERTIES)


def _add_newer(place: Place, older: str, newer: str) -> Patch:
    call = dict(openapi.mapping(place.value, older))
    if "parameters" in call:
        arguments = _newer_arguments(place, call["parameters"])
        if arguments is None:
            return ()
        call["parameters"] = arguments
    if older == SCHEMA and isinstance(call.get("value-path"), str):
        call["value-path"] = without_properties(call["value-path"])
    names = _NEWER_NAMES[older]
    return place.add(newer, {names.get(name, name): value for name, value in call.items()})


def _newer_arguments(place: Place, arguments: Any) -> dict[str, Any] | None:
    """The arguments as the newer extension writes them; None when a reference is not clear."""
    if not isinstance(arguments, dict):
        return None
    api = Api(place.root)
    caller, looked = operation_around(api, place), Fields(api)
    found: dict[str, Any] = {}
    for name, argument in arguments.items():
        reference = openapi.text(argument, "parameter")
        if not reference:
            found[name] = {"value": argument}
            continue
        meant = looked.meaning(caller, reference).fields if caller else ()
        if len(meant) != 1:
            return None
        body = api.body(caller) if caller and meant[0].is_inside else None
        found[name] = {"parameterReference": f"{body.name}/{reference}" if body else reference}
    return found


@rule("EXT-042", on=HOLDERS, key=VALUES, without=TREE)
def file_picker_without_tree(node: Node, key: str) -> Iterator[Hit]:
    for call in calls(node, key):
        if call.value.get("capability") == "file-picker":
            yield node.hit(value="file-picker")


@rule("EXT-043", on=HOLDERS, key=SCHEMA)
def schema_path_ends_at_properties(node: Node, key: str) -> Iterator[Hit]:
    for call in calls(node, key):
        path = openapi.text(call.value, "value-path")
        expected = without_properties(path)
        if path == expected or "/" not in path:
            continue
        newer = node.value.get(PROPERTIES)
        if newer is None:
            yield call.hit("value-path", expected=expected)
        elif isinstance(newer, dict) and newer.get("itemValuePath") != expected:
            at = ("itemValuePath",) if "itemValuePath" in newer else ()
            yield node.hit(PROPERTIES, *at, value=path, expected=expected)


@fix("EXT-043")
def point_at_the_schema(place: Place) -> Patch:
    if place.name == "value-path":
        return _add_newer(place.parent.parent, SCHEMA, PROPERTIES)
    holder = place if place.name == PROPERTIES else place.parent
    expected = without_properties(openapi.text(holder.parent.value, SCHEMA, "value-path"))
    return holder.add("itemValuePath", expected)
