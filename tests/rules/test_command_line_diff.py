"""`connector-rules diff`: what changed, grouped by what it means, and what fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from certification.rules.commandline.main import main
from certification.rules.examples import Case
from connectors.definitions.diff import IMPACTS
from tests.rules.packages import DEFINITION, GOOD, folder

OPERATION = "/paths/~1harbours~1{harbourId}~1tides/get"
BREAKING = Case(set={f"{OPERATION}/operationId": "ListAllTides", "/info/version": "1.0.1"})
COSMETIC = Case(set={f"{OPERATION}/summary": "List <b>all</b> tides @team"})


@pytest.fixture
def old(tmp_path: Path) -> str:
    return str(folder(tmp_path / "old", GOOD.members()))


def new(path: Path, case: Case) -> str:
    return str(folder(path / "new", case.members()))


def test_a_breaking_change_exits_with_1_and_stands_first(
    tmp_path: Path, old: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = new(tmp_path, BREAKING)
    assert main(["diff", old, path]) == 1
    out = capsys.readouterr().out
    assert out.startswith("breaking  ")
    assert f"{path}/{DEFINITION}:" in out
    assert "Version 1.0.0 became 1.0.1; proposed is 2.0.0." in out
    assert "\x1b[" not in out


def test_what_fails_can_be_chosen(tmp_path: Path, old: str) -> None:
    breaking, cosmetic = new(tmp_path / "b", BREAKING), new(tmp_path / "c", COSMETIC)
    assert main(["diff", old, breaking, "--fail-on", "never"]) == 0
    assert main(["diff", old, breaking, "--fail-on", "behavioural"]) == 1
    assert main(["diff", old, cosmetic, "--fail-on", "behavioural"]) == 0
    assert main(["diff", old, old]) == 0


def test_json_names_kind_impact_sentence_and_both_places(
    tmp_path: Path, old: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["diff", old, new(tmp_path, BREAKING), "--format", "json"])
    data = json.loads(capsys.readouterr().out)
    assert data["impact"] == "breaking"
    assert data["proposed_version"] == "2.0.0"
    assert (data["old"]["version"], data["new"]["version"]) == ("1.0.0", "1.0.1")
    assert data["changes"]
    for change in data["changes"]:
        assert change["impact"] in IMPACTS
        assert change["kind"]
        assert change["sentence"].endswith((".", "…"))
        for place in (change["old"], change["new"]):
            assert place.keys() == {"file", "pointer", "line", "column"}
    worst = next(change for change in data["changes"] if change["impact"] == "breaking")
    assert worst["new"]["line"] > 0


def test_markdown_does_not_let_a_package_write_markup(
    tmp_path: Path, old: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", old, new(tmp_path, COSMETIC), "--format", "markdown"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("### Cosmetic (1)\n\n- ")
    assert "<b>" not in out
    assert "@" not in out


def test_a_change_log_can_be_drafted_into_a_file(
    tmp_path: Path, old: str, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "CHANGES.md"
    assert main(["diff", old, new(tmp_path, BREAKING), "--changelog", "--output", str(target)]) == 1
    assert "ListAllTides" in target.read_text()
    assert capsys.readouterr().out == ""


def test_archives_are_compared_too_and_equal_ones_say_so(
    tmp_path: Path, old: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "new.zip").write_bytes(GOOD.archive())
    assert main(["diff", old, str(tmp_path / "new.zip")]) == 0
    assert capsys.readouterr().out == "Nothing changed.\n"


def test_a_refused_package_cannot_be_compared(
    tmp_path: Path, old: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "new.zip").write_bytes(b"no archive")
    assert main(["diff", old, str(tmp_path / "new.zip")]) == 2
    assert "new.zip: " in capsys.readouterr().err


def test_each_side_must_name_one_package(
    tmp_path: Path, old: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        folder(tmp_path / "many" / name, GOOD.members())
    assert main(["diff", old, str(tmp_path / "many")]) == 2
    assert "names 2 packages" in capsys.readouterr().err
