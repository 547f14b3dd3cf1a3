"""Extensions: their names, x-ms-visibility, x-ms-enum-values and the smaller ones of schemas."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from certification.rules.checks.responses import has_usual_codes
from certification.rules.findings import Hit, shown
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import openapi

_VISIBILITIES = frozenset(("important", "advanced", "internal"))
_MEDIA = frozenset(("image", "audio"))
_KNOWN = frozenset(
    f"x-ms-{name}"
    for name in (
        "agentic-protocol",
        "api-annotation",
        "capabilities",
        "connector-metadata",
        "deployment-version",
        "dynamic-list",
        "dynamic-properties",
        "dynamic-schema",
        "dynamic-tree",
        "dynamic-values",
        "editor",
        "editor-options",
        "enum-values",
        "media-kind",
        "no-generic-test",
        "notification",
        "notification-content",
        "notification-url",
        "operation-context",
        "pageable",
        "summary",
        "test-value",
        "trigger",
        "trigger-hint",
        "trigger-metadata",
        "trigger-value",
        "url-encoding",
        "visibility",
    )
)
# Names that most objects have no others than; the rest is looked at one by one.
_PLAIN_NAMES = (
    "type format description title properties items required enum default example additionalProperties $ref "
    "allOf name in schema operationId summary parameters responses tags consumes produces deprecated headers "
    "200 201 202 204 400 401 403 404 409 429 500 503"
)
_PLAIN = _KNOWN.union(_PLAIN_NAMES.split())
# Every object that may have extensions; in maps of names ("definitions", "headers") x- members are names.
_HOLDERS = (
    "definition", "info", "contact", "license", "path-item", "operation", "parameter", "items", "response",
    "header", "schema", "notification", "tag", "security-scheme",
)  # fmt: skip
_MOST_TYPOS = 2
_LONGEST_NAME = 80
_NOISE = re.compile(r"[\s_:;,.]+")
_LETTERS = tuple((name, frozenset(name)) for name in sorted(_KNOWN))


@rule("EXT-001", on=("operation", "parameter", "schema", "items"), key="x-ms-visibility",
      unless=_VISIBILITIES.__contains__)  # fmt: skip
def visibility_invalid(node: Node, key: str) -> Iterable[Hit]:
    """The empty text is refused too: what is shown as usual has no x-ms-visibility."""
    return (node.hit(key, value=f'"{node.value[key]}"' if isinstance(node.value[key], str) else None),)


@fix("EXT-001")
def correct_visibility(place: Place) -> Patch:
    if not isinstance(place.value, str):
        return ()
    word = place.value.strip().lower()
    if word in _VISIBILITIES:
        return place.replace(word)
    return () if word else place.remove()


@rule("EXT-010", on=("parameter", "schema", "items"), key="x-ms-enum-values")
def enum_values_malformed(node: Node, key: str) -> Iterator[Hit]:
    entries = node.value[key]
    if not isinstance(entries, list):
        yield node.hit(key)
        return
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict):
            yield node.hit(key, index, value=shown(entry))


@fix("EXT-010")
def write_as_entries(place: Place) -> Patch:
    """Of an object that maps values to names, or of a single entry that is in no array."""
    value = place.value
    if not isinstance(value, dict) or not value:
        return ()
    if "value" in value and "displayName" in value:
        return place.replace([value])
    enum = openapi.sequence(place.parent.value, "enum")
    if not all(isinstance(name, str) for name in value.values()) or not all(key in enum for key in value):
        return ()
    return place.replace([{"value": key, "displayName": name} for key, name in value.items()])


def _entries(node: Node, key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    entries = node.value[key]
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield index, entry


@rule("EXT-011", on=("parameter", "schema", "items"), key="x-ms-enum-values")
def enum_value_repeated(node: Node, key: str) -> Iterator[Hit]:
    seen: set[str] = set()
    for index, entry in _entries(node, key):
        if "value" in entry:
            if _as_json(entry["value"]) in seen:
                yield node.hit(key, index, "value")
            seen.add(_as_json(entry["value"]))


@fix("EXT-011")
def drop_repeated_entry(place: Place) -> Patch:
    """Only what is repeated with the same display name."""
    entry = place.parent.value
    entries = place.parent.parent.value
    return place.parent.remove() if entries.index(entry) != place.parent.name else ()


@rule("EXT-012", on=("parameter", "schema", "items"), key="x-ms-enum-values")
def display_name_missing(node: Node, key: str) -> Iterator[Hit]:
    for index, entry in _entries(node, key):
        name = entry.get("displayName")
        if not isinstance(name, str) or not name.strip():
            at = ("displayName",) if "displayName" in entry else ()
            yield node.hit(key, index, *at, value=shown(entry.get("value", "an entry without value")))


@rule("EXT-013", on=("parameter", "schema", "items"), key="x-ms-enum-values")
def enum_value_not_in_enum(node: Node, key: str) -> Iterator[Hit]:
    enum = node.value.get("enum")
    if not isinstance(enum, list):
        return
    known = {_as_json(value) for value in enum}
    for index, entry in _entries(node, key):
        if "value" not in entry:
            yield node.hit(key, index, value="an entry without value")
        elif _as_json(entry["value"]) not in known:
            yield node.hit(key, index, "value")


@fix("EXT-013")
def write_as_in_enum(place: Place) -> Patch:
    """What differs only in type or letter case: "1" and 1."""
    if place.name != "value":
        return ()
    holder = place.parent.parent.parent.value
    folded = shown(place.value).strip().casefold()
    found = [value for value in holder["enum"] if shown(value).casefold() == folded]
    return place.replace(found[0]) if len(found) == 1 else ()


@rule("EXT-014", on=("parameter", "schema", "items"), key="x-ms-enum-values")
def enum_missing(node: Node, key: str) -> Iterable[Hit]:
    if isinstance(node.value.get("enum"), list) or not isinstance(node.value[key], list):
        return ()
    return (node.hit(key),)


@fix("EXT-014")
def add_enum(place: Place) -> Patch:
    values = [entry["value"] for entry in place.value if isinstance(entry, dict) and "value" in entry]
    distinct = list({_as_json(value): value for value in values}.values())
    return place.parent.add("enum", distinct) if distinct else ()


def _as_json(value: Any) -> str:
    return f'"{value}' if value.__class__ is str else json.dumps(value, sort_keys=True)


@rule("EXT-030", on=("parameter", "schema", "items"), key="x-ms-editor")
def dictionary_misplaced(node: Node, key: str) -> Iterable[Hit]:
    schema = node.value
    if schema[key] != "dictionary":
        return ()
    if schema.get("type") == "object" and schema.get("additionalProperties", False) is not False:
        return ()
    return (node.hit(key),)


@fix("EXT-030")
def complete_dictionary(place: Place) -> Patch:
    schema = place.parent
    if schema.value.get("type", "object") != "object" or "properties" in schema.value:
        return ()
    patch = () if "type" in schema.value else schema.add("type", "object")
    if schema.value.get("additionalProperties", False) is False:
        patch += schema.add("additionalProperties", {"type": "string"})
    return patch


@rule("EXT-031", on=("parameter", "schema", "items"), key="x-ms-media-kind", unless=_MEDIA.__contains__)
def media_kind_invalid(node: Node, key: str) -> Iterable[Hit]:
    return (node.hit(key),)


@fix("EXT-031")
def correct_letter_case(place: Place) -> Patch:
    word = place.value.strip().lower() if isinstance(place.value, str) else ""
    return place.replace(word) if word in _MEDIA else ()


def _has_unknown(names: tuple[str, ...]) -> bool:
    return not _PLAIN.issuperset(names) and any(
        name.startswith("x-ms-") and name not in _KNOWN for name in names
    )


def _has_vendor(names: tuple[str, ...]) -> bool:
    return not _PLAIN.issuperset(names) and any(_is_vendor(name) for name in names)


def _has_misspelt(names: tuple[str, ...]) -> bool:
    return not _PLAIN.issuperset(names) and any(_meant(name) for name in names)


def _is_vendor(name: str) -> bool:
    return name.startswith("x-") and not name.startswith("x-ms-") and not _meant(name)


@rule("EXT-070", on=_HOLDERS, shape=_has_unknown)
def unknown_extension(node: Node) -> Iterator[Hit]:
    """Misspelt names included: EXT-072 adds what was probably meant."""
    for name in node.value:
        if name.startswith("x-ms-") and name not in _KNOWN:
            yield node.hit(name, value=name, at_key=True)


@rule("EXT-071", on=_HOLDERS, shape=_has_vendor)
@rule("EXT-071", on="paths")
def vendor_extension(node: Node) -> Iterator[Hit]:
    for name in node.value:
        if name[:2] == "x-" and _is_vendor(name):
            yield node.hit(name, value=name, at_key=True)


@rule("EXT-071", on="operation", key="responses", unless=has_usual_codes)
def vendor_extension_of_responses(operation: Node, key: str) -> Iterator[Hit]:
    for name in openapi.mapping(operation.value, key):
        if _is_vendor(name):
            yield operation.hit(key, name, value=name, at_key=True)


@fix("EXT-071")
def remove_vendor_extension(place: Place) -> Patch:
    return place.remove()


@rule("EXT-072", on=_HOLDERS, shape=_has_misspelt)
def misspelt_extension(node: Node) -> Iterator[Hit]:
    for name in node.value:
        meant = _meant(name)
        if meant:
            yield node.hit(name, value=name, at_key=True, meant=meant)


@fix("EXT-072")
def correct_name(place: Place) -> Patch:
    meant = _meant(str(place.name))
    return place.rename(meant) if meant else ()


@functools.lru_cache(maxsize=1 << 16)
def _meant(name: str) -> str:
    """The known extension of which a name is a misspelling; "" when there is none or the name is right."""
    if name in _KNOWN or name[:1] not in "xX" or len(name) > _LONGEST_NAME:
        return ""
    tidy = _NOISE.sub("", name).lower()
    if tidy in _KNOWN:
        return tidy
    first, blank, _ = name.partition(" ")
    if blank and first in _KNOWN:
        return first
    letters = set(tidy)
    for known, known_letters in _LETTERS:
        # A typo brings at most one letter in and one out; this spares nearly all comparisons.
        if abs(len(known) - len(tidy)) > _MOST_TYPOS or len(letters ^ known_letters) > 2 * _MOST_TYPOS:
            continue
        if _is_close(tidy, known):
            return known
    return ""


def _is_close(one: str, other: str) -> bool:
    """Whether at most two letters are left out, added, changed or swapped with their neighbour."""
    far = _MOST_TYPOS + 1
    width = len(other)
    earlier: list[int] = []
    above = [min(column, far) for column in range(width + 1)]
    for row, letter in enumerate(one, 1):
        current = [far] * (width + 1)
        current[0] = min(row, far)
        # Further from the diagonal there are more typos anyway.
        for column in range(max(1, row - _MOST_TYPOS), min(width, row + _MOST_TYPOS) + 1):
            opposite = other[column - 1]
            change = above[column - 1] + (letter != opposite)
            fewest = min(above[column] + 1, current[column - 1] + 1, change)
            if row > 1 < column and letter == other[column - 2] and one[row - 2] == opposite:
                fewest = min(fewest, earlier[column - 2] + 1)
            current[column] = fewest
        if min(current) >= far and min(above) >= far:
            return False
        earlier, above = above, current
    return above[-1] <= _MOST_TYPOS
