"""`connector-rules`: what every command accepts and returns, and what `check` and `rules` print."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from certification.rules import RULES_VERSION, Context, Profile, Report, check_package
from certification.rules.commandline.main import main
from certification.rules.examples import Case, examples
from connectors.definitions import Package, read_archive
from tests.rules.packages import BAD, GOOD, WARNED, folder

ROOT = Path(__file__).resolve().parents[2]


def test_a_clean_package_exits_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(folder(tmp_path / "tides", GOOD.members()))]) == 0
    assert "nothing found" in capsys.readouterr().out


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
    assert list(data[0]) == [
        "package", "rules_version", "findings", "digest", "profile", "verdict", "stats", "omitted",
    ]  # fmt: skip
    assert list(finding) == [
        "rule", "severity", "message", "fix", "file", "pointer", "line", "column", "length", "fingerprint", "group",
    ]  # fmt: skip


def test_one_package_is_an_array_of_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.zip").write_bytes(GOOD.archive())
    assert main(["check", str(tmp_path / "c.zip"), "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 1


def test_a_pattern_names_packages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("tides-north", "tides-south", "winds"):
        folder(tmp_path / name, GOOD.members())
    assert main(["check", str(tmp_path / "tides-*"), "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2


def test_a_package_that_is_named_twice_is_checked_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(folder(tmp_path / "tides", GOOD.members()))
    assert main(["check", path, path, str(tmp_path), "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 1


def test_a_single_file_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder(tmp_path, BAD.members())
    assert main(["check", str(tmp_path / "apiDefinition.swagger.json"), "--format", "json"]) == 1
    found = {finding["rule"] for finding in json.loads(capsys.readouterr().out)[0]["findings"]}
    assert {"INF-004", "PKG-002"} <= found


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "/nowhere/at/all"],
        ["check", "/nowhere/*.zip"],
        ["check", "{empty}"],
        ["check", "{good}", "--select", "XYZ-1"],
        ["check", "{good}", "--baseline", "/nowhere"],
        ["check", "{good}", "--baseline", "{good}", "--change", "new"],
        ["check", "{good}", "--output", "/nowhere/at/all"],
        ["check", "{good}", "--statistics", "--format", "html"],
        ["check", "{good}", "--config", "/nowhere.toml"],
        ["check", "{good}", "--receipt-key", "/nowhere.pem"],
        ["check", "{good}", "--receipt", "{empty}/r", "--receipt-key", "/nowhere.pem"],
        ["check", "{good}", "--receipt", "{empty}/r", "--ignore", "INF"],
        ["fix", "{good}", "--output", "x.zip"],
        ["fix", "/nowhere"],
        ["verify", "/nowhere", "{good}"],
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


@pytest.mark.skipif(os.geteuid() == 0, reason="for the administrator every file can be read")
def test_a_package_that_cannot_be_read_does_not_hold_up_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.zip").write_bytes(GOOD.archive())
    (tmp_path / "a.zip").chmod(0)
    (tmp_path / "b.zip").write_bytes(GOOD.archive())
    assert main(["check", str(tmp_path), "--format", "json"]) == 2
    captured = capsys.readouterr()
    assert len(json.loads(captured.out)) == 1
    assert "a.zip: Permission denied" in captured.err


def test_a_package_that_vanishes_does_not_hold_up_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from certification.rules.commandline import paths

    (tmp_path / "b.zip").write_bytes(GOOD.archive())
    monkeypatch.setattr(paths, "packages", lambda named: [tmp_path / "a.zip", tmp_path / "b.zip"])
    assert main(["check", str(tmp_path), "--format", "json"]) == 2
    captured = capsys.readouterr()
    assert len(json.loads(captured.out)) == 1
    assert captured.err.startswith("connector-rules: ")
    assert "a.zip: No such file" in captured.err


def test_bytes_that_are_no_archive_are_a_verdict_not_a_failure(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"no archive")
    assert main(["check", str(tmp_path / "x.zip")]) == 1


def test_rules_can_be_selected_and_ignored(tmp_path: Path) -> None:
    path = str(folder(tmp_path / "tides", BAD.members()))
    assert main(["check", path, "--select", "PKG,DEF"]) == 0
    assert main(["check", path, "--select", "inf-004"]) == 1
    assert main(["check", path, "--ignore", "INF-004"]) == 0


def test_what_fails_can_be_chosen(tmp_path: Path) -> None:
    warned = str(folder(tmp_path / "warned", WARNED.members()))
    bad = str(folder(tmp_path / "bad", BAD.members()))
    assert main(["check", warned]) == 0
    assert main(["check", warned, "--fail-on", "warning"]) == 1
    assert main(["check", bad, "--fail-on", "never"]) == 0


def test_publisher_and_change_choose_the_profile(tmp_path: Path) -> None:
    path = str(folder(tmp_path / "tides", Case(remove=("/info/contact",)).members()))
    assert main(["check", path, "--select", "INF"]) == 1
    assert main(["check", path, "--select", "INF", "--change", "update"]) == 0
    assert main(["check", path, "--select", "INF", "--publisher", "independent"]) == 0


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github", "junit", "html"])
def test_names_that_are_no_text_can_be_written_in_every_format(tmp_path: Path, form: str) -> None:
    path = folder(tmp_path / os.fsdecode(b"tides-\xff"), BAD.members())
    report = tmp_path / "report"
    assert main(["check", str(path), "--format", form, "--output", str(report)]) == 1
    assert "INF-004" in report.read_text("utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "certification.rules", "check", str(path), "--format", form]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"")


def test_output_goes_to_a_file_and_replaces_it_as_a_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder(tmp_path / "tides", GOOD.members())
    report = tmp_path / "report.json"
    report.write_text("old")
    report.chmod(0o640)
    assert main(["check", str(path), "--format", "json", "--output", str(report)]) == 0
    assert len(json.loads(report.read_text())) == 1
    assert report.stat().st_mode & 0o777 == 0o640
    assert capsys.readouterr().out == ""
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["report.json", "tides"]


def test_a_baseline_makes_it_an_update_of_that_version(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from certification.rules.commandline import checking

    seen = []

    def check(package: Package, profile: Profile, context: Context, **more: Any) -> Report:
        seen.append((profile, context.previous.digest if context.previous else ""))
        return check_package(package, profile, context, **more)

    monkeypatch.setattr(checking, "check_package", check)
    new, old = folder(tmp_path / "new", BAD.members()), tmp_path / "old.zip"
    old.write_bytes(GOOD.archive())
    assert main(["check", str(new), "--baseline", str(old), "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)[0]["profile"]["change"] == "update"
    assert seen == [(Profile("update"), read_archive(GOOD.archive()).digest)]


def test_several_packages_find_their_baselines_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("now/tides", "now/winds", "before/tides"):
        folder(tmp_path / name, GOOD.members())
    now, before = str(tmp_path / "now"), str(tmp_path / "before")
    assert main(["check", now, "--baseline", before, "--select", "INF", "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert {Path(entry["package"]).name: entry["profile"]["change"] for entry in data} == {
        "tides": "update",
        "winds": "new",
    }


def test_of_several_packages_those_that_did_not_change_are_not_told_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("now/tides", "now/winds", "before/tides", "before/winds"):
        folder(tmp_path / name, GOOD.members())
    now, before = str(tmp_path / "now"), str(tmp_path / "before")
    asked = ["--baseline", before, "--format", "json", "--no-config"]
    assert main(["check", now, *asked]) == 0
    assert [entry["findings"] for entry in json.loads(capsys.readouterr().out)] == [[], []]
    assert main(["check", now, *asked, "--select", "UPD-043"]) == 1
    assert main(["check", f"{now}/tides", "--baseline", f"{before}/tides", "--no-config"]) == 1
    assert "UPD-043" in capsys.readouterr().out


def test_processes_print_what_one_process_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(40):
        folder(tmp_path / f"tides-{number:02}", (BAD if number % 3 == 0 else GOOD).members())
    (tmp_path / "x.zip").write_bytes(b"no archive")
    printed = []
    for jobs in ("1", "2", "0"):
        assert main(["check", str(tmp_path), "--jobs", jobs]) == 1
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] == printed[2]
    assert "41 packages: 26 pass, 15 fail" in printed[0]


def test_rules_lists_all_and_explains_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"]) == 0
    listed = capsys.readouterr().out
    assert all(rule in listed for rule in examples())
    assert main(["rules", "inf-007B"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("INF-007b")
    assert "ValueMustEndWithAlphanumeric" in text
    assert '"title": "Harbour Tides!"' in text


def test_rules_lists_a_family_and_writes_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "inf"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 10
    assert all(line.startswith("INF-") for line in lines)
    assert main(["rules", "INF-004", "--format", "json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["id"] == "INF-004"
    assert entry["fixable"] in (True, False)


@pytest.mark.parametrize(
    "arguments",
    [[], ["check"], ["check", "x", "--jobs", "-1"], ["paint"], ["check", "x", "--all", "--quiet"]],
)
def test_arguments_that_make_no_sense_exit_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2


def test_the_process_needs_no_django_and_starts_fast(tmp_path: Path) -> None:
    path = folder(tmp_path / "tides", BAD.members())
    code = (
        "import sys; from certification.rules.commandline.main import main; main(['check', sys.argv[1]]);"
        "loaded = {name.partition('.')[0] for name in sys.modules};"
        "bad = loaded & {'django', 'rest_framework', 'celery', 'cryptography'};"
        "sys.exit(', '.join(bad) or 0)"
    )
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    after = os.times()
    assert done.returncode == 0, done.stderr
    # Processor time of the child does not depend on what else the machine does; generous for slow ones.
    assert after.children_user + after.children_system - before.children_user - before.children_system < 1.5


def test_a_closed_pipe_is_no_traceback(tmp_path: Path) -> None:
    path = folder(tmp_path / "tides", BAD.members())
    command = f"{sys.executable} -m certification.rules check {path} --format json | head -c 1"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupt_ends_everything_without_a_traceback(tmp_path: Path, jobs: str) -> None:
    for number in range(400):
        folder(
            tmp_path / f"tides-{number:03}",
            {name: content for name, content in BAD.members().items() if name.endswith("json")},
        )
    command = [sys.executable, "-m", "certification.rules", "check", str(tmp_path), "--jobs", jobs]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.read(1)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == b""
    time.sleep(0.1)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
