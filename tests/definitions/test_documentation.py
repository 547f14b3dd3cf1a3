"""The documentation built of a package: what it says, what it hides, and that nothing in a package breaks it."""

from __future__ import annotations

import copy
import itertools
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from connectors.definitions import read_files
from connectors.definitions.documentation import Document, Operation, as_markdown, build, compare
from tests.effort import effort
from tests.packages import DEFINITION, harbour_tides


def built(definition: Any, **files: Any) -> Document:
    return build(read_files(harbour_tides(definition=definition, **files)))


def operation(document: Document, name: str) -> Operation:
    return next(each for each in (*document["triggers"], *document["actions"]) if each["id"] == name)


def with_answer(schema: Any, **more: Any) -> dict[str, Any]:
    get = {"operationId": "Read", "responses": {"200": {"description": "It.", "schema": schema}}}
    return {**DEFINITION, "paths": {"/it": {"get": {**get, **more}}}}


def test_a_sample_is_documented_with_operations_parameters_and_answers():
    document = built(DEFINITION)
    tides = operation(document, "GetTides")
    assert (document["title"], document["version"]) == ("Harbour Tides", "1.2.0")
    assert [(row["path"], row["type"], row["is_required"]) for row in tides["inputs"]] == [
        ("days", "int32", False),
        ("harbourId", "string", True),
    ]
    assert tides["inputs"][0]["default"] == "3"
    assert tides["outputs"]
    assert document["contact"]["email"] == "help@tides.example.org"
    assert len(document["definition"]) == len(document["package"]) == 64


def test_the_introduction_that_was_handed_in_goes_before_the_packages_own():
    package = read_files({**harbour_tides(), "intro.md": b"From the package."})
    assert build(package)["intro"] == "From the package."
    assert build(package, intro="Handed in.")["intro"] == "Handed in."


def test_answers_are_followed_through_references_and_composition():
    definition = with_answer({"$ref": "#/definitions/Tide"})
    definition["definitions"] = {
        "Base": {"properties": {"id": {"type": "string", "format": "uuid"}}},
        "Level": {"type": "object", "properties": {"metres": {"type": "number"}}},
        "Tide": {
            "allOf": [{"$ref": "#/definitions/Base"}],
            "properties": {"levels": {"type": "array", "items": {"$ref": "#/definitions/Level"}}},
        },
    }
    document = built(definition)
    rows = {row["path"]: row for row in operation(document, "Read")["outputs"]}
    assert set(rows) == {"id", "levels", "levels[]/metres"}
    assert rows["id"]["type"] == "uuid"
    assert rows["levels"]["is_list"]
    assert rows["levels"]["ref"] == "type-Level"
    assert [each["name"] for each in document["types"]] == ["Level"]


def test_what_is_shaped_at_run_time_is_said_plainly():
    dynamic = {"type": "object", "x-ms-dynamic-schema": {"operationId": "DescribeTide", "parameters": {}}}
    document = built(with_answer({"type": "object", "properties": {"tide": dynamic}}))
    (row,) = operation(document, "Read")["outputs"]
    assert (row["dynamic"], row["source"]) == ("fields", "DescribeTide")
    assert "DescribeTide tells which" in as_markdown(document)


def test_internal_operations_and_fields_are_not_shown():
    hidden = {"type": "string", "x-ms-visibility": "internal"}
    definition = with_answer({"type": "object", "properties": {"seen": {"type": "string"}, "not": hidden}})
    definition["paths"]["/secret"] = {"get": {"operationId": "Secret", "x-ms-visibility": "internal"}}
    document = built(definition)
    assert [each["id"] for each in document["actions"]] == ["Read"]
    assert [row["path"] for row in document["actions"][0]["outputs"]] == ["seen"]


def test_a_secret_left_in_the_properties_is_no_example():
    properties = {
        "properties": {
            "connectionParameters": {"key": {"type": "securestring", "defaultValue": "s3cret-zq7"}},
        }
    }
    package = read_files({**harbour_tides(), "apiProperties.json": json.dumps(properties).encode()})
    document = build(package)
    assert document["connections"][0]["rows"][0]["type"] == "secret"
    assert "s3cret-zq7" not in json.dumps(document)


def test_every_place_of_a_page_has_a_name_of_its_own():
    definition = with_answer({"type": "string"})
    item = definition["paths"]["/it"]["get"]
    definition["paths"] = {f"/{at}": {"get": {**item, "operationId": name}} for at, name in enumerate(_NAMES)}
    document = built(definition)
    anchors = [each["anchor"].lower() for each in document["actions"]]
    assert len(set(anchors)) == len(_NAMES)


_NAMES = ("Read", "read", "Read!", "Read?", "", "", "Read-2", "<script>")


