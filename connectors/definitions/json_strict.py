"""The C scanner of the standard library under guards that notice what it would let pass."""

from __future__ import annotations

import json
from math import isinf
from typing import Any, NoReturn

from connectors.definitions.json_positions import Scan

LARGEST_SAFE_INTEGER = 2**53
_SAFE_DIGITS = 15


class OddError(ValueError):
    """The text is JSON to the C scanner, but not fit to be passed on unseen."""


def scanner(objects: list[dict[str, Any]] | None = None) -> Scan:
    """A scanner that puts every object it reads into `objects`, in the order of their closing braces.

    It raises StopIteration or ValueError where the text is no JSON, OddError where a name occurs twice in an
    object or programs would read a number differently, and RecursionError on a thousand levels.
    """
    objects = [] if objects is None else objects
    collect = objects.append

    def read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            raise OddError
        collect(members)
        return members

    decoder = json.JSONDecoder(
        object_pairs_hook=read_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
    )
    scan: Scan = vars(decoder)["scan_once"]
    return scan


def has_few_values(text: str, start: int, end: int, most: int) -> bool:
    """Whether a stretch of text has fewer values than `most`, even if every mark stands for one."""
    if end - start < most:
        return True
    return text.count(",", start, end) + text.count("{", start, end) + text.count("[", start, end) < most


def has_lone_surrogate(value: Any, text: str) -> bool:
    """Whether an escape of the text made half of a surrogate pair, which no encoder takes."""
    if "\\ud" not in text and "\\uD" not in text:
        return False
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def is_deeper(value: Any, most: int) -> bool:
    """Whether arrays and objects are nested more than `most` levels."""
    level: list[Any] = [value] if value.__class__ in _CONTAINERS else []
    for _ in range(most):
        if not level:
            return False
        level = [
            child
            for container in level
            for child in (container.values() if container.__class__ is dict else container)
            if child.__class__ in _CONTAINERS
        ]
    return bool(level)


_CONTAINERS = frozenset((dict, list))


def _integer(digits: str) -> int:
    if len(digits) > _SAFE_DIGITS and (len(digits) > 20 or abs(int(digits)) > LARGEST_SAFE_INTEGER):
        raise OddError
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        raise OddError
    return number


def _constant(_name: str) -> NoReturn:
    raise OddError
