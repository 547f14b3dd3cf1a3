"""On which line a character stands."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate, count
from operator import add

_LINE_END = re.compile(r"\r\n|\r|\n")
_COUNTED_QUESTIONS = 8
"""So many questions are answered by counting line ends up to the place: for the few findings of an ordinary
package that costs a tenth of an index of all lines."""


class Lines:
    """The lines of one text. LF, CRLF and a lone CR each end a line."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._asked = 0

    @cached_property
    def _has_lone_cr(self) -> bool:
        return "\r" in self._text and self._text.count("\r") != self._text.count("\r\n")

    @cached_property
    def starts(self) -> list[int]:
        """The offset of the first character of every line."""
        if self._has_lone_cr:
            return [0, *(match.end() for match in _LINE_END.finditer(self._text))]
        lengths = map(len, self._text.split("\n"))
        starts = [0, *map(add, accumulate(lengths), count(1))]
        starts.pop()
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of an offset within the text."""
        if self._asked < _COUNTED_QUESTIONS and not self._has_lone_cr:
            self._asked += 1
            before = self._text.rfind("\n", 0, offset)
            return self._text.count("\n", 0, offset) + 1, offset - before
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def positions(self, offsets: list[int]) -> list[tuple[int, int]]:
        """Line and column of each of these offsets within the text, which must ascend: one pass for all."""
        if self._has_lone_cr:
            return [self.position(offset) for offset in offsets]
        found: list[tuple[int, int]] = []
        count, rfind = self._text.count, self._text.rfind
        line, read_to, start = 1, 0, 0
        for offset in offsets:
            if offset == read_to:
                found.append((line, offset - start + 1))
                continue
            passed = count("\n", read_to, offset)
            if passed:
                line += passed
                start = rfind("\n", read_to, offset) + 1
            read_to = offset
            found.append((line, offset - start + 1))
        return found
