"""What was typed reaches the service unharmed, and what cannot be sent is refused in words."""

from __future__ import annotations

import json
import string
from email import message_from_bytes
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.runtime import Caller, Connection, InputsInvalid, Target
from connectors.runtime.drafting import draft_of
from connectors.runtime.operations import find_operation
from connectors.runtime.values import SEPARATORS
from tests.runtime.servers import backend, definition

NOBODY = Connection()
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=40)
VISIBLE = st.text(string.printable[:95], min_size=1, max_size=40).filter(lambda text: text == text.strip())
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def echo():
    with backend() as server:
        yield server


def received(echo, parameters, inputs, *, path="/tides", method="get", root=None, lenient=False, **operation):
    target = Target(definition(path, method, root, parameters=parameters, **operation))
    result = Caller(echo.egress()).call(target, "GetTides", inputs, NOBODY, lenient=lenient)
    assert result.failure == ""
    return echo.last


def refused(
    parameters, inputs, *, path="/tides", method="get", root=None, **operation
) -> dict[str, list[str]]:
    made = definition(path, method, root, parameters=parameters, **operation)
    with pytest.raises(InputsInvalid) as caught:
        draft_of(find_operation(made, "GetTides"), "https://api.tides.example", inputs, lenient=False)
    return caught.value.problems


@quick
@given(TEXT)
def test_any_text_travels_in_a_query(echo, text):
    request = received(echo, [{"name": "q", "in": "query", "type": "string"}], {"q": text})
    assert parse_qsl(urlsplit(request.path).query, keep_blank_values=True) == [("q", text)]


@quick
@given(TEXT.filter(lambda text: text not in (".", "..")))
def test_any_text_is_one_segment_of_a_path(echo, text):
    request = received(
        echo, [{"name": "id", "in": "path", "type": "string"}], {"id": text}, path="/tides/{id}"
    )
    assert unquote(request.path) == f"/v1/tides/{text}"
    assert request.path.count("/") == 3


@quick
@given(TEXT.filter(lambda text: text not in (".", "..")))
def test_double_encoding_is_undone_by_decoding_twice(echo, text):
    parameter = {"name": "id", "in": "path", "type": "string", "x-ms-url-encoding": "double"}
    request = received(echo, [parameter], {"id": text}, path="/tides/{id}")
    assert unquote(unquote(request.path)) == f"/v1/tides/{text}"


@quick
@given(VISIBLE)
def test_printable_text_travels_in_a_header(echo, text):
    request = received(echo, [{"name": "X-Harbour", "in": "header", "type": "string"}], {"X-Harbour": text})
    assert request.headers["X-Harbour"] == text


@quick
@given(st.lists(TEXT, min_size=1, max_size=6), st.sampled_from([*SEPARATORS, "multi"]))
def test_lists_travel_by_their_format(echo, items, collection):
    separator = SEPARATORS.get(collection)
    parameter = {"name": "q", "in": "query", "type": "array", "collectionFormat": collection, "items": {}}
    if separator and any(separator in item for item in items):
        assert "separates the items" in refused([parameter], {"q": items})["q"][0]
        return
    request = received(echo, [parameter], {"q": items})
    pairs = parse_qsl(urlsplit(request.path).query, keep_blank_values=True)
    found = [value for _, value in pairs] if collection == "multi" else pairs[0][1].split(separator)
    assert found == items


@quick
@given(st.dictionaries(st.sampled_from(["name", "note", "place"]), TEXT, min_size=1))
def test_forms_travel_encoded(echo, values):
    parameters = [{"name": name, "in": "formData", "type": "string"} for name in ("name", "note", "place")]
    request = received(
        echo, parameters, values, method="post", consumes=["application/x-www-form-urlencoded"]
    )
    assert dict(parse_qsl(request.body.decode(), keep_blank_values=True)) == values


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@quick
@given(st.dictionaries(TEXT, JSON, max_size=4))
def test_bodies_travel_as_json(echo, value):
    parameters = [{"name": "body", "in": "body", "schema": {"type": "object"}}]
    request = received(echo, parameters, {"body": json.dumps(value)}, method="post")
    assert json.loads(request.body) == value
    assert request.headers["Content-Type"] == "application/json"


def test_a_file_travels_as_a_part(echo):
    parameters = [
        {"name": "document", "in": "formData", "type": "file", "required": True},
        {"name": "note", "in": "formData", "type": "string"},
    ]
    request = received(echo, parameters, {"document": b"\x00bytes", "note": "hello"}, method="post")
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    parts = message_from_bytes(head + request.body).get_payload()
    assert [part.get_payload(decode=True) for part in parts] == [b"\x00bytes", b"hello"]


