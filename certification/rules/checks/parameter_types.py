"""What a parameter says about its value: type and limits, or the schema of a body."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from certification.rules.api import Api
from certification.rules.checks.parameters import (
    LOCATIONS,
    NOT_BODY,
    NOT_OUTSIDE_BODY,
    PLAIN_NAME,
    VALUE_MEMBERS,
    hit_quoted,
    is_body,
    name_of,
    word_of,
)
from certification.rules.findings import Hit
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node

_OUTSIDE_BODY = tuple(name for name in LOCATIONS if name != "body")
_SEPARATED = ("csv", "ssv", "tsv", "pipes")
_REPEATABLE = ("query", "formData")
_TYPES = ("string", "number", "integer", "boolean", "array", "file")
_OTHER_NAMES = {"int": "integer", "bool": "boolean", "str": "string", "float": "number", "double": "number"}
_TYPE_OF_FORMAT = {
    "int32": "integer",
    "int64": "integer",
    "float": "number",
    "double": "number",
    "byte": "string",
    "date": "string",
    "date-time": "string",
    "password": "string",
    "uuid": "string",
    "email": "string",
    "uri": "string",
}
_VALUE_MEMBERS = frozenset(VALUE_MEMBERS)
_DYNAMIC = "x-ms-dynamic-"
_NOT_BINARY = re.compile(r"(?s:(?!binary\Z).*+)").fullmatch
# Of a schema that becomes a parameter: what says nothing about the value.
_DROPPED = frozenset(("title", "description", "example"))


@rule(
    "PRM-017",
    on="parameter",
    key="collectionFormat",
    without="$ref",
    unless=frozenset(_SEPARATED).__contains__,
)
def collection_format_invalid(parameter: Node, key: str) -> Iterable[Hit]:
    if parameter.value[key] == "multi" and parameter.value.get("in") in _REPEATABLE:
        return ()
    return (hit_quoted(parameter, key),)


@rule("PRM-017", on="items", key="collectionFormat", unless=frozenset(_SEPARATED).__contains__)
def collection_format_of_items_invalid(items: Node, key: str) -> Iterable[Hit]:
    return (hit_quoted(items, key),)


@fix("PRM-017")
def separate_by_comma(place: Place) -> Patch:
    found = word_of(place.value, (*_SEPARATED, "multi"))
    if found == "multi" and place.parent.value.get("in") not in _REPEATABLE:
        found = "csv"
    return place.replace(found) if found else ()


@rule("PRM-050", on="parameter", key="in", without="$ref", unless=NOT_BODY)
def body_without_schema(parameter: Node, key: str) -> Iterable[Hit]:
    value = parameter.value
    if value[key] != "body" or isinstance(value.get("schema"), dict):
        return ()
    return (parameter.hit(*("schema",) if "schema" in value else (), value=name_of(parameter)),)


@fix("PRM-050")
def make_schema(place: Place) -> Patch:
    """What the parameter says about its value, with a type, is a schema."""
    if place.name == "schema" or place.value.get("type") not in (*_TYPES[:5], "object"):
        return ()
    if place.value["type"] == "array" and "items" not in place.value:
        return ()
    moved = {name: value for name, value in place.value.items() if name in _VALUE_MEMBERS}
    removed = tuple(operation for name in moved for operation in place.at(name).remove())
    moved.pop("collectionFormat", None)
    return (*removed, *place.add("schema", moved))


@rule(
    "PRM-051",
    on="parameter",
    key="in",
    without="$ref",
    shape=lambda names: not _VALUE_MEMBERS.isdisjoint(names),
    unless=NOT_BODY,
)
def type_on_body(parameter: Node, key: str) -> Iterator[Hit]:
    if parameter.value[key] == "body":
        for name in parameter.value:
            if name in _VALUE_MEMBERS:
                yield parameter.hit(name, value=name, at_key=True)


@rule(
    "PRM-052",
    on="parameter",
    without="$ref",
    shape=lambda names: "schema" in names and any(name.startswith(_DYNAMIC) for name in names),
)
def dynamic_extension_on_body(parameter: Node) -> Iterator[Hit]:
    if is_body(parameter):
        for name in parameter.value:
            if name.startswith(_DYNAMIC):
                yield parameter.hit(name, value=name, at_key=True)


@fix("PRM-051")
@fix("PRM-052")
def move_into_schema(place: Place) -> Patch:
    """Not beside a reference, and not over another value: there a person must choose."""
    name, value = str(place.name), place.value
    schema, _ = Api(place.root).resolve(place.parent.value.get("schema"))
    if not isinstance(schema, dict) or name == "collectionFormat":
        return ()
    if name in schema:
        return place.remove() if schema[name] == value else ()
    if schema is not place.parent.value["schema"] or (name == "type" and not _fits(value, schema)):
        return ()
    return ({"op": "move", "from": place.pointer, "path": place.parent.at("schema", name).pointer},)


@rule("PRM-053", on="parameter", key="schema", without="$ref")
def schema_outside_body(parameter: Node, key: str) -> Iterable[Hit]:
    where = parameter.value.get("in")
    if where in _OUTSIDE_BODY:
        return (parameter.hit(key, value=name_of(parameter), location=where, at_key=True),)
    return ()


@fix("PRM-053")
def use_type(place: Place) -> Patch:
    """What a simple schema says, the parameter can say itself."""
    schema, parameter = place.value, place.parent
    if not isinstance(schema, dict) or schema.get("type") not in _TYPES[:5] or not _has_simple_items(schema):
        return ()
    said = {name: value for name, value in schema.items() if name in _VALUE_MEMBERS or name.startswith("x-")}
    if not _DROPPED.issuperset(schema.keys() - said.keys()):
        return ()
    if any(parameter.value.get(name, value) != value for name, value in said.items()):
        return ()
    missing = [name for name in said if name not in parameter.value]
    added = tuple(operation for name in missing for operation in parameter.add(name, said[name]))
    return (*place.remove(), *added)


@rule("PRM-054", on="parameter", key="in", without=("$ref", "type"), unless=NOT_OUTSIDE_BODY)
def type_missing(parameter: Node, key: str) -> Iterable[Hit]:
    if parameter.value[key] in _OUTSIDE_BODY:
        return (parameter.hit(value=name_of(parameter)),)
    return ()


@fix("PRM-054")
def add_type(place: Place) -> Patch:
    """Only where another member leaves no choice."""
    value = place.value
    if "schema" in value:
        return ()
    if isinstance(value.get("items"), dict):
        return place.add("type", "array")
    form = value.get("format")
    found = _TYPE_OF_FORMAT.get(form) if isinstance(form, str) else _type_of(value)
    return place.add("type", found) if found else ()


@rule("PRM-055", on="parameter", key="type", without="$ref", unless=frozenset(_TYPES).__contains__)
def type_invalid(parameter: Node, key: str) -> Iterable[Hit]:
    return (hit_quoted(parameter, key),) if parameter.value.get("in") in _OUTSIDE_BODY else ()


@fix("PRM-055")
def write_type_right(place: Place) -> Patch:
    found = word_of(place.value, (*_TYPES[:5], *_OTHER_NAMES))
    found = _OTHER_NAMES.get(found, found) if found else None
    return place.replace(found) if found and (found != "array" or "items" in place.parent.value) else ()


@rule("PRM-056", on="parameter", key="type", without="$ref", type="file")
def file_outside_form(parameter: Node, key: str) -> Iterable[Hit]:
    where = parameter.value.get("in")
    if where in LOCATIONS and where != "formData":
        return (parameter.hit(key, value=name_of(parameter), location=where),)
    return ()


@rule("PRM-057", on="parameter", key="allowEmptyValue", without="$ref")
def empty_value_misplaced(parameter: Node, key: str) -> Iterable[Hit]:
    where = parameter.value.get("in")
    if where in LOCATIONS and where not in _REPEATABLE:
        return (parameter.hit(key, value=name_of(parameter), location=where, at_key=True),)
    return ()


@fix("PRM-057")
def remove_empty_value(place: Place) -> Patch:
    return place.remove()


@rule("PRM-058", on="parameter", key="name", without="$ref", unless=PLAIN_NAME)
def form_name_not_ascii(parameter: Node, key: str) -> Iterable[Hit]:
    if parameter.value.get("in") == "formData" and not parameter.text(key).isascii():
        return (parameter.hit(key),)
    return ()


@rule("PRM-061", on="parameter", key="format", without="$ref", type="string", unless=_NOT_BINARY)
def binary_outside_body(parameter: Node, key: str) -> Iterable[Hit]:
    where = parameter.value.get("in")
    if parameter.value[key] == "binary" and where in ("path", "query", "header"):
        return (parameter.hit(key, value=name_of(parameter), location=where),)
    return ()


def _has_simple_items(schema: dict[str, Any]) -> bool:
    items = schema.get("items")
    if schema["type"] != "array":
        return items is None
    return isinstance(items, dict) and items.get("type") in _TYPES[:4] and _VALUE_MEMBERS.issuperset(items)


def _fits(kind: object, schema: dict[str, Any]) -> bool:
    """Whether a schema without a type can be given this one."""
    if kind == "object":
        return "items" not in schema
    return "properties" not in schema and (kind in _TYPES[:4] or (kind == "array" and "items" in schema))


def _type_of(value: dict[str, Any]) -> str | None:
    """The type that all values of an enum or the default have."""
    listed = value.get("enum")
    values = (
        listed if isinstance(listed, list) and listed else [value["default"]] if "default" in value else []
    )
    kinds = {type(one) for one in values}
    names: dict[frozenset[type], str] = {
        frozenset((str,)): "string",
        frozenset((bool,)): "boolean",
        frozenset((int,)): "integer",
        frozenset((float,)): "number",
    }
    return names.get(frozenset(kinds))
