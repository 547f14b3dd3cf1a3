"""One operation in two versions: its marks, texts, media types, parameters and responses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from connectors.definitions import openapi
from connectors.definitions.diff.changes import Keys
from connectors.definitions.diff.collecting import Collector
from connectors.definitions.diff.equality import same
from connectors.definitions.diff.matching import compare_route
from connectors.definitions.diff.responses import compare_responses
from connectors.definitions.diff.schemas import Schemas
from connectors.definitions.diff.sides import Operation, Place, Side

_HANDLED = frozenset(
    (
        "operationId", "summary", "description", "deprecated", "parameters", "responses", "consumes",
        "produces", "x-ms-visibility", "x-ms-trigger", "x-ms-notification-content",
    )
)  # fmt: skip
_HARMLESS = frozenset(("tags", "externalDocs", "x-ms-trigger-hint"))
_BLANKS = re.compile(r"\s+")
Identity = tuple[str, str]


@dataclass(slots=True)
class OperationPair:
    """An operation in both versions."""

    found: Collector
    schemas: Schemas
    old: Operation
    new: Operation

    @property
    def label(self) -> str:
        return self.new.label

    def add(self, kind: str, name: str = "", *, subject: str = "", **more: Any) -> None:
        """A change of a member; found at the member, or at the operation that has none."""
        old = (*self.old.keys, name) if name in self.old.value else self.old.keys
        new = (*self.new.keys, name) if name in self.new.value else self.new.keys
        more.setdefault(
            "values", (self.old.value.get(name), self.new.value.get(name)) if name else (None, None)
        )
        self.found.add(kind, old, new, operation=self.label, subject=subject, **more)


def compare_operation(pair: OperationPair) -> None:
    compare_route(pair.found, pair.old, pair.new)
    _marks(pair)
    _texts(pair)
    _trigger(pair)
    _media_types(pair, "consumes", "request-type")
    _media_types(pair, "produces", "response-type")
    _parameters(pair)
    compare_responses(pair.found, pair.schemas, pair.old, pair.new)
    _notification(pair)


def _marks(pair: OperationPair) -> None:
    old, new = pair.old.value, pair.new.value
    before, now = old.get("x-ms-visibility"), new.get("x-ms-visibility")
    if before != now:
        kinds = {(True, False): "operation-shown", (False, True): "operation-hidden"}
        kind = kinds.get((before == "internal", now == "internal"), "operation-visibility-changed")
        pair.add(kind, "x-ms-visibility")
    was, is_now = old.get("deprecated") is True, new.get("deprecated") is True
    if was != is_now:
        pair.add("operation-deprecated" if is_now else "operation-undeprecated", "deprecated")
    for name in sorted({*old, *new} - _HANDLED):
        if not same(old.get(name), new.get(name)):
            impact = "cosmetic" if name in _HARMLESS else None
            pair.add("operation-setting-changed", name, subject=name, impact=impact)


def _texts(pair: OperationPair) -> None:
    for name in ("summary", "description"):
        if pair.old.value.get(name) != pair.new.value.get(name):
            pair.add(f"operation-{name}-changed", name)


def _trigger(pair: OperationPair) -> None:
    old, new = pair.old.value, pair.new.value
    was, is_now = "x-ms-trigger" in old, "x-ms-trigger" in new
    if was != is_now:
        words = {True: "a trigger", False: "an action"}
        pair.add("trigger-changed", "x-ms-trigger", values=(words[was], words[is_now]))
    elif was:
        kinds = [openapi.text(value, "x-ms-trigger").strip().lower() for value in (old, new)]
        if kinds[0] != kinds[1]:
            pair.add("trigger-kind-changed", "x-ms-trigger")


def _media_types(pair: OperationPair, name: str, kind: str) -> None:
    """Lists of an operation; `compare_media_types` compares those that both versions inherit."""
    if name not in pair.old.value and name not in pair.new.value:
        return
    old, new = media_types(pair.found.old, pair.old, name), media_types(pair.found.new, pair.new, name)
    for kind_of, types, values in _lost_and_won(kind, old, new):
        pair.add(kind_of, name, subject=types, values=values)


def compare_media_types(found: Collector) -> None:
    """The lists that operations without their own inherit."""
    for name, kind in (("consumes", "request-type"), ("produces", "response-type")):
        lists = [media_types(side, None, name) for side in (found.old, found.new)]
        inherits = any(name not in operation.value for operation in found.new.operations)
        if inherits:
            for kind_of, types, values in _lost_and_won(kind, *lists):
                old, new = ((name,) if name in side.definition else () for side in (found.old, found.new))
                found.add(kind_of, old, new, operation="The connector", subject=types, values=values)


def _lost_and_won(kind: str, old: list[str], new: list[str]) -> Iterable[tuple[str, str, tuple[Any, Any]]]:
    lost, won = [each for each in old if each not in new], [each for each in new if each not in old]
    if lost:
        yield f"{kind}-removed", ", ".join(lost), (lost, new)
    if won:
        yield f"{kind}-added", ", ".join(won), (old, won)


def media_types(side: Side, operation: Operation | None, name: str) -> list[str]:
    """The media types of an operation, or of all that name none; JSON where nobody names any."""
    own = operation.value.get(name) if operation else None
    listed = own if isinstance(own, list) else side.definition.get(name)
    named = listed if isinstance(listed, list) else []
    texts = [_BLANKS.sub("", each).lower() for each in named if isinstance(each, str)]
    return list(dict.fromkeys(texts)) or ["application/json"]


def _parameters(pair: OperationPair) -> None:
    old, new = pair.found.old.parameters(pair.old), pair.found.new.parameters(pair.new)
    if old is new:
        return
    moved = _moved(old, new)
    for identity, place in old.items():
        now = moved.get(identity, identity)
        if now not in new:
            pair.found.add(
                "input-removed", place[1], pair.new.keys, operation=pair.label, subject=_name(identity)
            )
            continue
        if now != identity:
            pair.found.add(
                "input-location-changed", place[1], new[now][1],
                operation=pair.label, subject=_name(identity), values=(identity[1], now[1]),
            )  # fmt: skip
        _parameter(pair, _name(identity), place, new[now])
    kept = {moved.get(identity, identity) for identity in old}
    for identity, place in new.items():
        if identity not in kept:
            is_required = place[0].get("required") is True
            pair.schemas.added("input", pair.label, _name(identity), place, is_required, old=pair.old.keys)


def _name(identity: Identity) -> str:
    return identity[0] or identity[1] or "without a name"


def _moved(old: dict[Identity, Place], new: dict[Identity, Place]) -> dict[Identity, Identity]:
    """Parameters whose name is now found in another place of the request."""
    gone = {name: (name, place) for name, place in old if name and (name, place) not in new}
    won = {name: (name, place) for name, place in new if name and (name, place) not in old}
    return {identity: won[name] for name, identity in gone.items() if name in won}


def _parameter(pair: OperationPair, name: str, old: Place, new: Place) -> None:
    if not pair.schemas.compare("input", pair.label, name, old, new):
        return
    was, is_now = old[0].get("required") is True, new[0].get("required") is True
    if was != is_now:
        kind = "input-became-required" if is_now else "input-became-optional"
        pair.found.add(
            kind, old[1], _member(new, "required"), operation=pair.label, subject=name, values=(was, is_now)
        )
    schemas = [(value.get("schema"), (*keys, "schema")) for value, keys in (old, new)]
    if isinstance(schemas[0][0], dict) and isinstance(schemas[1][0], dict):
        pair.schemas.compare("input", pair.label, name, *schemas)


def _member(place: Place, name: str) -> Keys:
    return (*place[1], name) if name in place[0] else place[1]


def _notification(pair: OperationPair) -> None:
    """What a webhook sends is output, as a response is."""
    places = []
    for side, operation in ((pair.found.old, pair.old), (pair.found.new, pair.new)):
        value, keys = side.resolve(*operation.member("x-ms-notification-content"))
        schema = value.get("schema") if isinstance(value, dict) else None
        places.append((schema, (*keys, "schema")))
    old, new = places
    if isinstance(old[0], dict) and isinstance(new[0], dict):
        pair.schemas.compare("output", pair.label, "notification", old, new)
    elif isinstance(old[0], dict):
        pair.found.add("output-removed", old[1], pair.new.keys, operation=pair.label, subject="notification")
    elif isinstance(new[0], dict):
        pair.found.add("output-added", pair.old.keys, new[1], operation=pair.label, subject="notification")
