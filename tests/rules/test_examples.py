"""Every rule says what its bad examples show, and nothing about its good ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from certification.rules import Context, Report, catalogue, check_package
from certification.rules.examples import Case, examples
from certification.rules.registry import metadata, rules
from connectors.definitions import read_archive

BAD = [
    pytest.param(rule, case, id=f"{rule}-bad-{number}")
    for rule, found in examples().items()
    for number, case in enumerate(found.bad, 1)
]
GOOD = [
    pytest.param(rule, case, found.good_breaks, id=f"{rule}-good-{number}")
    for rule, found in examples().items()
    for number, case in enumerate(found.good, 1)
]


def check(case: Case) -> Report:
    previous = read_archive(case.before.archive()) if case.before else None
    context = replace(Context.of_titles(case.other_titles), icon_hashes=case.other_icons, previous=previous)
    return check_package(read_archive(case.archive(), filename="example.zip"), case.profile, context)


@pytest.mark.parametrize(("rule", "case"), BAD)
def test_a_bad_example_breaks_exactly_its_rule_at_the_expected_place(rule: str, case: Case) -> None:
    report = check(case)
    assert {finding.rule for finding in report.findings} == {rule, *case.also}
    found = [finding for finding in report.findings if finding.rule == rule]
    assert [(finding.file, finding.pointer) for finding in found] == [(case.file, case.at)]
    if case.line is not None:
        assert found[0].line == case.line
    if found[0].pointer:
        assert found[0].line > 0
        assert found[0].column > 0
        assert found[0].length > 0
    for finding in report.findings:
        assert finding.message.endswith((".", "?", ")"))
        assert ".." not in finding.message.replace("...", "").replace("'..'", "").replace("../", "")


@pytest.mark.parametrize(("rule", "case", "breaks"), GOOD)
def test_a_good_example_breaks_no_rule(rule: str, case: Case, breaks: tuple[str, ...]) -> None:
    assert {finding.rule for finding in check(case).findings} - set(breaks) == set()


def test_every_rule_has_a_good_and_a_bad_example() -> None:
    lacking = [rule for rule in rules() if not (examples()[rule].bad and examples()[rule].good)]
    assert lacking == []
    assert set(examples()) == set(rules())


def test_every_entry_of_the_metadata_has_a_check() -> None:
    assert [
        about.id for about in metadata().values() if about.family != "ENG" and about.id not in rules()
    ] == []


def test_the_catalogue_spells_out_sources_and_shows_examples() -> None:
    for info in catalogue():
        assert info.title
        assert info.condition
        assert info.fix
        assert "{value}" not in info.fix
        assert all(len(source) > 3 for source in info.sources), info.sources
        if info.family != "ENG":
            assert info.bad_example.strip(), info.id
            assert info.good_example.strip(), info.id
            assert info.applies_to
        assert info.as_text().startswith(info.id)
