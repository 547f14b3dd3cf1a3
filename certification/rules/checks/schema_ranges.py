"""The limits of a value: ranges, lengths, counts and steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from certification.rules.checks.schemas import VALUES, quoted
from certification.rules.findings import Hit
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node

_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_BOUNDS = ("minimum", "maximum")
_PAIRS = tuple(zip((*_COUNTS, *_BOUNDS)[::2], (*_COUNTS, *_BOUNDS)[1::2], strict=True))


def _is_number(value: Any) -> bool:
    return value.__class__ is int or value.__class__ is float


def _is_count(value: Any) -> bool:
    return value.__class__ is int and value >= 0


@rule("SCH-047", on=VALUES, shape=lambda names: any(low in names and high in names for low, high in _PAIRS))
def minimum_above_maximum(node: Node) -> Iterator[Hit]:
    for low, high in _PAIRS:
        lowest, highest = node.value.get(low), node.value.get(high)
        if _is_number(lowest) and _is_number(highest) and lowest > highest:
            yield node.hit(low, value=lowest, low=low, high=high, highest=highest)


@rule("SCH-048", on=VALUES, key=_COUNTS, unless=_is_count)
def limit_negative(node: Node, key: str) -> Iterable[Hit]:
    value = node.value[key]
    return (node.hit(key, limit=key),) if _is_number(value) and value < 0 else ()


@fix("SCH-048")
def drop_limit(place: Place) -> Patch:
    """A negative limit limits nothing."""
    return place.remove()


@rule("SCH-049", on=VALUES, key=_COUNTS, unless=_is_count)
@rule("SCH-049", on=VALUES, key=_BOUNDS, unless=_is_number)
def limit_not_a_number(node: Node, key: str) -> Iterable[Hit]:
    return () if _is_number(node.value[key]) else (node.hit(key, value=quoted(node.value[key]), limit=key),)


@fix("SCH-049")
def write_number(place: Place) -> Patch:
    if place.value in (None, ""):
        return place.remove()
    number = _number(place.value)
    is_count = place.name in _COUNTS
    return () if number is None or (is_count and not _is_count(number)) else place.replace(number)


@rule("SCH-050", on=VALUES, key="exclusiveMaximum", without="maximum")
@rule("SCH-050", on=VALUES, key="exclusiveMinimum", without="minimum")
def exclusive_without_limit(node: Node, key: str) -> Iterable[Hit]:
    limit = key.removeprefix("exclusive").lower()
    return (node.hit(key, value=key, limit=limit, at_key=True),)


@fix("SCH-050")
def complete_limit(place: Place) -> Patch:
    """Later drafts of JSON Schema write the limit itself there; true or false alone says nothing."""
    if not _is_number(place.value):
        return place.remove()
    limit = str(place.name).removeprefix("exclusive").lower()
    return (*place.replace(True), *place.parent.add(limit, place.value))


@rule("SCH-051", on=VALUES, key="multipleOf")
def step_not_positive(node: Node, key: str) -> Iterable[Hit]:
    value = node.value[key]
    return () if _is_number(value) and value > 0 else (node.hit(key, value=quoted(value)),)


@fix("SCH-051")
def correct_step(place: Place) -> Patch:
    """Nothing is a multiple of 0, so that no step was meant."""
    value, number = place.value, _number(place.value)
    if number is not None and number > 0:
        return place.replace(number)
    return place.remove() if value in (None, "") or (_is_number(value) and value == 0) else ()


@rule("SCH-053", on=VALUES, key="uniqueItems")
def unique_items(node: Node, key: str) -> Iterable[Hit]:
    return (node.hit(key, at_key=True),)


@fix("SCH-053")
def drop_unique_items(place: Place) -> Patch:
    return place.remove()


def _number(value: Any) -> int | float | None:
    """The number that a short text of digits spells."""
    if not isinstance(value, str) or len(value) > 18 or not value.strip().isascii():
        return None
    try:
        return int(value)
    except ValueError:
        pass
    try:
        number = float(value)
    except ValueError:
        return None
    return number if abs(number) < 1e18 else None
