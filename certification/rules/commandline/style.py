"""Words and colours for a terminal."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

_COLOURS = {
    "error": "31", "warning": "33", "info": "36", "pass": "32", "fail": "31", "bold": "1", "dim": "2",
    "added": "32", "removed": "31",
}  # fmt: skip
_NOUNS = {"error": "error", "warning": "warning", "info": "note"}
# Controls, marks that turn the direction of writing and separators of lines would let a package write
# anything on the terminal of whoever checks it.
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
)


@dataclass(frozen=True, slots=True)
class Style:
    """Colours for a terminal, plain text for everything else."""

    coloured: bool

    @classmethod
    def of(cls, stream: IO[str]) -> Style:
        """Colours only on a terminal, and nowhere when NO_COLOR is set."""
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return cls(stream.isatty() and not plain)

    def __call__(self, name: str, text: str) -> str:
        return f"\x1b[{_COLOURS[name]}m{text}\x1b[0m" if self.coloured else text


def printable(text: str) -> str:
    """Text from outside, fit for a terminal and as long as before: tabs are blanks, other controls U+FFFD."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\t", " "))


def counted(count: int, noun: str) -> str:
    """ "1 package", "2 packages"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def tally(counts: Mapping[str, int]) -> str:
    """ "2 errors, 1 warning"; "nothing found" when all counts are 0."""
    words = [counted(count, _NOUNS[severity]) for severity, count in counts.items() if count]
    return ", ".join(words) or "nothing found"
