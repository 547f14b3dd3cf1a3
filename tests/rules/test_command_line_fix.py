"""`connector-rules fix`: a difference to look at, or files changed and nothing else."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from certification.rules import fixes
from certification.rules.commandline.main import main
from certification.rules.examples import examples
from tests.rules.packages import DEFINITION, GOOD, folder

SIGNED = examples()["INF-007b"].bad[0]


@pytest.fixture(autouse=True)
def one_repair(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever repairs there are, these tests know one."""
    monkeypatch.setattr(fixes, "_fixers", {"INF-007b": lambda place: place.replace(place.value.rstrip("!"))})


def test_without_apply_a_difference_is_printed_and_nothing_is_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder(tmp_path / "tides", SIGNED.members())
    assert main(["fix", str(path)]) == 1
    captured = capsys.readouterr()
    assert f"--- a/{DEFINITION}\n+++ b/{DEFINITION}\n" in captured.out
    assert '-    "title": "Harbour Tides!",\n+    "title": "Harbour Tides",\n' in captured.out
    assert captured.out.count("\n-") == captured.out.count("\n+ ") == 1
    assert "1 finding can be repaired; 0 findings left" in captured.err
    assert (path / DEFINITION).read_bytes() == SIGNED.members()[DEFINITION]


@pytest.mark.parametrize("style", ["plain", "crlf", "no final newline", "bom"])
def test_the_difference_is_one_that_patch_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], style: str
) -> None:
    path = folder(tmp_path / "tides", SIGNED.members())
    content = (path / DEFINITION).read_bytes()
    if style == "crlf":
        content = content.replace(b"\n", b"\r\n")
    elif style == "no final newline":
        content = b"".join(content.split(b"\n"))
    elif style == "bom":
        content = b"\xef\xbb\xbf" + content
    (path / DEFINITION).write_bytes(content)
    assert main(["fix", str(path)]) == 1
    difference = capsys.readouterr().out.encode()
    subprocess.run(["git", "apply", "-"], cwd=path, input=difference, check=True)
    assert (path / DEFINITION).read_bytes() == content.replace(b"Tides!", b"Tides")


def test_the_difference_of_several_packages_applies_where_the_command_ran(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a b", "c"):
        folder(tmp_path / name, SIGNED.members())
    assert main(["fix", "a b", "c"]) == 1
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=capsys.readouterr().out.encode(), check=True)
    for name in ("a b", "c"):
        assert (tmp_path / name / DEFINITION).read_bytes() == GOOD.members()[DEFINITION]


def test_apply_changes_only_the_repaired_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder(tmp_path / "tides", {**SIGNED.members(), "notes.txt": b"mine"})
    (path / DEFINITION).chmod(0o600)
    before = {entry.name: (entry.read_bytes(), entry.stat().st_mtime_ns) for entry in path.iterdir()}
    assert main(["fix", str(path), "--apply"]) == 0
    after = {entry.name: (entry.read_bytes(), entry.stat().st_mtime_ns) for entry in path.iterdir()}
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} == {
        DEFINITION
    }
    assert (path / DEFINITION).read_bytes() == GOOD.members()[DEFINITION]
    assert (path / DEFINITION).stat().st_mode & 0o777 == 0o600
    assert capsys.readouterr().out == ""
    assert main(["fix", str(path), "--apply"]) == 0
    assert main(["fix", str(path)]) == 0


def test_apply_changes_a_single_file(tmp_path: Path) -> None:
    folder(tmp_path, SIGNED.members())
    assert main(["fix", str(tmp_path / DEFINITION), "--apply"]) == 0
    assert (tmp_path / DEFINITION).read_bytes() == GOOD.members()[DEFINITION]


def test_an_archive_gets_a_repaired_one_beside_it(tmp_path: Path) -> None:
    old = tmp_path / "tides.zip"
    with zipfile.ZipFile(old, "w") as archive:
        for name, content in SIGNED.members().items():
            archive.writestr(zipfile.ZipInfo(f"Tides/{name}", (2020, 2, 2, 2, 2, 2)), content)
    before = old.read_bytes()
    assert main(["fix", str(old), "--apply"]) == 0
    assert old.read_bytes() == before
    with zipfile.ZipFile(old) as one, zipfile.ZipFile(tmp_path / "tides.fixed.zip") as other:
        assert [(entry.filename, entry.date_time) for entry in one.infolist()] == [
            (entry.filename, entry.date_time) for entry in other.infolist()
        ]
        changed = [name for name in one.namelist() if one.read(name) != other.read(name)]
    assert changed == [f"Tides/{DEFINITION}"]
    assert main(["fix", str(tmp_path / "tides.fixed.zip")]) == 0


def test_the_repaired_archive_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "tides.zip").write_bytes(SIGNED.archive())
    assert main(["fix", str(tmp_path / "tides.zip"), "--apply", "--output", str(tmp_path / "new.zip")]) == 0
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["new.zip", "tides.zip"]


def test_a_folder_takes_no_output(tmp_path: Path) -> None:
    path = folder(tmp_path / "tides", SIGNED.members())
    assert main(["fix", str(path), "--apply", "--output", str(tmp_path / "new.zip")]) == 2
    assert (path / DEFINITION).read_bytes() == SIGNED.members()[DEFINITION]


def test_only_selected_rules_are_repaired(tmp_path: Path) -> None:
    path = folder(tmp_path / "tides", SIGNED.members())
    assert main(["fix", str(path), "--select", "PKG"]) == 0


def test_a_refused_package_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.zip").write_bytes(b"no archive")
    assert main(["fix", str(tmp_path / "x.zip"), "--apply"]) == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.zip"]
    assert "0 findings repaired" in capsys.readouterr().err
