"""Patches (RFC 6902) on values and on texts: the text says the same as the value, and the rest of it stays."""

from __future__ import annotations

import codecs
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.definitions import Document, SourceFile, pointers
from connectors.definitions.patching import PatchError, apply, apply_to_file, apply_to_text, same
from tests.effort import effort

PRETTY = """{
  "swagger": "2.0",
  "info": {
    "title": "Harbour Tides",
    "version": "1.0.0"
  },
  "tags": [
    "a",
    "b"
  ],
  "empty": {},
  "inline": { "x": 1, "y": [1, 2] }
}
"""


def op(name: str, path: str, value: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "op": name,
        "path": path,
        **({} if name in ("remove", "move", "copy") else {"value": value}),
        **more,
    }


def move(source: str, path: str) -> dict[str, Any]:
    return op("move", path, **{"from": source})


@pytest.mark.parametrize(
    ("operation", "old", "new"),
    [
        (op("replace", "/info/title", "Tides"), '"Harbour Tides"', '"Tides"'),
        (op("remove", "/info/version"), 'Tides",\n    "version": "1.0.0"\n', 'Tides"\n'),
        (op("remove", "/info/title"), '    "title": "Harbour Tides",\n', ""),
        (op("remove", "/tags/0"), '    "a",\n', ""),
        (op("remove", "/inline/y"), '{ "x": 1, "y": [1, 2] }', '{ "x": 1 }'),
        (op("remove", "/inline/x"), '{ "x": 1, "y": [1, 2] }', '{ "y": [1, 2] }'),
        (op("add", "/info/contact", {"name": "Ä"}), '"1.0.0"\n', '"1.0.0",\n    "contact": {\n      "name": "Ä"\n    }\n'),
        (op("add", "/tags/0", "z"), '    "a",', '    "z",\n    "a",'),
        (op("add", "/tags/1", "z"), '"a",\n', '"a",\n    "z",\n'),
        (op("add", "/tags/-", "z"), '"b"\n', '"b",\n    "z"\n'),
        (op("add", "/empty/x", [1]), '"empty": {}', '"empty": {\n    "x": [\n      1\n    ]\n  }'),
        (op("add", "/inline/y/0", 0), "[1, 2]", "[0, 1, 2]"),
        (op("add", "/inline/z", {"a": 1}), "[1, 2] }", '[1, 2], "z": {"a": 1} }'),
        (move("/info/title", "/info/name"), '"title"', '"name"'),
        (move("/inline", "/info/inline"), ',\n  "inline": { "x": 1, "y": [1, 2] }', ""),
        (op("copy", "/info/tags", **{"from": "/tags"}), '"1.0.0"\n', '"1.0.0",\n    "tags": [\n      "a",\n      "b"\n    ]\n'),
        (op("test", "/info/version", "1.0.0"), "", ""),
    ],
)  # fmt: skip
def test_an_operation_changes_nothing_else(operation: dict[str, Any], old: str, new: str) -> None:
    expected = PRETTY.replace(old, new, 1) if old else PRETTY
    if operation.get("from") == "/inline":
        expected = expected.replace('"1.0.0"\n', '"1.0.0",\n    "inline": { "x": 1, "y": [1, 2] }\n')
    assert apply_to_text(PRETTY, [operation]) == expected


def test_a_moved_value_takes_the_indentation_of_its_new_place() -> None:
    changed = apply_to_text(PRETTY, [move("/tags", "/info/tags")])
    assert '"version": "1.0.0",\n    "tags": [\n      "a",\n      "b"\n    ]\n  },\n  "empty"' in changed


@pytest.mark.parametrize(("unit", "end"), [("\t", "\n"), ("    ", "\r\n"), (" ", "\r")])
def test_tabs_and_line_ends_are_kept(unit: str, end: str) -> None:
    text = PRETTY.replace("  ", unit).replace("\n", end)
    changed = apply_to_text(text, [op("add", "/info/contact", {"name": "A"}), op("remove", "/tags/1")])
    assert f'"1.0.0",{end}{unit * 2}"contact": {{{end}{unit * 3}"name": "A"{end}{unit * 2}}}{end}' in changed
    assert f'"tags": [{end}{unit * 2}"a"{end}{unit}]' in changed
    if end != "\n":
        assert "\n" not in changed.replace("\r\n", "")


def test_a_text_on_one_line_stays_on_one_line() -> None:
    assert apply_to_text('{"a":1}', [op("add", "/b", {"c": [1, 2]})]) == '{"a":1,"b":{"c":[1,2]}}'
    assert apply_to_text('{"a": 1}', [op("add", "/b", {"c": [1, 2]})]) == '{"a": 1, "b": {"c": [1, 2]}}'
    assert apply_to_text("[]", [op("add", "/-", 1), op("add", "/0", 0)]) == "[0, 1]"


