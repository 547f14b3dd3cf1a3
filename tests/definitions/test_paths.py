"""A package on disk: an archive, a folder or a single file, without following what leads elsewhere."""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest

from connectors.definitions import Limits, read_files, read_path
from tests.packages import harbour_tides, png, zip_of

GOOD = harbour_tides()


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "harbour-tides"
    (root / "images").mkdir(parents=True)
    for name, content in GOOD.items():
        (root / name).write_bytes(content)
    (root / "images" / "map.png").write_bytes(png())
    return root


def codes(package) -> list[str]:
    return [problem.code for problem in package.problems]


def test_a_folder_an_archive_of_it_and_its_files_are_one_package(folder, tmp_path):
    files = {**GOOD, "images/map.png": png()}
    archive = tmp_path / "tides.zip"
    archive.write_bytes(zip_of(files, folder="harbour-tides/"))

    assert read_path(folder).problems == ()
    assert read_path(folder).filename == "harbour-tides"
    assert read_path(folder).digest == read_path(archive).digest == read_files(files).digest


def test_a_single_definition_is_a_package_of_one_file(folder):
    package: Any = read_path(folder / "apiDefinition.swagger.json")

    assert set(package.files) == {"apiDefinition.swagger.json"}
    assert package.definition.value["swagger"] == "2.0"


def test_a_path_that_is_not_there_is_an_error_of_the_caller(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_path(tmp_path / "nothing")


def test_an_empty_folder_is_an_empty_package(tmp_path):
    assert codes(read_path(tmp_path)) == ["empty-archive"]


def test_a_link_is_refused_and_not_followed(folder, tmp_path):
    secret = tmp_path / "secret.md"
    secret.write_text("secret")
    (folder / "script.csx").symlink_to(secret)

    package: Any = read_path(folder)

    assert codes(package) == ["link-entry"]
    assert package.is_refused
    assert not package.files


def test_a_linked_folder_is_refused_and_not_followed(folder, tmp_path):
    (folder / "more").symlink_to(tmp_path)

    assert codes(read_path(folder)) == ["link-entry"]


def test_a_pipe_or_socket_is_refused_and_not_opened(folder, tmp_path, monkeypatch):
    os.mkfifo(folder / "readme2.md")
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("script.csx")

        assert codes(read_path(folder)) == ["special-entry", "special-entry"]


def test_a_folder_under_version_control_is_read_without_its_history(folder):
    (folder / ".git" / "objects").mkdir(parents=True)
    for at in range(50):
        (folder / ".git" / "objects" / str(at)).write_bytes(b"x")

    package: Any = read_path(folder)

    assert package.problems == ()
    assert not any(entry.path.startswith(".git") for entry in package.tree)


def test_too_many_files_are_refused(folder):
    for at in range(300):
        (folder / "images" / f"{at}.png").write_bytes(b"x")

    assert codes(read_path(folder)) == ["too-many-entries"]


def test_too_many_bytes_are_refused_before_all_are_read(folder):
    assert "too-large" in codes(read_path(folder, limits=Limits(expanded_bytes=2000)))


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({}, "empty-archive"),
        ({"../readme.md": b"x"}, "zip-slip"),
        ({"/readme.md": b"x"}, "zip-slip"),
        ({"readme.md": b"x", "README.md": b"y"}, "case-clash"),
        ({"readme.md": zip_of(GOOD)}, "nested-archive"),
        ({"nul.md": b"x"}, "device-name"),
        ({"readme.md": b"x" * 3_000_000}, "too-large"),
        ({f"{at}.md": b"x" for at in range(300)}, "too-many-entries"),
        ({f"{at}.bin": bytes(4_000_000) for at in range(9)}, "too-large"),
    ],
)
def test_single_files_are_held_to_the_same_rules_as_an_archive(files, code):
    package: Any = read_files(files)

    assert code in codes(package)
    assert package.is_refused
    assert not package.files