def test_differences_name_operations_and_whether_the_rest_reads_differently():
    old = built(DEFINITION)
    changed = copy.deepcopy(DEFINITION)
    paths = changed["paths"]
    paths["/harbours"]["get"]["summary"] = "List all harbours"
    paths["/new"] = {"get": {"operationId": "New", "summary": "New", "responses": {}}}
    del paths["/harbours/{harbourId}/tides"]["get"]
    new = built(changed)
    difference = compare(old, new)
    assert [each["id"] for each in difference.added] == ["New"]
    assert [each["id"] for each in difference.changed] == ["ListHarbours"]
    assert [each["id"] for each in difference.removed] == ["GetTides"]
    assert compare(old, old).is_empty


def test_schemas_that_hold_each_other_come_to_an_end():
    definition = with_answer({"$ref": "#/definitions/A"})
    fields = {name: {"$ref": f"#/definitions/{name}"} for name in "AB"}
    definition["definitions"] = {name: {"properties": fields} for name in "AB"}
    document = built(definition)
    assert {each["name"] for each in document["types"]} == {"A", "B"}


def test_a_definition_of_a_megabyte_is_built_at_once_and_stays_small():
    text = {"type": "string", "description": "d" * 120, "x-ms-summary": "A field"}
    fields = {f"field{at}": text for at in range(40)}
    types = {
        f"T{at}": {"properties": {**fields, "next": {"$ref": f"#/definitions/T{(at + 1) % 60}"}}}
        for at in range(60)
    }
    get = {"parameters": [{"name": f"q{at}", "in": "query", "type": "string"} for at in range(8)]}
    paths = {
        f"/p{at}": {
            "get": {
                **get,
                "operationId": f"Op{at}",
                "responses": {
                    "200": {"description": "x" * 200, "schema": {"$ref": f"#/definitions/T{at % 60}"}}
                },
            }
        }
        for at in range(500)
    }
    package = read_files(harbour_tides(definition={**DEFINITION, "paths": paths, "definitions": types}))
    started = time.process_time()
    document = build(package)
    assert time.process_time() - started < 8
    assert len(document["actions"]) == 500
    assert all(len(each["inputs"]) == 8 for each in document["actions"])
    assert len(json.dumps(document)) < 4_000_000


_KEYS = st.sampled_from(
    ["$ref", "type", "properties", "items", "allOf", "enum", "description", "parameters", "responses", "200",
     "schema", "x-ms-summary", "x-ms-visibility", "x-ms-dynamic-schema", "x-ms-dynamic-values", "operationId",
     "name", "in", "required", "default", "title", "additionalProperties", "x-ms-trigger", "get", "post",
     "x-ms-notification-content", "429", "format", "summary", "deprecated"]
)  # fmt: skip
_WORDS = st.sampled_from(
    ["#/definitions/A", "#/definitions/B", "#/parameters/P", "https://elsewhere.example/x", "body", "query",
     "<script>alert(1)</script>", "a | b\n# c", "```", "](javascript:x)", "\0", "\ud800", "\u202e", "1. x",
     "- x", "object", "array", "string", "single", "batch", "important", "internal", "", "<!--", "&lt;b&gt;"]
) | st.text(max_size=12)  # fmt: skip
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | _WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=40,
)


@given(
    paths=st.dictionaries(st.sampled_from(["/a", "/b|c", ""]), st.dictionaries(_KEYS, _VALUES, max_size=4)),
    types=st.dictionaries(st.sampled_from(["A", "B", "x/y", "<b>"]), _VALUES),
    info=_VALUES,
    properties=_VALUES,
    intro=_WORDS,
)
@settings(max_examples=effort(150, 3_000), deadline=None)
def test_whatever_a_definition_holds_is_documented_and_escaped(paths, types, info, properties, intro):
    definition = {"swagger": "2.0", "info": info, "paths": paths, "definitions": types, "host": info}
    files = harbour_tides(
        definition=json.dumps(definition).encode(), properties=json.dumps({"properties": properties}).encode()
    )
    document = build(read_files(files), intro=intro)
    stored = json.dumps(document, ensure_ascii=False)
    assert "\\u0000" not in stored
    stored.encode()
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(as_markdown(document))
    inner = [child for token in tokens for child in token.children or ()]
    assert not {token.type for token in (*tokens, *inner)} & {"html_block", "html_inline"}
    links = {str(child.attrs.get("href", "")) for child in inner if child.type == "link_open"}
    assert not any(link.startswith("javascript:") for link in links)


@pytest.mark.parametrize(
    "text", ["# Not a heading", "- no list", "1. no list", "a\n# b", "> quote", "a\n==="]
)
def test_a_text_cannot_pose_as_a_part_of_the_markdown(text):
    definition = with_answer({"type": "string"}, description=text)
    tokens = MarkdownIt("commonmark").enable("table").parse(as_markdown(built(definition)))
    headings = [after.content for token, after in itertools.pairwise(tokens) if token.type == "heading_open"]
    assert "Not a heading" not in headings
    assert "b" not in headings
    assert not {"blockquote_open", "ordered_list_open"} & {token.type for token in tokens}
