"""Walking an OpenAPI 2.0 definition whatever its shape: every helper accepts any value and never raises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from connectors.definitions import pointers

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_LONGEST_CHAIN = 50


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a definition; `pointer` leads to `value`, e.g. "/paths/~1tides/get"."""

    path: str
    method: str
    value: dict[str, Any]
    pointer: str
    path_item: dict[str, Any]

    @property
    def operation_id(self) -> str:
        return text(self.value, "operationId")

    @property
    def summary(self) -> str:
        return text(self.value, "summary")

    @property
    def is_trigger(self) -> bool:
        return isinstance(self.value.get("x-ms-trigger"), str)

    @property
    def visibility(self) -> str:
        """ "important", "advanced", "internal" or "" for normal."""
        return text(self.value, "x-ms-visibility")


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where a chain of references ends. `value` is None and `failure` says why when it ends nowhere:
    "outward" (not starting with "#/"), "missing" or "cycle". `pointer` is the place of the last step.
    """

    value: Any
    pointer: str
    failure: str = ""


def text(value: Any, *names: str) -> str:
    """The string at a path of member names; "" for anything else."""
    found = member(value, *names)
    return found if isinstance(found, str) else ""


def mapping(value: Any, *names: str) -> dict[str, Any]:
    """The object at a path of member names; {} for anything else."""
    found = member(value, *names)
    return found if isinstance(found, dict) else {}


def sequence(value: Any, *names: str) -> list[Any]:
    """The array at a path of member names; [] for anything else."""
    found = member(value, *names)
    return found if isinstance(found, list) else []


def member(value: Any, *names: str) -> Any:
    """The value at a path of member names; None when it leads nowhere."""
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def operations(definition: Any) -> Iterator[Operation]:
    """Every operation in document order; methods are found under any letter case and given in lower case."""
    for path, item in mapping(definition, "paths").items():
        if not isinstance(item, dict):
            continue
        for method, value in item.items():
            if method.lower() in METHODS and isinstance(value, dict):
                yield Operation(path, method.lower(), value, pointers.join("/paths", path, method), item)


def parameters(definition: Any, operation: Operation) -> Iterator[tuple[dict[str, Any], str]]:
    """The effective parameters of an operation with their pointers: its own, then those of the path that it
    does not override. References are followed; the pointer is the place where the parameter is used.
    """
    seen: set[tuple[str, str]] = set()
    shared = pointers.join("/paths", operation.path, "parameters")
    for found, base in ((operation.value, operation.pointer + "/parameters"), (operation.path_item, shared)):
        for at, parameter in enumerate(sequence(found, "parameters")):
            resolved = follow(definition, parameter, pointers.join(base, at)).value
            if not isinstance(resolved, dict):
                continue
            identity = (text(resolved, "name"), text(resolved, "in"))
            if identity not in seen:
                seen.add(identity)
                yield resolved, pointers.join(base, at)


def is_reference(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("$ref"), str)


def resolve_reference(document: Any, reference: str) -> Resolution:
    """The value behind a `$ref` string, through chains of pure references. Nothing but "#/" is ever looked
    at.
    """
    return follow(document, {"$ref": reference}, "")


def follow(document: Any, value: Any, pointer: str = "") -> Resolution:
    """The value itself, or what its `$ref` leads to."""
    visited: set[str] = set()
    while is_reference(value):
        reference = value["$ref"]
        if not reference.startswith("#/"):
            return Resolution(None, pointer, "outward")
        if reference in visited or len(visited) >= _LONGEST_CHAIN:
            return Resolution(None, pointer, "cycle")
        visited.add(reference)
        pointer = unquoted(reference[1:])
        found = lookup(document, reference)
        if found is None:
            return Resolution(None, pointer, "missing")
        value, _ = found
    return Resolution(value, pointer)


def lookup(document: Any, reference: str) -> tuple[Any, tuple[str | int, ...]] | None:
    """The value that a "#/…" reference names, and the keys that lead there; None when there is none."""
    if not reference.startswith("#/"):
        return None
    value, keys = document, list[str | int]()
    for token in pointers.split(unquoted(reference[1:])):
        key: str | int = int(token) if isinstance(value, list) and _is_index(token) else token
        try:
            value = value[key]
        except (LookupError, TypeError):
            return None
        keys.append(key)
    return value, tuple(keys)


def _is_index(token: str) -> bool:
    return token.isascii() and token.isdigit() and len(token) < 9


def unquoted(pointer: str) -> str:
    """A pointer in a URI fragment may be percent-encoded."""
    if "%" not in pointer:
        return pointer
    from urllib.parse import unquote

    return unquote(pointer, errors="replace")


def expanded_schemas(
    definition: Any, schema: Any, pointer: str = "", *, most: int = 20_000
) -> Iterator[tuple[dict[str, Any], str, int]]:
    """Every schema below and including one, with pointer and depth, references followed.

    A reference to a schema that encloses it is not entered again, so loops end; `most` bounds the number of
    schemas, so a definition that doubles at every level ends too.
    """
    pending: list[tuple[Any, str, int, frozenset[str]]] = [(schema, pointer, 1, frozenset())]
    count = 0
    while pending and count < most:
        current, place, depth, inside = pending.pop()
        resolved = follow(definition, current, place)
        if not isinstance(resolved.value, dict):
            continue
        if is_reference(current):
            if resolved.pointer in inside:
                continue
            inside |= {resolved.pointer}
        count += 1
        yield resolved.value, resolved.pointer, depth
        children = [
            (child, child_place, depth + 1, inside)
            for child, child_place in _subschemas(resolved.value, resolved.pointer)
        ]
        pending.extend(reversed(children))


def _subschemas(schema: dict[str, Any], pointer: str) -> Iterator[tuple[Any, str]]:
    for name, child in mapping(schema, "properties").items():
        yield child, pointers.join(pointer, "properties", name)
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            yield schema[keyword], pointers.join(pointer, keyword)
    for at, child in enumerate(sequence(schema, "allOf")):
        yield child, pointers.join(pointer, "allOf", at)
