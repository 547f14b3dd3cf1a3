"""Arrays and objects: their items, their properties, and which of these are required."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from typing import Any

from certification.rules.checks.schemas import SCHEMAS, TYPES, VALUES, quoted, subject
from certification.rules.findings import Hit, shown
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import openapi

_IS_FULL = operator.truth
_IS_LIST = list.__instancecheck__
_NO_ARRAY = tuple(kind for kind in TYPES if kind != "array")
_NO_OBJECT = tuple(kind for kind in TYPES if kind != "object")
_SCALARS = TYPES[:4]
_DYNAMIC = ("x-ms-dynamic-schema", "x-ms-dynamic-properties")
_CONTENT = ("$ref", "properties", "allOf", *_DYNAMIC)


@rule("SCH-016", on=VALUES, type="array", without="items")
def items_missing(node: Node) -> Iterable[Hit]:
    return (node.hit(value=subject(node)),)


@rule("SCH-017", on=VALUES, key="items", when=_IS_LIST)
def items_is_list(node: Node, key: str) -> Iterable[Hit]:
    return (node.hit(key, value=len(node.value[key])),)


@fix("SCH-017")
def use_the_one_schema(place: Place) -> Patch:
    items = place.value
    is_one = bool(items) and isinstance(items[0], dict) and all(item == items[0] for item in items)
    return place.replace(items[0]) if is_one else ()


@rule("SCH-018", on=VALUES, key="items", unless=_IS_FULL)
def items_empty(node: Node, key: str) -> Iterable[Hit]:
    return (node.hit(key, value=subject(node)),) if node.value[key] == {} else ()


@rule("SCH-019", on=SCHEMAS, key="items", type=_NO_ARRAY)
def items_of_no_array(schema: Node, key: str) -> Iterable[Hit]:
    return (schema.hit(key, value=schema.value["type"], at_key=True),)


@fix("SCH-019")
def drop_items(place: Place) -> Patch:
    """What is said to be an object may well be meant as an array."""
    return place.remove() if place.parent.value["type"] in _SCALARS else ()


@rule("SCH-020", on="schema", key="required", unless=_IS_LIST)
def required_is_no_array(schema: Node, key: str) -> Iterable[Hit]:
    return (schema.hit(key, owner=subject(schema)),)


@fix("SCH-020")
def list_in_object(place: Place) -> Patch:
    """As of parameters: true of a property belongs into the list of the object around it."""
    if place.value is not True:
        return place.remove() if place.value in (False, None, "") else ()
    holder = place.parent.parent
    if holder.name != "properties" or not isinstance(holder.parent.value.get("properties"), dict):
        return ()
    name, around = place.parent.name, holder.parent
    listed = around.value.get("required")
    if not isinstance(listed, list):
        return (*place.remove(), *around.add("required", [name])) if listed is None else ()
    return place.remove() if name in listed else (*place.remove(), *around.at("required").add("-", name))


@rule("SCH-021", on="schema", key="required", unless=_IS_FULL)
def required_empty(schema: Node, key: str) -> Iterable[Hit]:
    return (schema.hit(key, value=subject(schema)),) if schema.value[key] == [] else ()


@fix("SCH-021")
@fix("SCH-024")
def drop_required(place: Place) -> Patch:
    return place.remove()


@rule("SCH-022", on="schema", key="required", without=("$ref", "allOf", *_DYNAMIC))
def required_not_defined(schema: Node, key: str) -> Iterator[Hit]:
    """A part of allOf may require what another part defines, and what comes at run time is not written."""
    names, properties = schema.value[key], openapi.mapping(schema.value, "properties")
    if names.__class__ is not list or (schema.role == "element" and isinstance(schema.name, int)):
        return
    for index, name in enumerate(names):
        if not isinstance(name, str) or name not in properties:
            yield schema.hit(key, index)


@fix("SCH-022")
def write_name_right(place: Place) -> Patch:
    """Only another letter case or blanks; whether to define or to drop a name is left to a person."""
    names, properties = place.parent.value, place.parent.parent.value.get("properties", {})
    plain = str(place.value).strip().lower()
    close = [name for name in properties if name.lower() == plain and name not in names]
    return place.replace(close[0]) if len(close) == 1 else ()


@rule("SCH-023", on="schema", key="required", when=_IS_LIST)
def required_twice(schema: Node, key: str) -> Iterator[Hit]:
    names = schema.value[key]
    if len(names) < 2:
        return
    seen: set[str] = set()
    for index, name in enumerate(names):
        if isinstance(name, str):
            if name in seen:
                yield schema.hit(key, index)
            seen.add(name)


@fix("SCH-023")
def drop_repetition(place: Place) -> Patch:
    return place.remove()


@rule("SCH-024", on="schema", key="required", type=_NO_OBJECT, when=_IS_LIST)
def required_of_no_object(schema: Node, key: str) -> Iterable[Hit]:
    return (schema.hit(key, value=schema.value["type"], at_key=True),)


@rule("SCH-025", on="input-schema", key="required", when=_IS_LIST, needles=("readonly",))
def required_but_read_only(schema: Node, key: str) -> Iterator[Hit]:
    properties = openapi.mapping(schema.value, "properties")
    for index, name in enumerate(schema.value[key]):
        if isinstance(name, str) and name in properties:
            written = properties[name]
            found, _ = schema.run.api.resolve(written)
            if any(isinstance(one, dict) and one.get("readOnly") is True for one in (written, found)):
                yield schema.hit(key, index)


@fix("SCH-025")
def drop_from_required(place: Place) -> Patch:
    """Nobody can send what is read only."""
    return place.remove() if len(place.parent.value) > 1 else place.parent.remove()


@rule("SCH-026", on="schema", key="properties", type=_NO_OBJECT)
def properties_of_no_object(schema: Node, key: str) -> Iterable[Hit]:
    return (schema.hit(key, value=schema.value["type"], at_key=True),)


@fix("SCH-026")
def drop_empty_properties(place: Place) -> Patch:
    return place.remove() if place.value == {} else ()


@rule("SCH-027", on="schema", key="properties", type="object", without=_DYNAMIC, unless=_IS_FULL)
def properties_empty(schema: Node, key: str) -> Iterable[Hit]:
    if schema.value[key] != {} or schema.value.get("additionalProperties"):
        return ()
    return (schema.hit(key, value=subject(schema)),)


def _is_plain(properties: Any) -> bool:
    """Whether there is nothing odd about the names: one look for both rules about them."""
    if properties.__class__ is not dict or not properties:
        return True
    # Nearly all names are identifiers, so none has a blank or a sign: only their letters may be alike.
    if "".join(properties).isidentifier():
        return len(set(map(str.lower, properties))) == len(properties)
    lowered = set(map(str.lower, properties))
    return (
        len(lowered) == len(properties)
        and lowered == set(map(str.strip, lowered))
        and min(lowered)[:1] > "/"
        and max(lowered) < "~"
    )


@rule("SCH-028", on="schema", key="properties", unless=_is_plain)
def names_differ_by_case(schema: Node, key: str) -> Iterator[Hit]:
    alike: dict[str, list[str]] = {}
    for name in schema.value[key] if isinstance(schema.value[key], dict) else ():
        alike.setdefault(name.lower(), []).append(name)
    for first, *others in alike.values():
        if others:
            yield schema.hit(key, first, value=first, other=", ".join(others[:10]), at_key=True)


@rule("SCH-029", on="schema", key="properties", unless=_is_plain)
def property_name_odd(schema: Node, key: str) -> Iterator[Hit]:
    for name in schema.value[key] if isinstance(schema.value[key], dict) else ():
        if name != name.strip() or name[:1] in ("/", "~"):
            yield schema.hit(key, name, value=f'"{shown(name)}"', at_key=True)


@rule("SCH-034", on="schema", type="object", without=(*_CONTENT, "additionalProperties"))
def object_undescribed(schema: Node) -> Iterable[Hit]:
    return (schema.hit(value=subject(schema)),)


@rule("SCH-034", on="schema", type="object", without=_CONTENT, key="additionalProperties", unless=_IS_FULL)
def object_of_undescribed_properties(schema: Node, key: str) -> Iterable[Hit]:
    """Additional properties of which nothing is said, or none at all, describe nothing either."""
    return (schema.hit(value=subject(schema)),) if schema.value[key] in ({}, False) else ()


@rule("SCH-035", on="schema", key="allOf")
def all_of_used(schema: Node, key: str) -> Iterable[Hit]:
    return (schema.hit(key, value=subject(schema), at_key=True),)


@fix("SCH-035")
def merge_single_part(place: Place) -> Patch:
    """All of one schema is that schema."""
    around, parts = place.parent, place.value
    if not isinstance(parts, list) or len(parts) != 1 or not isinstance(parts[0], dict):
        return ()
    others = {name: value for name, value in around.value.items() if name != "allOf"}
    if others and ("$ref" in parts[0] or not others.keys().isdisjoint(parts[0])):
        return ()
    if not others:
        return around.replace(parts[0])
    moved = (operation for name, value in parts[0].items() for operation in around.add(name, value))
    return (*place.remove(), *moved)


@rule("SCH-036", on="schema", key="discriminator")
def discriminator_invalid(schema: Node, key: str) -> Iterable[Hit]:
    name, api = schema.value[key], schema.run.api
    if isinstance(name, str):
        found = next((value for one, value, _ in api.properties(schema.value) if one == name), None)
        described, _ = api.resolve(found)
        required = schema.value.get("required")
        if openapi.text(described, "type") == "string" and isinstance(required, list) and name in required:
            return ()
    return (schema.hit(key, value=quoted(name)),)


@fix("SCH-036")
def require_discriminator(place: Place) -> Patch:
    """A property of this name with the right type only has to be required. OpenAPI 3 writes the name into an
    object.
    """
    schema, name = place.parent, place.value
    if isinstance(name, dict):
        return place.replace(name["propertyName"]) if isinstance(name.get("propertyName"), str) else ()
    required = schema.value.get("required", [])
    if name in required or openapi.text(schema.value, "properties", name, "type") != "string":
        return ()
    return schema.at("required").add("-", name) if required else schema.add("required", [name])
