"""Repairs: what they mend is gone, nothing gets worse, and the rest of the file stays as it was written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.rules import Context, Finding, Profile, check_package, fixes, repairs
from certification.rules.examples import Case, examples
from certification.rules.fixes import Place, fixable, patch_for
from certification.rules.repair_conflicts import without_conflicts
from certification.rules.repairs import fix_package, with_file
from connectors.definitions import Document, Package, read_archive
from connectors.definitions.patching import apply

DEFINITION = "apiDefinition.swagger.json"
PROFILE = Profile()

REPAIRABLE = [
    pytest.param(rule, case, id=f"{rule}-bad-{number}")
    for rule in sorted(fixable() & examples().keys())
    for number, case in enumerate(examples()[rule].bad, 1)
]


def setting(case: Case) -> tuple[Package, Profile, Context]:
    previous = read_archive(case.before.archive()) if case.before else None
    context = replace(Context.of_titles(case.other_titles), icon_hashes=case.other_icons, previous=previous)
    return read_archive(case.archive(), filename="example.zip"), case.profile, context


def errors(findings: tuple[Finding, ...]) -> Counter[str]:
    return Counter(finding.rule for finding in findings if finding.severity == "error")


@pytest.mark.parametrize(("rule", "case"), REPAIRABLE)
def test_a_repair_mends_its_bad_example_and_changes_nothing_else(rule: str, case: Case) -> None:
    package, profile, context = setting(case)
    before = check_package(package, profile, context)
    if not any(patch_for(package, finding) for finding in before.findings if finding.rule == rule):
        pytest.skip("this case is left to a person")
    result = fix_package(package, profile, context, selected=frozenset((rule,)))
    assert rule not in {finding.rule for finding in result.report.findings}
    assert not errors(result.report.findings) - errors(before.findings)
    assert result.refused == ()
    touched = Counter(repair.file for repair in result.applied)
    assert set(result.files) == set(touched)
    for document in package.documents.values():
        patch = [
            operation
            for repair in result.applied
            if repair.file == document.file.name
            for operation in repair.patch
        ]
        if patch:
            new = next(
                found for found in result.package.documents.values() if found.file.name == document.file.name
            )
            assert new.value == apply(document.value, patch)
            assert lines_changed(document.file.text, new.file.text) <= most_lines(document, patch)


def lines_changed(old: str, new: str) -> int:
    """How many lines were taken out of a text, or put in, whichever are more."""
    before, after = Counter(old.splitlines()), Counter(new.splitlines())
    return max((before - after).total(), (after - before).total())


def most_lines(document: Document, patch: list[Mapping[str, Any]]) -> int:
    """The lines of all values that a patch names, and of those beside them that get or lose a comma."""
    total = 0
    for operation in patch:
        places = [operation[member] for member in ("path", "from") if member in operation]
        named = [operation.get("value"), *(document.resolve(place, None) for place in places)]
        total += sum(json.dumps(value, indent=2).count("\n") + 1 for value in named) + 2
    return total


# -- the machinery, with repairs of its own

GOOD = Case()
ENDS_WITH_SIGN = examples()["INF-007b"].bad[0]


@pytest.fixture
def own_repairs(monkeypatch: pytest.MonkeyPatch) -> dict[str, fixes.Fixer]:
    own: dict[str, fixes.Fixer] = {}
    monkeypatch.setattr(fixes, "_fixers", own)
    return own


def package_of(case: Case) -> Package:
    return read_archive(case.archive(), filename="example.zip")


def test_a_repair_is_applied_and_reported(own_repairs: dict[str, fixes.Fixer]) -> None:
    own_repairs["INF-007b"] = lambda place: place.replace(place.value.rstrip("!"))
    result = fix_package(package_of(ENDS_WITH_SIGN), PROFILE)
    assert list(result.files) == [DEFINITION]
    assert result.files[DEFINITION] == GOOD.members()[DEFINITION]
    assert [finding.rule for repair in result.applied for finding in repair.findings] == ["INF-007b"]
    assert result.report.findings == ()
    assert result.package.digest == package_of(GOOD).digest


def test_a_repair_that_does_not_help_is_refused(own_repairs: dict[str, fixes.Fixer]) -> None:
    own_repairs["INF-007b"] = lambda place: place.replace(place.value + "!")
    result = fix_package(package_of(ENDS_WITH_SIGN), PROFILE)
    assert result.files == {}
    assert result.applied == ()
    assert len(result.refused) == 1
    assert "INF-007b" in {finding.rule for finding in result.report.findings}


def test_a_repair_that_creates_an_error_is_refused(own_repairs: dict[str, fixes.Fixer]) -> None:
    own_repairs["INF-007b"] = lambda place: place.remove()
    result = fix_package(package_of(ENDS_WITH_SIGN), PROFILE)
    assert result.files == {}
    assert len(result.refused) == 1


def test_one_wrong_repair_does_not_hold_up_the_right_ones(own_repairs: dict[str, fixes.Fixer]) -> None:
    own_repairs["INF-007b"] = lambda place: place.replace(place.value.rstrip("!"))
    own_repairs["INF-015"] = lambda place: place.remove()
    description = examples()["INF-015"].bad[0].set["/info/description"]
    case = Case(set={**ENDS_WITH_SIGN.set, "/info/description": description})
    result = fix_package(package_of(case), PROFILE)
    assert [repair.findings[0].rule for repair in result.applied] == ["INF-007b"]
    assert [repair.findings[0].rule for repair in result.refused] == ["INF-015"]


def test_only_selected_rules_are_repaired(own_repairs: dict[str, fixes.Fixer]) -> None:
    own_repairs["INF-007b"] = lambda place: place.replace(place.value.rstrip("!"))
    assert fix_package(package_of(ENDS_WITH_SIGN), PROFILE, selected=frozenset(("PKG-001",))).files == {}


def test_a_repair_that_raises_leaves_the_case_to_a_person(own_repairs: dict[str, fixes.Fixer]) -> None:
    own_repairs["INF-007b"] = lambda place: place.replace(place.at("below").value)
    result = fix_package(package_of(ENDS_WITH_SIGN), PROFILE)
    assert (result.files, result.applied, result.refused) == ({}, (), ())


def test_a_file_with_broken_syntax_is_left_alone(own_repairs: dict[str, fixes.Fixer]) -> None:
    own_repairs["INF-007b"] = lambda place: place.replace(place.value.rstrip("!"))
    broken = ENDS_WITH_SIGN.members()[DEFINITION].replace(b'"swagger": "2.0",', b'"swagger": "2.0",,')
    result = fix_package(package_of(Case(files={DEFINITION: broken})), PROFILE)
    assert (result.files, result.applied, result.refused) == ({}, (), ())


def test_the_number_of_checks_is_limited(
    own_repairs: dict[str, fixes.Fixer], monkeypatch: pytest.MonkeyPatch
) -> None:
    own_repairs["INF-007b"] = lambda place: place.replace(place.value + "!")
    monkeypatch.setattr(repairs, "MOST_CHECKS", 1)
    result = fix_package(package_of(ENDS_WITH_SIGN), PROFILE)
    assert (result.applied, result.refused) == ((), ())


def test_a_refused_package_is_not_repaired() -> None:
    result = fix_package(read_archive(b"no archive"), PROFILE)
    assert (result.files, result.applied) == ({}, ())
    assert result.report.verdict == "fail"


def test_a_package_with_a_changed_file_is_what_a_reader_would_make_of_it() -> None:
    package = package_of(ENDS_WITH_SIGN)
    changed = with_file(
        package, DEFINITION, b'\xef\xbb\xbf{"paths": {"/a": {"$ref": "http://else.example"}}}'
    )
    files = {**ENDS_WITH_SIGN.members(), DEFINITION: changed.files[DEFINITION].content}
    read = package_of(Case(files=files))
    assert changed.digest == read.digest
    assert set(changed.problems) == set(read.problems)
    assert check_package(changed, PROFILE, label="x") == check_package(read, PROFILE, label="x")


def test_a_place_knows_its_surroundings() -> None:
    package = package_of(GOOD)
    assert package.definition is not None
    place = Place(package, package.definition.value, ("info", "title"))
    assert (place.value, place.name, place.pointer) == ("Harbour Tides", "title", "/info/title")
    assert place.parent.at("version").value == "1.0.0"
    assert place.rename("version") == ()
    assert place.rename("name") == ({"op": "move", "from": "/info/title", "path": "/info/name"},)
    assert place.parent.add("x", 1) == ({"op": "add", "path": "/info/x", "value": 1},)


def test_items_of_one_array_are_removed_together_from_behind() -> None:
    value = {"tags": ["a", "b", "c"]}
    patches = [({"op": "remove", "path": f"/tags/{index}"},) for index in (0, 2, 0)]
    kept = without_conflicts(value, patches)
    assert kept == [patches[1], patches[0]]
    assert apply(value, [operation for patch in kept for operation in patch]) == {"tags": ["b"]}


@given(st.data())
def test_patches_without_conflict_say_the_same_in_any_number(data: st.DataObject) -> None:
    """Each of the chosen patches, applied with the others, does what it would have done alone."""
    value = {"a": [{"x": 0}, {"x": 1}, {"x": 2}], "b": {"c": 1, "d": 2}}
    places = ["/a/0", "/a/1", "/a/2", "/a/0/x", "/a/1/x", "/a/2/x", "/b", "/b/c", "/b/d"]
    single = st.sampled_from(places).flatmap(
        lambda place: st.sampled_from(
            [{"op": "remove", "path": place}, {"op": "replace", "path": place, "value": f"new {place}"}]
        )
    )
    patches = data.draw(st.lists(st.lists(single, min_size=1, max_size=2).map(tuple), max_size=5))
    patches = [patch for patch in patches if is_possible(value, patch)]
    kept = without_conflicts(value, patches)
    result = apply(value, [operation for patch in kept for operation in patch])
    replaced = [operation["value"] for patch in kept for operation in patch if operation["op"] == "replace"]
    text = json.dumps(result)
    for patch in kept:
        alone = json.dumps(apply(value, patch))
        assert all(json.dumps(new) in text for new in replaced if json.dumps(new) in alone)


def is_possible(value: Any, patch: Any) -> bool:
    try:
        apply(value, patch)
    except ValueError:
        return False
    return True
