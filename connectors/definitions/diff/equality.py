"""When two JSON values are the same."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable
from typing import Any


def mark(value: Any) -> Hashable:
    """Equal for equal JSON values only: 1 is not true."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "bool", value
    if isinstance(value, int | float):
        return "number", value
    return "json", json.dumps(value, sort_keys=True)


def same(old: Any, new: Any) -> bool:
    if isinstance(old, str) or old is None:
        return bool(old == new)
    return bool(old == new) and mark(old) == mark(new)


def missing(old: Iterable[Any], new: Iterable[Any]) -> list[Any]:
    """The values of `old` that `new` has not, each once."""
    known = {mark(value) for value in new}
    lost: dict[Hashable, Any] = {}
    for value in old:
        marked = mark(value)
        if marked not in known:
            lost.setdefault(marked, value)
    return list(lost.values())


def number(value: Any) -> float | int | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
