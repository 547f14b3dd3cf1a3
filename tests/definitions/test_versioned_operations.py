"""Keeping a published operation beside its successor: the patch, and what it refuses."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from certification.reviewing.versioned import CannotKeep, keep_both
from certification.rules import Profile, check_package
from certification.rules.engine import Context
from certification.rules.examples.case import Case
from connectors.definitions import openapi, operations, read_archive
from connectors.definitions.diff import compare
from connectors.definitions.patching import apply

TIDES = "/harbours/{harbourId}/tides"
PLACE = "/paths/~1harbours~1{harbourId}~1tides/get"


def definition(case: Case) -> dict[str, Any]:
    package = read_archive(case.archive())
    assert package.definition
    return copy.deepcopy(package.definition.value)


OLD = definition(Case())


def changed(**more: Any) -> dict[str, Any]:
    return definition(Case(**more))


def ids(value: dict[str, Any]) -> dict[str, str]:
    return {each.operation_id: each.path for each in operations(value)}


def kept(new: dict[str, Any], path: str = "") -> tuple[Any, dict[str, Any]]:
    before = copy.deepcopy(new)
    both = keep_both(OLD, new, "ListTides", path)
    assert new == before
    return both, apply(new, both.patch)


REQUIRED = {
    f"{PLACE}/parameters/0/type": "integer",
    "/definitions/TideList/properties/tides/type": "array",
}


def test_an_operation_changed_in_place_comes_back_and_its_successor_moves():
    both, value = kept(changed(set=REQUIRED))
    assert both.moves
    assert (both.successor_id, both.new_path) == ("ListTides_V2", f"/v2{TIDES}")
    assert ids(value) == {"ListTides": TIDES, "ListTides_V2": f"/v2{TIDES}", "GetAccount": "/account"}
    old = value["paths"][TIDES]["get"]
    assert old["deprecated"] is True
    assert old["summary"] == "List tides (deprecated)"
    assert old["description"].endswith("(deprecated).")
    assert old["parameters"] == OLD["paths"][TIDES]["get"]["parameters"]
    assert old["x-ms-api-annotation"] == {"family": "ListTides", "revision": 1}
    new = value["paths"][f"/v2{TIDES}"]["get"]
    assert new["parameters"][0]["type"] == "integer"
    assert new["x-ms-api-annotation"] == {"family": "ListTides", "revision": 2}


def test_nothing_breaks_any_more_for_who_uses_the_published_version():
    new = Case(set=REQUIRED)
    _both, value = kept(definition(new))
    package = read_archive(Case(set={f"/{name}": each for name, each in value.items()}).archive())
    assert compare(read_archive(Case().archive()), package).impact != "breaking"
    report = check_package(
        package, Profile("update", "verified"), Context(previous=read_archive(Case().archive()))
    )
    assert [each.rule for each in report.findings if each.severity == "error"] == []


def test_a_deleted_operation_comes_back_alone():
    both, value = kept(changed(remove=(f"/paths/{TIDES.replace('/', '~1')}",)))
    assert (both.successor_id, both.new_path, both.moves) == ("", "", False)
    assert ids(value) == ids(OLD)
    assert value["paths"][TIDES]["get"]["deprecated"] is True


def test_a_renamed_operation_keeps_its_new_name_at_a_new_path():
    both, value = kept(changed(set={f"{PLACE}/operationId": "ListHighTides"}), f"/next{TIDES}")
    assert both.successor_id == "ListHighTides"
    assert ids(value)["ListHighTides"] == f"/next{TIDES}"
    assert ids(value)["ListTides"] == TIDES


def test_an_operation_at_another_path_stays_there_under_a_new_name():
    new = changed()
    new["paths"]["/tides/{harbourId}"] = new["paths"].pop(TIDES)
    both, value = kept(new, "/ignored")
    assert not both.moves
    assert ids(value) == {"ListTides": TIDES, "ListTides_V2": "/tides/{harbourId}", "GetAccount": "/account"}


def test_schemas_that_changed_come_along_and_others_do_not():
    new = changed(set={"/definitions/TideList/properties/tides/items/properties/level/type": "string"})
    both, value = kept(new)
    assert both.copied == ("TideList_V1",)
    old = value["paths"][TIDES]["get"]["responses"]["200"]["schema"]
    assert old == {"$ref": "#/definitions/TideList_V1"}
    assert value["definitions"]["TideList_V1"] == OLD["definitions"]["TideList"]
    assert value["definitions"]["TideList"] == new["definitions"]["TideList"]


def test_a_schema_that_is_gone_comes_back_under_its_own_name():
    new = changed(set={f"{PLACE}/responses/200/schema": {"type": "object"}}, remove=("/definitions",))
    _both, value = kept(new)
    assert value["definitions"]["TideList"] == OLD["definitions"]["TideList"]


def test_the_next_free_version_is_taken_and_goes_with_the_revision():
    new = changed(set=REQUIRED)
    new["paths"]["/other"] = {"get": {"operationId": "ListTides_V2", "responses": {}}}
    both, value = kept(new)
    assert both.successor_id == "ListTides_V3"
    assert both.revision == 3
    assert both.new_path == f"/v3{TIDES}"
    assert openapi.member(value, "paths", both.new_path, "get", "x-ms-api-annotation", "revision") == 3


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("no-slash", "begins with /"),
        (f"{TIDES}?x=1", "begins with /"),
        ("/v2/harbours", "same {variables}"),
        ("/v2/{other}/tides", "same {variables}"),
        (TIDES, "taken"),
        ("/" + "x" * 400, "begins with /"),
    ],
)
def test_a_path_that_cannot_be_the_successors_is_refused(path: str, why: str):
    with pytest.raises(CannotKeep, match=why):
        keep_both(OLD, changed(set=REQUIRED), "ListTides", path)


@pytest.mark.parametrize(
    ("operation", "new", "why"),
    [
        ("Nothing", changed(set=REQUIRED), "no operation"),
        ("ListTides", changed(), "as it was"),
        ("ListTides", changed(set={"/host": "tides.example"}), "host changed"),
        ("ListTides", changed(set={"/basePath": "/v9"}), "basePath changed"),
        ("ListTides", {}, "host changed"),
    ],
    ids=["unknown", "unchanged", "host", "base path", "empty"],
)
def test_what_cannot_be_kept_is_refused_with_the_reason(operation: str, new: dict[str, Any], why: str):
    with pytest.raises(CannotKeep, match=why):
        keep_both(OLD, new, operation)


def test_parameters_shared_by_a_path_come_along():
    old = copy.deepcopy(OLD)
    old["paths"][TIDES]["parameters"] = old["paths"][TIDES]["get"].pop("parameters")
    new = copy.deepcopy(old)
    new["paths"][TIDES]["get"]["responses"]["200"]["schema"] = {"type": "string"}
    both = keep_both(old, new, "ListTides")
    value = apply(new, both.patch)
    assert value["paths"][TIDES]["parameters"] == value["paths"][f"/v2{TIDES}"]["parameters"]
    new["paths"][TIDES]["parameters"][0]["type"] = "integer"
    with pytest.raises(CannotKeep, match="share have changed"):
        keep_both(old, new, "ListTides")
