"""An operation as a maker meets it in the designer: a card with fields, and the outputs it gives to the next
step.

Names, order and visibility follow what the designer makes of `x-ms-*`: important fields first, then those in
the order of the definition, advanced ones behind a fold, internal ones never.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from connectors.definitions import Operation, openapi, pointers

_DEEPEST = 4
MOST_FIELDS = 150
MOST_OUTPUTS = 80


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a card. `control` is text, long, number, toggle, choice, date, file, secret, list, object
    or sign-in; `choices` are those of an enumeration, `source` the operation that lists or shapes them.
    `inside` are the fields of a list's item."""

    pointer: str
    name: str
    label: str
    control: str
    hint: str
    default: str
    choices: tuple[str, ...]
    source: str
    is_required: bool
    visibility: str
    inside: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """One piece of dynamic content. `group` names the list whose items it comes from."""

    pointer: str
    label: str
    kind: str
    group: str


@dataclass(frozen=True, slots=True)
class Card:
    """`shown` are the fields one sees at once, `advanced` those behind “Show advanced options”, `hidden`
    those that no maker sees. `badge` is "Trigger" or "Action", `how` says more of a trigger."""

    title: str
    description: str
    badge: str
    how: str
    is_hidden: bool
    is_deprecated: bool
    shown: list[Field] = field(default_factory=list)
    advanced: list[Field] = field(default_factory=list)
    hidden: list[Field] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)


def card_of(definition: Any, operation: Operation) -> Card:
    """The card of one operation of a definition."""
    fields = list(_fields(definition, operation))[:MOST_FIELDS]
    trigger = openapi.text(operation.value, "x-ms-trigger")
    card = Card(
        title=operation.summary or operation.operation_id or f"{operation.method.upper()} {operation.path}",
        description=openapi.text(operation.value, "description"),
        badge="Trigger" if trigger else "Action",
        how=_how(operation, trigger),
        is_hidden=operation.visibility == "internal",
        is_deprecated=operation.value.get("deprecated") is True,
        outputs=list(_outputs(definition, operation)),
    )
    for each in fields:
        if each.visibility == "internal":
            card.hidden.append(each)
        elif each.visibility == "advanced" and not each.is_required:
            card.advanced.append(each)
        else:
            card.shown.append(each)
    card.shown.sort(key=lambda each: each.visibility != "important")
    return card


def _how(operation: Operation, trigger: str) -> str:
    if not trigger:
        return ""
    calls_back = isinstance(operation.path_item.get("x-ms-notification-content"), dict)
    if trigger == "batch":
        return (
            _("called by the service, once for each item")
            if calls_back
            else _("asks the service at intervals, once for each item")
        )
    return _("called by the service, once") if calls_back else _("asks the service at intervals, once")


def _fields(definition: Any, operation: Operation) -> Iterator[Field]:
    for value, pointer in openapi.parameters(definition, operation):
        if openapi.text(value, "in") != "body":
            yield _field(
                definition, value, pointer, openapi.text(value, "name"), required=_is_required(value)
            )
            continue
        schema = value.get("schema")
        inner = list(_members(definition, schema, f"{pointer}/schema", depth=0))
        visibility = openapi.text(value, "x-ms-visibility")
        if inner and visibility != "internal":
            yield from inner
        else:
            found = openapi.follow(definition, schema, f"{pointer}/schema").value
            about = {**openapi.mapping(found), **{k: v for k, v in value.items() if k != "schema"}}
            about.setdefault("type", "object")
            name = openapi.text(value, "name")
            yield _field(definition, about, pointer, name, required=_is_required(value))


def _is_required(value: Any) -> bool:
    return openapi.member(value, "required") is True


def _members(
    definition: Any, schema: Any, pointer: str, *, depth: int, prefix: str = "", visibility: str = ""
) -> Iterator[Field]:
    """The properties of an object as fields, those of objects therein under their own names."""
    found = openapi.follow(definition, schema, pointer)
    if depth >= _DEEPEST or not isinstance(found.value, dict):
        return
    required = openapi.sequence(found.value, "required")
    for name, child in openapi.mapping(found.value, "properties").items():
        place = pointers.join(found.pointer, "properties", name)
        inner = openapi.follow(definition, child, place)
        if not isinstance(inner.value, dict) or inner.value.get("readOnly") is True:
            continue
        seen = openapi.text(inner.value, "x-ms-visibility") or visibility
        path = f"{prefix}{name}"
        if openapi.mapping(inner.value, "properties") and seen != "internal":
            yield from _members(
                definition, inner.value, inner.pointer, depth=depth + 1, prefix=f"{path}/", visibility=seen
            )
        else:
            yield _field(
                definition, inner.value, inner.pointer, path, required=name in required, visibility=seen,
                depth=depth,
            )  # fmt: skip


def _field(
    definition: Any,
    value: dict[str, Any],
    pointer: str,
    name: str,
    *,
    required: bool,
    visibility: str = "",
    depth: int = 0,
) -> Field:
    inside: tuple[Field, ...] = ()
    if openapi.text(value, "type") == "array":
        items = value.get("items")
        inside = tuple(_members(definition, items, f"{pointer}/items", depth=depth + 1))
    default = value.get("default")
    return Field(
        pointer=pointer,
        name=name,
        label=openapi.text(value, "x-ms-summary")
        or openapi.text(value, "title")
        or name
        or _(_("(no name)")),
        control=_control(value),
        hint=openapi.text(value, "description")[:400],
        default="" if default is None else str(default)[:200],
        choices=tuple(str(each)[:80] for each in openapi.sequence(value, "enum")[:50]),
        source=_source(value),
        is_required=required,
        visibility=openapi.text(value, "x-ms-visibility") or visibility,
        inside=inside,
    )


