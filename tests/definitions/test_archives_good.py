"""Archives as honest tools make them are read, with a word about what is untidy."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from typing import Any

import pytest

from connectors.definitions import Role, read_archive, read_files
from tests.packages import RawZip, harbour_tides, json_bytes, png, zip_of

GOOD = harbour_tides()


def codes(package) -> list[str]:
    return [problem.code for problem in package.problems]


def test_a_tidy_package_has_no_problem_and_every_part_in_its_place():
    package: Any = read_archive(zip_of(GOOD), filename="harbour-tides.zip")

    assert package.problems == ()
    assert not package.is_refused
    assert {name: file.content for name, file in package.files.items()} == GOOD
    assert package.definition.value["info"]["title"] == "Harbour Tides"
    assert package.properties.value["properties"]["publisher"] == "Harbour Tides"
    assert (package.icon.width, package.icon.height, package.icon.has_alpha) == (128, 128, False)
    assert package.readme.text.startswith("# Harbour Tides")
    assert package.intro.text.startswith("Harbour Tides tells")
    assert package.script is None
    assert package.filename == "harbour-tides.zip"
    assert {(entry.path, entry.role, entry.accepted) for entry in package.tree} == {
        ("apiDefinition.swagger.json", Role.DEFINITION, True),
        ("apiProperties.json", Role.PROPERTIES, True),
        ("icon.png", Role.ICON, True),
        ("intro.md", Role.INTRO, True),
        ("readme.md", Role.README, True),
    }


def written_in_one_go() -> bytes:
    """As a streaming writer does it: sizes unknown up front, a descriptor behind the data."""

    class Stream(io.RawIOBase):
        def __init__(self):
            self.written = b""

        def writable(self):
            return True

        def write(self, data):
            self.written += bytes(data)
            return len(data)

    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in GOOD.items():
            archive.writestr(name, content)
    return stream.written


def descriptor_without_signature() -> bytes:
    archive = RawZip()
    for name, content in GOOD.items():
        sizes = struct.pack("<3L", zlib.crc32(content), len(content), len(content))
        archive.add(
            name,
            content,
            method=0,
            flags=0x0808,
            local_crc=0,
            local_size=0,
            local_packed_size=0,
            descriptor=sizes,
        )
    return archive.build()


def with_folders() -> bytes:
    archive = RawZip().add_all(GOOD).add("images/", b"", method=0, mode=0o040755)
    return archive.add("images/map.png", png()).build()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(zip_of(GOOD), id="deflated"),
        pytest.param(RawZip([]).add_all(GOOD).build(), id="flagged as UTF-8"),
        pytest.param(written_in_one_go(), id="written in one go"),
        pytest.param(descriptor_without_signature(), id="descriptor without signature"),
        pytest.param(zip_of(GOOD, comment=b"da39a3ee5e6b4b0d3255bfef95601890afd80709"), id="with a comment"),
        pytest.param(with_folders(), id="with a folder of pictures"),
    ],
)
def test_archives_of_all_usual_writers_are_read(data):
    package: Any = read_archive(data)

    assert package.problems == ()
    assert {name: package.files[name].content for name in GOOD} == GOOD


def test_a_name_in_utf8_without_the_flag_is_read_as_utf8():
    package: Any = read_archive(RawZip().add_all(GOOD).add("images/Häfen.png", png(), flags=0).build())

    assert package.problems == ()
    assert "images/Häfen.png" in package.files


def test_a_wrapping_folder_is_taken_off_and_reported():
    package: Any = read_archive(zip_of(GOOD, folder="Harbour Tides/"))

    assert codes(package) == ["wrapped-folder"]
    assert package.wrapper == "Harbour Tides/"
    assert {entry.path for entry in package.tree} == set(GOOD)
    assert package.digest == read_files(GOOD).digest


def test_a_folder_in_a_folder_is_taken_off_too_with_its_own_entry():
    archive = RawZip().add("a/", b"", method=0, mode=0o040755).add("a/b/", b"", method=0, mode=0o040755)
    package: Any = read_archive(
        archive.add_all({"a/b/" + name: content for name, content in GOOD.items()}).build()
    )

    assert codes(package) == ["wrapped-folder"]
    assert {entry.path for entry in package.tree} == set(GOOD)


def test_pictures_alone_are_no_wrapped_package():
    package: Any = read_files({"images/a.png": png(), "images/b.png": png()})

    assert package.wrapper == ""
    assert package.definition is None
    assert set(package.files) == {"images/a.png", "images/b.png"}


def test_left_overs_of_operating_systems_are_dropped_and_reported():
    junk = {"__MACOSX/._readme.md": b"x", ".DS_Store": b"x", "images/Thumbs.db": b"x", "desktop.ini": b"x"}
    package: Any = read_archive(zip_of({**GOOD, **junk}))

    assert codes(package) == ["junk-entry"] * 4
    assert set(package.files) == set(GOOD)
    assert {entry.path for entry in package.tree if entry.role is Role.JUNK} == set(junk)


def test_left_overs_beside_the_wrapping_folder_do_not_hide_it():
    files = {"Tides/" + name: content for name, content in GOOD.items()} | {"__MACOSX/Tides/._icon.png": b"x"}
    package: Any = read_archive(zip_of(files))

    assert sorted(codes(package)) == ["junk-entry", "wrapped-folder"]
    assert set(package.files) == set(GOOD)


def test_other_files_stay_visible_in_the_tree_but_are_not_read():
    package: Any = read_archive(
        zip_of({**GOOD, "notes.txt": b"x", "docs/setup.md": b"y", "images/a.svg": b"<svg/>"})
    )

    assert codes(package) == ["extra-entry"] * 3
    extras = {
        entry.path: (entry.accepted, entry.reason) for entry in package.tree if entry.role is Role.EXTRA
    }
    assert extras == dict.fromkeys(
        ["notes.txt", "docs/setup.md", "images/a.svg"], (False, "not part of a connector package")
    )
    assert set(package.files) == set(GOOD)


def test_documents_are_found_under_any_letter_case_without_a_word():
    files = {name: content for name, content in GOOD.items() if name != "readme.md"} | {
        "README.MD": b"# Tides"
    }
    package: Any = read_archive(zip_of(files))

    assert package.problems == ()
    assert package.readme.text == "# Tides"
    assert package.readme.original_name == "README.MD"
    assert package.files["readme.md"] is package.readme


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("apidefinition.swagger.json", "apiDefinition.swagger.json"),
        ("harbour-tides.swagger.json", "apiDefinition.swagger.json"),
        ("swagger.json", "apiDefinition.swagger.json"),
        ("APIPROPERTIES.JSON", "apiProperties.json"),
        ("Icon.png", "icon.png"),
        ("Script.cs", "script.csx"),
    ],
)
def test_a_file_under_another_name_is_read_and_reported(given, canonical):
    files = dict(GOOD) | {"script.csx": b"public class Script : ScriptBase {}"}
    content = files.pop(canonical)

    package: Any = read_archive(zip_of({**files, given: content}))

    assert codes(package) == ["file-name"]
    assert package.files[canonical].content == content
    assert package.files[canonical].original_name == given


def test_two_candidates_for_the_definition_are_reported_and_neither_is_guessed():
    files = {name: content for name, content in GOOD.items() if not name.startswith("apiDef")}
    package: Any = read_archive(zip_of({**files, "a.swagger.json": b"{}", "b.swagger.json": b"{}"}))

    assert package.definition is None
    assert codes(package) == ["several-definitions", "extra-entry", "extra-entry"]


def test_a_second_definition_does_not_displace_the_one_of_the_right_name():
    package: Any = read_archive(zip_of({**GOOD, "old.swagger.json": b"{}"}))

    assert package.definition.value["info"]["title"] == "Harbour Tides"
    assert codes(package) == ["several-definitions", "extra-entry"]


def test_a_package_without_definition_is_no_failure_of_the_reader():
    package: Any = read_archive(zip_of({"readme.md": b"# Tides"}))

    assert package.definition is None
    assert package.properties is None
    assert package.problems == ()


def test_the_canonical_archive_depends_on_contents_alone():
    package: Any = read_archive(zip_of(GOOD))
    shuffled = read_archive(RawZip().add_all(dict(reversed(GOOD.items()))).build())

    assert package.canonical_bytes() == shuffled.canonical_bytes()
    assert package.digest == hashlib.sha256(package.canonical_bytes()).hexdigest()
    assert read_archive(package.canonical_bytes()).digest == package.digest
    assert read_archive(package.canonical_bytes()).problems == ()


def test_the_canonical_archive_is_the_same_for_ever():
    package: Any = read_files(
        {"readme.md": b"# Tides\n", "apiDefinition.swagger.json": b'{"swagger": "2.0"}'}
    )

    assert package.digest == "da519bdf28c0adf0e2da07482fad84c4186b2c9acbb6edc224b0e5f1bcbd54ca"


def test_one_changed_byte_changes_the_digest():
    assert read_files(GOOD).digest != read_files({**GOOD, "readme.md": GOOD["readme.md"] + b"\n"}).digest


def test_what_is_not_accepted_is_not_in_the_canonical_archive():
    package: Any = read_archive(zip_of({**GOOD, "notes.txt": b"x", ".DS_Store": b"x"}))

    assert package.digest == read_files(GOOD).digest


def test_settings_and_custom_properties_are_read_as_documents():
    files = {**GOOD, "settings.json": b'{"connectorId": "a",}', "customProperties.json": json_bytes({"a": 1})}
    package: Any = read_archive(zip_of(files))

    assert codes(package) == ["json-syntax"]
    assert package.settings.value == {"connectorId": "a"}
    assert package.custom_properties.value == {"a": 1}
