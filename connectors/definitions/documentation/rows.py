"""Schemas as rows of a table: one for each value, through references and `allOf`, with an end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.definitions import openapi, pointers
from connectors.definitions.documentation.shape import Row
from connectors.definitions.documentation.words import Anchors, clean, line, shown

MOST_ROWS, MOST_ROWS_OF_A_TYPE, MOST_ROWS_IN_PLACE, MOST_CHOICES = 100, 300, 2_000, 50
_DEEPEST, _MOST_PARTS = 4, 50
_FIELDS = ("x-ms-dynamic-schema", "x-ms-dynamic-properties")
_CHOICES = ("x-ms-dynamic-values", "x-ms-dynamic-list", "x-ms-dynamic-tree")
_PREFIX = "/definitions/"


@dataclass(slots=True)
class Book:
    """What all tables of a document share: the definition, the types that were referred to, and how many more
    fields of types are shown in place. When none are left, tables name the types and link to them.
    """

    definition: Any
    anchors: Anchors
    types: dict[str, str] = field(default_factory=dict)
    left: int = MOST_ROWS_IN_PLACE

    def type_at(self, pointer: str) -> str:
        """The anchor of a shared definition; "" for any other place. From now on it is in the document."""
        name = name_of(pointer)
        if not name:
            return ""
        if name not in self.types:
            self.types[name] = self.anchors.take("type", line(name))
        return self.types[name]


def name_of(pointer: str) -> str:
    """The name of the shared definition at a place, "" elsewhere."""
    if not pointer.startswith(_PREFIX) or "/" in pointer[len(_PREFIX) :]:
        return ""
    return str(pointers.split(pointer)[-1])


@dataclass(frozen=True, slots=True)
class Node:
    """A schema on its way into a table. `inside` are the shared definitions it lies in."""

    schema: dict[str, Any]
    pointer: str
    path: str
    required: bool
    inside: frozenset[str]
    depth: int = 0


class Table:
    """The rows of one table. `through` shared types lets it show their fields in place, too."""

    def __init__(self, book: Book, *, through: bool, reading: bool) -> None:
        self.book, self.through, self.reading = book, through, reading
        self.most = MOST_ROWS if through else MOST_ROWS_OF_A_TYPE
        self.rows: list[Row] = []
        self.has_more = False

    def add(self, schema: Any, pointer: str, path: str = "", *, required: bool = False) -> None:
        """The value itself when it has a path or no fields, then its fields."""
        found = openapi.follow(self.book.definition, schema, pointer)
        if isinstance(found.value, dict):
            inside = frozenset({found.pointer}) if name_of(found.pointer) else frozenset()
            node = Node(found.value, found.pointer, path, required, inside)
            is_type_only = self.through and bool(inside) and self.book.left <= 0
            if is_type_only or not self._members(node, path):
                self._one(node, line(path) or "body")

    def _full(self) -> bool:
        self.has_more = self.has_more or len(self.rows) >= self.most
        return self.has_more

    def _members(self, node: Node, prefix: str) -> bool:
        """Rows for what an object or a list of objects holds; whether there was anything to show."""
        if node.depth >= _DEEPEST:
            return False
        items = node.schema.get("items")
        if isinstance(items, dict):
            found = openapi.follow(self.book.definition, items, f"{node.pointer}/items")
            if not isinstance(found.value, dict) or not self._may_enter(node, found.pointer):
                return False
            prefix = f"{prefix}[]"
            node = self._below(node, found, prefix, False)
        held = False
        for name, child, pointer, required in self._properties(node):
            if self._full():
                return held
            held = self._child(node, child, pointer, f"{prefix}/{name}" if prefix else name, required) or held
        return held

    def _may_enter(self, node: Node, pointer: str) -> bool:
        if not name_of(pointer):
            return True
        return self.through and self.book.left > 0 and pointer not in node.inside

    def _below(self, node: Node, found: openapi.Resolution, path: str, required: bool) -> Node:
        inside = node.inside | {found.pointer} if name_of(found.pointer) else node.inside
        return Node(found.value, found.pointer, path, required, inside, node.depth + 1)

    def _child(self, node: Node, child: Any, pointer: str, path: str, required: bool) -> bool:
        found = openapi.follow(self.book.definition, child, pointer)
        if not isinstance(found.value, dict):
            return False
        below = self._below(node, found, path, required)
        is_hidden = openapi.text(found.value, "x-ms-visibility") == "internal"
        if is_hidden or (not self.reading and found.value.get("readOnly") is True):
            return False
        self._one(below, line(path))
        if self._may_enter(node, found.pointer):
            self._members(below, path)
        return True

    def _properties(self, node: Node) -> Iterator[tuple[str, Any, str, bool]]:
        """Properties of an object and of everything it is composed of, each name once."""
        seen: set[str] = set()
        for schema, pointer in parts(self.book.definition, node.schema, node.pointer):
            required = {name for name in openapi.sequence(schema, "required") if isinstance(name, str)}
            for name, child in openapi.mapping(schema, "properties").items():
                if name not in seen:
                    seen.add(name)
                    yield name, child, pointers.join(pointer, "properties", name), name in required
            extra = schema.get("additionalProperties")
            if isinstance(extra, dict) and extra and "*" not in seen:
                seen.add("*")
                yield "*", extra, f"{pointer}/additionalProperties", False

    def _one(self, node: Node, path: str) -> None:
        self.rows.append(row_of(self.book, node.schema, node.pointer, path, required=node.required))
        self.book.left -= bool(node.inside)


def parts(definition: Any, schema: dict[str, Any], pointer: str) -> Iterator[tuple[dict[str, Any], str]]:
    """A schema and all that its `allOf` adds to it, each once."""
    pending: list[tuple[Any, str]] = [(schema, pointer)]
    seen: set[str] = set()
    while pending and len(seen) < _MOST_PARTS:
        value, place = pending.pop(0)
        found = openapi.follow(definition, value, place)
        if not isinstance(found.value, dict) or found.pointer in seen:
            continue
        seen.add(found.pointer)
        yield found.value, found.pointer
        members = openapi.sequence(found.value, "allOf")[:_MOST_PARTS]
        pending += [(each, pointers.join(found.pointer, "allOf", at)) for at, each in enumerate(members)]


def row_of(book: Book, schema: dict[str, Any], pointer: str, path: str, *, required: bool) -> Row:
    """One value of a schema, or a parameter that is like one."""
    base, place, is_list = schema, pointer, False
    if isinstance(schema.get("items"), dict):
        found = openapi.follow(book.definition, schema["items"], f"{pointer}/items")
        is_list = True
        base, place = (found.value, found.pointer) if isinstance(found.value, dict) else ({}, "")
    composed = [each for each, _ in parts(book.definition, base, place)]
    has_fields = any(openapi.mapping(each, "properties") for each in composed)
    dynamic, source = _dynamic(schema)
    choices = [shown(each) for each in openapi.sequence(schema, "enum") or openapi.sequence(base, "enum")]
    return Row(
        path=path,
        name=line(schema.get("x-ms-summary")) or line(schema.get("title")) or path,
        type=_type(base, has_fields=has_fields),
        is_list=is_list,
        ref=book.type_at(place) if has_fields else "",
        is_required=required,
        visibility=_visibility(schema),
        text=clean(schema.get("description")),
        choices=choices[:MOST_CHOICES],
        more_choices=max(0, len(choices) - MOST_CHOICES),
        default=shown(schema.get("default")),
        dynamic=dynamic,
        source=source,
    )


def _type(schema: dict[str, Any], *, has_fields: bool) -> str:
    kind, form = line(schema.get("type"), 40), line(schema.get("format"), 40)
    if form and kind in ("string", "", "integer", "number"):
        return form
    return kind or ("object" if has_fields else "any")


def _visibility(value: dict[str, Any]) -> str:
    found = openapi.text(value, "x-ms-visibility")
    return found if found in ("important", "advanced") else ""


def _dynamic(schema: dict[str, Any]) -> tuple[str, str]:
    for names, what in ((_FIELDS, "fields"), (_CHOICES, "choices")):
        for name in names:
            if isinstance(schema.get(name), dict):
                told = schema[name]
                source = told.get("operationId") or openapi.member(told, "open", "operationId")
                return what, line(source)
    return "", ""
