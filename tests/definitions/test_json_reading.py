"""Broken JSON is reported at the exact place with a hint, and what can be saved is saved."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.definitions import Document, Limits, SourceFile
from tests.effort import effort


def read(text: Any, **limits: int) -> Any:
    content = text if isinstance(text, bytes) else text.encode()
    return Document.read(SourceFile("apiDefinition.swagger.json", content), Limits(**limits))


# name: (text, line, column, part of message or fix, recovered value)
SYNTAX = {
    "trailing comma in an object": ('{\n  "a": 1,\n}', 2, 9, "trailing comma", {"a": 1}),
    "trailing comma in an array": ("[1, 2,]", 1, 6, "trailing comma", [1, 2]),
    "missing comma between members": ('{"a": 1\n "b": 2}', 1, 8, "comma is missing", {"a": 1, "b": 2}),
    "missing comma after an object": ('{"a": {}\n "b": 2}', 1, 9, "comma is missing", {"a": {}, "b": 2}),
    "missing comma between elements": ('["a"\n "b"]', 1, 5, "comma is missing", ["a", "b"]),
    "missing comma between objects": ("[{} {}]", 1, 4, "comma is missing", [{}, {}]),
    "comma too many in an array": ("[1,, 2]", 1, 4, "extra comma", [1, 2]),
    "comma too many in an object": ('{"a": 1,, "b": 2}', 1, 9, "extra comma", {"a": 1, "b": 2}),
    "comma at the start": ("[, 1]", 1, 2, "extra comma", [1]),
    "line comment": ('{\n  // note\n  "a": 1}', 2, 3, "no comments", {"a": 1}),
    "line comment after a value": ('{"a": 1 // note\n}', 1, 9, "no comments", {"a": 1}),
    "block comment": ('{"a": /* note */ 1}', 1, 7, "no comments", {"a": 1}),
    "block comment without end": ('{"a": 1} /* note', 1, 10, "no comments", {"a": 1}),
    "hash comment": ('# note\n{"a": 1}', 1, 1, "no comments", {"a": 1}),
    "single quotes": ("{'a': 'it\\'s'}", 1, 2, "double quotes", {"a": "it's"}),
    "typographic quotes": ("{“a”: 1}", 1, 2, "typographic", {"a": 1}),
    "name without quotes": ("{a: 1}", 1, 2, "double quotes", {"a": 1}),
    "value without quotes": ('{"a": high water}', 1, 7, "double quotes", {"a": "high water"}),
    "True of Python": ('{"a": True}', 1, 7, "Write true", {"a": True}),
    "None of Python": ("[None]", 1, 2, "Write null", [None]),
    "undefined": ("[undefined]", 1, 2, "Write null", [None]),
    "missing colon": ('{"a" 1}', 1, 5, "colon is missing", {"a": 1}),
    "missing value": ('{"a": , "b": 2}', 1, 7, "value is missing", {"a": None, "b": 2}),
    "missing value at the end": ('{"a":}', 1, 6, "value is missing", {"a": None}),
    "raw line break in a text": ('{"a": "x\ny"}', 1, 9, "Write \\n", {"a": "x\ny"}),
    "raw tab in a text": ('{"a": "x\ty"}', 1, 9, "Write \\t", {"a": "x\ty"}),
    "raw control character in a text": ('{"a": "x\x01y"}', 1, 9, "\\u0001", {"a": "x\x01y"}),
    "closing quote missing": ('{\n "a": "x,\n "b": 2}', 2, 7, "closing double quote", {"a": "x", "b": 2}),
    "invalid escape": ('{"a": "\\d+"}', 1, 8, "backslash as \\\\", {"a": "\\d+"}),
    "short unicode escape": ('["\\u12"]', 1, 3, "backslash as \\\\", ["\\u12"]),
    "unescaped quote in a text": (
        '{"a": "so "x" so", "b": 1}',
        1,
        12,
        'quote inside a text as \\"',
        {"a": "so ", "b": 1},
    ),
    "leading zero": ("[012]", 1, 2, "no leading zero", [12]),
    "plus sign": ("[+1]", 1, 2, "no plus sign", [1]),
    "bare decimal point": ("[.5]", 1, 2, "digits beside the dot", [0.5]),
    "hexadecimal number": ("[0x1F]", 1, 2, "not a JSON number", [31]),
    "end of file in an object": ('{"a": {"b": 1', 1, 14, "Add the closing “}}”", {"a": {"b": 1}}),
    "end of file after a comma": ("[1,\n", 2, 1, "Add the closing “]”", [1]),
    "end of file after a colon": ('{"a":', 1, 6, "Add the closing “}”", {"a": None}),
    "wrong closing bracket": ('{"a": [1, 2}, "b": 3}', 1, 12, "Insert “]”", {"a": [1, 2]}),
    "bracket that opens nothing": ('{"a": 1], "b": 2}', 1, 8, "Remove the bracket", {"a": 1, "b": 2}),
    "object not closed before the next": ('[{"a": 1,\n{"a": 2}]', 2, 1, "Insert “},”", [{"a": 1}, {"a": 2}]),
    "text after the end": ('{"a": 1}\n}', 2, 1, "Remove what follows", {"a": 1}),
    "no-break space": ('{\u00a0"a": 1}', 1, 2, "U+00A0", {"a": 1}),
    "zero-width space": ('{"a":\u200b1}', 1, 6, "U+200B", {"a": 1}),
    "empty file": ("", 1, 1, "file is empty", None),
    "blank file": (" \n\n", 1, 1, "file is empty", None),
    "plain text": ("hello there", 1, 1, "not a JSON value", "hello there"),
    "lone closing bracket": ("}", 1, 1, "not a JSON value", "}"),
    "CRLF before the error": ('{\r\n\t"ä": 1,\r\n\t"b": 2,\r\n}', 3, 8, "trailing comma", {"ä": 1, "b": 2}),
    "characters outside the basic plane": ('{"🌊": "🌊",}', 1, 10, "trailing comma", {"🌊": "🌊"}),
}


@pytest.mark.parametrize("name", SYNTAX)
def test_a_syntax_error_is_found_at_its_place_with_a_hint_and_the_value_is_saved(name):
    text, line, column, hint, value = SYNTAX[name]

    document = read(text)

    first = document.problems[0]
    assert first.code == "json-syntax"
    assert (first.line, first.column) == (line, column)
    assert hint in f"{first.message} {first.fix}"
    assert document.value == value
    assert not document.is_valid_json


def test_every_row_of_the_table_is_refused_by_a_strict_parser_too():
    for text, *_ in SYNTAX.values():
        with pytest.raises(ValueError):
            json.loads(text)


# name: (text, code, line, column, length, pointer, value)
ODDITIES = {
    "duplicate key": (
        '{"a": 1,\n "b": {"c": 1, "c": 2}}',
        "duplicate-key",
        2,
        16,
        3,
        "/b/c",
        {"a": 1, "b": {"c": 2}},
    ),
    "key that is duplicate once unescaped": (
        '{"a": 1, "\\u0061": 2}',
        "duplicate-key",
        1,
        10,
        8,
        "/a",
        {"a": 2},
    ),
    "NaN": ('{"a": NaN}', "json-constant", 1, 7, 3, "/a", {"a": None}),
    "minus infinity": ("[1, -Infinity]", "json-constant", 1, 5, 9, "/1", [1, None]),
    "number beyond any float": ('{"a": 1e999}', "json-number", 1, 7, 5, "/a", {"a": 1.7976931348623157e308}),
    "integer above 2^53": ("[9007199254740993]", "json-number", 1, 2, 16, "/0", [9007199254740993]),
    "integer of 5,000 digits": (
        "[" + "9" * 5000 + "]",
        "json-number",
        1,
        2,
        5000,
        "/0",
        [1.7976931348623157e308],
    ),
    "escaped NUL": ('{"a": "x\\u0000y"}', "nul-character", 1, 9, 6, "/a", {"a": "x\ufffdy"}),
    "escaped NUL in a key": ('{"\\u0000": 1}', "nul-character", 1, 3, 6, "", {"\ufffd": 1}),
    "lone high surrogate": ('["\\ud83c\\udf0a \\ud800"]', "lone-surrogate", 1, 16, 6, "/0", ["🌊 \ufffd"]),
    "lone low surrogate": ('["\\udc00"]', "lone-surrogate", 1, 3, 6, "/0", ["\ufffd"]),
    "surrogates in the wrong order": (
        '["\\udf0a\\ud83c"]',
        "lone-surrogate",
        1,
        3,
        6,
        "/0",
        ["\ufffd\ufffd"],
    ),
    "half a pair after an escaped backslash": (
        '["\\\\ud83c\\udf0a"]',
        "lone-surrogate",
        1,
        10,
        6,
        "/0",
        ["\\ud83c\ufffd"],
    ),
    "byte-order mark": ("\ufeff{}", "bom", 1, 1, None, "", {}),
    "raw NUL": ('{"a": "\0"}', "nul-character", 1, 8, 1, "", {"a": "\ufffd"}),
    "Windows-1252": (b'{"a": "Br\xf8nn"}', "not-utf8", 1, 10, 1, "", {"a": "Brønn"}),
    "Windows-1252 beside UTF-8": ('{"ä": "'.encode() + b'\xf8"}', "not-utf8", 1, 8, 1, "", {"ä": "ø"}),
    "UTF-16 with mark": ('{"a": 1}'.encode("utf-16"), "not-utf8", 1, 1, None, "", {"a": 1}),
    "UTF-16 without mark": ('{"a": 1}'.encode("utf-16-be"), "not-utf8", 1, 1, None, "", {"a": 1}),
    "UTF-32": ('{"a": 1}'.encode("utf-32"), "not-utf8", 1, 1, None, "", {"a": 1}),
}


@pytest.mark.parametrize("name", ODDITIES)
def test_what_parsers_disagree_about_is_reported_and_made_harmless(name):
    text, code, line, column, length, pointer, value = ODDITIES[name]

    document = read(text)

    first = document.problems[0]
    assert (first.code, first.line, first.column, first.length, first.pointer) == (
        code,
        line,
        column,
        length,
        pointer,
    )
    assert document.value == value
    assert json.dumps(document.value, ensure_ascii=False, allow_nan=False).encode()
    assert "\\u0000" not in json.dumps(document.value)


def test_a_pair_of_surrogate_escapes_is_no_problem():
    document = read('{"a": "\\ud83c\\udf0a"}')

    assert document.value == {"a": "🌊"}
    assert document.problems == ()


def test_the_largest_safe_integer_passes_and_the_next_does_not():
    assert read("[9007199254740992, -9007199254740992]").problems == ()
    assert [p.code for p in read("[9007199254740993]").problems] == ["json-number"]


def test_nesting_up_to_the_limit_passes_and_one_more_is_refused_at_its_place():
    deep = '{"a":' * 31 + "[" * 33 + "]" * 33 + "}" * 31

    assert read(deep, json_depth=64).problems == ()
    document = read(deep, json_depth=63)
    assert [(p.code, p.line, p.column) for p in document.problems] == [("json-too-deep", 1, 31 * 5 + 33)]
    assert document.value is None


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("closed", [True, False])
def test_a_hundred_thousand_open_brackets_exhaust_nothing(opening, closed):
    text = opening * 100_000
    if closed:
        text += "1" + "".join({"[": "]", "{": "}"}[char] for char in reversed(text) if char in "[{")

    document = read(text)

    assert [p.code for p in document.problems] == ["json-too-deep"]
    assert document.value is None
    assert document.locate("/0/0/0").line == 1


@pytest.mark.parametrize("end", ["1]", "1,]"])
def test_more_values_than_the_limit_are_refused_whether_the_rest_is_valid_or_not(end):
    text = "[" + "1," * 98 + end

    assert "json-too-many-values" not in [p.code for p in read(text, json_values=100).problems]
    document = read(text, json_values=99)
    assert [(p.code, p.column) for p in document.problems] == [("json-too-many-values", 2 * 99 + 1)]
    assert document.value is None


def test_commas_inside_texts_are_not_taken_for_values():
    text = json.dumps([",{[" * 500])

    assert read(text, json_values=100).problems == ()


def test_brackets_and_quotes_inside_texts_are_not_counted():
    text = json.dumps({"a": '[[[{{{"\\', 'b"[': ["\\\\", "]]]"], "c": {}})

    assert read(text, json_depth=2).value == json.loads(text)
    assert read(text, json_depth=2).problems == ()


def test_problems_come_in_the_order_of_the_text():
    document = read('{"a": 1,\n "a": 2 // x\n,"b": tru}')

    assert [p.line for p in document.problems] == sorted(p.line for p in document.problems)


def test_very_many_problems_are_counted_instead_of_listed():
    document = read("{" + ",".join('"a": 1' for _ in range(1000)) + "}")

    assert len(document.problems) == 101
    assert document.problems[-1].code == "more-problems"
    assert document.problems[-1].message.startswith("899 more")


def test_reading_stops_when_the_text_is_no_json_at_all():
    document = read("{ a b c d }" * 10_000)

    assert document.problems[-1].code in ("json-syntax", "more-problems")
    assert len(document.problems) < 100


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=effort(60, 200), deadline=None)
@given(JSON_VALUES, st.sampled_from([None, 0, 2]), st.booleans())
def test_valid_documents_are_read_as_every_other_parser_reads_them(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)

    document = read(text)

    assert document.value == json.loads(text) == orjson.loads(text)
    assert document.problems == ()


@settings(max_examples=effort(60, 200), deadline=None)
@given(JSON_VALUES, st.sampled_from([None, 2]))
def test_the_forgiving_parser_agrees_with_the_fast_one_on_valid_documents(value, indent):
    text = json.dumps(value, indent=indent)

    document = read(text + " // end")

    assert document.value == json.loads(text)
    assert [p.message for p in document.problems] == ["JSON has no comments."]


@settings(max_examples=effort(150, 400), deadline=None)
@given(
    st.text(max_size=20)
    | st.text(alphabet="{}[]:,\"'\\/*#.0123456789eE+-truefalsn \n\t\r\u00a0“”u\x00\x01", max_size=60)
)
def test_any_text_gives_a_value_that_can_be_stored_and_places_inside_the_text(text):
    document = read(text)

    stored = json.dumps(document.value, ensure_ascii=False, allow_nan=False).encode()
    assert json.loads(stored) == document.value
    assert b"\0" not in stored
    if not document.problems:
        assert document.value == orjson.loads(text)
    elif document.is_valid_json:
        assert document.problems[0].code == "bom"
    for problem in document.problems:
        assert problem.line is None or document.file.offset(problem.line, problem.column) <= len(
            document.file.text
        )
