"""The members of schemas: what Swagger 2.0 knows, what it does not, and what stands beside a reference."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

from certification.rules.api import Api
from certification.rules.findings import Hit, shown
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node

# Schemas, and the items of parameters and headers, which are described in the same words.
SCHEMAS = ("schema", "items")
VALUES = ("schema", "items", "parameter")
TYPES = ("string", "number", "integer", "boolean", "array", "object", "file")
LABELS = frozenset(("$ref", "title", "description"))
_ELEMENTS = {"items": "element of an array", "additionalProperties": "schema of additional properties"}
_HOLDERS = {"response": "response", "notification": "notification"}
_MEMBERS = frozenset(
    (
        "$ref", "title", "description", "type", "format", "default", "enum", "multipleOf", "maximum",
        "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems",
        "minItems", "uniqueItems", "maxProperties", "minProperties", "required", "items", "allOf",
        "properties", "additionalProperties", "discriminator", "readOnly", "xml", "externalDocs", "example",
    )
)  # fmt: skip
# JSON Schema of any draft and OpenAPI 3 have them, Swagger 2.0 has not.
_FOREIGN = frozenset(
    (
        "oneOf", "anyOf", "not", "nullable", "const", "examples", "patternProperties", "additionalItems",
        "prefixItems", "contains", "minContains", "maxContains", "propertyNames", "dependencies",
        "dependentRequired", "dependentSchemas", "if", "then", "else", "unevaluatedItems",
        "unevaluatedProperties", "contentEncoding", "contentMediaType", "contentSchema", "deprecated",
        "writeOnly", "definitions", "$defs", "$schema", "$id", "$anchor", "$comment", "$dynamicRef",
        "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$vocabulary",
    )
)  # fmt: skip
_KNOWN = _MEMBERS | _FOREIGN
# Without them the schema admits the same values.
_IDLE = frozenset(("deprecated", "writeOnly", "$schema", "$id", "$anchor", "$comment", "$vocabulary"))
_EXTENSIONS = (
    "x-ms-summary", "x-ms-visibility", "x-ms-dynamic-values", "x-ms-dynamic-list", "x-ms-dynamic-schema",
    "x-ms-dynamic-properties", "x-nullable",
)  # fmt: skip
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*+").fullmatch


def subject(node: Node) -> str:
    """What is spoken of, with its name: 'property "level"'."""
    if node.kind == "parameter":
        return f'parameter "{shown(node.value.get("name", ""))}"'
    if node.role == "property":
        return f'property "{shown(node.name)}"'
    if node.role in ("element", "items"):
        return _ELEMENTS.get(str(node.name), "part of a schema")
    holder = node.parent
    if holder is not None and holder.kind == "definitions":
        return f'shared schema "{shown(node.name)}"'
    return f"schema of a {_HOLDERS.get(holder.kind if holder else '', 'body')}"


def quoted(value: object) -> str:
    """A value as a message shows it: a text in quotes, to tell "1" from 1."""
    return f'"{shown(value)}"' if isinstance(value, str) else shown(value)


@rule("SCH-001", on="misfit")
def schema_is_no_object(misfit: Node) -> Iterable[Hit]:
    return (misfit.hit(value=quoted(misfit.value)),) if misfit.expected in SCHEMAS else ()


@rule("SCH-004", on="schema", shape=lambda names: "$ref" in names and len(names) > 1)
def members_beside_reference(schema: Node) -> Iterator[Hit]:
    others = [name for name in schema.value if name != "$ref"]
    yield schema.hit(value=_listed(others), reference=schema.value["$ref"])


@fix("SCH-004")
def drop_repetitions(place: Place) -> Patch:
    """Only where the shared schema says the same."""
    target, _ = Api(place.root).resolve(place.value)
    others = [name for name in place.value if name != "$ref"]
    if not isinstance(target, dict):
        return ()
    if any(name not in target or target[name] != place.value[name] for name in others):
        return ()
    return tuple(operation for name in others for operation in place.at(name).remove())


@rule("SCH-005", on="schema", shape=lambda names: "$ref" in names and any(map(_is_keyword, names)))
def keywords_beside_reference(schema: Node) -> Iterator[Hit]:
    ignored = [name for name in schema.value if _is_keyword(name)]
    yield schema.hit(value=_listed(ignored), reference=schema.value["$ref"])


@fix("SCH-005")
def drop_ignored(place: Place) -> Patch:
    ignored = [name for name in place.value if _is_keyword(name)]
    return tuple(operation for name in ignored for operation in place.at(name).remove())


@rule("SCH-006", on="schema", shape=lambda names: any(map(_is_unknown, names)))
def unknown_keyword(schema: Node) -> Iterator[Hit]:
    for name in schema.value:
        if _is_unknown(name):
            yield schema.hit(name, value=name, at_key=True)


@rule("SCH-006", on="items", shape=lambda names: any(map(_is_unknown, names)))
def unknown_keyword_of_items(items: Node) -> Iterator[Hit]:
    for name in items.value:
        if _is_unknown(name) and name != "collectionFormat":
            yield items.hit(name, value=name, at_key=True)


@fix("SCH-006")
def rename_keyword(place: Place) -> Patch:
    """A slip of the pen gets its right name; any other word becomes an extension, which nothing reads."""
    written = str(place.name)
    plain = written.replace("_", "-").lower()
    words = {word.lower(): word for word in (*_MEMBERS, *_EXTENSIONS)}
    if plain in words:
        return place.rename(words[plain])
    if f"x-ms-{plain}" in words:
        return place.rename(f"x-ms-{plain}")
    close = difflib.get_close_matches(plain, words, n=2, cutoff=0.85) if len(plain) < 40 else []
    if len(close) == 1:
        return place.rename(words[close[0]])
    return place.rename(f"x-{written}") if not close and _PLAIN_NAME(written) else ()


@rule("SCH-007", on=SCHEMAS, shape=lambda names: not _FOREIGN.isdisjoint(names))
def keyword_of_other_standard(schema: Node) -> Iterator[Hit]:
    for name in schema.value:
        if name in _FOREIGN:
            yield schema.hit(name, value=name, at_key=True)


@fix("SCH-007")
def say_in_swagger(place: Place) -> Patch:
    """What Swagger 2.0 can say as well; a real choice between schemas is left to a person."""
    name, value = place.name, place.value
    schema = place.parent
    if name == "nullable" and isinstance(value, bool):
        return place.rename("x-nullable") if value else place.remove()
    if name == "const" and "enum" not in schema.value:
        return (*place.remove(), *schema.add("enum", [value]))
    if name == "examples" and isinstance(value, list) and value:
        added = () if "example" in schema.value else schema.add("example", value[0])
        return (*place.remove(), *added)
    if name in ("oneOf", "anyOf") and isinstance(value, list) and len(value) == 1:
        return place.rename("allOf")
    return place.remove() if name in _IDLE else ()


def _is_keyword(name: str) -> bool:
    """Whether a member beside a reference means to say something about the value."""
    return name not in LABELS and not name.startswith("x-")


def _is_unknown(name: str) -> bool:
    return name not in _KNOWN and not name.startswith("x-")


def _listed(names: list[str]) -> str:
    return ", ".join(names[:20])
