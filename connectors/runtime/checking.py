"""Compares values and answers with the schemas of a definition. Nothing is ever fetched for a reference."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from connectors.definitions import openapi, pointers
from connectors.runtime.operations import CallableOperation

_LONGEST = 240
_DEEPEST = 60
# Keywords of OpenAPI 2.0 whose values are schemas or hold them.
_ONE = ("items", "additionalProperties", "not")
_MANY = ("allOf", "anyOf", "oneOf")


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """One difference; `pointer` is its place in the value."""

    message: str
    pointer: str


@dataclass(frozen=True, slots=True)
class CallFinding:
    """What is remarkable about an answer. `kind` is "status", "media-type", "body", "size", "redirect",
    "encoding" or "policy"."""

    kind: str
    message: str
    pointer: str = ""


class Checker:
    """Validates against schemas of one definition."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self._definition = definition

    def problems(self, schema: Any, value: Any, *, most: int = 10) -> list[SchemaProblem]:
        """The first differences; one that says so when the schema itself cannot be used."""
        resolved = openapi.follow(self._definition, schema).value
        if not isinstance(resolved, dict):
            return []
        try:
            validator = jsonschema_rs.Draft4Validator(
                self._standalone(resolved),
                retriever=_refuse_retrieval,
                validate_formats=False,
                # A linear engine: patterns of strangers must not take exponential time.
                pattern_options=jsonschema_rs.RegexOptions(size_limit=1_000_000, dfa_size_limit=4_000_000),
            )
            return [
                SchemaProblem(_shown(error.message), pointers.build(error.instance_path))
                for _, error in zip(range(most), validator.iter_errors(value), strict=False)
            ]
        except (ValueError, jsonschema_rs.ReferencingError, RecursionError) as error:
            return [SchemaProblem(f"The schema cannot be used to check: {_shown(str(error))}", "")]

    def _standalone(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema with the definitions it may refer to, in the words of JSON Schema."""
        shared = openapi.mapping(self._definition, "definitions")
        return {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "allOf": [_plain_schema(schema)],
            "definitions": {name: _plain_schema(each) for name, each in shared.items()},
        }


def _refuse_retrieval(uri: str) -> Any:
    raise ValueError(f"the reference to {uri[:100]} leads outside the definition")


def _plain_schema(schema: Any, depth: int = 0) -> Any:
    """An OpenAPI 2.0 schema as JSON Schema: nullable types, no files, nothing but what validates."""
    if not isinstance(schema, dict):
        return schema if isinstance(schema, bool) else {}
    if depth > _DEEPEST or schema.get("type") == "file":
        return {}
    if openapi.is_reference(schema):
        return {"$ref": schema["$ref"]}
    plain = {
        name: value
        for name, value in schema.items()
        if name in _VALIDATING and not (name == "required" and not isinstance(value, list))
    }
    for name in _ONE:
        if name in plain and not isinstance(plain[name], bool):
            plain[name] = _plain_schema(plain[name], depth + 1)
    for name in _MANY:
        if isinstance(plain.get(name), list):
            plain[name] = [_plain_schema(each, depth + 1) for each in plain[name]]
    if isinstance(plain.get("properties"), dict):
        plain["properties"] = {
            name: _plain_schema(each, depth + 1) for name, each in plain["properties"].items()
        }
    if plain.get("required") == []:
        del plain["required"]
    if schema.get("x-nullable") is True:
        return {"anyOf": [plain, {"type": "null"}]}
    return plain


_VALIDATING = frozenset(
    {
        "type",
        "properties",
        "required",
        "items",
        "additionalProperties",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "enum",
    }
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength"}
    | {"pattern", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"}
)


def _shown(message: str) -> str:
    message = " ".join(message.split())
    return message if len(message) <= _LONGEST else message[: _LONGEST - 1] + "…"


def findings_of(
    operation: CallableOperation, status: int, media_type: str, body: bytes, *, is_cut: bool
) -> list[CallFinding]:
    """How an answer differs from what the operation's definition promises."""
    found: list[CallFinding] = []
    declared = operation.responses.get(str(status)) or operation.responses.get("default")
    if str(status) not in operation.responses:
        known = ", ".join(sorted(operation.responses)) or "none"
        note = "only by “default”" if declared else f"not at all (declared: {known})"
        if not declared or status < 400:
            found.append(CallFinding("status", f"Status {status} is declared {note}."))
    if 300 <= status < 400:
        found.append(
            CallFinding("redirect", "The service redirects; connectors are called without following.")
        )
    if is_cut:
        found.append(CallFinding("size", "The answer is longer than what is read; its body was not checked."))
        return found
    schema = declared.get("schema") if isinstance(declared, dict) else None
    return found + _body_findings(operation, schema, media_type, body)


def _body_findings(
    operation: CallableOperation, schema: Any, media_type: str, body: bytes
) -> list[CallFinding]:
    kind = media_type.partition(";")[0].strip().lower()
    produced = {each.partition(";")[0].strip().lower() for each in operation.produces}
    found: list[CallFinding] = []
    if body and produced and kind and kind not in produced and not produced & {"*/*"}:
        shown = ", ".join(sorted(produced))
        found.append(CallFinding("media-type", f"The answer is “{kind}”; the definition promises {shown}."))
    resolved = openapi.follow(operation.definition, schema).value
    if not isinstance(resolved, dict) or resolved.get("type") == "file":
        return found
    if not body:
        found.append(CallFinding("body", "The answer is empty; the definition promises a body."))
        return found
    if "json" not in kind and body.lstrip()[:1] not in (b"{", b"["):
        if resolved.get("type") != "string":
            found.append(CallFinding("body", "The body is no JSON, so it was not compared with the schema."))
        return found
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        found.append(CallFinding("body", "The body is not valid JSON."))
        return found
    problems = Checker(operation.definition).problems(resolved, value)
    return found + [CallFinding("body", each.message, each.pointer) for each in problems]
