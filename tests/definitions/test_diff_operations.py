"""Which operation is which, and what became of it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.definitions.diffing import (
    BASE,
    GET,
    OPERATION,
    definition,
    difference,
    kinds,
    only,
    with_operation,
)

PORT = OPERATION["parameters"][0]
DAYS = {"name": "days", "in": "query", "type": "integer"}
OK = OPERATION["responses"]["200"]
NONE = definition(paths={"/other": {"get": {"operationId": "Other"}}})
BOTH = definition(paths={**BASE["paths"], **NONE["paths"]})

# Members of the operation before and after, kind and impact.
MEMBERS: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "its id": ({}, {"operationId": "Tides"}, "operation-id-changed", "breaking"),
    "its path": ({}, {"path": "/ports/{port}"}, "operation-path-changed", "breaking"),
    "its method": ({}, {"method": "post"}, "operation-method-changed", "breaking"),
    "it becomes a trigger": ({}, {"x-ms-trigger": "single"}, "trigger-changed", "breaking"),
    "it is no trigger any more": ({"x-ms-trigger": "single"}, {}, "trigger-changed", "breaking"),
    "another kind of trigger": (
        {"x-ms-trigger": "single"},
        {"x-ms-trigger": "batch"},
        "trigger-kind-changed",
        "breaking",
    ),
    "it becomes internal": ({}, {"x-ms-visibility": "internal"}, "operation-hidden", "breaking"),
    "it is internal no more": ({"x-ms-visibility": "internal"}, {}, "operation-shown", "additive"),
    "it becomes advanced": ({}, {"x-ms-visibility": "advanced"}, "operation-visibility-changed", "cosmetic"),
    "it is deprecated": ({}, {"deprecated": True}, "operation-deprecated", "additive"),
    "it is deprecated no more": ({"deprecated": True}, {}, "operation-undeprecated", "additive"),
    "its summary": ({}, {"summary": "Tides"}, "operation-summary-changed", "cosmetic"),
    "its description": ({}, {"description": "Tides"}, "operation-description-changed", "cosmetic"),
    "its tags": ({}, {"tags": ["x"]}, "operation-setting-changed", "cosmetic"),
    "its paging": ({}, {"x-ms-pageable": {}}, "operation-setting-changed", "behavioural"),
    "it accepts less": (
        {"consumes": ["application/json", "text/csv"]},
        {"consumes": ["application/json"]},
        "request-type-removed",
        "behavioural",
    ),
    "it accepts more": (
        {},
        {"consumes": ["application/json", "text/csv"]},
        "request-type-added",
        "additive",
    ),
    "it answers less": (
        {"produces": ["text/csv", "application/json"]},
        {},
        "response-type-removed",
        "behavioural",
    ),
    "a parameter goes": ({"parameters": [PORT, DAYS]}, {}, "input-removed", "breaking"),
    "a parameter comes": ({}, {"parameters": [PORT, DAYS]}, "input-added", "additive"),
    "a required parameter comes": (
        {},
        {"parameters": [PORT, DAYS | {"required": True}]},
        "input-added-required",
        "breaking",
    ),
    "a parameter becomes required": (
        {"parameters": [PORT, DAYS]},
        {"parameters": [PORT, DAYS | {"required": True}]},
        "input-became-required",
        "breaking",
    ),
    "a parameter becomes optional": (
        {"parameters": [PORT, DAYS | {"required": True}]},
        {"parameters": [PORT, DAYS | {"required": False}]},
        "input-became-optional",
        "additive",
    ),
    "a parameter moves": (
        {"parameters": [PORT, DAYS]},
        {"parameters": [PORT, DAYS | {"in": "header"}]},
        "input-location-changed",
        "breaking",
    ),
    "a success goes": ({"responses": {"200": OK, "202": OK}}, {}, "success-removed", "breaking"),
    "a success comes": ({}, {"responses": {"200": OK, "202": OK}}, "success-added", "behavioural"),
    "an error comes": ({}, {"responses": {"200": OK, "404": OK}}, "error-response-changed", "additive"),
    "the text of a response": (
        {},
        {"responses": {"200": OK | {"description": "x"}}},
        "response-description-changed",
        "cosmetic",
    ),
    "a header of a response goes": (
        {"responses": {"200": OK | {"headers": {"Location": {"type": "string"}}}}},
        {},
        "response-header-removed",
        "behavioural",
    ),
}


@pytest.mark.parametrize(("old", "new", "kind", "impact"), MEMBERS.values(), ids=MEMBERS)
def test_an_operation_changes(old: Any, new: Any, kind: str, impact: str) -> None:
    change = only(difference(with_operation(**old), with_operation(**new)))
    assert (change.kind, change.impact) == (kind, impact)
    assert change.new_pointer.startswith("/paths/")
    assert change.sentence.endswith(".")


def test_a_removed_operation_is_found_where_the_paths_are():
    change = only(difference(BOTH, NONE))
    assert (change.kind, change.operation_id, change.new_pointer) == (
        "operation-removed",
        "ListTides",
        "/paths",
    )
    assert change.old_pointer == GET


def test_a_removed_method_is_found_at_its_path():
    both = definition(paths={"/x": {"get": {"operationId": "A"}, "post": {"operationId": "B"}}})
    one = definition(paths={"/x": {"get": {"operationId": "A"}}})
    assert only(difference(both, one)).new_pointer == "/paths/~1x"


def test_an_added_operation_is_found_at_itself():
    change = only(difference(NONE, BOTH))
    assert (change.kind, change.new_pointer) == ("operation-added", GET)


def test_operations_in_another_order_are_no_change():
    assert kinds(difference(BOTH, definition(paths=dict(reversed(BOTH["paths"].items()))))) == set()


def test_path_and_method_may_change_at_once():
    found = difference(BASE, with_operation(path="/ports/{port}", method="post"))
    assert kinds(found) == {"operation-path-changed", "operation-method-changed"}


def test_to_rename_a_variable_is_milder_than_another_path():
    new = with_operation(path="/tides/{harbour}", parameters=[PORT | {"name": "harbour"}])
    found = difference(BASE, new)
    moved = next(found.of("operation-path-changed"))
    assert (moved.impact, moved.note) == ("behavioural", "variable")
    assert kinds(found) == {"operation-path-changed", "input-removed", "input-added-required"}


def test_base_path_and_path_are_compared_together():
    new = with_operation(path="/v1/tides/{port}") | {"basePath": "/"}
    assert only(difference(BASE, new)).kind == "base-path-changed"


def test_another_base_path_alone_is_no_other_path():
    assert only(difference(BASE, definition(basePath="/v2"))).kind == "base-path-changed"


def test_an_operation_without_id_is_known_by_path_and_method():
    found = difference(with_operation(operationId=None), with_operation(operationId=None, summary="x"))
    assert only(found).operation_id == "GET /tides/{port}"


def test_a_new_operation_in_the_place_of_a_moved_one_is_a_rename_of_neither():
    old = definition(paths={"/a": {"get": {"operationId": "A"}}, "/b": {"get": {"operationId": "B"}}})
    new = definition(paths={"/a": {"get": {"operationId": "B"}}})
    assert kinds(difference(old, new)) == {"operation-id-changed", "operation-path-changed"}


def test_parameters_of_the_path_count_as_those_of_the_operation():
    own = {name: value for name, value in OPERATION.items() if name != "parameters"}
    new = definition(paths={"/tides/{port}": {"parameters": [PORT], "get": own}})
    assert kinds(difference(BASE, new)) == {"definition-otherwise-changed"}


def test_a_shared_parameter_is_told_once():
    paths = {
        f"/{name}": {"get": {"operationId": name, "parameters": [{"$ref": "#/parameters/Days"}]}}
        for name in "AB"
    }
    old = definition(paths=paths, parameters={"Days": DAYS})
    new = definition(paths=paths, parameters={"Days": DAYS | {"required": True}})
    change = only(difference(old, new))
    assert (change.kind, change.new_pointer) == ("input-became-required", "/parameters/Days/required")


@pytest.mark.parametrize("malformed", [-1, True, "application/json", {"text/csv": {}}, [5]])
def test_media_types_that_are_no_list_of_texts_name_none(malformed):
    found = kinds(difference(BOTH | {"consumes": malformed}, BOTH))
    assert found == {"definition-otherwise-changed"}


def test_media_types_that_all_inherit_are_told_once():
    old = BOTH | {"consumes": ["application/json", "Text/CSV"]}
    change = only(difference(old, BOTH | {"consumes": ["application/json"]}))
    assert (change.kind, change.subject, change.new_pointer) == (
        "request-type-removed",
        "text/csv",
        "/consumes",
    )


def test_json_is_meant_where_no_media_type_is_named():
    assert kinds(difference(BOTH | {"consumes": ["application/json"]}, BOTH)) == {
        "definition-otherwise-changed"
    }


def test_outputs_are_compared_under_another_success_status():
    schema = {"type": "object", "properties": {"a": {}}}
    old = with_operation(responses={"200": {"description": "x", "schema": schema}})
    new = with_operation(responses={"201": {"description": "x", "schema": {"type": "object"}}})
    assert kinds(difference(old, new)) == {"success-removed", "success-added", "output-removed"}


def test_a_default_response_stands_for_success_where_no_other_does():
    old = with_operation(responses={"default": {"description": "x", "schema": {"properties": {"a": {}}}}})
    new = with_operation(
        responses={"200": {"description": "x", "schema": {"properties": {}, "type": "object"}}}
    )
    found = difference(old, new)
    assert "output-removed" in kinds(found)
    assert "success-added" not in kinds(found)


def _stations(**annotation: Any) -> dict[str, Any]:
    return {"operationId": "Stations", **({"x-ms-api-annotation": annotation} if annotation else {})}


def _second(revision: int = 2) -> dict[str, Any]:
    return {"operationId": "Stations_V2", "x-ms-api-annotation": {"family": "Stations", "revision": revision}}


@pytest.mark.parametrize("old", [_stations(), _stations(family="Stations", revision=1)])
def test_an_old_revision_that_is_gone_is_told_beside_the_removal(old: dict[str, Any]) -> None:
    found = difference(definition(paths={"/a": {"get": old}}), definition(paths={"/b": {"get": _second()}}))
    assert kinds(found) == {"operation-removed", "operation-added", "revision-removed"}


def test_an_old_revision_that_stays_is_none_removed():
    old = definition(paths={"/a": {"get": _stations()}})
    new = definition(paths={"/a": {"get": _stations()}, "/b": {"get": _second()}})
    assert kinds(difference(old, new)) == {"operation-added"}


def test_no_value_of_any_type_in_any_place_is_too_much():
    odd: list[Any] = [None, 5, "x", [], {}, [5], {"x": 5}, True]
    places = ("parameters", "responses", "x-ms-trigger", "deprecated", "consumes", "operationId", "tags")
    for name in places:
        for one in odd:
            for other in odd:
                old, new = copy.deepcopy(BASE), copy.deepcopy(BASE)
                old["paths"]["/tides/{port}"]["get"][name] = one
                new["paths"]["/tides/{port}"]["get"][name] = other
                found = difference(old, new)
                assert all(change.sentence for change in found.changes)
