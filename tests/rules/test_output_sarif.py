"""SARIF 2.1.0: the members that the standard demands, and those that services read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from certification.rules import RULES_VERSION
from tests.rules.packages import BAD, DEFINITION, GOOD, folder
from tests.rules.reports import checked, hostile, three_packages


def sarif(path: Path, *arguments: str) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(checked(path, "--format", "sarif", *arguments))
    check_structure(log)
    return log


def check_structure(log: dict[str, Any]) -> None:
    """What the schema of SARIF 2.1.0 says about the members that are used here."""
    assert log.keys() == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert run.keys() == {"tool", "results", "columnKind", "invocations"}
    assert run["columnKind"] in ("unicodeCodePoints", "utf16CodeUnits")
    assert isinstance(run["invocations"][0]["executionSuccessful"], bool)
    driver = run["tool"]["driver"]
    assert driver.keys() == {"name", "version", "semanticVersion", "rules"}
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    for rule in driver["rules"]:
        assert rule["name"].isalnum()
        assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
        assert all(rule[member]["text"] for member in ("shortDescription", "fullDescription", "help"))
        assert rule["help"]["markdown"]
    for result in run["results"]:
        check_result(result, ids)


def check_result(result: dict[str, Any], ids: list[str]) -> None:
    assert result["ruleId"] in ids
    assert result["level"] in ("none", "note", "warning", "error")
    assert result["message"]["text"]
    assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
    (location,) = result["locations"]
    physical = location["physicalLocation"]
    assert " " not in physical["artifactLocation"]["uri"]
    if "region" in physical:
        region = physical["region"]
        assert region.keys() == {"startLine", "startColumn", "endLine", "endColumn"}
        assert all(isinstance(number, int) and number >= 1 for number in region.values())
        assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])


def test_results_stand_at_files_of_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    log = sarif(three_packages(tmp_path, BAD, GOOD))
    first, packed = log["runs"][0]["results"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": f"a%20b/{DEFINITION}", "uriBaseId": "%SRCROOT%"}
    title = f'"{BAD.set["/info/title"]}"'
    assert place["region"] == {"startLine": 4, "startColumn": 14, "endLine": 4, "endColumn": 14 + len(title)}
    assert first["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == f"{DEFINITION}#/info/title"
    # Nothing inside an archive can be shown: it stands at the archive, and its place in the message.
    packed_place = packed["locations"][0]["physicalLocation"]
    assert packed_place == {"artifactLocation": {"uri": "packed.zip", "uriBaseId": "%SRCROOT%"}}
    assert packed["message"]["text"].startswith(f"{DEFINITION}:4:14: ")
    assert log["runs"][0]["tool"]["driver"]["version"] == RULES_VERSION


def test_files_outside_of_the_repository_have_absolute_addresses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "repository").mkdir()
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "repository"))
    path = folder(tmp_path / "ti#des", BAD.members())
    artifact = sarif(path)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact.keys() == {"uri"}
    assert unquote(artifact["uri"]) == f"file://{path}/{DEFINITION}"
    assert "#" not in artifact["uri"]


def test_a_finding_about_the_package_stands_at_its_definition(tmp_path: Path) -> None:
    members = {name: content for name, content in GOOD.members().items() if name != "apiProperties.json"}
    results = sarif(folder(tmp_path / "tides", members), "--select", "PKG")["runs"][0]["results"]
    assert results
    assert all(
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith(DEFINITION)
        for result in results
    )


def test_fingerprints_survive_reformatting_and_leave_the_name_of_github_alone(tmp_path: Path) -> None:
    path = folder(tmp_path / "tides", BAD.members())
    before = sarif(path)["runs"][0]["results"]
    (path / DEFINITION).write_text(json.dumps(json.loads(BAD.members()[DEFINITION])))
    after = sarif(path)["runs"][0]["results"]
    assert before[0]["partialFingerprints"] == after[0]["partialFingerprints"]
    assert "primaryLocationLineHash" not in before[0]["partialFingerprints"]


def test_nothing_found_is_a_run_without_results(tmp_path: Path) -> None:
    log = sarif(folder(tmp_path / "tides", GOOD.members()))
    assert log["runs"][0]["results"] == []
    assert log["runs"][0]["tool"]["driver"]["rules"] == []


def test_whatever_a_title_holds_stays_text(tmp_path: Path) -> None:
    sarif(folder(tmp_path / "tides", hostile().members()))
    (tmp_path / "x.zip").write_bytes(b"no archive")
    assert sarif(tmp_path / "x.zip")["runs"][0]["results"]
