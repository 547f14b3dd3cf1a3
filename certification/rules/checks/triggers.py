"""Triggers: how they are called, named and described, and extensions of triggers on actions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from certification.rules.api import Api, Operation
from certification.rules.checks.webhooks import CONTENT, NEEDLES, NOTIFICATION, URL, finder, webhooks
from certification.rules.findings import Hit
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import openapi

if TYPE_CHECKING:
    from certification.rules.engine import Run

_TRIGGER, _HINT, _METADATA = "x-ms-trigger", "x-ms-trigger-hint", "x-ms-trigger-metadata"
_KINDS = frozenset(("single", "batch"))
_METADATA_VALUES = {"kind": "query", "mode": "polling"}
_METHODS = frozenset(openapi.METHODS)
_WHEN = re.compile(r"\s*When\b")
_NEEDS_TRIGGER = (f'"{_TRIGGER}"',)


@rule("TRG-001", on="operation", key=_TRIGGER, unless=_KINDS.__contains__)
def kind_unknown(operation: Node, key: str) -> Iterable[Hit]:
    return (operation.hit(key),)


@rule("TRG-003", on="operation", key=_TRIGGER)
def summary_without_when(operation: Node, key: str) -> Iterable[Hit]:
    """A missing summary is found by the rule for all operations."""
    summary = operation.text("summary")
    if not summary.strip() or _WHEN.match(summary):
        return ()
    return (operation.hit("summary"),)


@rule("TRG-015", on="paths", needles=NEEDLES)
def content_missing(paths: Node) -> Iterator[Hit]:
    for webhook in webhooks(paths.run):
        if not webhook.has_content:
            yield paths.run.hit(*webhook.keys[:2], value=webhook.operation.operation_id)


@rule("TRG-016", on="paths", needles=NEEDLES)
def cannot_unsubscribe(paths: Node) -> Iterator[Hit]:
    if not any(operation.method == "delete" for operation in paths.run.api.operations):
        for webhook in webhooks(paths.run):
            yield paths.run.hit(*webhook.keys, value=webhook.operation.operation_id, cause="no DELETE")


@rule("TRG-017", on="paths", needles=(f'{NOTIFICATION}"',))
def webhook_with_notification(paths: Node) -> Iterator[Hit]:
    for webhook in webhooks(paths.run):
        if NOTIFICATION in webhook.operation.value:
            keys = (*webhook.keys, NOTIFICATION)
            yield paths.run.hit(*keys, value=webhook.operation.operation_id, at_key=True)


@rule("TRG-018", on="paths", needles=NEEDLES)
def answers_other_than_201(paths: Node) -> Iterator[Hit]:
    for webhook in webhooks(paths.run):
        responses = openapi.mapping(webhook.operation.value, "responses")
        if "201" not in responses:
            keys = (*webhook.keys, "responses") if responses else webhook.keys
            yield paths.run.hit(*keys, value=", ".join(responses) or "none", cause="201")


@rule("TRG-019", on="paths", needles=NEEDLES)
def location_undocumented(paths: Node) -> Iterator[Hit]:
    for webhook in webhooks(paths.run):
        if not _has_location(paths.run.api, webhook.operation):
            yield paths.run.hit(*webhook.keys, value=webhook.operation.operation_id, cause="Location")


def _has_location(api: Api, operation: Operation) -> bool:
    for status in openapi.mapping(operation.value, "responses"):
        response, _ = api.response(operation, status)
        if any(name.lower() == "location" for name in openapi.mapping(response, "headers")):
            return True
    return False


@rule("TRG-020", on="paths", needles=NEEDLES)
def webhook_in_batches(paths: Node) -> Iterator[Hit]:
    for webhook in webhooks(paths.run):
        if webhook.operation.value["x-ms-trigger"] == "batch":
            yield paths.run.hit(*webhook.keys, "x-ms-trigger", value=webhook.operation.operation_id)


@rule("TRG-021", on="paths", needles=_NEEDS_TRIGGER)
def polls_with_wrong_method(paths: Node) -> Iterator[Hit]:
    for operation in _polling(paths):
        if operation.method not in ("get", "post"):
            yield paths.run.hit(*operation.keys, value=operation.method.upper(), at_key=True)


@rule("TRG-022", on="paths", needles=_NEEDS_TRIGGER)
def polls_with_post(paths: Node) -> Iterator[Hit]:
    for operation in _polling(paths):
        if operation.method == "post" and NOTIFICATION not in operation.value:
            yield paths.run.hit(*operation.keys, value=operation.operation_id)


def _polling(paths: Node) -> list[Operation]:
    """The triggers that ask the service for news."""
    calling = {id(webhook.operation.value) for webhook in webhooks(paths.run)}
    operations = paths.run.api.operations
    return [found for found in operations if found.is_trigger and id(found.value) not in calling]


@rule("TRG-023", on="paths", needles=("batch",))
def batch_without_array(paths: Node) -> Iterator[Hit]:
    api = paths.run.api
    for operation in api.operations:
        if operation.value.get(_TRIGGER) == "batch" and not _gives_array(api, operation):
            yield paths.run.hit(*operation.keys, _TRIGGER, value=operation.operation_id)


def _gives_array(api: Api, operation: Operation) -> bool:
    """Whether what the trigger gives is an array or has one; also when that is known at run time only."""
    output = api.output(operation)
    schema: Any = output[0] if output else None
    content, _ = api.resolve(operation.item.get(CONTENT))
    if operation.method != "get" and isinstance(content, dict):
        schema = content.get("schema")
    if isinstance(schema, dict) and "x-ms-dynamic-schema" in schema:
        return True
    resolved, _ = api.resolve(schema)
    if _is_array(resolved) or (isinstance(resolved, dict) and "x-ms-dynamic-schema" in resolved):
        return True
    return any(_is_array(api.resolve(below)[0]) for _, below, _ in api.properties(schema))


def _is_array(schema: Any) -> bool:
    return isinstance(schema, dict) and (schema.get("type") == "array" or "items" in schema)


@rule("TRG-024", on="operation", key=_TRIGGER, without=_HINT)
def hint_missing(operation: Node, key: str) -> Iterable[Hit]:
    return (operation.hit(value=operation.text("operationId"), cause="hint"),)


@rule("TRG-025", on="operation", key=NOTIFICATION, without=_TRIGGER)
def notification_on_action(operation: Node, key: str) -> Iterable[Hit]:
    return (operation.hit(key, value=operation.text("operationId"), at_key=True),)


@rule("TRG-026", on="paths", needles=(URL,))
def field_for_address_on_action(paths: Node) -> Iterator[Hit]:
    seen = set()
    for operation in () if _are_all_in_triggers(paths.run) else paths.run.api.operations:
        if not operation.is_trigger:
            for field in finder(paths.run).fields(operation) or ():
                if field.keys not in seen:
                    seen.add(field.keys)
                    yield paths.run.hit(*field.keys, URL, value=operation.operation_id, at_key=True)


def _are_all_in_triggers(run: Run) -> bool:
    """Whether every mark in the file is one of a field that is written in a trigger: then no other operation
    reaches any, as references to parts of an operation are rare.
    """
    text = run.package.definition.file.text if run.package.definition else ""
    if "\\" in text and ("\\u" in text or "\\/" in text):
        return False
    written = {
        field.keys for webhook in webhooks(run) for field in webhook.fields if field.keys[:3] == webhook.keys
    }
    return text.count(f'"{URL}"') == len(written) and '"#/paths/' not in text


@rule("TRG-027", on="operation", key=_HINT, without=_TRIGGER)
def hint_on_action(operation: Node, key: str) -> Iterable[Hit]:
    return (operation.hit(key, value=operation.text("operationId"), at_key=True),)


@rule("TRG-028", on="operation", key=_METADATA)
def metadata_invalid(operation: Node, key: str) -> Iterator[Hit]:
    metadata = operation.value[key]
    if not isinstance(metadata, dict):
        yield operation.hit(key, name=key)
        return
    for name, expected in _METADATA_VALUES.items():
        if metadata.get(name) != expected:
            if name in metadata:
                yield operation.hit(key, name, name=name)
            else:
                yield operation.hit(key, value="missing", name=name)


@rule("TRG-029", on="operation", key=CONTENT)
def content_inside_operation(operation: Node, key: str) -> Iterable[Hit]:
    return (operation.hit(key, value=operation.text("operationId"), at_key=True),)


@rule("TRG-030", on="notification")
def content_without_schema(content: Node) -> Iterator[Hit]:
    if isinstance(content.value.get("schema"), dict) or "$ref" in content.value or not _is_used(content):
        return
    yield content.hit("schema") if "schema" in content.value else content.hit(value="missing")


@rule("TRG-030", on="misfit")
def content_is_no_object(found: Node) -> Iterator[Hit]:
    if found.expected == "notification" and _is_used(found):
        yield found.hit(value=found.value)


def _is_used(content: Node) -> bool:
    """A path without operations is left over: nothing is called back through it."""
    holder = content.parent
    return holder is None or holder.kind == "operation" or not _METHODS.isdisjoint(holder.value)


@rule("TRG-031", on="operation", key=NOTIFICATION)
def points_to_no_webhook(operation: Node, key: str) -> Iterator[Hit]:
    run = operation.run
    target = openapi.text(operation.value, key, "operationId")
    if target:
        found = run.api.by_id.get(target)
        fields = finder(run).fields(found) if found else []
        if fields is not None and not fields:
            yield operation.hit(key, "operationId")


@rule("TRG-032", on="output-schema", key=URL)
def field_for_address_in_output(schema: Node, key: str) -> Iterable[Hit]:
    """A shared schema that a request contains too has the field for the request."""
    return () if schema.is_input else (schema.hit(key, value=schema.name, at_key=True),)


@fix("TRG-001")
def correct_kind(place: Place) -> Patch:
    word = place.value.strip().lower() if isinstance(place.value, str) else ""
    return place.replace(word) if word in _KINDS else ()


@fix("TRG-003")
def begin_with_capital(place: Place) -> Patch:
    summary = place.value.strip()
    if re.match(r"when\b", summary, re.IGNORECASE) is None:
        return ()
    return place.replace("When" + summary[4:])


@fix("TRG-017")
@fix("TRG-025")
def remove_notification(place: Place) -> Patch:
    return place.remove()


@fix("TRG-027")
def remove_hint(place: Place) -> Patch:
    return place.remove()


@fix("TRG-028")
def correct_metadata(place: Place) -> Patch:
    """The platform knows only one kind and one mode."""
    if place.name in _METADATA_VALUES:
        return place.replace(_METADATA_VALUES[str(place.name)])
    if not isinstance(place.value, dict):
        return place.replace(dict(_METADATA_VALUES))
    missing = next((name for name in _METADATA_VALUES if name not in place.value), None)
    return place.add(missing, _METADATA_VALUES[missing]) if missing else ()


@fix("TRG-029")
def move_to_path_item(place: Place) -> Patch:
    target = place.parent.parent.at(CONTENT)
    if CONTENT in place.parent.parent.value:
        return ()
    return ({"op": "move", "from": place.pointer, "path": target.pointer},)


@fix("TRG-032")
def remove_mark(place: Place) -> Patch:
    return place.remove()
