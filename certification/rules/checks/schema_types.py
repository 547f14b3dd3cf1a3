"""The type of a schema and its format."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from certification.rules.checks.parameters import word_of
from certification.rules.checks.schemas import SCHEMAS, TYPES, VALUES, quoted, subject
from certification.rules.findings import Hit
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node

_IS_TYPE = frozenset(TYPES).__contains__
_OTHER_NAMES = {
    "int": "integer", "long": "integer", "int32": "integer", "int64": "integer", "bool": "boolean",
    "str": "string", "text": "string", "float": "number", "double": "number", "decimal": "number",
    "list": "array", "dict": "object",
}  # fmt: skip
_NUMBERS = ("int32", "int64", "float", "double")
_FORMATS_OF = {
    "string": frozenset(
        ("byte", "binary", "date", "date-time", "date-no-tz", "password", "email", "html", "uri", "uuid")
    ),
    "integer": frozenset(("int32", "int64")),
    # An integer format narrows a number as well.
    "number": frozenset(_NUMBERS),
}
_FORMATS = _FORMATS_OF["string"] | _FORMATS_OF["number"]
_IS_FORMAT = _FORMATS.__contains__
_OTHER_FORMATS = {
    "datetime": "date-time", "date_time": "date-time", "guid": "uuid", "url": "uri", "base64": "byte",
    "integer": "int32", "int": "int32", "long": "int64", "decimal": "double",
}  # fmt: skip
# Formats that only repeat what type and enum say.
_IDLE_FORMATS = frozenset(("", "enum", *TYPES))
_TYPE_OF_FORMAT = {form: kind for kind in ("number", "integer", "string") for form in _FORMATS_OF[kind]}
_JSON_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number"}
_TYPING = frozenset(("type", "allOf", "enum", "$ref"))


@rule("SCH-008", on=SCHEMAS, key="type", unless=_IS_TYPE)
def type_is_list_or_null(schema: Node, key: str) -> Iterable[Hit]:
    value = schema.value[key]
    if value is None or value == "null" or isinstance(value, list):
        found = f"a list ({', '.join(map(str, value[:10]))})" if isinstance(value, list) else "null"
        return (schema.hit(key, value=found),)
    return ()


@fix("SCH-008")
def use_one_type(place: Place) -> Patch:
    if not isinstance(place.value, list):
        return ()
    schema = place.parent
    kinds = [kind for kind in place.value if kind != "null"]
    if len(kinds) != 1 or kinds[0] not in TYPES[:6] or (kinds[0] == "array" and "items" not in schema.value):
        return ()
    is_nullable = len(kinds) < len(place.value) and "x-nullable" not in schema.value
    return (*place.replace(kinds[0]), *(schema.add("x-nullable", True) if is_nullable else ()))


@rule("SCH-009", on=SCHEMAS, key="type", unless=_IS_TYPE)
def type_unknown(schema: Node, key: str) -> Iterable[Hit]:
    value = schema.value[key]
    if value is None or value == "null" or isinstance(value, list):
        return ()
    return (schema.hit(key),)


@fix("SCH-009")
def write_type_right(place: Place) -> Patch:
    found = word_of(place.value, (*TYPES[:6], *_OTHER_NAMES))
    found = _OTHER_NAMES.get(found, found) if found else None
    return place.replace(found) if found and (found != "array" or "items" in place.parent.value) else ()


@rule(
    "SCH-010",
    on=SCHEMAS,
    shape=lambda names: (
        names and _TYPING.isdisjoint(names) and not any(name.startswith("x-ms-dynamic") for name in names)
    ),
)
def type_missing(schema: Node) -> Iterable[Hit]:
    return (schema.hit(value=subject(schema)),)


@fix("SCH-010")
def add_type(place: Place) -> Patch:
    """Only where the other members leave no choice."""
    value = place.value
    kinds = {kind for kind in (_type_of_members(value), _type_of_value(value)) if kind}
    form = value.get("format")
    if isinstance(form, str) and form in _TYPE_OF_FORMAT:
        kinds.add(_TYPE_OF_FORMAT[form])
    return place.add("type", kinds.pop()) if len(kinds) == 1 else ()


def _type_of_members(value: dict[str, Any]) -> str:
    if isinstance(value.get("properties"), dict):
        return "object" if "items" not in value else ""
    return "array" if isinstance(value.get("items"), dict) else ""


def _type_of_value(value: dict[str, Any]) -> str:
    found = [value[name] for name in ("default", "example") if value.get(name) is not None]
    kinds = {_JSON_TYPES.get(one.__class__, "") for one in found}
    return kinds.pop() if len(kinds) == 1 else ""


@rule("SCH-011", on="schema", shape=lambda names: not names)
def schema_empty(schema: Node) -> Iterable[Hit]:
    """Empty items are found by a rule of their own; additional properties of any kind are a common way to say
    that there may be more.
    """
    if schema.role == "element" and schema.name in ("items", "additionalProperties"):
        return ()
    return (schema.hit(value=subject(schema)),)


@rule("SCH-012", on=SCHEMAS, key="type", type="file")
def file_misplaced(schema: Node, key: str) -> Iterable[Hit]:
    return () if schema.role == "schema" and _is_answer(schema) else (schema.hit(key, value=subject(schema)),)


@fix("SCH-012")
def use_text_for_file(place: Place) -> Patch:
    """A whole body is binary; a file within JSON is text in Base64."""
    form = "binary" if place.parent.name == "schema" else "byte"
    format_place = place.parent.at("format")
    old = format_place.remove() if "format" in place.parent.value else ()
    return (*old, *place.replace("string"), *place.parent.add("format", form))


@rule("SCH-013", on=VALUES, key="format", unless=_IS_FORMAT)
def format_unknown(node: Node, key: str) -> Iterable[Hit]:
    return (node.hit(key, value=quoted(node.value[key])),)


@fix("SCH-013")
def write_format_right(place: Place) -> Patch:
    kind = place.parent.value.get("type")
    found = word_of(place.value, (*_FORMATS, *_OTHER_FORMATS))
    found = _OTHER_FORMATS.get(found, found) if found else None
    if found and found in _FORMATS_OF.get(kind, ()):
        return place.replace(found)
    return place.remove() if place.value is None or word_of(place.value, _IDLE_FORMATS) is not None else ()


@rule("SCH-014", on=SCHEMAS, key="format", type="string", unless=_FORMATS_OF["string"].__contains__)
@rule("SCH-014", on=SCHEMAS, key="format", type="integer", unless=_FORMATS_OF["integer"].__contains__)
@rule("SCH-014", on=SCHEMAS, key="format", type="number", unless=_FORMATS_OF["number"].__contains__)
@rule("SCH-014", on=SCHEMAS, key="format", type=("boolean", "array", "object", "file"))
def format_of_other_type(schema: Node, key: str) -> Iterable[Hit]:
    if schema.text(key) in _FORMATS:
        return (schema.hit(key, kind=schema.value["type"]),)
    return ()


@fix("SCH-014")
def drop_format(place: Place) -> Patch:
    """The type is what callers and makers see; a format that it does not have is ignored."""
    return place.remove()


@rule("SCH-015", on=SCHEMAS, key="format", type="string", when=re.compile("binary").fullmatch)
def binary_nested(schema: Node, key: str) -> Iterable[Hit]:
    return () if schema.role == "schema" else (schema.hit(key, value=subject(schema)),)


@fix("SCH-015")
def use_byte(place: Place) -> Patch:
    return place.replace("byte")


def _is_answer(schema: Node) -> bool:
    """Whether it is what a response consists of: written there, or shared and used by responses alone."""
    holder = schema.parent
    if holder is None or holder.kind != "definitions":
        return holder is not None and holder.kind == "response"
    used_within = schema.run.api.schema_references.values()
    name = str(schema.name)
    return schema.is_output and not schema.is_input and not any(name in used for used in used_within)
