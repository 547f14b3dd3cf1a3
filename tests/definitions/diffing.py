"""Two versions of a small connector, as their differences from one definition."""

from __future__ import annotations

import copy
import json
from typing import Any

from connectors.definitions import Package, read_files
from connectors.definitions.diff import Change, Difference, compare

BASE: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "Tides", "description": "Tells the tides.", "version": "1.0", "contact": {"name": "A"}},
    "host": "tides.example",
    "basePath": "/v1",
    "schemes": ["https"],
    "paths": {
        "/tides/{port}": {
            "get": {
                "operationId": "ListTides",
                "summary": "List tides",
                "description": "Lists tides.",
                "parameters": [{"name": "port", "in": "path", "required": True, "type": "string"}],
                "responses": {"200": {"description": "The tides.", "schema": {"type": "object"}}},
            }
        }
    },
    "securityDefinitions": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
    "x-ms-connector-metadata": [{"propertyName": "Categories", "propertyValue": "Data"}],
}
PROPERTIES: dict[str, Any] = {
    "properties": {
        "publisher": "Harbour Office",
        "stackOwner": "Harbour Office",
        "iconBrandColor": "#123456",
        "connectionParameters": {
            "api_key": {
                "type": "securestring",
                "uiDefinition": {"displayName": "Key", "constraints": {"required": "true"}},
            }
        },
    }
}
OPERATION = BASE["paths"]["/tides/{port}"]["get"]
GET = "/paths/~1tides~1{port}/get"


def package(
    definition: Any = BASE, properties: Any = PROPERTIES, files: dict[str, bytes] | None = None
) -> Package:
    members = {
        "apiDefinition.swagger.json": json.dumps(definition).encode(),
        "apiProperties.json": json.dumps(properties).encode(),
        **(files or {}),
    }
    return read_files({name: content for name, content in members.items() if content}, filename="tides")


def definition(**members: Any) -> dict[str, Any]:
    """The definition with these members at its root, None: absent."""
    return {name: value for name, value in (BASE | members).items() if value is not None}


def with_operation(*, path: str = "/tides/{port}", method: str = "get", **members: Any) -> dict[str, Any]:
    """The definition whose operation has these members, None: absent."""
    value = {name: member for name, member in (OPERATION | members).items() if member is not None}
    return definition(paths={path: {method: value}})


def with_input(schema: dict[str, Any], **shared: Any) -> dict[str, Any]:
    """The definition whose operation takes a body of this schema."""
    body = {"name": "body", "in": "body", "required": True, "schema": schema}
    return with_operation(parameters=[*OPERATION["parameters"], body]) | shared


def with_output(schema: dict[str, Any], **shared: Any) -> dict[str, Any]:
    """The definition whose operation answers with this schema."""
    return with_operation(responses={"200": {"description": "The tides.", "schema": schema}}) | shared


def record(name: str, schema: Any, *required: str) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": {name: schema, "other": {}}}


def difference(old: Any, new: Any) -> Difference:
    """Between two definitions."""
    before, after = copy.deepcopy(old), copy.deepcopy(new)
    return compare(package(before), package(after))


def only(found: Difference) -> Change:
    assert len(found.changes) == 1, [change.sentence for change in found.changes]
    return found.changes[0]


def kinds(found: Difference) -> set[str]:
    return set(found.by_kind)
