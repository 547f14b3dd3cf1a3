"""Counting line ends and looking them up in an index give the same places."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from connectors.definitions import Limits, SourceFile
from connectors.definitions.json_reader import read_json
from connectors.definitions.lines import Lines

TEXTS = st.text(alphabet="ab\r\n é\U0001f30a", max_size=60)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=15,
)


@given(TEXTS)
def test_every_place_of_a_text_has_one_line_and_column_however_often_it_is_asked_for(text: str) -> None:
    starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]
    lines = Lines(text)
    assert lines.starts == starts
    for _ in range(2):
        for offset in range(len(text) + 1):
            line = max(n for n, start in enumerate(starts, 1) if start <= offset)
            assert Lines(text).position(offset) == (line, offset - starts[line - 1] + 1)
            assert lines.position(offset) == (line, offset - starts[line - 1] + 1)


@given(VALUES, st.sampled_from([None, 1, "\t"]), st.sampled_from(["", " ", "\r\n"]))
def test_reading_notes_the_places_of_the_root_as_they_stand_in_the_text(
    value: object, indent: int | str | None, around: str
) -> None:
    text = around + json.dumps(value, indent=indent) + around
    reading = read_json(SourceFile("a.json", text.encode()), Limits())
    assert (reading.value, reading.problems) == (value, ()) or reading.problems
    root = reading.index.find([])
    assert json.loads(text[root.start : root.end]) == value
    for key in value if isinstance(value, dict) and not reading.problems else ():
        node = reading.index.find([key])
        assert json.loads(text[node.key_start : node.key_end]) == key
        assert json.loads(text[node.start : node.end]) == reading.value[key]


def test_what_is_almost_json_at_the_root_is_left_to_the_forgiving_reader() -> None:
    for text in ("", "{", "{,}", '{"a"}', '{"a":}', '{"a":1', '{"a":1]', '{"a":1,}', '{"a":1 "b":2}', "{} {}",
                 '{"a":1,"a":2}', "{a:1}", "[1", "nul", '{"a":1},'):  # fmt: skip
        assert read_json(SourceFile("a.json", text.encode()), Limits()).problems, text
