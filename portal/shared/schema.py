"""What every operation of the API answers besides its own, said once in its schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from portal.shared.sparse import MOST_INCLUDING, reads_objects

_METHODS = ("get", "post", "put", "patch", "delete")
_PROBLEMS = {
    "400": "What was sent cannot be used; `errors` says why, by field.",
    "401": "No token or session, or one that is unknown, expired or revoked.",
    "403": "You may see it, but not do this: your role or the token's scopes do not allow it.",
    "404": "There is no such thing, or none that you may see.",
    "406": "Answers are JSON: nothing else can be asked for.",
    "409": "Not possible now: its state, or something that has to be done first (`blockers`).",
    "412": "It is not as your condition says: `etag` and `current` are what is there now.",
    "413": "More was sent than is taken.",
    "415": "This kind of content is not taken here.",
    "429": "Too often: `Retry-After` says in how many seconds again.",
    "503": "A part that is needed is away for the moment; nothing was changed.",
}
_TAG = {
    "description": "The strong tag of what is answered, for `If-None-Match` and `If-Match`.",
    "schema": {"type": "string"},
}
_HEADERS = {
    "IfNoneMatch": ("If-None-Match", "Tags that you have: 304 while one of them is still true."),
    "IfMatch": ("If-Match", "The tag you read: 412 when somebody has changed it since."),
}
_PROBLEM_SHAPE = {
    "type": "object",
    "description": "RFC 9457. `code` is for programs, `detail` for people.",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {"description": "What is wrong, by field."},
        "blockers": {"type": "array", "items": {"type": "string"}},
        "etag": {"type": "string", "nullable": True},
        "current": {"description": "With 412: what is there now."},
    },
}


def describe(result: dict[str, Any], **_context: Any) -> dict[str, Any]:
    """A post-processing hook of drf-spectacular: problems, tags and conditions of every operation."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["ProblemDetails"] = _PROBLEM_SHAPE
    components["responses"] = {f"Problem{status}": _problem(text) for status, text in _PROBLEMS.items()}
    components["responses"]["NotModified"] = {"description": "What you have is still true."}
    components["headers"] = {"ETag": _TAG}
    components["parameters"] = {
        key: {"in": "header", "name": name, "description": text, "schema": {"type": "string"}}
        for key, (name, text) in _HEADERS.items()
    }
    components["parameters"]["Fields"] = {
        "in": "query",
        "name": "fields",
        "description": "Only these fields, with commas between.",
        "schema": {"type": "string"},
    }
    for path, operations in result["paths"].items():
        for method in _METHODS:
            if method in operations:
                _complete(path, method, operations[method])
    return result


def _problem(text: str) -> dict[str, Any]:
    shape = {"$ref": "#/components/schemas/ProblemDetails"}
    return {"description": text, "content": {"application/problem+json": {"schema": shape}}}


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    for status in _statuses(path, method, operation):
        responses.setdefault(status, {"$ref": f"#/components/responses/Problem{status}"})
    parameters = operation.setdefault("parameters", [])
    if method == "get":
        responses.setdefault("304", {"$ref": "#/components/responses/NotModified"})
        parameters.append({"$ref": "#/components/parameters/IfNoneMatch"})
        parameters.append({"$ref": "#/components/parameters/Fields"})
        if "200" in responses:
            responses["200"].setdefault("headers", {})["ETag"] = {"$ref": "#/components/headers/ETag"}
    else:
        parameters.append({"$ref": "#/components/parameters/IfMatch"})


def _statuses(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    yield from ("400", "401", "403", "404", "406", "412", "429", "503")
    if method != "get":
        yield from ("409", "413", "415")


class ReadingSchema(AutoSchema):
    """Tells in the schema what reads of a view may put in."""

    def get_override_parameters(self) -> list[Any]:
        offered = sorted(getattr(self.view, "includes", ()))
        if self.method != "GET" or not offered or not reads_objects(self.view):
            return []
        text = f"Put in: {', '.join(offered)}; commas between. A page has {MOST_INCLUDING} rows at most then."
        return [OpenApiParameter("include", str, description=text)]
