"""An answer is compared with what the definition promises; the definition is not trusted either."""

from __future__ import annotations

import json
import time

import pytest

from connectors.runtime import Caller, CallImpossible, Connection, Target, find_operation
from connectors.runtime.checking import Checker
from connectors.runtime.choosing import pick_test_operation
from tests.runtime.servers import as_json, backend, definition

TIDE = {
    "type": "object",
    "required": ["height"],
    "properties": {"height": {"type": "number"}, "note": {"type": "string", "x-nullable": True}},
}
PROMISE = {
    "200": {"description": "OK", "schema": {"$ref": "#/definitions/Tide"}},
    "404": {"description": "No"},
}


def kinds(reply, responses=PROMISE, **more):
    made = definition(responses=responses, root={"definitions": {"Tide": TIDE}}, **more)
    with backend(lambda received: reply) as server:
        result = Caller(server.egress()).call(Target(made), "GetTides", {}, Connection())
    return result, [finding.kind for finding in result.findings]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (as_json({"height": 1.5, "note": None}), []),
        (as_json({"height": "high"}), ["body"]),
        (as_json({}), ["body"]),
        (as_json({"height": 1}, 201), ["status"]),
        (as_json({"error": "gone"}, 404), []),
        (as_json({"error": "broken"}, 500), ["status"]),
        ((200, {"Content-Type": "text/html"}, b"<p>Sign in</p>"), ["media-type", "body"]),
        ((200, {"Content-Type": "application/json"}, b"{oops"), ["body"]),
        ((200, {"Content-Type": "application/json"}, b""), ["body"]),
        ((302, {"Location": "https://elsewhere.example/"}, b""), ["status", "redirect"]),
    ],
)
def test_differences_are_findings(reply, expected):
    result, found = kinds(reply)
    assert found == expected
    assert result.fits is (expected == [])


def test_the_place_of_a_difference_is_named():
    promise = {"200": {"schema": {"type": "array", "items": {"$ref": "#/definitions/Tide"}}}}
    result, _ = kinds(as_json([{"height": 1}, {"height": "high"}]), promise)
    assert result.findings[0].pointer == "/1/height"


def test_success_is_a_matter_of_the_status():
    assert kinds(as_json({"height": "high"}))[0].is_success
    assert not kinds(as_json({"height": 1}, 404))[0].is_success


def test_a_long_answer_is_cut_and_not_compared():
    made = definition(responses=PROMISE, root={"definitions": {"Tide": TIDE}})
    with backend(lambda received: as_json({"height": "x" * 5000})) as server:
        caller = Caller(server.egress(max_answer_bytes=1000))
        result = caller.call(Target(made), "GetTides", {}, Connection())
    assert [finding.kind for finding in result.findings] == ["size"]
    assert result.answer.is_cut


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "https://evil.example/schema.json"},
        {"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}},
        {"$ref": "#/definitions/Nowhere"},
        {"$ref": "#/definitions/Loop"},
        {"type": "object", "properties": {"a": {"type": "strange"}}},
        {"type": "string", "pattern": "("},
        {"type": 5},
    ],
)
def test_a_schema_that_cannot_be_used_is_told_and_nothing_is_fetched(schema):
    made = definition(root={"definitions": {"Loop": {"$ref": "#/definitions/Loop"}}})
    problems = Checker(made).problems(schema, {"a": 1})
    assert all(isinstance(problem.message, str) for problem in problems)


def test_a_pattern_takes_no_exponential_time():
    started = time.process_time()
    Checker(definition()).problems({"type": "string", "pattern": "^(a+)+$"}, "a" * 5000 + "!")
    assert time.process_time() - started < 1


def test_a_recursive_schema_is_followed_as_far_as_the_value_goes():
    node = {
        "type": "object",
        "properties": {"next": {"$ref": "#/definitions/Node"}, "n": {"type": "integer"}},
    }
    made = definition(root={"definitions": {"Node": node}})
    value = {"n": 1, "next": {"n": 2, "next": {"n": "three"}}}
    problems = Checker(made).problems({"$ref": "#/definitions/Node"}, value)
    assert [problem.pointer for problem in problems] == ["/next/next/n"]


def test_bytes_that_are_no_text_are_counted_and_not_shown():
    result, _ = kinds((200, {"Content-Type": "image/png"}, b"\x89PNG\xff\x00" * 10))
    assert result.answer.body == "(60 bytes that are no text)"


def test_an_operation_that_is_not_there_is_told():
    with pytest.raises(CallImpossible, match="has no operation"):
        find_operation(definition(), "Nothing")


def _operation(name: str, method: str = "get", **more):
    return {method: {"operationId": name, "responses": {"200": {"description": "OK"}}, **more}}


def test_the_connectors_own_test_comes_first():
    made = definition(
        root={"x-ms-capabilities": {"testConnection": {"operationId": "Ping", "parameters": {"a": "1"}}}}
    )
    made["paths"]["/ping"] = _operation(
        "Ping", "post", parameters=[{"name": "a", "in": "query", "type": "string"}]
    )
    operation, inputs = pick_test_operation(made)
    assert (operation.operation_id, inputs) == ("Ping", {"a": "1"})


def test_else_a_safe_operation_that_asks_for_nothing_is_picked():
    must = [{"name": "id", "in": "query", "type": "string", "required": True}]
    made = definition(parameters=must)
    made["paths"]["/delete"] = _operation("Delete", "delete")
    made["paths"]["/watch"] = _operation("Watch", **{"x-ms-trigger": "single"})
    assert pick_test_operation(made) is None
    made["paths"]["/all"] = _operation("ListAll")
    assert pick_test_operation(made)[0].operation_id == "ListAll"
    made["paths"]["/me"] = _operation("GetCurrentUser", **{"x-ms-visibility": "internal"})
    assert pick_test_operation(made)[0].operation_id == "GetCurrentUser"


def test_the_result_can_be_stored_as_json():
    result, _ = kinds(as_json({"height": 1, "nul": "\0"}))
    assert "\0" not in json.dumps(result.answer.body, ensure_ascii=False)
