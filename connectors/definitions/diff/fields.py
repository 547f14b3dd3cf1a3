"""One field in two versions: its type, format, values, default, visibility, limits and texts."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from connectors.definitions import openapi
from connectors.definitions.diff.collecting import Collector
from connectors.definitions.diff.equality import missing, number, same
from connectors.definitions.diff.kinds import Impact
from connectors.definitions.diff.sides import Shape

Direction = Literal["input", "output"]

_TEXTS = ("x-ms-summary", "title", "description")
_UPPER = ("maximum", "maxLength", "maxItems", "maxProperties")
_LOWER = ("minimum", "minLength", "minItems", "minProperties")
_OTHER_LIMITS = ("exclusiveMaximum", "exclusiveMinimum", "multipleOf", "uniqueItems")
_LIMITS = frozenset((*_UPPER, *_LOWER, *_OTHER_LIMITS))
_WIDENED_FORMATS = frozenset((("int32", "int64"), ("float", "double")))
# Compared by name here, or by those who compare what lies below.
_HANDLED = _LIMITS.union(
    _TEXTS,
    ("type", "format", "enum", "default", "x-ms-visibility", "pattern", "collectionFormat", "name", "in"),
    ("properties", "items", "allOf", "additionalProperties", "required", "schema", "$ref"),
)
_HARMLESS = frozenset(("example", "examples", "x-example", "x-examples", "externalDocs"))
_BELOW = frozenset(("properties", "items", "allOf", "additionalProperties", "required", "schema"))


@dataclass(slots=True)
class FieldPair:
    """A field in both versions; `path` is its name for people, `operation` the first that reaches it."""

    found: Collector
    direction: Direction
    operation: str
    path: str
    old: Shape
    new: Shape
    pair: Hashable

    def add(self, kind: str, name: str = "", *, note: str = "", impact: Impact | None = None) -> None:
        """A change of the member `name`; found at the member, or at the field when it is gone."""
        values = (self.old.get(name), self.new.get(name)) if name else (None, None)
        self.add_values(kind, name, *values, note=note, impact=impact)

    def add_values(
        self, kind: str, name: str, old: Any, new: Any, *, note: str = "", impact: Impact | None = None
    ) -> None:
        self.found.add(
            f"{self.direction}-{kind}", self.old.place(name), self.new.place(name),
            operation=self.operation, subject=self.path, values=(old, new), note=note, impact=impact,
            pair=self.pair,
        )  # fmt: skip


def compare_field(field: FieldPair) -> bool:
    """Record how the field itself changed; false when its type did, so that nothing below is comparable."""
    if _is_unchanged(field.old, field.new):
        return True
    _texts(field)
    _visibility(field)
    _settings(field)
    if not _types(field):
        return False
    _format(field)
    _enum(field)
    if field.direction == "input":
        _input_only(field)
    else:
        _output_limits(field)
    return True


def _is_unchanged(old: Shape, new: Shape) -> bool:
    """Whether all that is compared here is plainly the same, as it is for most fields."""
    before, now = old.value, new.value
    if len(old.parts) > 1 or len(new.parts) > 1 or "type" not in before:
        return False
    for name, value in before.items():
        if name not in _BELOW and (name not in now or not same(value, now[name])):
            return False
    return all(name in before or name in _BELOW for name in now)


def _types(field: FieldPair) -> bool:
    old, new = field.old.type, field.new.type
    if old == new:
        return True
    if (old, new) == ("integer", "number") and field.direction == "input":
        field.add_values("type-changed", "type", old, new, note="widening", impact="behavioural")
        return True
    if not (old and new):
        # Where no type stood anything was meant; to state it, or to drop it, rarely changes what is sent.
        field.add_values(
            "type-changed", "type", old or "any", new or "any", note="stated", impact="behavioural"
        )
        return True
    field.add_values("type-changed", "type", old, new)
    return False


def _format(field: FieldPair) -> None:
    old, new = (openapi.text({"": shape.get("format")}, "") for shape in (field.old, field.new))
    if old == new or field.old.type != field.new.type:
        return
    if field.direction == "input" and (old, new) in _WIDENED_FORMATS:
        field.add("format-changed", "format", note="widening", impact="additive")
    else:
        field.add("format-changed", "format")


def _enum(field: FieldPair) -> None:
    old, new = field.old.get("enum"), field.new.get("enum")
    if isinstance(old, list) and isinstance(new, list):
        removed, added = missing(old, new), missing(new, old)
        if removed:
            field.add_values("enum-value-removed", "enum", removed, None)
        if added:
            field.add_values("enum-value-added", "enum", None, added)
    elif isinstance(new, list):
        field.add("enum-added", "enum")
    elif isinstance(old, list):
        field.add("enum-dropped", "enum")


def _visibility(field: FieldPair) -> None:
    old, new = field.old.get("x-ms-visibility"), field.new.get("x-ms-visibility")
    if old == new:
        return
    if new == "internal":
        field.add("became-internal" if field.direction == "input" else "hidden", "x-ms-visibility")
    else:
        field.add("visibility-changed", "x-ms-visibility")


def _input_only(field: FieldPair) -> None:
    if not same(field.old.get("default"), field.new.get("default")):
        field.add("default-changed", "default")
    for name in _limits_of(field):
        field.add("limit-tightened" if _is_tighter(field, name) else "limit-relaxed", name, note=name)
    if field.old.get("pattern") != field.new.get("pattern"):
        field.add("pattern-dropped" if field.new.get("pattern") is None else "pattern-changed", "pattern")
    if field.new.type == "array":
        old, new = (_collection_format(shape) for shape in (field.old, field.new))
        if old != new:
            field.add_values("collection-format-changed", "collectionFormat", old, new)


def _collection_format(shape: Shape) -> str:
    return openapi.text({"": shape.get("collectionFormat")}, "") or "csv"


def _limits_of(field: FieldPair) -> Iterator[str]:
    for name in (*_UPPER, *_LOWER, *_OTHER_LIMITS):
        if not same(field.old.get(name), field.new.get(name)):
            yield name


def _is_tighter(field: FieldPair, name: str) -> bool:
    old, new = field.old.get(name), field.new.get(name)
    if name in ("exclusiveMaximum", "exclusiveMinimum", "uniqueItems"):
        return new is True
    was, now = number(old), number(new)
    if now is None:
        return False
    if name in _UPPER:
        return was is None or now < was
    if name == "multipleOf":
        return was is None or now == 0 or was % now != 0
    # A length or a count is never below 0, so this lower limit says nothing.
    return now > was if was is not None else name == "minimum" or now > 0


def _output_limits(field: FieldPair) -> None:
    for name in (*_limits_of(field), "pattern"):
        if not same(field.old.get(name), field.new.get(name)):
            field.add("limit-changed", name, note=name)


def _texts(field: FieldPair) -> None:
    for name in _TEXTS:
        if field.old.get(name) != field.new.get(name):
            field.add("text-changed", name, note=name)


def _settings(field: FieldPair) -> None:
    """Everything else, such as where the values of a drop-down list come from."""
    for name in sorted((field.old.names | field.new.names) - _HANDLED):
        if not same(field.old.get(name), field.new.get(name)):
            impact: Impact | None = "cosmetic" if name in _HARMLESS else None
            field.add("setting-changed", name, note=name, impact=impact)
