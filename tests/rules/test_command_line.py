"""`python -m certification.rules`: what it accepts, prints and returns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from certification.rules import RULES_VERSION
from certification.rules.cli import main
from certification.rules.examples import Case, examples

GOOD = Case()
BAD = examples()["INF-004"].bad[0]
WARNED = examples()["INF-015"].bad[0]


def folder(path: Path, members: Mapping[str, bytes]) -> Path:
    for name, content in members.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return path


def test_a_clean_package_exits_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(folder(tmp_path / "tides", GOOD.members()))]) == 0
    assert "nothing found" in capsys.readouterr().out


def test_text_groups_by_rule_and_names_file_line_and_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(folder(tmp_path / "tides", BAD.members()))]) == 1
    out = capsys.readouterr().out
    assert "fail" in out
    assert "INF-004" in out
    assert "apiDefinition.swagger.json:4:14" in out
    assert "\x1b[" not in out


def test_json_is_an_array_with_one_object_for_each_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder(tmp_path / "a", BAD.members())
    folder(tmp_path / "b", GOOD.members())
    (tmp_path / "c.zip").write_bytes(GOOD.archive())
    assert main(["check", str(tmp_path), "--format", "json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert [Path(entry["package"]).name for entry in data] == ["a", "b", "c.zip"]
    assert {entry["rules_version"] for entry in data} == {RULES_VERSION}
    assert [len(entry["findings"]) for entry in data] == [1, 0, 0]
    finding = data[0]["findings"][0]
    assert finding["rule"] == "INF-004"
    assert finding["pointer"] == "/info/title"
    assert {"rule", "severity", "message", "fix", "file", "pointer", "line", "column"} <= set(finding)


def test_one_package_is_an_array_of_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.zip").write_bytes(GOOD.archive())
    assert main(["check", str(tmp_path / "c.zip"), "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 1


def test_a_pattern_names_packages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("tides-north", "tides-south", "winds"):
        folder(tmp_path / name, GOOD.members())
    assert main(["check", str(tmp_path / "tides-*"), "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2


def test_a_single_file_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder(tmp_path, BAD.members())
    assert main(["check", str(tmp_path / "apiDefinition.swagger.json"), "--format", "json"]) == 1
    found = {finding["rule"] for finding in json.loads(capsys.readouterr().out)[0]["findings"]}
    assert found == {"INF-004", "PKG-002"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "/nowhere/at/all"],
        ["check", "/nowhere/*.zip"],
        ["check", "{empty}"],
        ["check", "{good}", "--select", "XYZ-1"],
        ["rules", "XYZ-1"],
    ],
)
def test_unusable_input_exits_with_2_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    (tmp_path / "empty").mkdir()
    folder(tmp_path / "good", GOOD.members())
    names = {"empty": tmp_path / "empty", "good": tmp_path / "good"}
    assert main([argument.format(**names) for argument in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("connector-rules: ")
    assert captured.out == ""


def test_bytes_that_are_no_archive_are_a_verdict_not_a_failure(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"no archive")
    assert main(["check", str(tmp_path / "x.zip")]) == 1


def test_rules_can_be_selected_and_ignored(tmp_path: Path) -> None:
    path = str(folder(tmp_path / "tides", BAD.members()))
    assert main(["check", path, "--select", "PKG,DEF"]) == 0
    assert main(["check", path, "--select", "inf-004"]) == 1
    assert main(["check", path, "--ignore", "INF-004"]) == 0


def test_warnings_fail_only_when_asked_to(tmp_path: Path) -> None:
    path = str(folder(tmp_path / "tides", WARNED.members()))
    assert main(["check", path]) == 0
    assert main(["check", path, "--fail-on", "warning"]) == 1


def test_publisher_and_change_choose_the_profile(tmp_path: Path) -> None:
    path = str(folder(tmp_path / "tides", Case(remove=("/info/contact",)).members()))
    assert main(["check", path]) == 1
    assert main(["check", path, "--change", "update"]) == 0
    assert main(["check", path, "--publisher", "independent"]) == 0


def test_rules_lists_all_and_explains_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"]) == 0
    listed = capsys.readouterr().out
    assert all(rule in listed for rule in examples())
    assert main(["rules", "inf-007B"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("INF-007b")
    assert "ValueMustEndWithAlphanumeric" in text
    assert '"title": "Harbour Tides!"' in text


def test_the_process_needs_no_django_and_starts_fast(tmp_path: Path) -> None:
    path = folder(tmp_path / "tides", BAD.members())
    root = Path(__file__).resolve().parents[2]
    code = (
        "import sys; from certification.rules.cli import main; main(['check', sys.argv[1]]);"
        "loaded = {name.partition('.')[0] for name in sys.modules};"
        "bad = loaded & {'django', 'rest_framework', 'celery', 'PIL'};"
        "sys.exit(', '.join(bad) or 0)"
    )
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=root, capture_output=True, text=True, check=False
    )
    after = os.times()
    assert done.returncode == 0, done.stderr
    # Processor time of the child does not depend on what else the machine does; generous for slow ones.
    assert after.children_user + after.children_system - before.children_user - before.children_system < 1.0


def test_a_closed_pipe_is_no_traceback(tmp_path: Path) -> None:
    path = folder(tmp_path / "tides", BAD.members())
    root = Path(__file__).resolve().parents[2]
    command = f"{sys.executable} -m certification.rules check {path} --format json | head -c 1"
    done = subprocess.run(["bash", "-c", command], cwd=root, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    from io import StringIO

    from certification.rules.output import Style

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert Style(Terminal())("error", "x") == "\x1b[31mx\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert Style(Terminal())("error", "x") == "x"
    assert Style(StringIO())("error", "x") == "x"