def test_commas_at_the_beginning_of_lines_stay_there() -> None:
    text = '{ "a": 1\n, "b": 2\n, "c": 3\n}'
    assert apply_to_text(text, [op("add", "/d", 4)]) == '{ "a": 1\n, "b": 2\n, "c": 3\n, "d": 4\n}'
    assert apply_to_text(text, [op("remove", "/b")]) == '{ "a": 1\n, "c": 3\n}'


def test_numbers_and_escapes_of_other_members_stay_as_they_are_written() -> None:
    text = '{"a": 1.50E+2, "b": "\\u00e9\\/", "c": 0, "d": "\u2028"}'
    assert apply_to_text(text, [op("replace", "/c", 1)]) == text.replace('"c": 0', '"c": 1')


def test_a_removed_member_does_not_uncover_another_of_its_name() -> None:
    assert apply_to_text('{"a": 1, "b": 2, "a": 3}', [op("remove", "/a")]) == '{"b": 2}'


def test_a_byte_order_mark_stays() -> None:
    file = SourceFile("a.json", codecs.BOM_UTF8 + b'{"a": 1}')
    assert apply_to_file(file, [op("replace", "/a", "\u00e4")]) == codecs.BOM_UTF8 + '{"a": "ä"}'.encode()


@pytest.mark.parametrize(
    "content", [b'{"a": "\xe4"}', '{"a": 1}'.encode("utf-16"), b'{"a": "\0"}', b'{"a": NaN}', b"{", b""]
)
def test_files_that_cannot_be_written_back_are_refused(content: bytes) -> None:
    with pytest.raises(PatchError):
        apply_to_file(SourceFile("a.json", content), [op("replace", "/a", 2)])


