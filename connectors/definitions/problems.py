"""What can be wrong with the bytes of a package, and how much of it is read at all.

A `Problem` is a fact about the bytes, not a verdict: the rules decide how heavy it is. Only the kinds
marked `refuses` are decided here, because after them nothing in the package can be trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read. Bytes unless the name says otherwise; every limit is inclusive."""

    archive_bytes: int = 10 * MIB
    expanded_bytes: int = 30 * MIB
    entries: int = 200
    expansion_ratio: int = 100
    """Expanded size over packed size of the whole archive."""
    expansion_floor_bytes: int = 2 * MIB
    """Below this expanded size the ratio is not looked at: small JSON files pack very well."""
    json_bytes: int = 5 * MIB
    json_depth: int = 64
    json_values: int = 500_000
    """Values in one JSON file, which bound its time and memory better than its bytes do."""
    text_bytes: int = 2 * MIB
    icon_bytes: int = 2 * MIB
    icon_side_pixels: int = 1024
    image_bytes: int = 2 * MIB
    """One picture under images/."""
    name_characters: int = 200
    folder_depth: int = 8
    problems_per_file: int = 100
    """After this many problems of one file, one last problem says that there are more."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What all problems of one code have in common."""

    title: str
    fix: str
    refuses: bool = False
    """Nothing in the package is trusted: no file of it is accepted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the bytes.

    `file` is the canonical name of an accepted file or the path inside the upload otherwise, "" for the
    upload as a whole. `line` and `column` are 1-based. A column counts characters (code points): a tab is
    one, a byte-order mark is none, and CRLF, LF and a lone CR each end a line. `length` counts characters.
    """

    code: str
    message: str
    fix: str
    file: str
    pointer: str = ""
    line: int | None = None
    column: int | None = None
    length: int | None = None


