"""What a definition is made of: which members lead from one kind of object to which others, and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

How = Literal["one", "flag-or-one", "each", "named", "map", "items", "raw", "shared-schemas"]
Step = tuple[How, str]

_PARAMETERS: Step = ("each", "parameter")
_OPERATION: Step = ("one", "operation")
_NOTIFICATION: Step = ("one", "notification")
METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_CONNECTION_PARAMETERS: Step = ("named", "connection-parameter")

# kind -> member -> how to go on. "one": an object; "flag-or-one": an object or a boolean; "each": objects in
# an array; "named": objects in a map; "map": the same, without the x- members; "items": an object or objects
# in an array; "raw": any value; "shared-schemas": as "named", the side of each found from its references.
# The member "" stands for the value itself. Schemas are added below, once for each of their sides.
GRAMMAR: dict[str, Mapping[str, Step]] = {
    "definition": {
        "info": ("one", "info"),
        "paths": ("one", "paths"),
        "definitions": ("one", "definitions"),
        "parameters": ("named", "parameter"),
        "responses": ("named", "response"),
        "securityDefinitions": ("named", "security-scheme"),
        "tags": ("each", "tag"),
        "x-ms-connector-metadata": ("raw", "metadata"),
    },
    "info": {"contact": ("one", "contact"), "license": ("one", "license")},
    "paths": {"": ("map", "path-item")},
    "definitions": {"": ("shared-schemas", "schema/")},
    "path-item": dict.fromkeys(METHODS, _OPERATION)
    | {"parameters": _PARAMETERS, "x-ms-notification-content": _NOTIFICATION},
    "operation": {
        "parameters": _PARAMETERS,
        "responses": ("one", "responses"),
        "x-ms-notification-content": _NOTIFICATION,
    },
    "responses": {"": ("map", "response")},
    "parameter": {"schema": ("one", "schema/input"), "items": ("one", "items")},
    "items": {"items": ("one", "items")},
    "response": {"schema": ("one", "schema/output"), "headers": ("named", "header")},
    "header": {"items": ("one", "items")},
    "notification": {"schema": ("one", "schema/output")},
    "properties": {"properties": ("one", "connector")},
    "connector": {
        "connectionParameters": _CONNECTION_PARAMETERS,
        "connectionParameterSets": ("one", "parameter-sets"),
        "policyTemplateInstances": ("each", "policy"),
    },
    "parameter-sets": {"values": ("each", "parameter-set"), "uiDefinition": ("one", "ui-definition")},
    "parameter-set": {"parameters": _CONNECTION_PARAMETERS, "uiDefinition": ("one", "ui-definition")},
    "connection-parameter": {
        "uiDefinition": ("one", "ui-definition"),
        "oAuthSettings": ("one", "oauth-settings"),
    },
}
# These hold names that the publisher chose: their members are no shape, and `key` does not apply to them.
OPEN = frozenset(("paths", "responses", "definitions"))
ONCE = frozenset(
    ("upload", "package", "definition-file", "definition", "info", "paths", "definitions", "properties")
)
"""A package has one of each, so whether to run a check costs nothing to ask when it is reached."""
_PLAIN = ("upload", "package", "file", "definition-file", "json-file", "script", "update", "policy")
SIDES = ("", "input", "output", "both")
_ROLES = ("schema", "property", "element")


def _schema_members(side: str) -> Mapping[str, Step]:
    element = f"element/{side}"
    return {
        "properties": ("named", f"property/{side}"),
        "items": ("items", element),
        "additionalProperties": ("flag-or-one", element),
        "allOf": ("each", element),
        "anyOf": ("each", element),
        "oneOf": ("each", element),
        "not": ("one", element),
    }


GRAMMAR |= {f"{role}/{side}": _schema_members(side) for role in _ROLES for side in SIDES}


def _all_kinds() -> tuple[str, ...]:
    reached = [kind for members in GRAMMAR.values() for _, kind in members.values()]
    return tuple(dict.fromkeys([*GRAMMAR, *reached, *_PLAIN]))


def _names(kind: str) -> frozenset[str]:
    """The names under which `on` reaches a kind."""
    role, slash, side = kind.partition("/")
    if not slash:
        return frozenset((kind,))
    found = {"schema"} | ({"property"} if role == "property" else set())
    for name in ("input", "output"):
        if side in (name, "both"):
            found |= {f"{name}-{found_name}" for found_name in tuple(found) if "-" not in found_name}
    return frozenset(found)


KIND_NAMES: Mapping[str, frozenset[str]] = {kind: _names(kind) for kind in _all_kinds()}
KINDS: frozenset[str] = frozenset().union(*KIND_NAMES.values()) | {"misfit"}
"""What `on` may name. "schema" is every schema, "property" one in a `properties` map; "input-schema",
"input-property" and the same with "output" are those that a request or a response contains, directly or
through references. "misfit" is whatever stands where an object is expected: see `Node.expected`."""
