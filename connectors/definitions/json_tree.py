"""A JSON text as a tree that can be edited and written out again: what is not edited stays as it was written.

Only the containers on the way to an edit are ever opened. Every blank belongs to exactly one member, so that
members can be taken out, put in and renamed without counting offsets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from json import scanner
from typing import Any

from connectors.definitions.json_positions import Scan, scanstring

_scan_once: Scan = vars(scanner)["make_scanner"](json.JSONDecoder())
_BLANKS = re.compile(r"[ \t\r\n]*")
_LINE = re.compile(r"(\r\n|\n|\r)[^\r\n]*\Z")
_INDENTATION = re.compile(r"(\r\n|\n|\r)([ \t]*)(?=[^ \t\r\n])")


class Value:
    """A value as it is written: `text` as long as it is closed, `members` once it has been opened."""

    __slots__ = ("_members", "_text", "rest")

    def __init__(self, text: str) -> None:
        self._text = text
        self._members: list[Member] | None = None
        self.rest = ""
        """The blanks of a container without members."""

    @property
    def is_object(self) -> bool:
        return self._text.startswith("{")

    @property
    def is_array(self) -> bool:
        return self._text.startswith("[")

    @property
    def members(self) -> list[Member]:
        """What an object or array holds; a change to the list is a change to the text."""
        if self._members is None:
            self._members = list(self._open())
        return self._members

    def written(self) -> str:
        """The text of the value."""
        if self._members is None:
            return self._text
        inside = ",".join(member.written() for member in self._members)
        return self._text[0] + (inside or self.rest) + ("}" if self.is_object else "]")

    def parsed(self) -> Any:
        """The value as plain Python data."""
        return json.loads(self.written())

    @property
    def closing_line(self) -> str:
        """Line end and indentation before the closing bracket that begins a line; "" otherwise."""
        if not (self.is_object or self.is_array):
            return ""
        return line_start(self.members[-1].after if self.members else self.rest)

    def _open(self) -> Iterator[Member]:
        text, at, last = self._text, 1, len(self._text) - 1
        while True:
            start = _skip(text, at)
            if start == last:
                self.rest = text[at:last]
                return
            name, key, colon, value = "", "", "", start
            if self.is_object:
                name, key_end = scanstring(text, start + 1, True)
                value = _skip(text, _skip(text, key_end) + 1)
                key, colon = text[start:key_end], text[key_end:value]
            end = scanstring(text, value + 1, True)[1] if text[value] == '"' else _scan_once(text, value)[1]
            comma = _skip(text, end)
            yield Member(text[at:start], name, key, colon, Value(text[value:end]), text[end:comma])
            if comma == last:
                return
            at = comma + 1


class Member:
    """A member of an object or an item of an array, with the blanks around it.

    `key` is the name as it is written, quotes included, and `colon` what stands between it and the value;
    both are empty in arrays.
    """

    __slots__ = ("after", "before", "colon", "key", "name", "value")

    def __init__(self, before: str, name: str, key: str, colon: str, value: Value, after: str) -> None:
        self.before = before
        self.name = name
        self.key = key
        self.colon = colon
        self.value = value
        self.after = after

    def written(self) -> str:
        return self.before + self.key + self.colon + self.value.written() + self.after

    @property
    def line_start(self) -> str:
        """Line end and indentation before a member that begins a line; "" otherwise."""
        return line_start(self.before)


def line_start(blanks: str) -> str:
    """The last line end of these blanks and what follows it; "" without a line end."""
    found = _LINE.search(blanks)
    return found[0] if found else ""


class Tree:
    """A whole text; `root` is its value with the blanks around it. Raises ValueError when it is no JSON, and
    RecursionError.
    """

    def __init__(self, text: str) -> None:
        json.loads(text, parse_constant=_refuse)
        start = _skip(text, 0)
        end = len(text.rstrip(" \t\r\n"))
        self.root = Member(text[:start], "", "", "", Value(text[start:end]), text[end:])
        self.unit = indentation_of(self.root.value)
        """The blanks by which one level is indented; "" when the text is written on one line."""

    def written(self) -> str:
        return self.root.written()


def indentation_of(root: Value) -> str:
    """The indentation of the first member that begins a line, looked for three levels deep."""
    level = [root]
    for _ in range(3):
        members = [
            member for value in level if value.is_object or value.is_array for member in value.members[:1]
        ]
        for member in members:
            if member.line_start:
                return member.line_start.lstrip("\r\n") or "  "
        level = [member.value for member in members]
    return ""


def reindent(text: str, old: str, new: str) -> str:
    """A value moved from lines that begin with `old` to lines that begin with `new` (line end and
    indentation). No string of JSON holds a line end, so every line end is one between values.
    """
    before, after = old.lstrip("\r\n"), new.lstrip("\r\n")
    if before == after:
        return text
    return _INDENTATION.sub(lambda found: found[1] + after + found[2].removeprefix(before), text)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _skip(text: str, at: int) -> int:
    found: Any = _BLANKS.match(text, at)
    end: int = found.end()
    return end
