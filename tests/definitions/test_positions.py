"""`Document.locate` finds every value and every member name where an independent scanner finds them."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.definitions import Document, SourceFile, Span, pointers
from tests.effort import effort
from tests.packages import DEFINITION


def document(content: bytes) -> Document:
    return Document.read(SourceFile("apiDefinition.swagger.json", content))


class Scanner:
    """A plain recursive-descent scanner over valid JSON that walks character by character."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.line, self.column = text, 0, 1, 1
        self.values: dict[str, tuple[int, int, int]] = {}
        self.keys: dict[str, tuple[int, int, int]] = {}
        self.value("")

    def step(self) -> str:
        char = self.text[self.at]
        self.at += 1
        if char == "\n" or (char == "\r" and self.text[self.at : self.at + 1] != "\n"):
            self.line, self.column = self.line + 1, 1
        else:
            self.column += 1
        return char

    def blank(self) -> None:
        while self.text[self.at : self.at + 1] in (" ", "\t", "\r", "\n"):
            self.step()

    def string(self) -> Any:
        start = self.at
        self.step()
        while (char := self.step()) != '"':
            if char == "\\":
                self.step()
        return json.loads(self.text[start : self.at])

    def value(self, pointer: str) -> None:
        self.blank()
        line, column, start = self.line, self.column, self.at
        char = self.text[self.at]
        if char == '"':
            self.string()
        elif char in "{[":
            self.step()
            self.container(pointer, "}" if char == "{" else "]")
        else:
            while self.at < len(self.text) and self.text[self.at] not in ",]} \t\r\n":
                self.step()
        self.values[pointer] = (line, column, self.at - start)

    def container(self, pointer: str, closing: str) -> None:
        index = 0
        self.blank()
        while self.text[self.at] != closing:
            token: str | int = index
            if closing == "}":
                line, column, start = self.line, self.column, self.at
                token = self.string()
                self.keys[pointers.join(pointer, token)] = (line, column, self.at - start)
                self.blank()
                self.step()
            self.value(pointers.join(pointer, token))
            index += 1
            self.blank()
            if self.text[self.at] == ",":
                self.step()
                self.blank()
        self.step()


def written(value, choose: random.Random, newline: str) -> str:
    """JSON with blanks, tabs, line ends and escapes strewn in."""

    def blank() -> str:
        return choose.choice(["", "", " ", "\t", newline, newline + "\t  "])

    def name(text: str) -> str:
        return json.dumps(text, ensure_ascii=choose.random() < 0.5)

    if isinstance(value, dict):
        members = (
            f"{blank()}{name(key)}{blank()}:{blank()}{written(v, choose, newline)}"
            for key, v in value.items()
        )
        return "{" + ",".join(members) + blank() + "}"
    if isinstance(value, list):
        return "[" + ",".join(blank() + written(v, choose, newline) for v in value) + blank() + "]"
    return name(value) if isinstance(value, str) else json.dumps(value)


TEXTS = st.text(st.sampled_from('abä/~"\\🌊\t\n '), max_size=4)
VALUES = st.recursive(
    TEXTS | st.integers(-99, 99) | st.none() | st.booleans() | st.floats(-9, 9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=effort(80, 300), deadline=None)
@given(VALUES, st.integers(), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.booleans())
def test_every_place_agrees_with_a_second_scanner(value, seed, newline, has_bom, is_broken):
    text = written(value, random.Random(seed), newline)
    scanned = Scanner(text)
    content = (b"\xef\xbb\xbf" if has_bom else b"") + text.encode() + (b" // broken" if is_broken else b"")

    read = document(content)

    assert read.value == value
    for pointer, (line, column, length) in scanned.values.items():
        span = read.locate(pointer)
        assert (span.line, span.column, span.length) == (line, column, length), pointer
        assert read.resolve(pointer) == json.loads(text[span.offset : span.offset + span.length])
    for pointer, (line, column, length) in scanned.keys.items():
        span = read.locate(pointer, key=True)
        assert (span.line, span.column, span.length) == (line, column, length), pointer


@pytest.mark.parametrize("indent", [None, 2, "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_place_of_a_whole_definition_is_right(indent, newline):
    text = json.dumps(DEFINITION, indent=indent).replace("\n", newline)
    scanned = Scanner(text)
    read = document(text.encode())

    for pointer, place in scanned.values.items():
        span = read.locate(pointer)
        assert (span.line, span.column, span.length) == place


def test_a_missing_value_is_located_at_its_nearest_ancestor():
    read = document(b'{\n "info": {\n  "title": "x"\n }\n}')

    assert read.locate("/info/description") == read.locate("/info")
    assert read.locate("/nothing/at/all") == read.locate("")
    assert read.locate("/info/title/deeper") == read.locate("/info/title")
    assert read.locate("/info", key=True) == Span(2, 2, 6, 3)


def test_array_elements_have_no_name_so_their_value_is_shown():
    read = document(b'{"a": [10, 20]}')

    assert read.locate("/a/1", key=True) == read.locate("/a/1") == Span(1, 12, 2, 11)
    assert read.locate("/a/7") == read.locate("/a")
    assert read.locate("/a/-") == read.locate("/a")


def test_of_two_members_with_one_name_the_last_is_located():
    read = document(b'{"a": 1,\n "a": 2}')

    assert read.value == {"a": 2}
    assert read.locate("/a") == Span(2, 7, 1, 15)
    assert [(p.code, p.line, p.column) for p in read.problems] == [("duplicate-key", 2, 2)]


def test_tabs_count_one_and_a_byte_order_mark_counts_none():
    read = document(b'\xef\xbb\xbf{\t\t"a":\t1}')

    assert read.locate("/a") == Span(1, 9, 1, 8)


def test_resolve_tells_missing_from_null():
    read = document(b'{"a": null, "b": [1], "c": {"0": 2}}')

    assert read.resolve("/a") is None
    assert read.resolve("/b/0") == 1
    assert read.resolve("/c/0") == 2
    assert read.resolve("/b/00", "none") == "none"
    assert read.resolve("/b/x", "none") == "none"
    with pytest.raises(LookupError):
        read.resolve("/d")


def test_pointers_escape_and_split_as_rfc_6901_says():
    assert pointers.join("", "a/b", "m~n", 0) == "/a~1b/m~0n/0"
    assert pointers.split("/a~1b/m~0n/0") == ["a/b", "m~n", "0"]
    assert pointers.split("/~01") == ["~1"]
    assert pointers.split("") == []
    assert pointers.split("/") == [""]
    assert pointers.parent("/a/b") == "/a"
    with pytest.raises(ValueError):
        pointers.split("a")


def test_lines_end_at_lf_crlf_and_lone_cr_and_nowhere_else():
    file = SourceFile("readme.md", "a\r\nb\rc\nd\u2028e\x0bf".encode())

    assert file.line_count == 4
    assert [file.line_text(at) for at in range(1, 6)] == ["a", "b", "c", "d\u2028e\x0bf", ""]
    assert file.position(file.text.index("e")) == (4, 3)
    assert file.offset(4, 3) == file.text.index("e")
    assert file.offset(99) == len(file.text)
