"""How one field changed: requests and responses are told apart, wherever the field stands."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.definitions.diff import compare
from tests.definitions.diffing import (
    GET,
    OPERATION,
    definition,
    difference,
    kinds,
    only,
    package,
    record,
    with_input,
    with_operation,
    with_output,
)

TEXT = {"type": "string"}
NUMBER = {"type": "integer", "format": "int32"}
LIST = {"type": "array", "items": TEXT}


def changed(schema: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {name: value for name, value in (schema | members).items() if value is not None}


# Field before, field after, kind and impact in a request, kind and impact in a response.
FIELDS = {
    "another type": (TEXT, NUMBER, ("type-changed", "breaking"), ("type-changed", "breaking")),
    "integer becomes number": (
        {"type": "integer"},
        {"type": "number"},
        ("type-changed", "behavioural"),
        ("type-changed", "breaking"),
    ),
    "number becomes integer": (
        {"type": "number"},
        {"type": "integer"},
        ("type-changed", "breaking"),
        ("type-changed", "breaking"),
    ),
    "a type is stated where none was": (
        {"description": "x"},
        {"description": "x", "type": "string"},
        ("type-changed", "behavioural"),
        ("type-changed", "behavioural"),
    ),
    "another format": (
        changed(TEXT, format="date"),
        changed(TEXT, format="date-time"),
        ("format-changed", "behavioural"),
        ("format-changed", "breaking"),
    ),
    "int32 becomes int64": (
        NUMBER,
        changed(NUMBER, format="int64"),
        ("format-changed", "additive"),
        ("format-changed", "breaking"),
    ),
    "int64 becomes int32": (
        changed(NUMBER, format="int64"),
        NUMBER,
        ("format-changed", "behavioural"),
        ("format-changed", "breaking"),
    ),
    "a value is taken away": (
        changed(TEXT, enum=["a", "b"]),
        changed(TEXT, enum=["a"]),
        ("enum-value-removed", "breaking"),
        ("enum-value-removed", "additive"),
    ),
    "a value is added": (
        changed(TEXT, enum=["a"]),
        changed(TEXT, enum=["a", "b"]),
        ("enum-value-added", "additive"),
        ("enum-value-added", "behavioural"),
    ),
    "a list of values appears": (
        TEXT,
        changed(TEXT, enum=["a"]),
        ("enum-added", "breaking"),
        ("enum-added", "additive"),
    ),
    "the list of values goes": (
        changed(TEXT, enum=["a"]),
        TEXT,
        ("enum-dropped", "additive"),
        ("enum-dropped", "behavioural"),
    ),
    "it becomes internal": (
        TEXT,
        changed(TEXT, **{"x-ms-visibility": "internal"}),
        ("became-internal", "breaking"),
        ("hidden", "behavioural"),
    ),
    "it becomes advanced": (
        TEXT,
        changed(TEXT, **{"x-ms-visibility": "advanced"}),
        ("visibility-changed", "cosmetic"),
        ("visibility-changed", "cosmetic"),
    ),
    "another description": (
        changed(TEXT, description="a"),
        changed(TEXT, description="b"),
        ("text-changed", "cosmetic"),
        ("text-changed", "cosmetic"),
    ),
    "another source of its values": (
        TEXT,
        changed(TEXT, **{"x-ms-dynamic-values": {"operationId": "ListPorts"}}),
        ("setting-changed", "behavioural"),
        ("setting-changed", "behavioural"),
    ),
    "another example": (
        TEXT,
        changed(TEXT, example="x"),
        ("setting-changed", "cosmetic"),
        ("setting-changed", "cosmetic"),
    ),
    "a lower maximum": (
        changed(NUMBER, maximum=9),
        changed(NUMBER, maximum=5),
        ("limit-tightened", "behavioural"),
        ("limit-changed", "additive"),
    ),
    "a higher maximum": (
        changed(NUMBER, maximum=5),
        changed(NUMBER, maximum=9),
        ("limit-relaxed", "additive"),
        ("limit-changed", "additive"),
    ),
    "a maximum length": (
        TEXT,
        changed(TEXT, maxLength=5),
        ("limit-tightened", "behavioural"),
        ("limit-changed", "additive"),
    ),
    "a higher minimum": (
        changed(NUMBER, minimum=1),
        changed(NUMBER, minimum=2),
        ("limit-tightened", "behavioural"),
        ("limit-changed", "additive"),
    ),
    "a minimum length of nothing": (
        TEXT,
        changed(TEXT, minLength=0),
        ("limit-relaxed", "additive"),
        ("limit-changed", "additive"),
    ),
    "an exclusive maximum": (
        changed(NUMBER, maximum=5),
        changed(NUMBER, maximum=5, exclusiveMaximum=True),
        ("limit-tightened", "behavioural"),
        ("limit-changed", "additive"),
    ),
    "another pattern": (
        changed(TEXT, pattern="a"),
        changed(TEXT, pattern="b"),
        ("pattern-changed", "behavioural"),
        ("limit-changed", "additive"),
    ),
    "no pattern any more": (
        changed(TEXT, pattern="a"),
        TEXT,
        ("pattern-dropped", "additive"),
        ("limit-changed", "additive"),
    ),
    "a default": (TEXT, changed(TEXT, default="a"), ("default-changed", "behavioural"), None),
    "1 is not true": (
        changed(TEXT, default=1),
        changed(TEXT, default=True),
        ("default-changed", "behavioural"),
        None,
    ),
    "another collectionFormat": (
        LIST,
        changed(LIST, collectionFormat="multi"),
        ("collection-format-changed", "breaking"),
        None,
    ),
    "the collectionFormat that is meant anyway": (LIST, changed(LIST, collectionFormat="csv"), None, None),
    "the values in another order": (
        changed(TEXT, enum=["a", "b"]),
        changed(TEXT, enum=["b", "a"]),
        None,
        None,
    ),
}


@pytest.mark.parametrize(("old", "new", "request_", "response"), FIELDS.values(), ids=FIELDS)
def test_a_field_of_a_request(old: Any, new: Any, request_: Any, response: Any) -> None:
    found = difference(with_input(record("field", old)), with_input(record("field", new)))
    _expect(found, "input", request_, "body/field")


@pytest.mark.parametrize(("old", "new", "request_", "response"), FIELDS.values(), ids=FIELDS)
def test_a_field_of_a_response(old: Any, new: Any, request_: Any, response: Any) -> None:
    found = difference(with_output(record("field", old)), with_output(record("field", new)))
    _expect(found, "output", response, "body/field")


@pytest.mark.parametrize(("old", "new", "request_", "response"), FIELDS.values(), ids=FIELDS)
def test_a_parameter(old: Any, new: Any, request_: Any, response: Any) -> None:
    fields = [{"name": "field", "in": "query", **each} for each in (old, new)]
    versions = [with_operation(parameters=[*OPERATION["parameters"], field]) for field in fields]
    _expect(difference(*versions), "input", request_, "field")


def _expect(found: Any, direction: str, expected: tuple[str, str] | None, subject: str) -> None:
    if expected is None:
        assert kinds(found) <= {"definition-otherwise-changed"}
        return
    change = only(found)
    assert (change.kind, change.impact) == (f"{direction}-{expected[0]}", expected[1])
    assert (change.direction, change.subject, change.operation_id) == (direction, subject, "ListTides")
    assert subject in change.sentence
    assert change.sentence.endswith(".")


# Schema before, schema after, kinds in a request, kinds in a response.
MEMBERS = {
    "a field goes": (
        record("a", TEXT),
        {"type": "object", "properties": {"other": {}}},
        "removed",
        "removed",
    ),
    "an optional field comes": (
        {"type": "object", "properties": {"other": {}}},
        record("a", TEXT),
        "added",
        "added",
    ),
    "a required field comes": (
        {"type": "object", "properties": {"other": {}}},
        record("a", TEXT, "a"),
        "added-required",
        "added",
    ),
    "a required field with a default comes": (
        {"type": "object", "properties": {"other": {}}},
        record("a", changed(TEXT, default="x"), "a"),
        "added-required",
        "added",
    ),
    "a field becomes required": (
        record("a", TEXT),
        record("a", TEXT, "a"),
        "became-required",
        "became-required",
    ),
    "a field becomes optional": (
        record("a", TEXT, "a"),
        record("a", TEXT),
        "became-optional",
        "became-optional",
    ),
}
PLACES = {
    "at the top": lambda schema: (schema, {}),
    "in an array": lambda schema: ({"type": "array", "items": schema}, {}),
    "in a field": lambda schema: (record("outer", schema), {}),
    "in a map": lambda schema: ({"type": "object", "additionalProperties": schema}, {}),
    "behind a reference": lambda schema: (
        {"$ref": "#/definitions/Tide"},
        {"definitions": {"Tide": schema}},
    ),
    "behind two references": lambda schema: (
        {"$ref": "#/definitions/A"},
        {"definitions": {"A": {"$ref": "#/definitions/B"}, "B": schema}},
    ),
    "in allOf": lambda schema: ({"allOf": [{"description": "x"}, schema]}, {}),
    "in allOf behind a reference": lambda schema: (
        {"allOf": [{"$ref": "#/definitions/Tide"}, {"properties": {"more": {}}}]},
        {"definitions": {"Tide": schema}},
    ),
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize(("old", "new", "request_", "response"), MEMBERS.values(), ids=MEMBERS)
def test_a_field_comes_or_goes(old: Any, new: Any, request_: str, response: str, place: Any) -> None:
    for direction, kind, build in (("input", request_, with_input), ("output", response, with_output)):
        (before, shared_before), (after, shared_after) = place(old), place(new)
        change = only(difference(build(before, **shared_before), build(after, **shared_after)))
        assert change.kind == f"{direction}-{kind}"
        assert change.subject.endswith("/a")


def test_a_renamed_field_is_a_deletion_and_an_addition():
    found = difference(with_input(record("port", TEXT)), with_input(record("harbour", TEXT)))
    assert [(change.kind, change.subject) for change in found.changes] == [
        ("input-removed", "body/port"),
        ("input-added", "body/harbour"),
    ]


def test_what_was_removed_is_found_at_the_object_that_lost_it():
    shared = {"definitions": {"Tide": record("a", TEXT)}}
    new = with_output({"$ref": "#/definitions/Tide"}, definitions={"Tide": record("b", TEXT)})
    found = difference(with_output({"$ref": "#/definitions/Tide"}, **shared), new)
    change = next(found.of("output-removed"))
    assert change.old_pointer == "/definitions/Tide/properties/a"
    assert change.new_pointer == "/definitions/Tide"
    assert next(found.of("output-added")).new_pointer == "/definitions/Tide/properties/b"


def test_of_a_new_object_only_the_object_itself_is_told():
    new = with_output(record("level", record("metres", {"type": "number"}, "metres")))
    assert (
        only(difference(with_output({"type": "object", "properties": {"other": {}}}), new)).subject
        == "body/level"
    )


def test_a_required_field_below_a_new_optional_one_is_milder():
    new = with_input(record("author", record("name", TEXT, "name")))
    found = difference(with_input({"type": "object", "properties": {"other": {}}}), new)
    assert [(change.kind, change.subject, change.impact) for change in found.changes] == [
        ("input-added", "body/author", "additive"),
        ("input-added-required-below", "body/author/name", "behavioural"),
    ]


def test_a_required_field_below_a_new_required_one_is_part_of_it():
    new = with_input(record("author", record("name", TEXT, "name"), "author"))
    found = difference(with_input({"type": "object", "properties": {"other": {}}}), new)
    assert only(found).kind == "input-added-required"


def test_nothing_is_said_about_what_lies_below_a_changed_type():
    found = difference(with_output(record("a", record("b", TEXT))), with_output(record("a", LIST)))
    assert only(found).kind == "output-type-changed"


def test_to_inline_a_shared_schema_is_no_change():
    shared = with_output({"$ref": "#/definitions/Tide"}, definitions={"Tide": record("a", TEXT)})
    found = difference(shared, with_output(record("a", TEXT)))
    assert kinds(found) == {"definition-otherwise-changed"}
    assert found.impact == "cosmetic"


def test_a_change_in_a_shared_schema_is_told_once_and_names_the_operations():
    paths = {
        f"/{name}": {
            "get": {
                "operationId": name,
                "responses": {"200": {"description": "x", "schema": {"$ref": f"#/definitions/{shared}"}}},
            }
        }
        for name, shared in (("A", "Tide"), ("B", "List"), ("C", "Tide"), ("D", "Other"))
    }
    shared = {"List": {"type": "array", "items": {"$ref": "#/definitions/Tide"}}, "Other": {"type": "object"}}
    old = definition(paths=paths, definitions={"Tide": record("a", TEXT), **shared})
    new = definition(paths=paths, definitions={"Tide": record("a", NUMBER), **shared})
    change = only(difference(old, new))
    assert (change.operation_id, set(change.also_in)) == ("A", {"B", "C"})
    assert change.sentence.endswith("Also in B, C.") or change.sentence.endswith("Also in C, B.")


def test_one_schema_is_input_and_output():
    responses = {"200": {"description": "x", "schema": {"$ref": "#/definitions/Tide"}}}
    body = {"name": "body", "in": "body", "schema": {"$ref": "#/definitions/Tide"}}
    paths = {"/x": {"post": {"operationId": "X", "parameters": [body], "responses": responses}}}
    versions = [
        definition(paths=paths, definitions={"Tide": record("a", changed(TEXT, enum=values))})
        for values in (["a"], ["a", "b"])
    ]
    assert kinds(difference(*versions)) == {"input-enum-value-added", "output-enum-value-added"}


@pytest.mark.parametrize("build", [with_input, with_output])
def test_a_schema_that_contains_itself_is_compared_to_its_end(build: Any) -> None:
    def loop(schema: dict[str, Any]) -> dict[str, Any]:
        node = record("value", schema)
        node["properties"]["children"] = {"type": "array", "items": {"$ref": "#/definitions/Node"}}
        return build({"$ref": "#/definitions/Node"}, definitions={"Node": node})

    assert only(difference(loop(TEXT), loop(NUMBER))).subject == "body/value"


def test_what_a_webhook_sends_is_output():
    versions = []
    for field in ("a", "b"):
        new = definition()
        content = {"schema": record(field, TEXT)}
        new["paths"] = {"/hook": {"x-ms-notification-content": content, "post": {"operationId": "OnTide"}}}
        versions.append(new)
    found = difference(*versions)
    assert kinds(found) == {"output-removed", "output-added"}
    assert found.changes[0].subject == "notification/a"


def test_a_whole_output_may_go():
    found = difference(
        with_output(record("a", TEXT)), with_operation(responses={"200": {"description": "The tides."}})
    )
    change = only(found)
    assert (change.kind, change.subject) == ("output-removed", "body")
    assert change.new_pointer == f"{GET}/responses/200"


def test_formatting_is_no_change():
    found = compare(package(), package())
    assert found.is_empty
    assert found.impact is None