@pytest.mark.parametrize(
    "operation",
    [
        op("remove", "/nothing"), op("remove", ""), op("replace", "/tags/2", 1), op("replace", "/tags/-", 1),
        op("add", "/tags/3", 1), op("add", "/tags/01", 1), op("add", "/tags/²", 1), op("add", "/swagger/a", 1),
        op("add", "/no/where", 1), op("test", "/tags/0", "b"), op("test", "/inline/x", True), move("/info", "/info/a"),
        move("/nothing", "/nothing"), op("copy", "/a", **{"from": "/b"}), op("paint", "/a"), {"op": "add", "path": "/a"},
        {"op": "add", "value": 1}, {"op": "add", "path": "a", "value": 1}, {"op": "move", "path": "/a"}, {},
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_for_value_and_text_alike(operation: dict[str, Any]) -> None:
    value = json.loads(PRETTY)
    with pytest.raises(PatchError):
        apply(value, [op("replace", "/swagger", "3"), operation])
    assert value == json.loads(PRETTY)
    with pytest.raises(PatchError):
        apply_to_text(PRETTY, [operation])


def test_a_value_that_is_no_json_is_refused() -> None:
    for value in (float("nan"), {1, 2}):
        with pytest.raises(PatchError):
            apply_to_text("{}", [op("add", "/a", value)])


def test_true_is_not_one() -> None:
    assert same({"a": [1, None]}, {"a": [1.0, None]})
    for one, other in ((True, 1), ([1], [1, 2]), ({"a": 1}, {"b": 1}), ({}, []), (None, False)):
        assert not same(one, other)


# -- any document, written in any way, and any sequence of operations on it

NAMES = st.sampled_from(["a", "b", "c", "/", "~", "", "0", "é", '"'])
SCALARS = (
    st.none() | st.booleans() | st.integers(-9, 99) | st.sampled_from([1.5, "x", "\u2028", 'é"\\', "\n"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=4) | st.lists(VALUES, max_size=4)
BLANKS = st.sampled_from(["", "", " ", "\n", "\n  ", "\r\n\t", "  \n\n "])


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A document with blanks anywhere, or written by one of the usual printers."""
    value = draw(DOCUMENTS)
    style = draw(st.sampled_from([None, {"indent": 2}, {"indent": "\t"}, {}, {"separators": (",", ":")}]))
    if style is not None:
        return json.dumps(value, ensure_ascii=draw(st.booleans()), **style).replace(
            "\n", draw(st.sampled_from(["\n", "\r\n"]))
        )

    def blank() -> str:
        return draw(BLANKS)

    def written(value: Any) -> str:
        if isinstance(value, dict):
            return (
                "{"
                + (
                    ",".join(
                        f"{blank()}{json.dumps(key)}{blank()}:{blank()}{written(item)}{blank()}"
                        for key, item in value.items()
                    )
                    or blank()
                )
                + "}"
            )
        if isinstance(value, list):
            return "[" + (",".join(f"{blank()}{written(item)}{blank()}" for item in value) or blank()) + "]"
        return json.dumps(value)

    return blank() + written(value) + blank()


def places(value: Any, pointer: str = "") -> list[tuple[str, Any]]:
    found = [(pointer, value)]
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, item in children:
        found += places(item, pointers.join(pointer, key))
    return found


@st.composite
def operations(draw: st.DrawFn, value: Any) -> dict[str, Any]:
    """An operation that is valid for this value."""
    found = places(value)
    targets = [(pointer, item) for pointer, item in found if isinstance(item, dict | list)]

    def new_place(around: list[tuple[str, Any]]) -> str:
        pointer, item = draw(st.sampled_from(around))
        if isinstance(item, dict):
            return pointers.join(pointer, draw(NAMES))
        return pointers.join(pointer, draw(st.sampled_from([*range(len(item) + 1), "-"])))

    inside = [pointer for pointer, _ in found if pointer]
    names = [
        "replace",
        "test",
        *(["add", "copy"] if targets else []),
        *(["remove", "move"] if inside else []),
    ]
    name = draw(st.sampled_from(names))
    if name == "add":
        return op("add", new_place(targets), draw(VALUES))
    if name == "copy":
        return op(
            "copy", new_place(targets), **{"from": draw(st.sampled_from([pointer for pointer, _ in found]))}
        )
    if name == "remove":
        return op("remove", draw(st.sampled_from(inside)))
    if name == "move":
        source = draw(st.sampled_from(inside))
        without = apply(value, [op("remove", source)])
        around = [place for place in places(without) if isinstance(place[1], dict | list)]
        return move(source, new_place(around) if around else "")
    pointer, item = draw(st.sampled_from(found))
    return op(name, pointer, item if name == "test" else draw(VALUES))


@settings(max_examples=effort(40, 100))
@given(st.data())
def test_text_and_value_agree_for_any_document_and_any_operations(data: st.DataObject) -> None:
    text = data.draw(texts())
    value = json.loads(text)
    patch: list[dict[str, Any]] = []
    expected = value
    for _ in range(data.draw(st.integers(1, 4))):
        patch.append(data.draw(operations(expected)))
        try:
            expected = apply(expected, patch[-1:])
        except PatchError:
            assert patch[-1]["op"] == "move"  # into a place below the moved value
            patch.pop()
    changed = apply_to_text(text, patch)
    assert same(json.loads(changed), expected)
    assert apply(value, patch) == expected
    if all(operation["op"] == "test" for operation in patch):
        assert changed == text


@settings(max_examples=effort(40, 100))
@given(st.data())
def test_everything_outside_the_edited_container_stays_byte_for_byte(data: st.DataObject) -> None:
    text = data.draw(texts())
    operation = data.draw(
        operations(json.loads(text)).filter(lambda made: made["op"] in ("add", "remove", "replace"))
    )
    changed = apply_to_text(text, [operation])
    edited = operation["path"] if operation["op"] == "replace" else pointers.parent(operation["path"])
    before, after = read(text), read(changed)
    old, new = before.locate(edited), after.locate(edited)
    assert changed[: new.offset] == text[: old.offset]
    assert changed[new.offset + new.length :] == text[old.offset + old.length :]


@settings(max_examples=effort(40, 100))
@given(st.data())
def test_the_siblings_of_an_edited_member_keep_their_text(data: st.DataObject) -> None:
    text = data.draw(texts())
    value = json.loads(text)
    operation = data.draw(
        operations(value).filter(lambda made: made["op"] in ("add", "remove") and made["path"])
    )
    holder = pointers.parent(operation["path"])
    changed = apply_to_text(text, [operation])
    before, after = read(text), read(changed)
    kept = before.resolve(holder)
    if isinstance(kept, dict):
        edited = pointers.split(operation["path"])[-1]
        for name in kept.keys() - {edited}:
            at = pointers.join(holder, name)
            assert written(before, at) == written(after, at)
            assert written(before, at, key=True) == written(after, at, key=True)
    else:
        old = [written(before, pointers.join(holder, index)) for index in range(len(kept))]
        new = [written(after, pointers.join(holder, index)) for index in range(len(after.resolve(holder)))]
        token = pointers.split(operation["path"])[-1]
        longer, shorter = (new, old) if operation["op"] == "add" else (old, new)
        del longer[len(longer) - 1 if token == "-" else int(token)]
        assert longer == shorter


def read(text: str) -> Document:
    return Document.read(SourceFile("a.json", text.encode()))


def written(document: Document, pointer: str, *, key: bool = False) -> str:
    span = document.locate(pointer, key=key)
    return document.file.text[span.offset : span.offset + span.length]