def _control(value: dict[str, Any]) -> str:
    kind, form = openapi.text(value, "type"), openapi.text(value, "format")
    if openapi.sequence(value, "enum") or "x-ms-dynamic-values" in value or "x-ms-dynamic-list" in value:
        return "choice"
    if kind == "file" or form in {"binary", "byte"}:
        return "file"
    if form in {"date", "date-time"}:
        return "date"
    if form in {"html", "multiline"} or openapi.text(value, "x-ms-editor"):
        return "long"
    known = {
        "integer": "number",
        "number": "number",
        "boolean": "toggle",
        "array": "list",
        "object": "object",
    }
    return known.get(kind, "text")


def _source(value: dict[str, Any]) -> str:
    for name in (
        "x-ms-dynamic-values",
        "x-ms-dynamic-list",
        "x-ms-dynamic-schema",
        "x-ms-dynamic-properties",
    ):
        found = openapi.text(value, name, "operationId")
        if found:
            return found
    return ""


def _outputs(definition: Any, operation: Operation) -> Iterator[Output]:
    """Dynamic content of the first successful response (for a webhook: of its notification)."""
    schema, pointer = _result(definition, operation)
    pending: list[tuple[Any, str, str, str, frozenset[str]]] = [(schema, pointer, "", "", frozenset())]
    count = 0
    while pending and count < MOST_OUTPUTS:
        value, place, path, group, seen = pending.pop(0)
        found = openapi.follow(definition, value, place)
        if not isinstance(found.value, dict) or found.pointer in seen:
            continue
        about, seen = found.value, seen | {found.pointer}
        label = openapi.text(about, "x-ms-summary") or openapi.text(about, "title") or path
        if openapi.text(about, "x-ms-visibility") == "internal":
            continue
        below = openapi.mapping(about, "properties")
        if below:
            prefix = f"{path}/" if path else ""
            pending[:0] = [
                (child, pointers.join(found.pointer, "properties", name), f"{prefix}{name}", group, seen)
                for name, child in below.items()
            ]
            continue
        if isinstance(about.get("items"), dict):
            yield Output(found.pointer, label or "body", "list", group)
            count += 1
            pending.insert(0, (about["items"], f"{found.pointer}/items", "", label or "body", seen))
            continue
        if path or not group:
            kind = openapi.text(about, "format") or openapi.text(about, "type") or "any"
            if "x-ms-dynamic-schema" in about:
                kind = _("shaped by %(source)s") % {"source": _source(about)}
            yield Output(found.pointer, label or "body", kind, group)
            count += 1


def _result(definition: Any, operation: Operation) -> tuple[Any, str]:
    notification = operation.path_item.get("x-ms-notification-content")
    if operation.is_trigger and isinstance(notification, dict):
        place = pointers.join("/paths", operation.path, "x-ms-notification-content", "schema")
        return notification.get("schema"), place
    responses = openapi.mapping(operation.value, "responses")
    codes = sorted(code for code in responses if code[:1] == "2") or [c for c in responses if c == "default"]
    for code in codes:
        base = pointers.join(operation.pointer, "responses", code)
        found = openapi.follow(definition, responses[code], base)
        if isinstance(found.value, dict) and isinstance(found.value.get("schema"), dict):
            return found.value["schema"], f"{found.pointer}/schema"
    return None, ""


def connection_fields(properties: Any) -> list[tuple[str, list[Field]]]:
    """The dialog that makes a connection: for each way to sign in (without a name where there is only one)
    its fields."""
    sets = openapi.sequence(properties, "properties", "connectionParameterSets", "values")
    base = "/properties/connectionParameterSets/values"
    if sets:
        found = []
        for at, each in enumerate(sets):
            name = openapi.text(each, "uiDefinition", "displayName") or openapi.text(each, "name")
            place = f"{base}/{at}/parameters"
            found.append((name or _("(no name)"), _connection(openapi.mapping(each, "parameters"), place)))
        return found
    parameters = openapi.mapping(properties, "properties", "connectionParameters")
    return [("", _connection(parameters, "/properties/connectionParameters"))] if parameters else []


_CONNECTION_CONTROLS = {
    "securestring": "secret",
    "oauthSetting": "sign-in",
    "bool": "toggle",
    "int": "number",
    "gatewaySetting": "choice",
}


def _connection(parameters: dict[str, Any], base: str) -> list[Field]:
    found = []
    for name, value in parameters.items():
        constraints = openapi.mapping(value, "uiDefinition", "constraints")
        if constraints.get("hidden") in (True, "true"):
            continue
        choices = openapi.sequence(constraints, "allowedValues")
        control = _CONNECTION_CONTROLS.get(openapi.text(value, "type"), "text")
        found.append(
            Field(
                pointer=pointers.join(base, name),
                name=name,
                label=openapi.text(value, "uiDefinition", "displayName") or name,
                control="choice" if choices else control,
                hint=openapi.text(value, "uiDefinition", "description")
                or openapi.text(value, "uiDefinition", "tooltip"),
                default=str(openapi.member(value, "defaultValue") or "")[:200],
                choices=tuple(
                    (openapi.text(each, "text") or str(openapi.member(each, "value") or each))[:80]
                    for each in choices[:50]
                ),
                source="",
                is_required=constraints.get("required") in (True, "true"),
                visibility="",
            )
        )
    return found[:MOST_FIELDS]
