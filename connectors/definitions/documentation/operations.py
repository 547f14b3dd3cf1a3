"""Actions and triggers of a definition with what goes in and what comes out."""

from __future__ import annotations

from typing import Any

from connectors.definitions import openapi, pointers
from connectors.definitions.documentation.rows import MOST_ROWS, Book, Table, row_of
from connectors.definitions.documentation.shape import Limit, Operation
from connectors.definitions.documentation.words import clean, line

MOST_OPERATIONS = 2_000


def operations_of(book: Book) -> tuple[list[Operation], list[Operation], list[Limit]]:
    """(triggers, actions, limits). What is internal is not for those who read documentation."""
    triggers: list[Operation] = []
    actions: list[Operation] = []
    limits: dict[str, list[str]] = {}
    for found in openapi.operations(book.definition):
        if found.visibility == "internal":
            continue
        if len(triggers) + len(actions) >= MOST_OPERATIONS:
            break
        made = _operation(book, found)
        (triggers if found.is_trigger else actions).append(made)
        text = clean(openapi.text(found.value, "responses", "429", "description"), 500)
        if text:
            limits.setdefault(text, []).append(made["name"])
    return triggers, actions, [Limit(text=text, operations=names) for text, names in limits.items()][:20]


def _operation(book: Book, found: openapi.Operation) -> Operation:
    name = line(found.operation_id)
    inputs, outputs = _inputs(book, found), _outputs(book, found)
    calls_back = isinstance(found.path_item.get("x-ms-notification-content"), dict)
    return Operation(
        anchor=book.anchors.take("operation", name or f"{found.method}-{line(found.path)}"),
        id=name,
        name=line(found.summary) or name or f"{found.method.upper()} {line(found.path)}",
        text=clean(found.value.get("description")),
        method=found.method.upper(),
        path=line(found.path, 1_000),
        visibility=found.visibility if found.visibility in ("important", "advanced") else "",
        is_deprecated=found.value.get("deprecated") is True,
        way=("called" if calls_back else "asks") if found.is_trigger else "",
        is_batch=openapi.text(found.value, "x-ms-trigger") == "batch",
        inputs=inputs.rows,
        inputs_more=inputs.has_more,
        outputs=outputs.rows,
        outputs_more=outputs.has_more,
    )


def _inputs(book: Book, found: openapi.Operation) -> Table:
    table = Table(book, through=True, reading=False)
    for value, pointer in openapi.parameters(book.definition, found):
        if openapi.text(value, "x-ms-visibility") == "internal":
            continue
        if len(table.rows) >= MOST_ROWS:
            table.has_more = True
            break
        required = value.get("required") is True
        if openapi.text(value, "in") == "body":
            table.add(value.get("schema"), f"{pointer}/schema", required=required)
        else:
            path = line(openapi.text(value, "name")) or "unnamed"
            table.rows.append(row_of(book, value, pointer, path, required=required))
    return table


def _outputs(book: Book, found: openapi.Operation) -> Table:
    table = Table(book, through=True, reading=True)
    schema, pointer = result_of(book.definition, found)
    if schema is not None:
        table.add(schema, pointer)
    return table


def result_of(definition: Any, found: openapi.Operation) -> tuple[Any, str]:
    """The schema of the first successful answer, for a webhook of its notification; (None, "") without."""
    notification = found.path_item.get("x-ms-notification-content")
    if found.is_trigger and isinstance(notification, dict):
        place = pointers.join("/paths", found.path, "x-ms-notification-content", "schema")
        return notification.get("schema"), place
    responses = openapi.mapping(found.value, "responses")
    codes = sorted(code for code in responses if code[:1] == "2") or [c for c in responses if c == "default"]
    for code in codes:
        base = pointers.join(found.pointer, "responses", code)
        answer = openapi.follow(definition, responses[code], base)
        if isinstance(answer.value, dict) and isinstance(answer.value.get("schema"), dict):
            return answer.value["schema"], f"{answer.pointer}/schema"
    return None, ""
