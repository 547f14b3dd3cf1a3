"""A schema of Swagger 2.0 for the floor of the rules' benchmark: types and names of members, nothing more."""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string"}
_FLAG = {"type": "boolean"}
_NUMBER = {"type": "number"}
_SCHEMA = {"$ref": "#/definitions/schema"}
_EXTENSIONS = {"^x-": {}}
_LIMITS: dict[str, Any] = {
    "type": {}, "format": _TEXT, "default": {}, "enum": {"type": "array"}, "pattern": _TEXT,
    "maximum": _NUMBER, "exclusiveMaximum": _FLAG, "minimum": _NUMBER, "exclusiveMinimum": _FLAG,
    "maxLength": _NUMBER, "minLength": _NUMBER, "maxItems": _NUMBER, "minItems": _NUMBER,
    "uniqueItems": _FLAG, "multipleOf": _NUMBER,
}  # fmt: skip


def _object(members: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    found = {
        "type": "object",
        "properties": members,
        "patternProperties": _EXTENSIONS,
        "additionalProperties": False,
    }
    return found | ({"required": list(required)} if required else {})


def _map(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": of}


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


_PARAMETER = _object(
    {
        "$ref": _TEXT, "name": _TEXT, "in": {"enum": ["path", "query", "header", "body", "formData"]},
        "description": _TEXT, "required": _FLAG, "schema": _SCHEMA, "items": _SCHEMA,
        "collectionFormat": _TEXT, "allowEmptyValue": _FLAG, **_LIMITS,
    }
)  # fmt: skip
_RESPONSE = _object(
    {"$ref": _TEXT, "description": _TEXT, "schema": _SCHEMA, "headers": _map({}), "examples": _map({})}
)
_OPERATION = _object(
    {
        "operationId": _TEXT, "summary": _TEXT, "description": _TEXT, "tags": _list(_TEXT),
        "externalDocs": {}, "consumes": _list(_TEXT), "produces": _list(_TEXT), "schemes": _list(_TEXT),
        "parameters": _list(_PARAMETER), "responses": _map(_RESPONSE), "deprecated": _FLAG, "security": {},
    },
    ("responses",),
)  # fmt: skip
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")

SCHEMA: dict[str, Any] = _object(
    {
        "swagger": {"enum": ["2.0"]},
        "info": {"type": "object", "required": ["title", "version"]},
        "host": _TEXT,
        "basePath": _TEXT,
        "schemes": _list(_TEXT),
        "consumes": _list(_TEXT),
        "produces": _list(_TEXT),
        "paths": _map(_object(dict.fromkeys(_METHODS, _OPERATION) | {"parameters": _list(_PARAMETER)})),
        "definitions": _map(_SCHEMA),
        "parameters": _map(_PARAMETER),
        "responses": _map(_RESPONSE),
        "securityDefinitions": _map({"type": "object"}),
        "security": _list({"type": "object"}),
        "tags": _list({"type": "object"}),
        "externalDocs": {"type": "object"},
    },
    ("swagger", "info", "paths"),
) | {
    "definitions": {
        "schema": _object(
            {
                "$ref": _TEXT, "title": _TEXT, "description": _TEXT, "properties": _map(_SCHEMA),
                "items": {}, "allOf": _list(_SCHEMA), "additionalProperties": {}, "required": {},
                "discriminator": _TEXT, "readOnly": _FLAG, "xml": {}, "externalDocs": {}, "example": {},
                **_LIMITS,
            }
        )
    }
}  # fmt: skip
