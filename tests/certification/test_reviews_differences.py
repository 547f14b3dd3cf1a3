"""Differences of two packages: by line, file and operation. No database."""

from __future__ import annotations

import copy
import itertools
import json
import random
import time
from typing import Any

from certification.reviewing.differences import (
    MOST_ROWS,
    file_changes,
    line_counterpart,
    line_diff,
    matching_blocks,
    operation_changes,
)
from certification.rules.examples import base
from connectors.definitions import Package, read_archive
from tests.factories.reviews import DEFINITION, archive, large_definition


def package(definition: Any = None, **files: str) -> Package:
    return read_archive(archive(definition or copy.deepcopy(base.DEFINITION), **files))


def test_a_diff_turns_the_old_text_into_the_new_one() -> None:
    random.seed(11)
    for _ in range(300):
        old = [random.choice("abcdef") for _ in range(random.randrange(30))]
        new = [random.choice("abcdef") for _ in range(random.randrange(30))]
        blocks = matching_blocks(old, new)
        assert all(old[i : i + size] == new[j : j + size] for i, j, size in blocks)
        assert all(a[0] + a[2] <= b[0] and a[1] + a[2] <= b[1] for a, b in itertools.pairwise(blocks))
        rows = line_diff(old, new, context=100).rows
        shown_new = [row.text for row in rows if row.kind in {"context", "added"}]
        shown_old = [row.text for row in rows if row.kind in {"context", "removed"}]
        if old != new:
            assert (shown_old, shown_new) == (old, new)
        else:
            assert rows == []


def test_row_numbers_are_those_of_the_lines() -> None:
    old, new = ["a", "b", "c", "d"], ["a", "x", "c", "d", "e"]
    for row in line_diff(old, new).rows:
        if row.old:
            assert old[row.old - 1] == row.text
        if row.new:
            assert new[row.new - 1] == row.text


def test_forty_thousand_lines_are_compared_within_a_second_and_cut() -> None:
    random.seed(3)
    old = [f'"member{random.randrange(3_000)}": {random.randrange(9)},' for _ in range(40_000)]
    new = [line if random.random() > 0.1 else f"changed {random.random()}" for line in old]
    started = time.perf_counter()
    diff = line_diff(old, new)
    assert time.perf_counter() - started < 3
    assert len(diff.rows) == MOST_ROWS
    assert diff.is_cut
    assert diff.added == diff.removed > 3_000


def test_two_texts_without_a_common_line_are_compared_without_a_square() -> None:
    started = time.perf_counter()
    diff = line_diff(["a"] * 20_000, ["b"] * 20_000)
    assert time.perf_counter() - started < 2
    assert (diff.added, diff.removed) == (20_000, 20_000)


def test_a_line_is_followed_through_insertions_and_edits() -> None:
    old = ["a", "b", "c", "d"]
    assert line_counterpart(old, ["x", "a", "b", "c", "d"], 2) == 3
    assert line_counterpart(old, ["a", "B", "c", "d"], 2) == 2
    assert line_counterpart(old, ["a", "c", "d"], 2) is None
    assert line_counterpart(old, [], 4) is None


def test_files_are_told_apart_by_what_happened_to_them() -> None:
    old = package(**{"readme.md": "old", "intro.md": "gone"})
    new = package(json.dumps(base.DEFINITION), **{"readme.md": "new", "script.csx": base.SCRIPT})
    states = {change.name: change.state for change in file_changes(old, new)}
    assert states == {
        DEFINITION: "reformatted",
        "apiProperties.json": "unchanged",
        "readme.md": "changed",
        "intro.md": "removed",
        "script.csx": "added",
    }


def test_operations_are_matched_by_their_id() -> None:
    old, new = large_definition(4), large_definition(4)
    paths = list(new["paths"])
    new["paths"]["/moved"] = new["paths"].pop(paths[0])
    new["paths"][paths[1]]["get"]["summary"] = "Another summary"
    new["paths"][paths[2]]["get"]["operationId"] = "Renamed"
    found = {
        (change.state, change.operation_id): change
        for change in operation_changes(package(old), package(new))
    }
    assert found["changed", "GetBerth0"].parts == ("path",)
    assert found["changed", "GetVessel1"].parts == ("summary",)
    assert ("added", "Renamed") in found
    assert found["removed", "GetPilot2"].pointer == ""
    assert len(found) == 4


def test_an_operation_whose_schema_changed_is_a_changed_one() -> None:
    new = copy.deepcopy(base.DEFINITION)
    new["definitions"]["TideList"]["properties"]["tides"]["description"] = "Other words."
    [change] = operation_changes(package(), package(new))
    assert (change.state, change.operation_id, change.parts) == ("changed", "ListTides", ("definitions",))


def test_a_reformatted_definition_has_no_changed_operation() -> None:
    assert operation_changes(package(), package(json.dumps(base.DEFINITION))) == []
