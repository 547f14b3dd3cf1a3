"""Versions made to be expensive: the comparison comes to its end soon, and says so where it was cut off."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from connectors.definitions import Package
from connectors.definitions.diff import Difference, compare
from tests.definitions.diffing import definition, package, record, with_input, with_output
from tests.effort import effort

TEXT = {"type": "string"}


@contextmanager
def within(seconds: float) -> Iterator[None]:
    started = time.process_time()
    yield
    assert time.process_time() - started < seconds


def compared(old: Any, new: Any, seconds: float = 8) -> Difference:
    before, after = package(old), package(new)
    assert isinstance(before, Package)
    with within(seconds):
        found = compare(before, after)
        assert sum(len(change.sentence) for change in found.changes) >= 0
    return found


def doubled(levels: int, last: dict[str, Any]) -> dict[str, Any]:
    """Schemas of which each holds the next one twice, through allOf."""
    schemas = {f"S{n}": {"allOf": [{"$ref": f"#/definitions/S{n + 1}"}] * 2} for n in range(levels)}
    return schemas | {f"S{levels}": last}


def test_schemas_that_double_at_every_level():
    found = compared(
        with_output({"$ref": "#/definitions/S0"}, definitions=doubled(60, record("a", TEXT))),
        with_output({"$ref": "#/definitions/S0"}, definitions=doubled(60, record("b", TEXT))),
    )
    assert set(found.by_kind) == {"output-removed", "output-added"}
    assert found.is_complete


def test_fields_that_double_at_every_level():
    def schemas(leaf: dict[str, Any]) -> dict[str, Any]:
        twice = {
            f"S{n}": {"properties": {name: {"$ref": f"#/definitions/S{n + 1}"} for name in "ab"}}
            for n in range(200)
        }
        return twice | {"S200": leaf}

    found = compared(
        with_input({"$ref": "#/definitions/S0"}, definitions=schemas(TEXT)),
        with_input({"$ref": "#/definitions/S0"}, definitions=schemas({"type": "integer"})),
    )
    assert [change.kind for change in found.changes] == ["input-type-changed"]
    assert len(found.changes[0].subject) <= 300


def test_a_chain_of_schemas_that_all_extend_the_next():
    schemas = {
        f"S{n}": {"allOf": [{"$ref": f"#/definitions/S{n + 1}"}], "properties": {f"p{n}": TEXT}}
        for n in range(effort(3_000, 8_000))
    }
    paths = {
        f"/{n}": {
            "get": {
                "operationId": f"G{n}",
                "responses": {"200": {"description": "x", "schema": {"$ref": f"#/definitions/S{n}"}}},
            }
        }
        for n in range(effort(3_000, 8_000))
    }
    changed = schemas | {"S0": schemas["S0"] | {"properties": {"other": TEXT}}}
    found = compared(
        definition(paths=paths, definitions=schemas), definition(paths=paths, definitions=changed)
    )
    assert not found.is_complete
    assert found.impact == "breaking"


def test_every_schema_against_every_other():
    count = effort(500, 1_500)

    def shuffled(shift: int) -> dict[str, Any]:
        return {
            f"S{n}": {
                "properties": {
                    f"p{k}": {"$ref": f"#/definitions/S{(n * 7 + k + shift * n) % count}"} for k in range(8)
                }
            }
            for n in range(count)
        }

    compared(
        with_input({"$ref": "#/definitions/S1"}, definitions=shuffled(0)),
        with_input({"$ref": "#/definitions/S1"}, definitions=shuffled(1)),
        seconds=15,
    )


@pytest.mark.parametrize("prefix", ["Get", "List"])
def test_tens_of_thousands_of_operations(prefix: str):
    count = effort(10_000, 40_000)

    def paths(name: str) -> dict[str, Any]:
        return {f"/{n}": {"get": {"operationId": f"{name}{n}"}} for n in range(count)}

    found = compared(definition(paths=paths("Get")), definition(paths=paths(prefix)), seconds=12)
    assert len(found.changes) == (0 if prefix == "Get" else count)


def test_a_shared_schema_of_thousands_of_operations():
    responses = {"200": {"description": "x", "schema": {"$ref": "#/definitions/S"}}}
    paths = {
        f"/{n}": {"get": {"operationId": f"G{n}", "responses": responses}}
        for n in range(effort(5_000, 20_000))
    }
    old, new = ({f"{letter}{n}": TEXT for n in range(2_000)} for letter in "ab")
    found = compared(
        definition(paths=paths, definitions={"S": {"properties": old}}),
        definition(paths=paths, definitions={"S": {"properties": new}}),
    )
    assert len(found.changes) == 4_000
    assert len(found.changes[0].also_in) == 50


def test_references_in_a_circle_and_to_nowhere():
    for target in ("#/definitions/A", "#/definitions/Nowhere", "#", "#/", "other.json"):
        old = with_input(
            {"$ref": "#/definitions/A"}, definitions={"A": {"$ref": "#/definitions/B"}, "B": TEXT}
        )
        new = with_input({"$ref": "#/definitions/A"}, definitions={"A": {"$ref": target}, "B": TEXT})
        compared(old, new)
        compared(new, old)


def test_a_list_of_many_values():
    old, new = ({"type": "string", "enum": [f"{prefix}{n}" for n in range(100_000)]} for prefix in "ab")
    found = compared(with_input(record("a", old)), with_input(record("a", new)))
    assert set(found.by_kind) == {"input-enum-value-removed", "input-enum-value-added"}


def test_a_deep_schema():
    def nested(leaf: dict[str, Any]) -> dict[str, Any]:
        for _ in range(15):
            leaf = {"type": "array", "items": {"properties": {"x": leaf}}}
        return leaf

    found = compared(with_output(nested(TEXT)), with_output(nested({"type": "integer"})))
    assert [change.kind for change in found.changes] == ["output-type-changed"]
