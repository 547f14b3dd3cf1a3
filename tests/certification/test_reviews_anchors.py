"""Where a comment is in the next package: tables of changes and what becomes of the place. No database."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from certification.reviewing.anchors import (
    Anchor,
    Outcome,
    PlaceNotFound,
    anchor_at,
    carried,
    describe,
    document_of,
    node_digest,
    operation_pointer,
    pointer_at,
)
from certification.rules.examples import base
from connectors.definitions import Package, read_archive
from tests.factories.reviews import DEFINITION, archive, large_definition

PATH = "/paths/~1harbours~1{harbourId}~1tides"
SUMMARY = f"{PATH}/get/summary"
PARAMETER = f"{PATH}/get/parameters/0"
README = base.README


def package(definition: Any = None, **files: str) -> Package:
    return read_archive(archive(definition or copy.deepcopy(base.DEFINITION), **files))


def changed(**changes: Any) -> dict[str, Any]:
    """The small definition with its operation changed: members of it, or None to remove one."""
    definition = copy.deepcopy(base.DEFINITION)
    operation = definition["paths"]["/harbours/{harbourId}/tides"]["get"]
    for name, value in changes.items():
        if value is None:
            del operation[name]
        else:
            operation[name] = value
    return definition


def operation() -> dict[str, Any]:
    return copy.deepcopy(base.DEFINITION["paths"]["/harbours/{harbourId}/tides"]["get"])


def other_parameter(name: str = "days") -> dict[str, Any]:
    return {"name": name, "in": "query", "type": "integer", "description": "How many days."}


def with_paths(paths: dict[str, Any]) -> dict[str, Any]:
    return {**copy.deepcopy(base.DEFINITION), "paths": paths}


TIDES = "/harbours/{harbourId}/tides"
CASES: list[tuple[str, str, Any, Outcome, str | None]] = [
    # (what happened, the place, the new definition, what becomes of it, its new pointer)
    ("nothing", SUMMARY, base.DEFINITION, Outcome.SAME, SUMMARY),
    ("the file is written on one line", SUMMARY, json.dumps(base.DEFINITION), Outcome.SAME, SUMMARY),
    (
        "members in another order",
        f"{PATH}/get",
        changed(**dict(reversed(operation().items()))),
        Outcome.SAME,
        f"{PATH}/get",
    ),
    ("the node itself", SUMMARY, changed(summary="List the tides"), Outcome.CHANGED, SUMMARY),
    (
        "something below the node",
        f"{PATH}/get",
        changed(summary="List the tides"),
        Outcome.CHANGED,
        f"{PATH}/get",
    ),
    ("a neighbour of the node", SUMMARY, changed(description="Lists tides."), Outcome.SAME, SUMMARY),
    ("the node is removed", SUMMARY, changed(summary=None), Outcome.GONE, None),
    (
        "a parameter before it",
        PARAMETER,
        changed(parameters=[other_parameter(), *operation()["parameters"]]),
        Outcome.SAME,
        f"{PATH}/get/parameters/1",
    ),
    (
        "a parameter before it, and it changed",
        PARAMETER,
        changed(parameters=[other_parameter(), {**operation()["parameters"][0], "type": "integer"}]),
        Outcome.CHANGED,
        f"{PATH}/get/parameters/1",
    ),
    ("the parameter is replaced", PARAMETER, changed(parameters=[other_parameter()]), Outcome.GONE, None),
    ("the parameters are gone", PARAMETER, changed(parameters=None), Outcome.GONE, None),
    (
        "the path is renamed",
        SUMMARY,
        with_paths({"/ports/{harbourId}/tides": {"get": operation()}}),
        Outcome.SAME,
        "/paths/~1ports~1{harbourId}~1tides/get/summary",
    ),
    (
        "the path is renamed and the text changed",
        SUMMARY,
        with_paths({"/ports/tides": {"get": {**operation(), "summary": "Other"}}}),
        Outcome.CHANGED,
        "/paths/~1ports~1tides/get/summary",
    ),
    (
        "the method is another",
        SUMMARY,
        with_paths({TIDES: {"post": operation()}}),
        Outcome.SAME,
        f"{PATH}/post/summary",
    ),
    (
        "another operation took the path",
        SUMMARY,
        with_paths({TIDES: {"post": {**operation(), "operationId": "Other"}}}),
        Outcome.GONE,
        None,
    ),
    ("no path is left", SUMMARY, with_paths({}), Outcome.GONE, None),
    ("the value has another type", SUMMARY, changed(summary={"text": "List"}), Outcome.CHANGED, SUMMARY),
    ("the list became an object", PARAMETER, changed(parameters={"0": 1}), Outcome.CHANGED, PARAMETER),
    ("the whole file, something changed", "", changed(summary="x"), Outcome.CHANGED, ""),
    ("the whole file, other formatting", "", json.dumps(base.DEFINITION), Outcome.SAME, ""),
]


@pytest.mark.parametrize(
    ("what", "pointer", "new", "outcome", "expected"), CASES, ids=[case[0] for case in CASES]
)
def test_a_place_in_json_goes_with_its_node(
    what: str, pointer: str, new: Any, outcome: Outcome, expected: str | None
) -> None:
    old_package, new_package = package(), package(new)
    anchor = anchor_at(old_package, DEFINITION, pointer)
    found_outcome, found = carried(anchor, old_package, new_package)
    assert found_outcome == outcome
    if outcome == Outcome.GONE:
        assert found == anchor
    else:
        assert found.pointer == expected
        # Whatever happened to the node, what was commented on is still known.
        assert found.digest == anchor.digest
        assert found.line == anchor_at(new_package, DEFINITION, found.pointer).line
    if outcome == Outcome.CHANGED:
        assert found.excerpt == anchor.excerpt


LINES = "one\ntwo\nthree\nfour\n"
TEXT_CASES = [
    ("nothing", LINES, Outcome.SAME, 3),
    ("lines before it", "zero\n" + LINES, Outcome.SAME, 4),
    ("indented", "one\ntwo\n  three\nfour\n", Outcome.SAME, 3),
    ("rewritten", "one\ntwo\ndrei\nfour\n", Outcome.CHANGED, 3),
    ("removed", "one\ntwo\nfour\n", Outcome.GONE, 3),
    ("line ends of another system", LINES.replace("\n", "\r\n"), Outcome.SAME, 3),
]


@pytest.mark.parametrize(
    ("what", "text", "outcome", "line"), TEXT_CASES, ids=[case[0] for case in TEXT_CASES]
)
def test_a_line_of_a_text_is_found_again(what: str, text: str, outcome: Outcome, line: int) -> None:
    old, new = package(**{"readme.md": LINES}), package(**{"readme.md": text})
    found_outcome, found = carried(anchor_at(old, "readme.md", line=3), old, new)
    assert (found_outcome, found.line) == (outcome, line)


def test_a_file_that_is_no_longer_there_takes_its_places_along() -> None:
    old = package(**{"script.csx": base.SCRIPT})
    outcome, _ = carried(anchor_at(old, "script.csx", line=2), old, package())
    assert outcome == Outcome.GONE


def test_without_the_old_package_the_pointer_alone_decides() -> None:
    anchor = anchor_at(package(), DEFINITION, SUMMARY)
    assert carried(anchor, None, package())[0] == Outcome.SAME
    assert carried(anchor, None, package(changed(summary="x")))[0] == Outcome.CHANGED


def test_what_changed_and_changed_back_is_not_outdated() -> None:
    first, second, third = package(), package(changed(summary="x")), package()
    _, there = carried(anchor_at(first, DEFINITION, SUMMARY), first, second)
    assert carried(there, second, third)[0] == Outcome.SAME


def test_every_line_of_a_definition_is_a_node_that_covers_it() -> None:
    document = document_of(package(), DEFINITION)
    assert document is not None
    for line in range(1, document.file.line_count):
        pointer = pointer_at(document, line)
        key, span = document.locate(pointer, key=True), document.locate(pointer)
        last, _ = document.file.position(span.offset + span.length)
        assert key.line <= line <= last, (line, pointer)


def test_a_line_is_the_member_that_starts_on_it() -> None:
    document = document_of(package(), DEFINITION)
    assert document is not None
    for pointer in (SUMMARY, PARAMETER, "/info/contact/email", "/definitions/TideList"):
        assert pointer_at(document, document.locate(pointer, key=True).line) == pointer


@pytest.mark.parametrize(
    ("file", "pointer", "line"),
    [
        ("nothing.json", "", None),
        (DEFINITION, "/paths/~1none", None),
        (DEFINITION, "no-slash", None),
        (DEFINITION, "", 100_000),
        ("readme.md", "/pointer", None),
        ("readme.md", "", 0),
        ("readme.md", "", 10_000),
    ],
)
def test_a_place_that_is_not_there_is_refused(file: str, pointer: str, line: int | None) -> None:
    with pytest.raises(PlaceNotFound):
        anchor_at(package(), file, pointer, line)


def test_the_excerpt_is_the_node_without_its_indentation() -> None:
    anchor = anchor_at(package(), DEFINITION, "/info/contact")
    lines = anchor.excerpt.splitlines()
    assert lines[0] == '"contact": {'
    assert lines[-1] == "}"


def test_the_excerpt_of_a_minified_megabyte_is_short() -> None:
    big = read_archive(archive(json.dumps(large_definition(1_000))))
    anchor = anchor_at(big, DEFINITION, "/paths")
    assert anchor.excerpt.startswith('"paths": {')
    assert len(anchor.excerpt) <= 1_500


def test_a_definition_that_cannot_be_parsed_still_has_lines() -> None:
    broken = read_archive(archive("not json at all\nsecond line\n"))
    assert anchor_at(broken, DEFINITION, line=2).line == 2


def test_a_place_in_broken_json_is_its_recovered_node() -> None:
    words = json.dumps(base.DEFINITION, indent=2).replace(
        '"summary": "List tides",', '"summary": "List tides",,'
    )
    broken = read_archive(archive(words))
    assert anchor_at(broken, DEFINITION, "/info/title").line == 4


def test_the_digest_ignores_order_and_white_space_only() -> None:
    assert node_digest({"a": 1, "b": [1, 2]}) == node_digest({"b": [1, 2], "a": 1})
    assert node_digest({"b": [2, 1]}) != node_digest({"b": [1, 2]})
    assert node_digest("1") != node_digest(1)
    assert node_digest(None) != node_digest("")


def test_the_whole_submission_is_a_place_that_never_changes() -> None:
    assert anchor_at(package()) == Anchor()
    assert carried(Anchor(), package(), package(with_paths({})))[0] == Outcome.SAME


def test_pointers_are_worded_by_operation() -> None:
    assert describe(PARAMETER) == "GET /harbours/{harbourId}/tides \u203a parameters \u203a 0"
    assert describe("/info/title") == "info \u203a title"
    assert describe("/paths/~1a/parameters/0") == "/a \u203a parameters \u203a 0"
    assert operation_pointer(PARAMETER) == f"{PATH}/get"
    assert operation_pointer("/paths/~1a/parameters/0") == ""
    assert operation_pointer("/info/title") == ""
