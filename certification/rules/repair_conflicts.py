"""Which repairs of one file can be carried out together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from certification.rules.fixes import Patch
from connectors.definitions import pointers

Tokens = tuple[str | int, ...]


def without_conflicts(value: Any, patches: Iterable[Patch]) -> list[Patch]:
    """Those patches of a value that can be carried out one after the other, each as if it were the first.
    They go from the end of the value to its beginning: an item that is taken out of an array disturbs only
    what stands behind it.
    """
    ordered = sorted(
        ((_ways(value, patch), patch) for patch in patches),
        key=lambda entry: [(isinstance(token, int), token) for token in entry[0][0]],
        reverse=True,
    )
    ground = _Ground()
    return [patch for ways, patch in ordered if ground.takes(ways, patch)]


class _Ground:
    """The places that the chosen patches touch."""

    def __init__(self) -> None:
        self._touched: set[Tokens] = set()
        self._above: set[Tokens] = set()
        self._shifted: set[Tokens] = set()

    def takes(self, ways: list[Tokens], patch: Patch) -> bool:
        """Whether a patch touches nothing that an earlier one touches; if so its places are noted."""
        removes = len(patch) == 1 and patch[0]["op"] == "remove"
        places = ways if removes else [_whole(way, patch) for way in ways]
        starts = [place[:length] for place in places for length in range(len(place) + 1)]
        later = [way[:length] for way in ways[1:] for length in range(len(way))]
        is_free = (
            self._above.isdisjoint(places)
            and self._touched.isdisjoint(starts)
            and self._shifted.isdisjoint(later)
        )
        if is_free:
            self._touched.update(places)
            self._above.update(starts)
            if removes and isinstance(ways[0][-1], int):
                self._shifted.add(ways[0][:-1])
        return is_free


def _whole(way: Tokens, patch: Patch) -> Tokens:
    """The array instead of its item when the items behind it may move."""
    stays = all(operation["op"] in ("replace", "test") for operation in patch)
    return way if stays or not way or not isinstance(way[-1], int) else way[:-1]


def _ways(value: Any, patch: Patch) -> list[Tokens]:
    """The places that a patch names, with numbers for the items of arrays."""
    return [
        _way(value, operation[member])
        for operation in patch
        for member in ("path", "from")
        if member in operation
    ]


def _way(value: Any, pointer: str) -> Tokens:
    way: list[str | int] = []
    for token in pointers.split(pointer):
        key: str | int = int(token) if isinstance(value, list) and token.isdecimal() else token
        try:
            value = value[key]
        except (LookupError, TypeError):
            value = None
        way.append(key)
    return tuple(way)
