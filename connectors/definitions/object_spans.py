"""Where the objects of a valid JSON text stand, found for all of them in one pass.

A parser that reports its objects in the order of their closing braces has told which object is which: the
n-th of them ends at the n-th closing brace. So a place is found from the object itself, without its path.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Any

from connectors.definitions.json_positions import end_of_value, scanstring

# No string holds a line end: a brace that ends its line, or one behind nothing but blanks, is most likely a
# real one. The others ("/tides/{id}") are doubtful.
_OPENING = re.compile(r"\{(?=[\r\n])")
_CLOSING = re.compile(r"\}(?<=[ \t\n]\})")
_DOUBTFUL_OPENING = re.compile(r"\{(?![\r\n])")
_DOUBTFUL_CLOSING = re.compile(r"\}(?<![ \t\n]\})")
_ARRAY_IN_ARRAY = re.compile(r"\[[ \t\r\n]*+\[")
_TOKENS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|([{}])')
_COLON = re.compile(r"[ \t\r\n]*:[ \t\r\n]*")
_BETWEEN = re.compile(r"[ \t\r\n,]*")
_SCALAR = re.compile(r"[-+.0-9A-Za-z]+")


class ObjectSpans:
    """The objects of one text, `objects` in the order of their closing braces."""

    def __init__(self, text: str, objects: list[dict[str, Any]]) -> None:
        self._text = text
        opening, closing = _braces(text, len(objects))
        self.is_complete = len(opening) == len(closing) == len(objects)
        self._starts = opening
        self._ends = [0] * len(opening)
        self._parents = [-1] * len(opening)
        self._most_open = 0
        numbers = self._pair(opening, closing) if self.is_complete else []
        self._number = dict(zip(map(id, objects), numbers, strict=False))
        # The map is by identity: as long as it lives, no other object may get the identity of one of these.
        self.objects = objects

    @property
    def depth(self) -> int:
        """A number of levels that arrays and objects are certainly not nested beyond."""
        if not self.is_complete or _ARRAY_IN_ARRAY.search(self._text):
            return len(self._text)
        return 2 * self._most_open + 1

    def _pair(self, opening: list[int], closing: list[int]) -> list[int]:
        """Fill the spans, numbered by opening brace; returns the numbers in the order of closing braces."""
        ends, parents = self._ends, self._parents
        closed: list[int] = []
        inside = [-1]
        deepest = 0
        following, most = 0, len(opening)
        for end in closing:
            while following < most and opening[following] < end:
                parents[following] = inside[-1]
                inside.append(following)
                following += 1
            if len(inside) > deepest:
                deepest = len(inside)
            number = inside.pop()
            ends[number] = end + 1
            closed.append(number)
        self._most_open = deepest - 1
        return closed

    @property
    def starts(self) -> list[int]:
        """Where the objects begin, in ascending order."""
        return self._starts

    def span(self, value: object) -> tuple[int, int] | None:
        """Start and end, exclusive, of an object; None when it is not one of this text, as no array is."""
        number = self._number.get(id(value))
        return None if number is None else (self._starts[number], self._ends[number])

    def member(self, value: dict[str, Any], name: str, *, key: bool = False) -> tuple[int, int] | None:
        """Start and end of a member's value, or of its name with quotes; None when that takes a parser."""
        number = self._number.get(id(value))
        if number is None:
            return None
        text, end = self._text, self._ends[number]
        first_below = self._starts[number + 1] if number + 1 < len(self._starts) else end
        plain = name.isprintable() and '"' not in name and "\\" not in name
        written = f'"{name}"' if plain else json.dumps(name, ensure_ascii=False)
        at = text.find(written, self._starts[number], end)
        while at >= 0:
            colon = _COLON.match(text, at + len(written))
            if colon and text[at - 1] != "\\":
                inner = number if at < first_below else self._innermost(at)
                if inner == number:
                    if key:
                        return at, at + len(written)
                    return self._value(value[name], colon.end())
                at = text.find(written, self._end_below(inner, number), end)
            else:
                at = text.find(written, at + len(written), end)
        return None

    def item(self, start: int, index: int) -> tuple[int, int]:
        """Start and end of an item of the array that begins at `start`."""
        end = start + 1
        for _ in range(index + 1):
            at = _BETWEEN.match(self._text, end).end()  # type: ignore[union-attr]
            end = end_of_value(self._text, at)
        return at, end

    def _innermost(self, at: int) -> int:
        """The number of the innermost object around a place."""
        number = bisect_right(self._starts, at) - 1
        while self._ends[number] <= at:
            number = self._parents[number]
        return number

    def _end_below(self, number: int, above: int) -> int:
        """The end of the object that holds `number` and lies directly in `above`."""
        while self._parents[number] != above:
            number = self._parents[number]
        return self._ends[number]

    def _value(self, value: Any, start: int) -> tuple[int, int] | None:
        if value.__class__ is dict:
            return self.span(value)
        if value.__class__ is str:
            return start, scanstring(self._text, start + 1, True)[1]
        if value.__class__ is list:
            return start, end_of_value(self._text, start)
        scalar = _SCALAR.match(self._text, start)
        return (start, scalar.end()) if scalar else None


def _braces(text: str, count: int) -> tuple[list[int], list[int]]:
    """The places of the opening and of the closing braces outside of strings; there are `count` of each.

    Only lines with a doubtful brace are read string by string. There are never fewer real braces than
    objects, so finding as many as there are objects proves that these are the real ones.
    """
    opening = [match.start() for match in _OPENING.finditer(text)]
    closing = [match.start() for match in _CLOSING.finditer(text)]
    if len(opening) == len(closing) == count:
        return opening, closing
    doubtful = {match.start() for match in _DOUBTFUL_OPENING.finditer(text)}
    doubtful.update(match.start() for match in _DOUBTFUL_CLOSING.finditer(text))
    found: dict[str, list[int]] = {"{": [], "}": []}
    unreal: set[int] = set()
    for start, end in _lines(text, sorted(doubtful)):
        real = [(match[1], match.start()) for match in _TOKENS.finditer(text, start, end) if match[1]]
        for brace, at in real:
            if at in doubtful:
                found[brace].append(at)
        likely = closing[bisect_left(closing, start) : bisect_left(closing, end)]
        if likely:
            unreal.update(set(likely).difference(at for _, at in real))
    opening = sorted(opening + found["{"])
    closing = sorted(
        [at for at in closing if at not in unreal] + found["}"] if unreal else closing + found["}"]
    )
    if len(opening) == len(closing) == count:
        return opening, closing
    tokens = [(match.start(), match[1]) for match in _TOKENS.finditer(text) if match[1]]
    return [at for at, brace in tokens if brace == "{"], [at for at, brace in tokens if brace == "}"]


def _lines(text: str, places: list[int]) -> Iterator[tuple[int, int]]:
    """Start and end of every line that holds one of these places, in ascending order."""
    end = -1
    for at in places:
        if at >= end:
            start = text.rfind("\n", 0, at) + 1
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            yield start, end