def test_two_parameters_of_one_name_are_told_apart_by_their_place(echo):
    parameters = [
        {"name": "id", "in": "path", "type": "string", "required": True},
        {"name": "id", "in": "query", "type": "string"},
    ]
    request = received(echo, parameters, {"path.id": "one", "query.id": "two"}, path="/tides/{id}")
    assert request.path == "/v1/tides/one?id=two"


def test_hidden_inputs_come_from_their_defaults_and_others_do_not(echo):
    parameters = [
        {"name": "v", "in": "query", "type": "string", "x-ms-visibility": "internal", "default": "2"},
        {"name": "lang", "in": "query", "type": "string", "default": "en"},
        {"name": "unit", "in": "query", "type": "string", "default": "m", "required": True},
    ]
    assert received(echo, parameters, {}).path == "/v1/tides?v=2&unit=m"


def test_hidden_properties_of_a_body_are_filled_in(echo):
    schema = {
        "type": "object",
        "properties": {
            "kind": {"type": "string", "default": "tide", "x-ms-visibility": "internal"},
            "place": {"$ref": "#/definitions/Place"},
        },
    }
    place = {"type": "object", "properties": {"zone": {"default": "UTC", "x-ms-visibility": "internal"}}}
    request = received(
        echo, [{"name": "body", "in": "body", "schema": schema}], {"body": '{"place": {"name": "Quay"}}'},
        method="post", root={"definitions": {"Place": place}},
    )  # fmt: skip
    assert json.loads(request.body) == {"kind": "tide", "place": {"name": "Quay", "zone": "UTC"}}


def test_a_hidden_required_input_without_a_default_names_the_definition():
    parameter = {
        "name": "v",
        "in": "query",
        "required": True,
        "x-ms-visibility": "internal",
        "type": "string",
    }
    assert "give it one in the definition" in refused([parameter], {})["v"][0]


@pytest.mark.parametrize(
    ("declared", "value", "message"),
    [
        ({"type": "integer"}, "three", "not a whole number"),
        ({"type": "integer"}, "1.5", "not a whole number"),
        ({"type": "integer"}, "²", "not a whole number"),
        ({"type": "number"}, "deep", "not a number"),
        ({"type": "number"}, "inf", "finite"),
        ({"type": "boolean"}, "maybe", "neither true nor false"),
        ({"type": "string", "enum": ["high", "low"]}, "middle", "not one of the choices: high, low"),
        ({"type": "string", "maxLength": 3}, "harbour", "At most 3"),
        ({"type": "string", "minLength": 3}, "h", "At least 3"),
        ({"type": "array", "items": {"type": "integer"}}, ["1", "x"], "Item 2"),
        ({"type": "array", "maxItems": 1, "items": {}}, ["1", "x"], "At most 1"),
        ({"type": "string", "required": True}, "", "a value is required"),
    ],
)
def test_what_does_not_fit_is_told_at_its_input(declared, value, message):
    problems = refused([{"name": "q", "in": "query", **declared}], {"q": value})
    assert message in problems["q"][0]


@pytest.mark.parametrize("value", [".", "..", ""])
def test_a_path_cannot_be_climbed(value):
    parameter = {"name": "id", "in": "path", "type": "string", "required": True}
    assert "id" in refused([parameter], {"id": value}, path="/tides/{id}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Harbour", "one\r\nX-Evil: two"),
        ("X-Harbour", "Århus"),
        ("Host", "inside"),
        ("Content-Length", "9"),
        ("Transfer-Encoding", "chunked"),
        ("Bad Name", "x"),
    ],
)
def test_headers_cannot_be_smuggled(name, value):
    assert name in refused([{"name": name, "in": "header", "type": "string"}], {name: value})


def test_a_body_is_compared_with_its_schema_before_it_is_sent():
    schema = {"type": "object", "required": ["place"], "properties": {"place": {"type": "string"}}}
    parameters = [{"name": "body", "in": "body", "schema": schema, "required": True}]
    assert "does not fit" in refused(parameters, {"body": '{"place": 4}'}, method="post")["body"][0]
    assert "not valid JSON" in refused(parameters, {"body": "{"}, method="post")["body"][0]
    assert "required" in refused(parameters, {}, method="post")["body"][0]


def test_an_unknown_input_is_refused():
    assert "no input" in refused([], {"q": "x"})["q"][0]


def test_wrong_inputs_can_be_sent_on_purpose(echo):
    parameters = [
        {"name": "count", "in": "query", "type": "integer"},
        {"name": "must", "in": "query", "type": "string", "required": True},
    ]
    assert received(echo, parameters, {"count": "many"}, lenient=True).path == "/v1/tides?count=many"