_REBUILD = "Build the archive again from the connector files with an ordinary zip tool and upload that."
_RENAME = "Rename the entry in the source folder and build the archive again."

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        # The archive as a whole.
        "not-an-archive": Kind(
            "Not a zip archive", "Upload a .zip archive or the connector files themselves.", refuses=True
        ),
        "empty-archive": Kind(
            "Nothing in the upload", "Add the connector files and upload again.", refuses=True
        ),
        "damaged-archive": Kind("Damaged archive", _REBUILD, refuses=True),
        "unsupported-archive": Kind("Archive feature not supported", _REBUILD, refuses=True),
        "polyglot": Kind("Data before or after the archive", _REBUILD, refuses=True),
        "hidden-data": Kind("Data between the entries", _REBUILD, refuses=True),
        "overlapping-entries": Kind("Entries share the same bytes", _REBUILD, refuses=True),
        "header-mismatch": Kind("Headers of an entry disagree", _REBUILD, refuses=True),
        "size-mismatch": Kind("Real size differs from the declared size", _REBUILD, refuses=True),
        "damaged-entry": Kind("Damaged entry", _REBUILD, refuses=True),
        "unsupported-compression": Kind(
            "Compression method not supported",
            "Build the archive again with the methods Store or Deflate.",
            refuses=True,
        ),
        "encrypted-entry": Kind(
            "Encrypted entry", "Build the archive again without a password.", refuses=True
        ),
        "link-entry": Kind(
            "Link", "Replace the link by a copy of the file and build the archive again.", refuses=True
        ),
        "special-entry": Kind(
            "Device, pipe or socket", "Leave the entry out and build the archive again.", refuses=True
        ),
        "nested-archive": Kind(
            "Archive inside the archive",
            "Upload the connector files themselves, not packed twice.",
            refuses=True,
        ),
        "too-many-entries": Kind(
            "Too many entries", "Leave out everything that is not part of the connector.", refuses=True
        ),
        "too-large": Kind(
            "Too large",
            "Make the file smaller, or leave it out if the connector does not need it.",
            refuses=True,
        ),
        "zip-bomb": Kind(
            "Expands too much",
            "Leave out files of repeated filler and build the archive again.",
            refuses=True,
        ),
        # Names of entries.
        "zip-slip": Kind(
            "Name leads out of the package",
            "Use names relative to the package folder, without '..', drive or leading slash.",
            refuses=True,
        ),
        "backslash-name": Kind(
            "Backslash in a name",
            "Use '/' between folders: build the archive with another zip tool.",
            refuses=True,
        ),
        "control-in-name": Kind("Control character in a name", _RENAME, refuses=True),
        "device-name": Kind("Reserved device name", _RENAME, refuses=True),
        "odd-name": Kind("Name that systems read differently", _RENAME, refuses=True),
        "name-too-long": Kind("Name too long or too deep", _RENAME, refuses=True),
        "duplicate-entry": Kind(
            "Two entries with one name",
            "Keep one of the two entries and build the archive again.",
            refuses=True,
        ),
        "case-clash": Kind(
            "Names differ only by letter case",
            "Keep one of the files, or give it another name.",
            refuses=True,
        ),
        "unicode-clash": Kind(
            "Names differ only by Unicode form",
            "Keep one of the files, or give it another name.",
            refuses=True,
        ),
        # Layout of the package.
        "wrapped-folder": Kind("Wrapped in a folder", "Put the files at the top of the archive."),
        "junk-entry": Kind("Left-over of an operating system", "Leave the entry out of the archive."),
        "extra-entry": Kind(
            "Not part of a connector package", "Leave the file out; pictures belong in the folder images/."
        ),
        "file-name": Kind("File under another name", "Give the file exactly the expected name."),
        "several-definitions": Kind(
            "Several definitions", "Keep one definition: apiDefinition.swagger.json."
        ),
        "several-scripts": Kind("Several scripts", "Keep one script: script.csx."),
        # Text and JSON.
        "bom": Kind("Byte-order mark", "Save the file as UTF-8 without byte-order mark."),
        "not-utf8": Kind("Not UTF-8", "Save the file in UTF-8."),
        "nul-character": Kind("NUL character", "Remove the character."),
        "lone-surrogate": Kind(
            "Half of a surrogate pair", "Write the character itself, or both halves of its pair."
        ),
        "json-syntax": Kind("Invalid JSON", "Correct the syntax at the place shown."),
        "duplicate-key": Kind("Key occurs twice", "Keep one of the two members of the object."),
        "json-number": Kind(
            "Number out of range", "Use a whole number of at most 2^53, or write the value as a string."
        ),
        "json-constant": Kind("Not a JSON value", "Use null or a number: JSON has no NaN and no Infinity."),
        "json-too-deep": Kind("Nested too deeply", "Move inner schemas into definitions and refer to them."),
        "json-too-many-values": Kind(
            "Too many values in a JSON file", "Leave out what the connector does not need.", refuses=True
        ),
        "remote-reference": Kind(
            "Reference to another document",
            "Copy the target into this file and refer to it with '#/…'. Nothing outside is ever read.",
        ),
        "more-problems": Kind("More problems", "Correct the problems shown and check again."),
        # Pictures.
        "icon-not-png": Kind("Icon is not a PNG", "Save the icon as PNG under the name icon.png."),
        "icon-too-many-pixels": Kind(
            "Icon has too many pixels", "Scale the icon to a side of 100 to 230 pixels."
        ),
        "icon-trailing-data": Kind(
            "Data behind the icon", "Save the picture again with an image editor; nothing may follow its end."
        ),
        "picture-not-readable": Kind(
            "Not a picture", "Save the picture as PNG, JPEG or GIF with the matching extension."
        ),
    }
)
"""Every code a `Problem` can carry. The table in docs/packages.md is checked against it."""


def problem(
    code: str,
    message: str,
    file: str,
    *,
    fix: str = "",
    pointer: str = "",
    line: int | None = None,
    column: int | None = None,
    length: int | None = None,
) -> Problem:
    """A problem of a known kind; `fix` only where more can be said than the kind says."""
    return Problem(code, message, fix or KINDS[code].fix, file, pointer, line, column, length)


def shown(text: str, limit: int = 60) -> str:
    """Untrusted text made fit for a message: one line, printable, quoted and short."""
    clipped = text if len(text) <= limit else text[: limit - 1] + "…"
    return "“" + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in clipped) + "”"
