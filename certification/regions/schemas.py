"""The JSON shapes of the region protocol (JSON Schema 2020-12), and how to check a value against one.

`docs/region-api.yaml` publishes exactly these under `components.schemas`; a test holds the two together.
Answers may carry fields this version does not know (a region may be newer than the portal); requests may not.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NoReturn

import jsonschema_rs

from certification.regions.protocol import (
    DIGEST_PATTERN,
    KEY_PATTERN,
    MAX_DEPLOYMENT_NUMBER,
    SLUG_PATTERN,
    VERSION_PATTERN,
    Action,
    OperationState,
)
from certification.regions.telemetry import (
    LATENCY_BOUNDS_MS,
    MAX_BATCH_EVENTS,
    MAX_COUNT,
    MAX_STATUSES,
    MINUTE_PATTERN,
    STATUS_PATTERN,
)

_KEY: dict[str, Any] = {"type": "string", "pattern": KEY_PATTERN}
_SLUG: dict[str, Any] = {"type": "string", "pattern": SLUG_PATTERN}
_DIGEST: dict[str, Any] = {"type": "string", "pattern": DIGEST_PATTERN}
_VERSION: dict[str, Any] = {"type": "string", "pattern": VERSION_PATTERN}
_NUMBER: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": MAX_DEPLOYMENT_NUMBER}
_INSTANT: dict[str, Any] = {"type": "string", "format": "date-time", "maxLength": 40}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": MAX_COUNT}
_TEXTS: dict[str, Any] = {
    "type": "object",
    "maxProperties": 100,
    "additionalProperties": {"type": "string", "maxLength": 20_000},
}
_HEADERS: dict[str, Any] = {
    "type": "array",
    "maxItems": 100,
    "items": {
        "type": "array",
        "minItems": 2,
        "maxItems": 2,
        "items": {"type": "string", "maxLength": 9_000},
    },
}
_BODY: dict[str, Any] = {"type": "string", "maxLength": 70_000}

SCHEMAS: dict[str, dict[str, Any]] = {
    "DeployRequest": {
        "type": "object",
        "required": ["connector", "deployment_number", "action", "version", "digest"],
        "additionalProperties": False,
        "properties": {
            "connector": _SLUG,
            "deployment_number": _NUMBER,
            "action": {"type": "string", "enum": [action.value for action in Action]},
            "version": _VERSION,
            "digest": _DIGEST,
        },
    },
    "Certificate": {
        "type": "object",
        "required": ["payloadType", "payload", "signatures"],
        "properties": {
            "payloadType": {"type": "string", "maxLength": 100},
            "payload": {"type": "string", "maxLength": 250_000},
            "signatures": {
                "type": "array",
                "minItems": 1,
                "maxItems": 20,
                "items": {
                    "type": "object",
                    "required": ["sig"],
                    "properties": {
                        "keyid": {"type": "string", "maxLength": 200},
                        "sig": {"type": "string", "maxLength": 1000},
                    },
                },
            },
        },
    },
    "Operation": {
        "type": "object",
        "required": ["key", "state", "digest", "deployment_number", "message", "updated_at"],
        "properties": {
            "key": _KEY,
            "state": {"type": "string", "enum": [state.value for state in OperationState]},
            "digest": _DIGEST,
            "deployment_number": _NUMBER,
            "message": {"type": "string", "maxLength": 2000},
            "updated_at": _INSTANT,
        },
    },
    "CurrentVersion": {
        "type": "object",
        "required": ["connector", "version", "digest", "deployment_number", "deployed_at"],
        "properties": {
            "connector": _SLUG,
            "version": _VERSION,
            "digest": _DIGEST,
            "deployment_number": _NUMBER,
            "deployed_at": _INSTANT,
        },
    },
    "Health": {
        "type": "object",
        "required": ["ok", "version", "load", "running_operations", "deployed_connectors"],
        "properties": {
            "ok": {"type": "boolean"},
            "version": {"type": "string", "maxLength": 100},
            "load": {"type": "number", "minimum": 0, "maximum": 1_000_000},
            "running_operations": _COUNT,
            "deployed_connectors": _COUNT,
            "message": {"type": "string", "maxLength": 2000},
            "capabilities": {
                "type": "array",
                "maxItems": 20,
                "items": {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,39}$"},
            },
        },
    },
    "InvokeRequest": {
        "type": "object",
        "required": ["operation", "digest"],
        "additionalProperties": False,
        "properties": {
            "operation": {"type": "string", "minLength": 1, "maxLength": 200},
            "digest": _DIGEST,
            "inputs": {"type": "object", "maxProperties": 500},
            "connection": {
                "type": "object",
                "required": ["kind"],
                "additionalProperties": False,
                "properties": {
                    "kind": {"type": "string", "enum": ["none", "api_key", "basic", "oauth2", "account"]},
                    "secrets": _TEXTS,
                    "values": _TEXTS,
                },
            },
            "lenient": {"type": "boolean"},
        },
    },
    "Invocation": {
        "type": "object",
        "required": ["version", "digest"],
        "properties": {
            "version": _VERSION,
            "digest": _DIGEST,
            "request": {
                "type": "object",
                "required": ["method", "url"],
                "properties": {
                    "method": {"type": "string", "maxLength": 10},
                    "url": {"type": "string", "maxLength": 20_000},
                    "headers": _HEADERS,
                    "body": _BODY,
                },
            },
            "answer": {
                "type": "object",
                "required": ["status"],
                "properties": {
                    "status": {"type": "integer", "minimum": 100, "maximum": 599},
                    "headers": _HEADERS,
                    "body": _BODY,
                    "size": _COUNT,
                    "is_cut": {"type": "boolean"},
                },
            },
            "duration_ms": _COUNT,
            "failure": {"type": "string", "maxLength": 2000},
            "notes": {"type": "array", "maxItems": 50, "items": {"type": "string", "maxLength": 2000}},
            "refusal": {"type": "string", "maxLength": 2000},
            "problems": {
                "type": "object",
                "maxProperties": 500,
                "additionalProperties": {
                    "type": "array",
                    "maxItems": 20,
                    "items": {"type": "string", "maxLength": 2000},
                },
            },
        },
    },
    "Problem": {
        "type": "object",
        "required": ["title", "status", "code"],
        "properties": {
            "type": {"type": "string", "maxLength": 500},
            "title": {"type": "string", "maxLength": 500},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string", "maxLength": 4000},
            "code": {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,63}$"},
        },
    },
    "TelemetryEvent": {
        "type": "object",
        "required": ["connector", "version", "operation", "minute", "statuses", "latency_ms", "connections"],
        "additionalProperties": False,
        "properties": {
            "connector": _SLUG,
            "version": _VERSION,
            "operation": {"type": "string", "minLength": 1, "maxLength": 200},
            "minute": {"type": "string", "format": "date-time", "pattern": MINUTE_PATTERN},
            "statuses": {
                "type": "object",
                "minProperties": 1,
                "maxProperties": MAX_STATUSES,
                "propertyNames": {"pattern": STATUS_PATTERN},
                "additionalProperties": _COUNT,
            },
            "latency_ms": {
                "type": "array",
                "minItems": len(LATENCY_BOUNDS_MS) + 1,
                "maxItems": len(LATENCY_BOUNDS_MS) + 1,
                "items": _COUNT,
            },
            "connections": _COUNT,
        },
    },
    "TelemetryBatch": {
        "type": "object",
        "required": ["batch_id", "region", "sent_at", "bounds_ms", "events"],
        "additionalProperties": False,
        "properties": {
            "batch_id": {
                "type": "string",
                "format": "uuid",
                "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
            },
            "region": _SLUG,
            "sent_at": _INSTANT,
            "bounds_ms": {"type": "array", "const": list(LATENCY_BOUNDS_MS)},
            "events": {
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_BATCH_EVENTS,
                "items": {"$ref": "#/components/schemas/TelemetryEvent"},
            },
        },
    },
    "TelemetryReceipt": {
        "type": "object",
        "required": ["batch_id", "status"],
        "properties": {
            "batch_id": {"type": "string", "format": "uuid"},
            "status": {"type": "string", "enum": ["stored", "duplicate"]},
        },
    },
}


def _refuse_retrieval(uri: str) -> NoReturn:
    raise ValueError(f"schema reference {uri!r} leaves this file")


@cache
def _validator(name: str) -> Any:
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
    return jsonschema_rs.Draft202012Validator(schema, retriever=_refuse_retrieval)


def first_fault(name: str, value: object) -> str | None:
    """None when `value` has the named shape, else where and how it departs from it (never the value)."""
    error = next(iter(_validator(name).iter_errors(value)), None)
    if error is None:
        return None
    place = "/" + "/".join(str(part) for part in error.instance_path)
    rule = error.schema_path[-1] if error.schema_path else "shape"
    return f"{place[:100]} breaks the rule {str(rule)[:100]!r} of {name}"


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text matches one of the protocol's patterns."""
    return re.fullmatch(pattern, text) is not None
