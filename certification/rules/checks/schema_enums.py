"""The values that a schema or parameter lists or begins with: enum and default."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from certification.rules.checks.schemas import VALUES, quoted
from certification.rules.findings import Hit, shown
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node

_ONLY_TEXT = {str}
_NULL = (None,)
_BOOLEANS = {"true": True, "false": False}


def _is_plain(values: Any) -> bool:
    """Whether it is a list of different texts, none of them empty: the enum that nearly all have."""
    return (
        values.__class__ is list
        and set(map(type, values)) == _ONLY_TEXT
        and len(set(values)) == len(values)
        and "" not in values
    )


def _is_number(value: object) -> bool:
    return value.__class__ is int or value.__class__ is float


def _is_integer(value: object) -> bool:
    return value.__class__ is int or (isinstance(value, float) and value.is_integer())


_FITS: dict[str, Callable[[Any], bool]] = {
    "string": str.__instancecheck__,
    "boolean": bool.__instancecheck__,
    "integer": _is_integer,
    "number": _is_number,
    "array": list.__instancecheck__,
    "object": dict.__instancecheck__,
}


@rule("SCH-040", on=VALUES, key="enum", unless=_is_plain)
def enum_empty(node: Node, key: str) -> Iterable[Hit]:
    values = node.value[key]
    return () if isinstance(values, list) and values else (node.hit(key, value=shown(values)),)


@fix("SCH-040")
def drop_empty_enum(place: Place) -> Patch:
    """An empty list or null allows as much as no enum."""
    return place.remove() if place.value is None or place.value == [] else ()


@rule("SCH-041", on=VALUES, key="enum", unless=_is_plain)
def enum_value_twice(node: Node, key: str) -> Iterator[Hit]:
    seen: set[object] = set()
    for index, value in enumerate(_listed(node, key)):
        identity = _identity(value)
        if identity in seen:
            yield node.hit(key, index, value=quoted(value))
        seen.add(identity)


@fix("SCH-041")
@fix("SCH-043")
def drop_enum_value(place: Place) -> Patch:
    """The last value stays, and so does the one that is the default."""
    values, default = place.parent.value, place.parent.parent.value.get("default")
    is_single = values.count(place.value) == 1
    return () if len(values) == 1 or (is_single and default == place.value) else place.remove()


@rule("SCH-042", on=VALUES, key="enum", type="string", unless=_is_plain)
@rule("SCH-042", on=VALUES, key="enum", type=("boolean", "integer", "number", "array", "object"))
def enum_value_of_other_type(node: Node, key: str) -> Iterable[Hit]:
    """Null is a value of what may be null."""
    kind = node.value["type"]
    fits, nullable = _FITS[kind], node.value.get("x-nullable") is True
    wrong = [value for value in _listed(node, key) if not (fits(value) or (nullable and value is None))]
    return (node.hit(key, value=", ".join(map(quoted, wrong[:10])), kind=kind),) if wrong else ()


@fix("SCH-042")
def convert_enum(place: Place) -> Patch:
    """Only when every value has an equal of the right type; a default among them goes along."""
    schema = place.parent.value
    values = [_converted(value, schema["type"]) for value in place.value]
    if None in values or len({_identity(value) for value in values}) < len(values):
        return ()
    default = schema.get("default")
    if default is None or default not in place.value:
        return place.replace(values)
    new = _converted(default, schema["type"])
    also = () if _is_same(new, default) else place.parent.at("default").replace(new)
    return (*place.replace(values), *also)


@rule("SCH-043", on=VALUES, key="enum", unless=_is_plain)
def enum_value_blank(node: Node, key: str) -> Iterator[Hit]:
    for index, value in enumerate(_listed(node, key)):
        if value == "":
            yield node.hit(key, index, value="an empty text")
            return


@rule("SCH-044", on=VALUES, key="default", type="string", unless=_FITS["string"])
@rule("SCH-044", on=VALUES, key="default", type="boolean", unless=_FITS["boolean"])
@rule("SCH-044", on=VALUES, key="default", type=("integer", "number", "array", "object"))
def default_of_other_type(node: Node, key: str) -> Iterable[Hit]:
    """Null is found by a rule of its own."""
    kind, value = node.value["type"], node.value[key]
    return () if value is None or _FITS[kind](value) else (node.hit(key, value=quoted(value), kind=kind),)


@fix("SCH-044")
def convert_default(place: Place) -> Patch:
    schema = place.parent.value
    if place.value == "" and schema["type"] != "string":
        return place.remove()
    new = _converted(place.value, schema["type"])
    listed = schema.get("enum")
    if new is None or (isinstance(listed, list) and not any(_is_same(new, value) for value in listed)):
        return ()
    return place.replace(new)


@rule("SCH-045", on=VALUES, key="default", when=frozenset(_NULL).__contains__)
def default_null(node: Node, key: str) -> Iterable[Hit]:
    return (node.hit(key, value="null"),)


@fix("SCH-045")
def drop_null(place: Place) -> Patch:
    return place.remove()


@rule("SCH-046", on=VALUES, key="default", shape=lambda names: "enum" in names)
def default_not_in_enum(node: Node, key: str) -> Iterable[Hit]:
    default, values = node.value[key], _listed(node, "enum")
    if default is None or not values or any(_is_same(default, value) for value in values):
        return ()
    return (node.hit(key, value=quoted(default), listed=", ".join(map(quoted, values[:10]))),)


@fix("SCH-046")
def use_enum_value(place: Place) -> Patch:
    """The one value that differs only in letter case, blanks around it or type."""
    written = _plain(place.value)
    close = [value for value in place.parent.value["enum"] if _plain(value) == written]
    return place.replace(close[0]) if len(close) == 1 and written else ()


def _listed(node: Node, key: str) -> list[Any]:
    values = node.value[key]
    return values if isinstance(values, list) else []


def _identity(value: Any) -> object:
    """Equal for equal values of JSON, for which 1 and 1.0 are one number and true is none."""
    if isinstance(value, (list, dict)):
        return json.dumps(value, sort_keys=True)
    return isinstance(value, bool), value


def _is_same(one: Any, other: Any) -> bool:
    is_alike = one.__class__ is other.__class__ or (_is_number(one) and _is_number(other))
    return is_alike and bool(one == other)


def _plain(value: Any) -> str:
    return (value if isinstance(value, str) else json.dumps(value)).strip().lower()


def _converted(value: Any, kind: str) -> Any:
    """The same value in another type; None when it has no equal there."""
    if kind in _FITS and _FITS[kind](value):
        return value
    if kind == "string" and (isinstance(value, bool) or _is_number(value)):
        return json.dumps(value)
    if kind == "boolean" and isinstance(value, str):
        return _BOOLEANS.get(value.strip().lower())
    if kind in ("integer", "number") and isinstance(value, str) and len(value) < 20:
        return _parsed(value.strip(), kind)
    return None


def _parsed(text: str, kind: str) -> int | float | None:
    try:
        return int(text) if text.isascii() else None
    except ValueError:
        pass
    try:
        number = float(text) if kind == "number" and text.isascii() else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None
