"""A JSON file of a package: its value, what is wrong with it, and where each value stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from connectors.definitions import pointers
from connectors.definitions.json_positions import SpanIndex
from connectors.definitions.json_reader import read_json
from connectors.definitions.object_spans import ObjectSpans
from connectors.definitions.problems import Limits, Problem
from connectors.definitions.sources import SourceFile

_REQUIRED: Any = object()


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text: 1-based line and column, length and offset in characters (see `Problem`)."""

    line: int
    column: int
    length: int
    offset: int


@dataclass(frozen=True)
class Document:
    """A parsed JSON file. `value` is plain Python data, as much as could be recovered when the syntax is
    broken: without NUL and lone surrogates, without infinite numbers, never nested deeper than the limit.
    None when nothing could be recovered. The last of two members with one key wins.
    """

    file: SourceFile
    value: Any
    problems: tuple[Problem, ...]
    _index: SpanIndex = field(repr=False, compare=False)
    _object_spans: ObjectSpans | None = field(default=None, repr=False, compare=False)

    @classmethod
    def read(cls, file: SourceFile, limits: Limits | None = None) -> Document:
        """Parse a file. Bad content never raises: it is found in `problems`."""
        reading = read_json(file, limits or Limits())
        return cls(file, reading.value, (*file.problems, *reading.problems), reading.index, reading.spans)

    @cached_property
    def is_valid_json(self) -> bool:
        """True when every strict JSON parser reads the file, and all find the same value in it."""
        return all(problem.code == "bom" for problem in self.problems)

    def locate(self, pointer: str, *, key: bool = False) -> Span:
        """Where the value at `pointer` stands, or its member name (with quotes) when `key` is true.

        A pointer to something that is not there gives the place of its nearest existing ancestor, so a
        finding about a missing value points at the object that lacks it. Cost: the containers on the way are
        scanned once and remembered.
        """
        start, end = self.extent(pointer, key=key)
        line, column = self.file.position(start)
        return Span(line, column, end - start, start)

    @property
    def objects(self) -> Sequence[dict[str, Any]] | None:
        """All objects of the document in the order of their closing braces; None for broken syntax."""
        return self._object_spans.objects if self._object_spans is not None else None

    def extent(self, pointer: str, *, key: bool = False) -> tuple[int, int]:
        """Start and end, in characters of the text, of what `locate` finds; it costs less than the line."""
        node = self._index.find(pointers.split(pointer))
        return (node.key_start, node.key_end) if key and node.key_start >= 0 else (node.start, node.end)

    def place(
        self, value: Any, keys: tuple[str | int, ...] = (), *, key: bool = False
    ) -> tuple[int, int] | None:
        """Start and end, in characters of the text, of an object of this document (the very object, not an
        equal one) or of its member `keys`; of the nearest object around when there is no such member. None
        when only `locate` knows.
        """
        spans = self._object_spans
        if spans is None:
            return None
        if not keys and not key:
            return spans.span(value)
        if len(keys) == 1 and value.__class__ is dict and value is not self.value:
            # Nearly all places are an object or a member of one.
            name = keys[0]
            member = value.get(name, _REQUIRED)
            if member is _REQUIRED or (member.__class__ is dict and not key):
                return spans.span(value if member is _REQUIRED else member)
            return spans.member(value, name if name.__class__ is str else str(name), key=key)
        around = holder = None
        for name in keys:
            if value.__class__ is dict:
                if name not in value:
                    return spans.span(value)
            elif value.__class__ is not list or name.__class__ is not int or not 0 <= name < len(value):
                return None
            around, holder, value = holder, value, value[name]
        if value.__class__ is dict and not key:
            return spans.span(value)
        if holder.__class__ is dict:
            return self._member(spans, holder, str(keys[-1]), key=key)
        if around.__class__ is dict and not key:
            array = self._member(spans, around, str(keys[-2]))
            return spans.item(array[0], int(keys[-1])) if array else None
        return None

    def _member(
        self, spans: ObjectSpans, holder: dict[str, Any], name: str, *, key: bool = False
    ) -> tuple[int, int] | None:
        if holder is self.value:
            # Where the members of the root stand is known already; searching would pass the whole text.
            node = self._index.find([name])
            return (node.key_start, node.key_end) if key else (node.start, node.end)
        return spans.member(holder, name, key=key)

    def resolve(self, pointer: str, default: Any = _REQUIRED) -> Any:
        """The value at `pointer`; LookupError when there is none and no `default` was given."""
        value = self.value
        for token in pointers.split(pointer):
            try:
                value = value[_index(token)] if isinstance(value, list) else _members(value)[token]
            except LookupError:
                if default is _REQUIRED:
                    raise LookupError(f"nothing at {pointer}") from None
                return default
        return value


def _members(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _index(token: str) -> int:
    if token.isascii() and token.isdigit() and len(token) <= 9 and not (token[0] == "0" and len(token) > 1):
        return int(token)
    raise IndexError(token)
