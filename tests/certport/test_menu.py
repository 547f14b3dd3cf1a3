"""The help of every command on a narrow terminal, and what a shell completes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
from typer.main import get_command

from portal.certport.commands.submissions import show_findings
from portal.certport.main import app, main
from portal.certport.output import output

MENU = get_command(app)
COMMANDS = [(name,) for name in MENU.commands] + [
    ("repository", name) for name in MENU.commands["repository"].commands
]


def shown(capsys, *arguments: str, columns: int = 80) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        assert main([*arguments, "--help"]) == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("command", [(), *COMMANDS], ids=" ".join)
def test_the_help_fits_the_terminal_and_breaks_off_no_line(command, columns, capsys):
    lines = shown(capsys, *command, columns=columns)
    assert lines[0].startswith("Usage: ")
    assert max(map(len, lines)) <= columns
    text = "\n".join(lines)
    assert "..." not in text.replace("ARGS]...", "").replace("[PATH]...", ""), text
    assert "<str>" not in text
    # typer takes a metavar that is the option in capitals for the option's name.
    assert not re.search(r"--[A-Z]", text), text


def test_every_command_stands_under_a_heading_once(capsys):
    lines = shown(capsys)
    for name, *_rest in COMMANDS:
        assert sum(line.startswith(f"  {name} ") for line in lines) == 1, name
    assert [line for line in lines if line.endswith(":") and not line.startswith(" ")] == [
        "Options:", "Account:", "Packages:", "Connectors:", "Submissions:", "Preview and rollout:",
    ]  # fmt: skip
    assert "Exit codes: 0 done" in "\n".join(lines)


@pytest.mark.parametrize("command", [each for each in COMMANDS if each != ("repository",)], ids=" ".join)
def test_every_command_can_answer_with_a_document(command, capsys):
    assert any(line.startswith("  --json ") for line in shown(capsys, *command))


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("certport sta", {"status"}),
        ("certport repository un", {"unbind"}),
        ("certport submit --kind h", {"hotfix"}),
        ("certport findings --severity ", {"error", "warning", "info"}),
        ("certport health --wi", {"--window"}),
    ],
)
def test_bash_completes_commands_options_and_values(typed, offered):
    words = typed.split(" ")
    environment = {**os.environ, "_CERTPORT_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)}  # fmt: skip
    asked = [sys.executable, "-c", "from portal.certport.main import app; app(prog_name='certport')"]
    done = subprocess.run(asked, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert set(done.stdout.split()) == offered, done.stderr


def test_bash_takes_the_script_that_it_is_offered(tmp_path):
    environment = {**os.environ, "_CERTPORT_COMPLETE": "source_bash"}
    asked = [sys.executable, "-c", "from portal.certport.main import app; app(prog_name='certport')"]
    script = subprocess.run(
        asked, env=environment, capture_output=True, text=True, timeout=60, check=True
    ).stdout
    bash = f"{script}\ncomplete -p certport"
    done = subprocess.run(["bash", "-c", bash], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "certport" in done.stdout


def test_a_value_that_is_none_of_the_choices_names_them(capsys):
    assert main(["health", "--window", "2d"]) == 2
    told = capsys.readouterr().err
    assert "24h" in told
    assert "1y" in told


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["list", "--nonsense"], "usage"),
        (["nonsense"], "usage"),
        (["stop"], "usage"),
        (["findings", "--severity", "loud"], "usage"),
        (["list"], "usage"),
        (["list", "--url", "https://portal.example"], "signed-out"),
        (["verify", "no-such-file.json"], "usage"),
        (["validate", "no-such-folder"], "usage"),
        (["validate", "."], "usage"),
        (["validate", "--format", "sarif"], "usage"),
    ],
    ids=" ".join,
)
def test_programs_read_every_error_as_one_document(arguments, code, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("CERTPORT_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("CERTPORT_URL", "CERTPORT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    ended = main([*arguments, "--json"])
    told = capsys.readouterr()
    error = json.loads(told.out)["error"]
    assert (error["code"], told.err) == (code, "")
    assert ended == (3 if code == "signed-out" else 2)
    assert error["message"]


def test_a_folder_without_a_package_says_what_one_holds(capsys, tmp_path):
    assert main(["validate", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("certport: ")
    assert "apiDefinition.swagger.json" in told


def test_a_name_that_looks_like_an_option_may_be_a_path(capsys):
    assert main(["validate", "--", "-tides"]) == 2
    assert "-tides: no such file or folder" in capsys.readouterr().err


def test_the_place_of_a_finding_stays_whole_on_a_narrow_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(output, "is_json", False)
    row = {
        "severity": "error",
        "rule": "INF-004",
        "file": "apiDefinition.swagger.json",
        "line": 104,
        "column": 14,
    }
    show_findings([{**row, "message": "The title contains the word API, which says nothing to anybody."}])
    assert "apiDefinition.swagger.json:104:14" in capsys.readouterr().out
