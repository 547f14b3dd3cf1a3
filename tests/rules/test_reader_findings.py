"""Whatever the reader saw in a package stands in its verdict, once."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from certification.rules import Profile, check_package
from certification.rules.checks.reader import REPORTED_BY
from certification.rules.examples import base
from certification.rules.examples.base import DEFINITION
from certification.rules.examples.case import Case
from certification.rules.examples.reader import png
from certification.rules.registry import rules
from connectors.definitions import KINDS, Limits, Package, read_archive, read_files
from tests.definitions.test_archives_hostile import ARCHIVES

DEFINITION_FILE = "apiDefinition.swagger.json"
TEXT = json.dumps(DEFINITION, indent=1)


def package(**changes: bytes | str | None) -> Package:
    return read_archive(Case(files=changes).archive(), filename="tides.zip")


def definition(old: str, new: str) -> Package:
    assert old in TEXT
    return package(**{DEFINITION_FILE: TEXT.replace(old, new, 1)})


DEEP = '"host": ' + "[" * 70 + "]" * 70
READABLE = {
    "wrapped-folder": lambda: read_archive(Case(folder="tides/").archive()),
    "junk-entry": lambda: package(**{".DS_Store": b"\0"}),
    "extra-entry": lambda: package(**{"notes.txt": "Ask.\n"}),
    "extra-entry in a folder": lambda: package(**{"docs/notes.txt": "Ask.\n"}),
    "file-name of the definition": lambda: package(
        **{DEFINITION_FILE: None, "apidefinition.swagger.json": TEXT}
    ),
    "file-name of a stand-in": lambda: package(**{DEFINITION_FILE: None, "tides.swagger.json": TEXT}),
    "file-name of the script": lambda: package(**{"Script.csx": "class Script : ScriptBase {}"}),
    "file-name of the icon": lambda: package(**{"icon.png": None, "ICON.png": base.ICON}),
    "file-name of the settings": lambda: package(**{"Settings.json": "{}"}),
    "several-definitions": lambda: package(**{"second.swagger.json": TEXT}),
    "several-scripts": lambda: package(**{"script.csx": "", "other.csx": ""}),
    "bom": lambda: package(**{DEFINITION_FILE: "\ufeff" + TEXT}),
    "bom in a text": lambda: package(**{"intro.md": "\ufeffTides.\n"}),
    "not-utf8": lambda: package(**{"intro.md": b"c\xf4te\n"}),
    "nul-character": lambda: package(**{"intro.md": "a\0b\n"}),
    "nul-character in JSON": lambda: definition("Harbour Tides Support", "Harbour\\u0000Tides"),
    "lone-surrogate": lambda: definition("Harbour Tides Support", "Harbour \\ud800"),
    "json-syntax": lambda: definition("{", "{ // tides"),
    "duplicate-key": lambda: definition('"swagger": "2.0"', '"swagger": "2.0", "swagger": "2.0"'),
    "json-number": lambda: definition('"type": "number"', '"type": "number", "maximum": 1e999'),
    "json-constant": lambda: definition('"type": "number"', '"type": "number", "maximum": NaN'),
    "json-too-deep": lambda: definition('"host": "api.tides.example"', DEEP),
    "remote-reference": lambda: definition("#/definitions/TideList", "tides.json"),
    "more-problems": lambda: definition("{", "{" + '"x-tide": 1e999,' * 150),
    "icon-not-png": lambda: package(**{"icon.png": b"GIF89a"}),
    "icon-too-many-pixels": lambda: package(**{"icon.png": png(1025)}),
    "icon-trailing-data": lambda: package(**{"icon.png": png(160) + b"x"}),
    "picture-not-readable": lambda: package(**{"images/harbour.gif": b"<svg/>"}),
}


def findings_about(code: str, found: Package) -> Counter[str]:
    report = check_package(found, Profile("new", "verified"))
    return Counter(finding.rule for finding in report.findings if finding.rule in REPORTED_BY[code])


def test_every_code_of_the_reader_is_reported_by_rules_that_run() -> None:
    assert set(REPORTED_BY) == set(KINDS)
    assert {rule for reporting in REPORTED_BY.values() for rule in reporting} <= set(rules())
    assert set(KINDS) == {name.split()[0] for name in READABLE} | {
        code for code, kind in KINDS.items() if kind.refuses
    }


@pytest.mark.parametrize("name", READABLE)
def test_a_problem_of_the_reader_is_one_finding_of_one_rule(name: str) -> None:
    found, code = READABLE[name](), name.split()[0]
    problems = [problem for problem in found.problems if problem.code == code]
    assert problems
    reported = findings_about(code, found)
    assert len(reported) == 1
    if code not in ("several-definitions", "several-scripts", "json-syntax", "json-too-deep"):
        assert reported.total() == len(problems)


@pytest.mark.parametrize("code", sorted(code for code, kind in KINDS.items() if kind.refuses))
def test_what_refuses_an_upload_fails_its_verdict(code: str) -> None:
    data = next(data for found, data in ARCHIVES.values() if found == code)
    found = read_archive(data, limits=Limits(json_values=50_000))
    assert sum(findings_about(code, found).values()) >= 1
    assert check_package(found, Profile("new", "verified")).verdict == "fail"


def test_a_reference_to_another_document_fails_and_is_placed_at_its_value() -> None:
    report = check_package(definition("#/definitions/TideList", "https://tides.example/t.json"), Profile())
    (finding,) = [item for item in report.findings if item.rule == "ENG-010"]
    assert report.verdict == "fail"
    assert finding.pointer.endswith("/responses/200/schema/$ref")
    line = TEXT.splitlines()[finding.line - 1]
    assert line[finding.column - 1 :].startswith('"#/definitions/TideList"')
    assert "https://tides.example/t.json" in finding.message


def test_files_given_singly_are_reported_like_an_archive() -> None:
    members = Case(files={"icon.png": b"GIF89a"}).members()
    assert findings_about("icon-not-png", read_files(members)) == {"ICN-003": 1}
