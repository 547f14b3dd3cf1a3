"""Every lie an archive can tell is refused with its own code, and nothing of the archive is accepted."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

import pytest

from connectors.definitions import KINDS, Limits, PackageRefused, read_archive
from tests.packages import RawZip, deflated, harbour_tides, png, zip_of

GOOD = harbour_tides()
SMALL = {"readme.md": b"# Tides\n"}


def with_good(name: str | bytes, content: bytes = b"x", **fields) -> bytes:
    return RawZip().add_all(GOOD).add(name, content, **fields).build()


def descriptor(crc: int, packed: int, size: int) -> bytes:
    return b"PK\x07\x08" + struct.pack("<3L", crc, packed, size)


def overlapping() -> bytes:
    """Two rows of the directory, with two names, that share one local entry."""
    archive = RawZip().add("a.md", b"a" * 50).add("b.md", b"a" * 50, header_offset=0, write_local=False)
    return archive.build()


def inside_another() -> bytes:
    """An entry whose header lies in the stored data of another one."""
    inner = RawZip().add("b.md", b"hidden", method=0).build()
    inner_local = inner[: inner.index(b"PK\1\2")]
    archive = RawZip().add("a.md", b"0123" + inner_local, method=0)
    return archive.add("b.md", b"hidden", method=0, header_offset=30 + 4 + 4, write_local=False).build()


ARCHIVES: dict[str, tuple[str, bytes]] = {
    "nothing at all": ("not-an-archive", b""),
    "a text": ("not-an-archive", b"hello, world"),
    "a picture": ("not-an-archive", png()),
    "an empty archive": ("empty-archive", RawZip().build()),
    "an archive cut in half": ("damaged-archive", zip_of(GOOD)[:900]),
    "an end record cut off": ("damaged-archive", zip_of(GOOD)[:-3]),
    "a comment cut off": ("damaged-archive", zip_of(GOOD, comment=b"twelve bytes")[:-3]),
    "parent folder": ("zip-slip", with_good("../evil.md")),
    "parent folder deep inside": ("zip-slip", with_good("images/../../evil.png")),
    "absolute name": ("zip-slip", with_good("/etc/cron.d/evil")),
    "drive letter": ("zip-slip", with_good("C:/Windows/evil.md")),
    "drive letter without slash": ("zip-slip", with_good("c:evil.md")),
    "backslashes": ("backslash-name", with_good("images\\evil.png")),
    "backslashes to the parent": ("backslash-name", with_good("..\\..\\evil.md")),
    "share name": ("backslash-name", with_good("\\\\host\\share\\evil.md")),
    "NUL in a name": ("control-in-name", with_good("readme.md\0.exe")),
    "line break in a name": ("control-in-name", with_good("read\nme.md")),
    "name that is not UTF-8 though flagged so": ("control-in-name", with_good(b"re\xffadme.md")),
    "device name": ("device-name", with_good("CON")),
    "device name with extension": ("device-name", with_good("images/aux.png")),
    "numbered device": ("device-name", with_good("lpt1.md")),
    "dot at the end of a name": ("odd-name", with_good("readme.md.")),
    "blank at the end of a name": ("odd-name", with_good("readme.md ")),
    "empty part of a name": ("odd-name", with_good("images//a.png")),
    "dot as a folder": ("odd-name", with_good("./readme.txt")),
    "empty name": ("odd-name", with_good("")),
    "alternate data stream": ("odd-name", with_good("notes.md:hidden")),
    "text direction override": ("odd-name", with_good("icon\u202egnp.exe")),
    "zero-width character": ("odd-name", with_good("icon\u200b.png")),
    "very long name": ("name-too-long", with_good("a" * 300 + ".md")),
    "very deep name": ("name-too-long", with_good("/".join("abcdefghijkl") + ".md")),
    "symbolic link": ("link-entry", with_good("notes.md", b"/etc/passwd", mode=0o120777)),
    "symbolic link named as a folder": ("link-entry", with_good("images/", b"", mode=0o120777)),
    "device file": ("special-entry", with_good("notes.md", b"", mode=0o020666)),
    "named pipe": ("special-entry", with_good("notes.md", b"", mode=0o010666)),
    "socket": ("special-entry", with_good("notes.md", b"", mode=0o140666)),
    "encrypted entry": ("encrypted-entry", with_good("notes.md", flags=0x0801)),
    "strongly encrypted entry": ("encrypted-entry", with_good("notes.md", flags=0x0841)),
    "masked headers": ("encrypted-entry", with_good("notes.md", flags=0x2800)),
    "bzip2": ("unsupported-compression", with_good("notes.md", b"x" * 9, method=12, packed=b"BZh9")),
    "lzma": ("unsupported-compression", with_good("notes.md", b"x" * 9, method=14, packed=b"lzma")),
    "patch data": ("unsupported-compression", with_good("notes.md", flags=0x0820)),
    "zip in a zip by name": ("nested-archive", with_good("inner.zip", zip_of(SMALL))),
    "zip in a zip under another name": ("nested-archive", with_good("notes.md", zip_of(SMALL))),
    "zip as the icon": (
        "nested-archive",
        zip_of({**GOOD, "icon.png": zip_of(SMALL)}),
    ),
    "gzip": ("nested-archive", with_good("notes.md", b"\x1f\x8b\x08\0rest")),
    "tar": ("nested-archive", with_good("notes.md", b"\0" * 257 + b"ustar\x0000" + b"\0" * 248)),
    "7z": ("nested-archive", with_good("more.dat", b"7z\xbc\xaf\x27\x1crest")),
    "rar": ("nested-archive", with_good("more.dat", b"Rar!\x1a\x07\0")),
    "same name twice": ("duplicate-entry", RawZip().add_all(GOOD).add("readme.md", b"other").build()),
    "file and folder of one name": (
        "duplicate-entry",
        RawZip().add("images", b"x").add("images/a.png", png()).build(),
    ),
    "names differing in case": ("case-clash", with_good("README.md", b"other")),
    "definition in two cases": ("case-clash", with_good("apidefinition.swagger.json", b"{}")),
    "composed and decomposed letters": (
        "unicode-clash",
        RawZip().add_all(GOOD).add("hafen-\u00fc.md").add("hafen-u\u0308.md").build(),
    ),
    "wide letters": ("unicode-clash", with_good("\uff52eadme.md")),
    "another name in the local header": ("header-mismatch", with_good("notes.md", local_name=b"other.md")),
    "another size in the local header": ("header-mismatch", with_good("notes.md", local_size=7)),
    "another packed size in the local header": (
        "header-mismatch",
        with_good("notes.md", local_packed_size=1),
    ),
    "another check sum in the local header": ("header-mismatch", with_good("notes.md", local_crc=7)),
    "another method in the local header": ("header-mismatch", with_good("notes.md", local_method=0)),
    "encrypted in the local header only": ("header-mismatch", with_good("notes.md", local_flags=0x0801)),
    "no local header at the offset": ("header-mismatch", with_good("notes.md", header_offset=5)),
    "offset beyond the directory": ("header-mismatch", with_good("notes.md", header_offset=0x7FFFFFFF)),
    "second name in an extra field": (
        "header-mismatch",
        with_good("notes.md", extra=struct.pack("<2HBL", 0x7075, 5 + 7, 1, 0) + b"evil.md"),
    ),
    "second name in an extra field of the local header": (
        "header-mismatch",
        with_good("notes.md", local_extra=struct.pack("<2HBL", 0x7075, 5 + 7, 1, 0) + b"evil.md"),
    ),
    "descriptor that contradicts": (
        "header-mismatch",
        with_good(
            "notes.md",
            b"abc",
            flags=0x0808,
            local_crc=0,
            local_size=0,
            local_packed_size=0,
            descriptor=descriptor(1, 2, 3),
        ),
    ),
    "folder with content": ("header-mismatch", with_good("images/", b"content")),
    "folder mode on a file name": ("header-mismatch", with_good("notes.md", b"x", mode=0o040755)),
    "directory that is elsewhere": ("header-mismatch", RawZip().add_all(GOOD).build(directory_offset=0)),
    "declared size too small": (
        "size-mismatch",
        with_good("notes.md", b"x" * 5000, size=1000, local_size=1000),
    ),
    "declared size too large": ("size-mismatch", with_good("notes.md", b"x" * 10, size=99, local_size=99)),
    "stored with two sizes": (
        "size-mismatch",
        with_good("notes.md", b"x" * 10, method=0, size=20, local_size=20),
    ),
    "data behind the deflate stream": (
        "size-mismatch",
        with_good("notes.md", b"abc", packed=deflated(b"abc") + b"tail"),
    ),
    "wrong check sum": ("damaged-entry", with_good("notes.md", b"abc", crc=1)),
    "broken deflate stream": ("damaged-entry", with_good("notes.md", b"abc", packed=b"\xff\xff\xff\xff")),
    "deflate stream without end": (
        "damaged-entry",
        with_good("notes.md", b"abcdef" * 99, packed=b"\x02\0" + deflated(b"abcdef" * 99)[1:-4]),
    ),
    "two rows for one entry": ("header-mismatch", overlapping()),
    "entry inside another entry": ("overlapping-entries", inside_another()),
    "entry reaching into the directory": (
        "overlapping-entries",
        RawZip().add("notes.md", b"x" * 40, method=0, packed=b"x" * 20, packed_size=40, size=40).build(),
    ),
    "script in front of the archive": ("polyglot", b"#!/bin/sh\nexit\n" + zip_of(GOOD)),
    "picture in front, offsets corrected": (
        "polyglot",
        RawZip().add_all(GOOD).build(prefix=png(), shift=len(png())),
    ),
    "text behind the archive": ("polyglot", zip_of(GOOD) + b"<script>alert(1)</script>"),
    "second archive behind the archive": ("polyglot", zip_of(GOOD) + zip_of(SMALL)),
    "binary comment": ("polyglot", zip_of(GOOD, comment=b"\x7fELF\x02\x01\x01\0")),
    "archive in the comment": ("polyglot", zip_of(GOOD, comment=b"PK\3\4" + b"x" * 60)),
    "end record in the comment": ("polyglot", zip_of(GOOD, comment=RawZip().build() + b"tail")),
    "huge comment": ("polyglot", zip_of(GOOD, comment=b"x" * 5000)),
    "bytes between two entries": ("hidden-data", with_good("notes.md", before=b"hidden")),
    "entry that the directory leaves out": (
        "hidden-data",
        with_good("notes.md", before=RawZip().add("secret.md").build().partition(b"PK\1\2")[0]),
    ),
    "bytes before the directory": ("hidden-data", RawZip().add_all(GOOD).build(gap=b"hidden")),
    "bytes in the directory": ("hidden-data", RawZip().add_all(GOOD).build(directory_suffix=b"hidden")),
    "entries that are not counted": ("hidden-data", RawZip().add_all(GOOD).build(count=1)),
    "more entries counted than listed": ("damaged-archive", RawZip().add_all(GOOD).build(count=9)),
    "one disk of several": ("unsupported-archive", RawZip().add_all(GOOD).build(disk=1)),
    "entry on another disk": ("unsupported-archive", with_good("notes.md", disk=1)),
    "ZIP64 sizes": (
        "unsupported-archive",
        with_good("notes.md", extra=struct.pack("<2H2Q", 1, 16, 1, 1)),
    ),
    "ZIP64 sizes in the local header": (
        "unsupported-archive",
        with_good("notes.md", local_extra=struct.pack("<2H2Q", 1, 16, 1, 1)),
    ),
    "too many entries": ("too-many-entries", zip_of({f"images/{at}.png": png(1, 1) for at in range(201)})),
    "bomb of zeros": ("zip-bomb", zip_of({**GOOD, "notes.md": bytes(20_000_000)})),
    "bomb beyond the size limit": ("zip-bomb", zip_of({**GOOD, "notes.md": bytes(40_000_000)})),
    "many bytes that pack badly": (
        "too-large",
        RawZip().add_all(GOOD).add("notes.md", b"x", size=40_000_000, packed=b"y" * 500_000).build(),
    ),
    "definition too large": (
        "too-large",
        zip_of({**GOOD, "apiDefinition.swagger.json": b"[" + b'"abc",' * 900_000}),
    ),
    "definition of too many values": (
        "json-too-many-values",
        zip_of({**GOOD, "apiDefinition.swagger.json": json.dumps(list(range(600_000))).encode()}),
    ),
    "text too large": ("too-large", zip_of({**GOOD, "readme.md": b"text. " * 400_000})),
    "icon too large": ("too-large", zip_of({**GOOD, "icon.png": png() + bytes(2_200_000)})),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_hostile_archive_is_refused_with_its_own_code_and_a_way_out(name):
    code, data = ARCHIVES[name]

    package: Any = read_archive(data)

    found = {problem.code for problem in package.problems}
    assert code in found, package.problems
    assert package.is_refused
    assert dict(package.files) == {}
    assert not package.documents
    assert package.icon is None
    assert all(problem.fix == KINDS[problem.code].fix and problem.message for problem in package.problems)
    assert not any(entry.accepted for entry in package.tree)
    with pytest.raises(PackageRefused):
        package.canonical_bytes()


def test_the_collection_covers_every_code_that_refuses_an_archive():
    covered = {code for code, _ in ARCHIVES.values()}

    assert {code for code, kind in KINDS.items() if kind.refuses} <= covered
    assert len(ARCHIVES) >= 100


def test_the_tree_of_a_refused_archive_names_the_guilty_entry():
    package: Any = read_archive(with_good("../evil.md"))

    reasons = {entry.path: entry.reason for entry in package.tree}
    assert reasons["../evil.md"] == "name leads out of the package"
    assert reasons["readme.md"] == "the package is refused as a whole"


def test_several_guilty_entries_are_all_named():
    data = RawZip().add_all(GOOD).add("../a.md").add("/b.md").add("l.md", mode=0o120777).build()

    assert {(p.code, p.file) for p in read_archive(data).problems} == {
        ("zip-slip", "../a.md"),
        ("zip-slip", "/b.md"),
        ("link-entry", "l.md"),
    }


def test_an_archive_above_the_upload_limit_is_not_even_searched():
    package: Any = read_archive(zip_of(GOOD) + bytes(1000), limits=Limits(archive_bytes=1000))

    assert [problem.code for problem in package.problems] == ["too-large"]
    assert package.tree == ()


def test_a_lying_size_never_produces_more_than_it_declares():
    """195 KB that would unpack to 200 MB stop at the declared 1,000 bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(packer.compress(bytes(1_000_000)) for _ in range(200)) + packer.flush()
    data = RawZip().add("readme.md", b"", packed=packed, size=1000, crc=1).build()

    assert [problem.code for problem in read_archive(data).problems] == ["size-mismatch"]


def test_messages_show_hostile_names_in_one_printable_line():
    package: Any = read_archive(with_good("a\n\x1b[31m\u202e../b"))

    for problem in package.problems:
        assert problem.message.isprintable()
        assert problem.file.isprintable()
