"""The next version number, and the changelog drafted for it."""

from __future__ import annotations

import pytest

from connectors.definitions.diff import KINDS, Change, Difference, compare, draft_changelog, propose_version
from tests.definitions.diffing import BASE, definition, difference, package, with_operation, with_output

BY_IMPACT = {
    impact: Difference((Change(kind, impact, operation_id="ListTides", subject="x"),))
    for kind, impact in (
        ("operation-removed", "breaking"),
        ("host-changed", "behavioural"),
        ("operation-added", "additive"),
        ("icon-changed", "cosmetic"),
    )
}

# Old version and the next one after a breaking, an additive and a cosmetic change.
VERSIONS = [
    ("1.2.3", "2.0.0", "1.3.0", "1.2.4"),
    ("1.0", "2.0", "1.1", "1.1"),
    ("1", "2", "2", "2"),
    ("v2", "v3", "v3", "v3"),
    ("V1.4", "V2.0", "V1.5", "V1.5"),
    ("0.9.9", "1.0.0", "0.10.0", "0.9.10"),
    ("1.2.3.4", "2.0.0.0", "1.3.0.0", "1.2.4.0"),
    ("1.0.0-beta", "2.0.0-beta", "1.1.0-beta", "1.0.1-beta"),
    ("2024.09", "2025.00", "2024.10", "2024.10"),
    ("2024-01-15", "2024-01-15.1", "2024-01-15.1", "2024-01-15.1"),
    ("2024-01-15.1", "2024-01-15.2", "2024-01-15.2", "2024-01-15.2"),
    (" 1.0 ", "2.0", "1.1", "1.1"),
    ("", "1.0.0", "1.0.0", "1.0.0"),
    ("latest", "1.0.0", "1.0.0", "1.0.0"),
    ("9" * 5_000, "1.0.0", "1.0.0", "1.0.0"),
]


@pytest.mark.parametrize(("old", "breaking", "additive", "cosmetic"), VERSIONS)
def test_the_form_of_a_version_is_kept(old: str, breaking: str, additive: str, cosmetic: str) -> None:
    assert propose_version(old, BY_IMPACT["breaking"]) == breaking
    assert propose_version(old, BY_IMPACT["additive"]) == additive
    assert propose_version(old, BY_IMPACT["behavioural"]) == additive
    assert propose_version(old, BY_IMPACT["cosmetic"]) == cosmetic


def test_without_a_change_the_version_stays():
    assert propose_version("1.0", Difference(())) == "1.0"


def test_what_could_not_be_compared_counts_as_breaking():
    assert propose_version("1.0", Difference((), is_complete=False)) == "2.0"


def test_a_changelog_has_a_list_for_each_kind_of_news():
    old = with_output({"type": "object", "properties": {"level": {"type": "number"}}})
    new = with_operation(
        summary="Tides",
        parameters=[*BASE["paths"]["/tides/{port}"]["get"]["parameters"], {"name": "days", "in": "query"}],
    )
    new["host"] = "api.tides.example"
    new["info"] = BASE["info"] | {"version": "2.0"}
    assert draft_changelog(difference(old, new)) == (
        "### Breaking\n\n- The output body/level of ListTides was removed.\n\n"
        "### Changed\n\n- The host was changed from tides.example to api.tides.example.\n\n"
        "### Added\n\n- The optional input days was added to ListTides.\n\n"
        "### Wording\n\n- The summary of ListTides was changed from List tides to Tides.\n"
    )


def test_nothing_is_said_of_nothing():
    assert draft_changelog(compare(package(), package())) == ""


def test_texts_of_a_package_are_no_markup_and_no_new_line():
    new = definition(host="a`b*c\n# d<script>[x](javascript:y)")
    text = draft_changelog(difference(BASE, new))
    assert text.count("\n") == 3
    assert "a\\`b\\*c \\# d\\<script\\>\\[x\\](javascript:y)" in text


def test_a_long_list_is_cut():
    paths = {f"/{n}": {"get": {"operationId": f"Get{n}"}} for n in range(100)}
    text = draft_changelog(difference(BASE, definition(paths=BASE["paths"] | paths)))
    assert text.count("\n- ") == 41
    assert text.endswith("- and 60 more\n")


def test_every_kind_of_change_has_a_sentence():
    for kind, about in KINDS.items():
        change = Change(kind, about.impact, operation_id="ListTides", subject="x", note="maximum")
        assert change.sentence.endswith("."), kind
        assert "{" not in change.sentence
