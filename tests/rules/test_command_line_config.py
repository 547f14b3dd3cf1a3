"""`.connector-rules.toml`: where it is found, what it may say, and who overrules it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from certification.rules.commandline.main import main
from tests.rules.packages import BAD, GOOD, WARNED, folder

NAME = ".connector-rules.toml"


def test_the_nearest_file_above_a_package_is_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder(tmp_path / "connectors/tides", BAD.members())
    (tmp_path / NAME).write_text(
        'select = ["PKG"]\nformat = "json"\npublisher = "independent"\nchange = "update"\n'
    )
    assert main(["check", str(path)]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["profile"] == {"publisher": "independent", "change": "update"}
    (tmp_path / "connectors" / NAME).write_text('fail-on = "never"\n')
    assert main(["check", str(path)]) == 0
    assert "INF-004" in capsys.readouterr().out


def test_the_file_in_the_current_folder_serves_packages_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder(tmp_path / "elsewhere/tides", BAD.members())
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / NAME).write_text('ignore = ["INF-004"]')
    monkeypatch.chdir(tmp_path / "here")
    assert main(["check", str(path)]) == 0


def test_the_search_ends_at_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder(tmp_path / "repository/tides", BAD.members())
    (tmp_path / "repository/.git").mkdir()
    (tmp_path / NAME).write_text('ignore = ["INF-004"]')
    monkeypatch.chdir(path)
    assert main(["check", str(path)]) == 1


def test_the_command_line_overrules_the_file(tmp_path: Path) -> None:
    path = folder(tmp_path / "tides", WARNED.members())
    (tmp_path / NAME).write_text('fail-on = "warning"\nselect = ["INF"]\njobs = 2\n')
    assert main(["check", str(path)]) == 1
    assert main(["check", str(path), "--fail-on", "error"]) == 0
    assert main(["check", str(path), "--select", "PKG"]) == 0
    assert main(["check", str(path), "--no-config"]) == 0


def test_a_file_can_be_named(tmp_path: Path) -> None:
    path = folder(tmp_path / "tides", BAD.members())
    (tmp_path / "mine.toml").write_text('ignore = ["INF"]')
    assert main(["check", str(path), "--config", str(tmp_path / "mine.toml")]) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour = true", "unknown key 'colour'"),
        ("[severity]\nINF-004 = 'info'", "same verdict everywhere"),
        ("publisher = 'friend'", "publisher must be one of verified, independent"),
        ("change = 1", "change must be one of new, update"),
        ("format = 'pdf'", "format must be one of"),
        ("fail-on = 'info'", "fail-on must be one of"),
        ("select = 'INF'", "select must be an array"),
        ("ignore = [1]", "ignore must be an array"),
        ("ignore = ['XYZ']", "'XYZ' is neither a rule nor a family"),
        ("jobs = true", "jobs must be a number"),
        ("jobs = 1000", "jobs must be a number"),
        ("jobs =", "Invalid value"),
        ("\udcff", "utf-8"),
    ],
)  # fmt: skip
def test_mistakes_in_the_file_exit_with_2_and_say_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    path = folder(tmp_path / "tides", GOOD.members())
    (tmp_path / NAME).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert main(["check", str(path)]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_a_receipt_is_refused_when_the_file_leaves_out_rules(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder(tmp_path / "tides", GOOD.members())
    (tmp_path / NAME).write_text('ignore = ["INF-004"]')
    assert main(["check", str(path), "--receipt", str(tmp_path / "receipt.json")]) == 2
    assert NAME in capsys.readouterr().err
