"""Workflow commands: one line for each finding, whatever its texts hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from certification.rules import Finding, Profile, Report
from certification.rules.commandline.origin import Origin
from certification.rules.commandline.output import View
from certification.rules.commandline.output_github import Format
from certification.rules.examples import Case
from connectors.definitions import read_path
from tests.rules.packages import BAD, DEFINITION, GOOD, WARNED, folder
from tests.rules.reports import checked, hostile

COMMAND = re.compile(r"::(error|warning|notice) ((?:\w+=[^,:\r\n]+)(?:,\w+=[^,:\r\n]+)*)::([^\r\n]+)\n")


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    assert COMMAND.sub("", text) == ""
    return [
        (kind, dict(item.split("=", 1) for item in properties.split(",")), message)
        for kind, properties, message in COMMAND.findall(text)
    ]


def test_an_error_is_an_annotation_at_its_line(tmp_path: Path) -> None:
    path = folder(tmp_path / "tides", BAD.members())
    ((kind, properties, message),) = commands(checked(path, "--format", "github"))
    assert kind == "error"
    title = f'"{BAD.set["/info/title"]}"'
    assert properties["file"] == f"tides/{DEFINITION}"
    assert (properties["line"], properties["endLine"]) == ("4", "4")
    assert (properties["col"], properties["endColumn"]) == ("14", str(14 + len(title)))
    assert properties["title"].startswith("INF-004 ")
    assert message


def test_a_warning_is_a_warning(tmp_path: Path) -> None:
    ((kind, _, _),) = commands(checked(folder(tmp_path / "tides", WARNED.members()), "--format", "github"))
    assert kind == "warning"


def test_nothing_found_prints_nothing(tmp_path: Path) -> None:
    assert checked(folder(tmp_path / "tides", GOOD.members()), "--format", "github") == ""


def test_a_finding_over_several_lines_has_no_columns(tmp_path: Path) -> None:
    path = folder(tmp_path / "tides", Case(remove=("/info/contact",)).members())
    found = commands(checked(path, "--format", "github", "--select", "INF"))
    assert found
    for _, properties, _ in found:
        if properties["line"] != properties["endLine"]:
            assert "col" not in properties


def test_an_archive_is_annotated_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "tides.zip").write_bytes(BAD.archive())
    ((_, properties, message),) = commands(checked(tmp_path / "tides.zip", "--format", "github"))
    assert properties["file"] == "tides.zip"
    assert "line" not in properties
    assert message.startswith(f"{DEFINITION}:4:14: ")


def test_no_text_of_a_package_becomes_a_command(tmp_path: Path) -> None:
    path = folder(tmp_path / "100%,a:b\n::error::c", hostile().members())
    found = commands(checked(path, "--format", "github"))
    assert found
    assert found[0][1]["file"] == f"100%25%2Ca%3Ab%0A%3A%3Aerror%3A%3Ac/{DEFINITION}"


def test_the_message_stays_on_its_line(tmp_path: Path) -> None:
    path = folder(tmp_path / "tides", GOOD.members())
    finding = Finding("INF-004", "error", "100%,\r\n::error::", "a:b", DEFINITION, "", 0, 0, 0, "1", "2")
    report = Report("tides", "", "1", Profile(), (finding,), {})
    text = Format(View(folder=str(tmp_path))).part(report, Origin(path, read_path(path)))
    assert text.endswith("::100%25,%0D%0A::error:: a:b\n")
