"""Loops of references: which names lead back to themselves, and where such a loop closes.

Both searches take time in proportion to the number of references and use no recursion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

_LONGEST_CHAIN = 10


def back_edges(edges: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str, list[str]]]:
    """The references of a search in depth that lead back to where it came through, with the way between."""
    done: set[str] = set()
    for start in edges:
        path, places, rest = [start], {start: 0}, [iter(edges[start])]
        while path and start not in done:
            below = next((target for target in rest[-1] if target not in done), None)
            if below is None:
                rest.pop()
                done.add(path.pop())
            elif below in places:
                at = places[below]
                skipped = ["\N{HORIZONTAL ELLIPSIS}"] if len(path) - at > _LONGEST_CHAIN else []
                yield path[-1], below, [*path[at : at + _LONGEST_CHAIN], *skipped, below]
            else:
                places[below] = len(path)
                path.append(below)
                rest.append(iter(edges[below]))


def order_without_loops(successors: Mapping[str, Sequence[str]]) -> list[str] | None:
    """The nodes, each after all that it leads to; None when any leads back to itself."""
    order: list[str] = []
    is_done: dict[str, bool] = {}
    for start in successors:
        path = [] if start in is_done else [(start, iter(successors[start]))]
        while path:
            node, rest = path[-1]
            is_done[node] = False
            target = next((one for one in rest if not is_done.get(one)), None)
            if target is None:
                path.pop()
                is_done[node] = True
                order.append(node)
            elif target in is_done:
                return None
            else:
                path.append((target, iter(successors[target])))
    return order


def strong_components(successors: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The groups of nodes that reach each other, a group after all others that it leads to."""
    search = _Search(successors)
    for start in successors:
        if start not in search.order:
            search.enter(start)
            while search.work:
                search.step()
    return search.found


class _Search:
    """The path-based algorithm of Gabow, without recursion.

    `path` holds the nodes that are in no group yet, `bounds` the places on it where groups may begin.
    """

    def __init__(self, successors: Mapping[str, Sequence[str]]) -> None:
        self._successors = successors
        self.order: dict[str, int] = {}
        self.work: list[tuple[str, Iterator[str]]] = []
        self.found: list[list[str]] = []
        self._path: list[str] = []
        self._places: dict[str, int] = {}
        self._bounds: list[int] = []

    def enter(self, node: str) -> None:
        self.order[node] = len(self.order)
        self._places[node] = len(self._path)
        self._bounds.append(len(self._path))
        self._path.append(node)
        self.work.append((node, iter(self._successors[node])))

    def step(self) -> None:
        node, rest = self.work[-1]
        for target in rest:
            if target not in self.order:
                self.enter(target)
                return
            if target in self._places:
                while self._bounds[-1] > self._places[target]:
                    self._bounds.pop()
        self.work.pop()
        place = self._places[node]
        if self._bounds[-1] == place:
            self._bounds.pop()
            group = self._path[place:]
            del self._path[place:]
            for member in group:
                del self._places[member]
            self.found.append(group)
