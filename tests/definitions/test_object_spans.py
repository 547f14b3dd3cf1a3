"""Places found from the objects themselves, in every style of writing JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.definitions import Document, SourceFile
from tests.effort import effort

TEXTS = st.text(alphabet=' {}"\\/:,[]ab\té\n', max_size=8)
NAMES = st.one_of(st.sampled_from(["description", "type", "a", "{id}", "x y", 'q"', "é"]), TEXTS)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-99, 99), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=25,
)
STYLES = {
    "minified": {"separators": (",", ":")},
    "indented": {"indent": 2},
    "tabs": {"indent": "\t"},
    "spaced": {"separators": (" , ", " : ")},
    "escaped": {"indent": 2, "ensure_ascii": True},
}


def written(value: Any, style: str, line_end: str) -> str:
    return json.dumps(value, **{"ensure_ascii": False, **STYLES[style]}).replace("\n", line_end)


def objects_in(value: Any) -> list[dict[str, Any]]:
    found, pending = [], [value]
    while pending:
        current = pending.pop()
        if isinstance(current, dict):
            found.append(current)
            pending.extend(current.values())
        elif isinstance(current, list):
            pending.extend(current)
    return found


@settings(deadline=None, max_examples=effort(60, 150))
@given(
    st.dictionaries(NAMES, VALUES, max_size=5),
    st.sampled_from(sorted(STYLES)),
    st.sampled_from(["\n", "\r\n"]),
)
def test_every_object_and_member_is_found_where_it_stands(
    value: dict[str, Any], style: str, line_end: str
) -> None:
    text = written(value, style, line_end)
    document = Document.read(SourceFile("apiDefinition.swagger.json", text.encode()))
    assert document.value == value
    for found in objects_in(document.value):
        start, end = document.place(found) or (0, 0)
        assert json.loads(text[start:end]) == found
        for name, member in found.items():
            span = document.place(found, (name,))
            if span is not None:
                assert json.loads(text[span[0] : span[1]]) == member
            named = document.place(found, (name,), key=True)
            if named is not None:
                assert json.loads(text[named[0] : named[1]]) == name


@pytest.mark.parametrize("style", sorted(STYLES))
def test_members_are_found_without_a_parser_unless_their_names_are_escaped(style: str) -> None:
    value = {"paths": {"/a/{id}": {"get": {"description": "{ }", "parameters": [{"name": "description"}]}}}}
    document = Document.read(SourceFile("apiDefinition.swagger.json", written(value, style, "\n").encode()))
    operation = document.value["paths"]["/a/{id}"]["get"]
    text = document.file.text
    start, end = document.place(operation, ("description",)) or (0, 0)
    assert text[start:end] == '"{ }"'
    start, end = (
        document.place(operation, ("parameters", 0)) or document.place(operation["parameters"][0]) or (0, 0)
    )
    assert json.loads(text[start:end]) == {"name": "description"}


def test_a_member_that_is_not_there_is_placed_at_the_object_that_lacks_it() -> None:
    document = Document.read(SourceFile("apiDefinition.swagger.json", b'{"info": {"title": "Tides"}}'))
    info = document.value["info"]
    assert document.place(info, ("version",)) == document.place(info) == (9, 27)


def test_an_equal_object_of_another_document_has_no_place() -> None:
    document = Document.read(SourceFile("apiDefinition.swagger.json", b'{"info": {"title": "Tides"}}'))
    assert document.place({"title": "Tides"}) is None


@pytest.mark.parametrize("size", [100_000])
def test_the_cost_grows_with_the_text_for_one_endless_line(size: int) -> None:
    text = json.dumps({"a": [{"b": "}{" * 3} for _ in range(size // 20)]})
    document = Document.read(SourceFile("apiDefinition.swagger.json", text.encode()))
    assert document.place(document.value["a"][-1]) is not None
