"""One file of a package: its bytes, its text, and where a character stands."""

from __future__ import annotations

import codecs
import hashlib
from dataclasses import dataclass, field
from functools import cached_property

from connectors.definitions.lines import Lines
from connectors.definitions.problems import Problem, problem

REPLACEMENT = "\ufffd"

_WIDE_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HIGH_BYTES = bytes(range(0x80, 0x100))
_MIXED_LIMIT = 20_000
"""Above this many non-ASCII bytes a file that is not UTF-8 is read as Windows-1252 throughout: telling valid
from invalid sequences calls Python once for every invalid byte."""


def _windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Codec error handler: reads what is not UTF-8 as Windows-1252 and keeps everything else."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("connector-windows-1252", _windows_1252)


@dataclass(frozen=True)
class Decoded:
    """The text of a file and how it was found; `bad_byte` is the offset of the first one not in UTF-8."""

    text: str
    encoding: str
    has_bom: bool
    bad_byte: int | None = None


def decode(content: bytes) -> Decoded:
    """Text in whatever encoding it arrived; never fails."""
    if content.startswith(codecs.BOM_UTF8):
        rest = decode(content[3:])
        return Decoded(
            rest.text, "utf-8-sig" if rest.encoding == "utf-8" else rest.encoding, True, rest.bad_byte
        )
    for mark, encoding in _WIDE_BOMS:
        if content.startswith(mark):
            return Decoded(_without_surrogates(content.decode(encoding, "replace")), encoding, True, 0)
    if len(content) >= 4 and content[0] and content[1] == 0 and content[3] == 0:
        return Decoded(_without_surrogates(content.decode("utf-16-le", "replace")), "utf-16-le", False, 0)
    if len(content) >= 4 and content[0] == 0 and content[1] and content[2] == 0:
        return Decoded(_without_surrogates(content.decode("utf-16-be", "replace")), "utf-16-be", False, 0)
    try:
        return Decoded(content.decode("utf-8"), "utf-8", False)
    except UnicodeDecodeError as error:
        return Decoded(_decode_mixed(content), "windows-1252", False, error.start)


def _decode_mixed(content: bytes) -> str:
    high = len(content) - len(content.translate(None, _HIGH_BYTES))
    if high > _MIXED_LIMIT:
        return content.decode("cp1252", "replace")
    return content.decode("utf-8", "connector-windows-1252")


def _without_surrogates(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


@dataclass(frozen=True)
class SourceFile:
    """A file by its canonical name, e.g. "readme.md"; `original_name` is its path in the upload."""

    name: str
    content: bytes = field(repr=False)
    original_name: str = ""

    def __post_init__(self) -> None:
        if not self.original_name:
            object.__setattr__(self, "original_name", self.name)

    @cached_property
    def _decoded(self) -> Decoded:
        return decode(self.content)

    @cached_property
    def text(self) -> str:
        """The decoded text: no byte-order mark, and U+FFFD for NUL, which no database column takes."""
        text = self._decoded.text
        return text.replace("\0", REPLACEMENT) if "\0" in text else text

    @property
    def encoding(self) -> str:
        """ "utf-8", "utf-8-sig", "windows-1252", "utf-16", "utf-16-le", "utf-16-be" or "utf-32"."""
        return self._decoded.encoding

    @property
    def has_bom(self) -> bool:
        return self._decoded.has_bom

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def size(self) -> int:
        """Size in bytes."""
        return len(self.content)

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self.text)

    @property
    def line_count(self) -> int:
        return len(self._lines.starts)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column (1-based, in characters) of a character offset of `text`."""
        return self._lines.position(max(0, min(offset, len(self.text))))

    def positions(self, offsets: list[int]) -> list[tuple[int, int]]:
        """Line and column of many offsets within `text`, given in ascending order."""
        return self._lines.positions(offsets)

    def offset(self, line: int, column: int = 1) -> int:
        """The character offset of a position; positions outside the text are moved to its nearest end."""
        starts = self._lines.starts
        if line < 1:
            return 0
        if line > len(starts):
            return len(self.text)
        end = starts[line] if line < len(starts) else len(self.text)
        return min(starts[line - 1] + max(column, 1) - 1, end)

    def line_text(self, line: int) -> str:
        """One line without its end; "" outside the text."""
        if not 1 <= line <= self.line_count:
            return ""
        return self.text[self.offset(line) : self.offset(line + 1)].rstrip("\r\n")

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Byte-order mark, wrong encoding and NUL characters of a text file."""
        decoded, found = self._decoded, []
        if decoded.has_bom and decoded.encoding == "utf-8-sig":
            found.append(
                problem("bom", "The file starts with a byte-order mark.", self.name, line=1, column=1)
            )
        if decoded.bad_byte is not None:
            found.append(self._encoding_problem(decoded))
        nul = decoded.text.find("\0")
        if nul >= 0:
            line, column = self.position(nul)
            message = f"The file contains {decoded.text.count(chr(0))} NUL character(s)."
            found.append(problem("nul-character", message, self.name, line=line, column=column, length=1))
        return tuple(found)

    def _encoding_problem(self, decoded: Decoded) -> Problem:
        if decoded.encoding != "windows-1252":
            message = f"The file is encoded as {decoded.encoding.upper()}, not as UTF-8."
            return problem("not-utf8", message, self.name, line=1, column=1)
        at = decoded.bad_byte or 0
        body = self.content[3:] if decoded.has_bom else self.content
        line, column = self.position(len(_decode_mixed(body[:at])))
        message = f"The byte 0x{body[at]:02X} is not valid UTF-8; the text is shown as Windows-1252."
        return problem("not-utf8", message, self.name, line=line, column=column, length=1)
