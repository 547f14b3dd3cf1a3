"""Dynamic extensions: the paths into what the called operation gives back."""

from __future__ import annotations

from collections.abc import Iterator

from certification.rules.checks.dynamic_calls import (
    LIST,
    PROPERTIES,
    SCHEMA,
    TREE,
    VALUES,
    Call,
    calls,
    on_content,
    without_properties,
)
from certification.rules.checks.dynamic_fields import Fields, Step
from certification.rules.findings import Hit
from certification.rules.walk import Node
from connectors.definitions import openapi

_COLLECTIONS = (VALUES, LIST, TREE)
_ITEM_PATHS = ("itemValuePath", "itemTitlePath")
_OLDER_ITEM_PATHS = ("value-path", "value-title")
_WHOLE = "the top"


@on_content("EXT-028", key=_COLLECTIONS)
def called_operation_without_output(node: Node, key: str) -> Iterator[Hit]:
    """A schema that is asked for may well be undescribed; a list must be described to be shown."""
    for call in calls(node, key):
        if call.target is not None and Fields.of(node).output(call.target) is None:
            yield call.hit("operationId")


@on_content("EXT-029", key=_COLLECTIONS)
def collection_not_found(node: Node, key: str) -> Iterator[Hit]:
    for call, word, collection in _collections(node, key):
        if collection.value is None and not collection.is_broken:
            yield call.hit(word, cause=_cause(call, word), operation=call.operation_id)


@on_content("EXT-032", key=_COLLECTIONS)
def collection_is_no_array(node: Node, key: str) -> Iterator[Hit]:
    for call, word, collection in _collections(node, key):
        found = collection.value
        if found is not None and found.get("type") != "array" and "items" not in found:
            path = openapi.text(call.value, word)
            at = (word,) if path else ()
            value, kind = f'"{path}"' if path else _WHOLE, openapi.text(found, "type") or "no type"
            yield call.hit(*at, value=value, cause=_cause(call, word), kind=kind, operation=call.operation_id)


@on_content("EXT-033", key=_COLLECTIONS)
def item_path_not_found(node: Node, key: str) -> Iterator[Hit]:
    """Items of which no property is described, such as plain texts, say nothing about paths."""
    looked = Fields.of(node)
    for call, _, collection in _collections(node, key):
        item = looked.described((collection.value or {}).get("items"))
        if item is None or not looked.properties(item):
            continue
        for word in _OLDER_ITEM_PATHS if key == VALUES else _ITEM_PATHS:
            step = looked.find(item, openapi.text(call.value, word))
            if step.value is None and not step.is_broken:
                yield call.hit(word, cause=_cause(call, word), operation=call.operation_id)


def _collections(node: Node, key: str) -> Iterator[tuple[Call, str, Step]]:
    """Every call with an output: the member that names the array in it, and what stands there."""
    word = "value-collection" if key == VALUES else "itemsPath"
    for call in calls(node, key):
        output = Fields.of(node).output(call.target)
        if output is not None:
            yield call, word, Fields.of(node).find(output, openapi.text(call.value, word))


def _cause(call: Call, word: str) -> str:
    return f"{call.operation_id} {openapi.text(call.value, word)}"


@on_content("EXT-034", key=(SCHEMA, PROPERTIES))
def schema_path_not_found(node: Node, key: str) -> Iterator[Hit]:
    """An output that is said to be just an object says nothing. What the path leads to is itself a schema: a
    last step to its member "properties" need not be described.
    """
    looked = Fields.of(node)
    word = "value-path" if key == SCHEMA else "itemValuePath"
    for call in calls(node, key):
        output = looked.described(looked.output(call.target))
        if output is None or not looked.properties(output):
            continue
        path = without_properties(openapi.text(call.value, word))
        step = looked.find(output, path)
        if step.value is None and not step.is_broken:
            yield call.hit(word, cause=_cause(call, word), operation=call.operation_id)
