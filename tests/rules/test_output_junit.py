"""JUnit XML: a suite for each package, a case for each rule."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from certification.rules import RULES_VERSION
from tests.rules.packages import BAD, DEFINITION, GOOD, WARNED, folder
from tests.rules.reports import checked, hostile, three_packages


def junit(path: Path, *arguments: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(checked(path, "--format", "junit", *arguments))
    assert root.tag == "testsuites"
    for suite in root:
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases))
        assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
        assert all(case.get("name") and case.get("classname") == suite.get("name") for case in cases)
    return list(root)


def test_every_package_is_a_suite_and_every_broken_rule_a_failure(tmp_path: Path) -> None:
    first, good, packed = junit(three_packages(tmp_path, BAD, GOOD))
    assert [suite.get("failures") for suite in (first, good, packed)] == ["1", "0", "1"]
    (failure,) = first.findall("testcase/failure")
    assert failure.get("type") == "error"
    assert f"a b/{DEFINITION}:4:14: " in (failure.text or "")
    assert [case.get("name") for case in good.findall("testcase")] == ["all rules"]
    properties = {item.get("name"): item.get("value") for item in first.findall("properties/property")}
    assert properties["verdict"] == "fail"
    assert properties["rules_version"] == RULES_VERSION
    assert len(properties["digest"] or "") == 64


def test_what_does_not_fail_is_the_output_of_a_passing_case(tmp_path: Path) -> None:
    path = folder(tmp_path / "tides", WARNED.members())
    (suite,) = junit(path)
    assert suite.get("failures") == "0"
    assert (suite.findtext("testcase/system-out") or "").startswith("warning: ")
    (suite,) = junit(path, "--fail-on", "warning")
    assert suite.get("failures") == "1"


def test_whatever_a_title_or_path_holds_the_file_is_well_formed(tmp_path: Path) -> None:
    path = folder(tmp_path / "<&\"'\x1b>", hostile().members())
    (suite,) = junit(path)
    assert (suite.get("name") or "").endswith("<&\"'\ufffd>")
