"""Text: grouped, with the lines of errors, fit for a terminal."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest

from certification.rules.commandline.output import View
from certification.rules.commandline.output_text import Format
from certification.rules.commandline.progress import Progress
from certification.rules.commandline.style import Style, printable
from certification.rules.examples import Case
from tests.rules.packages import BAD, DEFINITION, GOOD, WARNED, folder
from tests.rules.reports import checked, hostile, three_packages


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_finding_has_its_rule_its_place_its_line_and_its_fix(tmp_path: Path) -> None:
    path = folder(tmp_path / "tides", BAD.members())
    lines = checked(path).splitlines()
    assert lines[0] == f"{path}  fail  1 error"
    assert lines[1].startswith("  error    INF-004  ")
    assert lines[2].startswith(f"    {path}/{DEFINITION}:4:14  ")
    assert lines[3].startswith('      4 | "title": "')
    title = BAD.set["/info/title"]
    assert lines[4] == "        | " + " " * len('"title": ') + "^" * len(f'"{title}"')
    assert lines[5].startswith("    fix: ")


def test_several_packages_are_summed_up(tmp_path: Path) -> None:
    out = checked(three_packages(tmp_path, BAD, GOOD))
    assert out.endswith("3 packages: 1 pass, 2 fail; 2 errors\n")
    assert f"{tmp_path}/packed.zip/{DEFINITION}:4:14" in out


def test_many_places_are_cut_unless_all_are_wanted(tmp_path: Path) -> None:
    tags = [{"name": "Tides", "description": "High and low water."}] * 30
    path = folder(tmp_path / "tides", Case(set={"/tags": tags}).members())
    short, full = checked(path), checked(path, "--all")
    assert len(full) > len(short)
    assert " more\n" in short
    assert " more\n" not in full


def test_quiet_shows_only_what_fails(tmp_path: Path) -> None:
    folder(tmp_path / "warned", WARNED.members())
    assert checked(tmp_path, "--quiet") == ""
    assert "INF-015" in checked(tmp_path, "--quiet", "--fail-on", "warning")
    folder(tmp_path / "bad", BAD.members())
    out = checked(tmp_path, "--quiet")
    assert "INF-004" in out
    assert "warned" not in out
    assert "packages:" not in out


def test_a_long_line_is_cut_around_the_finding(tmp_path: Path) -> None:
    one_line = b"".join(line.strip() for line in BAD.members()[DEFINITION].splitlines())
    path = folder(tmp_path / "tides", {**BAD.members(), DEFINITION: one_line})
    lines = checked(path, "--select", "INF").splitlines()
    (excerpt,) = [line for line in lines if line.startswith("      1 |")]
    (carets,) = [line for line in lines if "^" in line]
    assert len(excerpt) < 120
    assert excerpt[carets.index("^") : carets.rindex("^") + 1] == f'"{BAD.set["/info/title"]}"'


def test_text_of_a_package_cannot_steer_the_terminal(tmp_path: Path) -> None:
    out = checked(folder(tmp_path / "tides\x1b[2J", hostile().members()))
    assert not set(out) & {"\x1b", "\x9b", "\u202e", "\x07"}
    assert printable("a\tb\x1b\u2028c") == "a b\ufffd\ufffdc"


def test_statistics_count_rules_instead(tmp_path: Path) -> None:
    out = checked(three_packages(tmp_path, BAD, GOOD), "--statistics")
    assert "       2         2  error    INF-004" in out
    assert out.endswith("3 packages, 1 rule with findings\n")


def test_statistics_come_as_json_too(tmp_path: Path) -> None:
    import json

    rows = json.loads(checked(three_packages(tmp_path, BAD, GOOD), "--statistics", "--format", "json"))
    assert [(row["rule"], row["severity"], row["findings"], row["packages"]) for row in rows] == [
        ("INF-004", "error", 2, 2)
    ]


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert Style.of(Terminal())("error", "x") == "\x1b[31mx\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert Style.of(Terminal())("error", "x") == "x"
    assert Style.of(StringIO())("error", "x") == "x"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert Style.of(Terminal())("error", "x") == "x"


def test_colours_change_no_word(tmp_path: Path) -> None:
    import re

    from certification.rules import Profile, check_package
    from certification.rules.commandline.origin import Origin
    from connectors.definitions import read_path

    path = folder(tmp_path / "tides", BAD.members())
    package = read_path(path)
    report = check_package(package, Profile())
    plain, coloured = (
        Format(View(coloured=wanted)).part(report, Origin(path, package)) for wanted in (False, True)
    )
    assert "\x1b[31m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain


def test_a_bar_is_shown_on_a_terminal_and_only_after_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    terminal, file = Terminal(), StringIO()
    with Progress(4, terminal) as shown, Progress(4, file) as silent:
        shown.advance()
        assert terminal.getvalue() == ""
        now += 2
        shown.advance()
        silent.advance()
    assert "] 2 of 4 packages" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")
    assert file.getvalue() == ""
