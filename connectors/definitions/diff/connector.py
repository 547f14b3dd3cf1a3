"""What the definition says about the connector as a whole: info, host, security, metadata."""

from __future__ import annotations

from typing import Any

from connectors.definitions import openapi
from connectors.definitions.diff.changes import Keys
from connectors.definitions.diff.collecting import Collector
from connectors.definitions.diff.equality import same
from connectors.definitions.diff.kinds import Impact

_INFO = {
    "title": "title-changed",
    "version": "version-changed",
    "description": "info-description-changed",
    "contact": "contact-changed",
}
_HANDLED = frozenset(
    (
        "info", "host", "basePath", "schemes", "consumes", "produces", "paths", "definitions", "parameters",
        "responses", "securityDefinitions", "x-ms-connector-metadata",
    )
)  # fmt: skip
_HARMLESS = frozenset(("tags", "externalDocs", "swagger"))


def compare_connector(found: Collector) -> None:
    _info(found)
    _address(found)
    _security(found)
    _metadata(found)
    old, new = found.old.definition, found.new.definition
    for name in sorted({*old, *new} - _HANDLED):
        if not same(old.get(name), new.get(name)):
            impact: Impact | None = "cosmetic" if name in _HARMLESS else None
            found.add("definition-setting-changed", *_places(found, name), subject=name, impact=impact)


def compare_rest(found: Collector, before: int) -> None:
    """Nothing was found in the definition since `before`, but it differs, as in an unused schema."""
    if len(found.changes) == before and not same(found.old.definition, found.new.definition):
        found.add("definition-otherwise-changed")


def _places(found: Collector, *keys: str) -> tuple[Keys, Keys]:
    """Where a member stands in both versions; the object around it where it is absent."""
    old, new = (
        keys if openapi.member(side.definition, *keys) is not None else keys[:-1]
        for side in (found.old, found.new)
    )
    return old, new


def _info(found: Collector) -> None:
    old, new = (openapi.mapping(side.definition, "info") for side in (found.old, found.new))
    for name in sorted({*old, *new}):
        if not same(old.get(name), new.get(name)):
            kind = _INFO.get(name, "info-setting-changed")
            values = (old.get(name), new.get(name))
            found.add(kind, *_places(found, "info", name), subject=name, values=values)


def _address(found: Collector) -> None:
    old, new = found.old.definition, found.new.definition
    hosts = [openapi.text(side, "host").strip() for side in (old, new)]
    if hosts[0].lower() != hosts[1].lower():
        found.add("host-changed", *_places(found, "host"), values=(hosts[0] or None, hosts[1] or None))
    bases = [openapi.text(side, "basePath").strip() for side in (old, new)]
    if bases[0].rstrip("/") != bases[1].rstrip("/"):
        found.add("base-path-changed", *_places(found, "basePath"), values=(bases[0] or "/", bases[1] or "/"))
    schemes = [[str(each).lower() for each in openapi.sequence(side, "schemes")] for side in (old, new)]
    if set(schemes[0]) != set(schemes[1]):
        found.add("schemes-changed", *_places(found, "schemes"), values=(schemes[0], schemes[1]))


def _schemes(definition: dict[str, Any]) -> dict[str, dict[str, Any]]:
    schemes = openapi.mapping(definition, "securityDefinitions")
    return {name: scheme for name, scheme in schemes.items() if isinstance(scheme, dict)}


def _security(found: Collector) -> None:
    old, new = _schemes(found.old.definition), _schemes(found.new.definition)
    types = [sorted({openapi.text(scheme, "type") for scheme in side.values()} - {""}) for side in (old, new)]
    at = _places(found, "securityDefinitions")
    for kind in types[0]:
        if kind not in types[1]:
            found.add("security-type-removed", *at, subject=kind, values=(kind, types[1]))
    for kind in types[1]:
        if kind not in types[0]:
            found.add("security-type-added", *at, subject=kind, values=(types[0], kind))
    pairs = _scheme_pairs(old, new)
    for before, now in pairs:
        _scheme(found, before, now, old[before], new[now])
    lost = {*old} - {before for before, _ in pairs}
    won = {*new} - {now for _, now in pairs}
    for name in sorted(lost | won):
        place = [
            ("securityDefinitions", name) if name in side else at[n] for n, side in enumerate((old, new))
        ]
        found.add("security-setting-changed", place[0], place[1], subject=name)


def _scheme_pairs(old: dict[str, dict[str, Any]], new: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """By name; of a type that both versions have once left, whatever the names."""
    pairs = [(name, name) for name in old if name in new]
    left = [_by_type({name: side[name] for name in side if name not in other}) for side, other in
            ((old, new), (new, old))]  # fmt: skip
    for kind, names in left[0].items():
        others = left[1].get(kind, [])
        if len(names) == len(others) == 1:
            pairs.append((names[0], others[0]))
    return pairs


def _by_type(schemes: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, scheme in schemes.items():
        found.setdefault(openapi.text(scheme, "type"), []).append(name)
    return found


def _scheme(found: Collector, before: str, now: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    at = ("securityDefinitions", before), ("securityDefinitions", now)
    is_key = openapi.text(old, "type") == openapi.text(new, "type") == "apiKey"
    places = [(openapi.text(scheme, "in"), openapi.text(scheme, "name")) for scheme in (old, new)]
    # Names of headers have no letter case.
    folded = [(where, name.lower() if where == "header" else name) for where, name in places]
    if is_key and folded[0] != folded[1]:
        words = [f"{where} {name}".strip() for where, name in places]
        found.add("api-key-changed", *at, subject=now, values=(words[0], words[1]))
    elif not same(old, new) or before != now:
        found.add("security-setting-changed", *at, subject=now)


def _metadata(found: Collector) -> None:
    """The entries of x-ms-connector-metadata by name."""
    old, new = (_entries(side.definition) for side in (found.old, found.new))
    key = "x-ms-connector-metadata"
    around = _places(found, key)
    for name in dict.fromkeys([*old, *new]):
        before, now = old.get(name), new.get(name)
        if before is not None and now is not None and same(before[0], now[0]):
            continue
        places = [(key, entry[1]) if entry else around[n] for n, entry in enumerate((before, now))]
        values = (before[0] if before else None, now[0] if now else None)
        found.add("metadata-changed", places[0], places[1], subject=name, values=values)


def _entries(definition: dict[str, Any]) -> dict[str, tuple[Any, int]]:
    found: dict[str, tuple[Any, int]] = {}
    for index, entry in enumerate(openapi.sequence(definition, "x-ms-connector-metadata")):
        if isinstance(entry, dict):
            found.setdefault(openapi.text(entry, "propertyName"), (entry.get("propertyValue"), index))
    return found
