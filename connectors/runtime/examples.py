"""A body to start from: the smallest value of a schema that a tester then fills in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from connectors.definitions import openapi
from connectors.runtime.operations import CallableOperation

_DEEPEST = 6
_MOST_PROPERTIES = 60
_EMPTY: Mapping[str, Any] = {
    "string": "", "integer": 0, "number": 0, "boolean": False, "array": [], "object": {},
}  # fmt: skip


def body_example(operation: CallableOperation) -> str:
    """The body as indented JSON; "" when the operation has none."""
    body = operation.body
    if body is None or not body.is_asked:
        return ""
    return json.dumps(example_of(operation.definition, body.schema), indent=2, ensure_ascii=False)


def example_of(definition: Mapping[str, Any], schema: Any, depth: int = 0) -> Any:
    """What the definition gives as example or default, else an empty value of the type; hidden properties
    are left out, because their defaults are filled in."""
    resolved = openapi.follow(definition, schema).value
    if not isinstance(resolved, dict):
        return None
    for name in ("x-ms-test-value", "example", "default"):
        if name in resolved:
            return resolved[name]
    choices = openapi.sequence(resolved, "enum")
    if choices:
        return choices[0]
    properties = _properties(definition, resolved)
    if properties and depth < _DEEPEST:
        return {
            name: example_of(definition, child, depth + 1)
            for name, child in list(properties.items())[:_MOST_PROPERTIES]
            if openapi.text(openapi.follow(definition, child).value, "x-ms-visibility") != "internal"
        }
    kind = resolved.get("type", "object" if properties else "string")
    if kind == "array" and depth < _DEEPEST:
        item = example_of(definition, resolved.get("items"), depth + 1)
        return [] if item is None else [item]
    return _EMPTY.get(kind, "") if isinstance(kind, str) else ""


def _properties(definition: Mapping[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    found = dict(openapi.mapping(schema, "properties"))
    for part in openapi.sequence(schema, "allOf")[:10]:
        found |= openapi.mapping(openapi.follow(definition, part).value, "properties")
    return found
