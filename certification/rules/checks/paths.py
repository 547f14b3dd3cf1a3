"""Paths and path items: how they are written, and which of them nothing tells apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from certification.rules.api import Api, Operation
from certification.rules.engine import Run
from certification.rules.findings import Hit
from certification.rules.fixes import Patch, Place, fix
from certification.rules.grammar import METHODS
from certification.rules.registry import rule
from certification.rules.walk import Node

_METHODS = frozenset(METHODS)
_NAMES_OF_OPERATIONS = _METHODS | {"$ref"}
_KNOWN = _NAMES_OF_OPERATIONS | {"parameters"}
_SEGMENTS = r"/(?:[^\s/{}*?#]|\{[^\s/{}*?#=]++\})++"
# A path that has none of the faults of OPR-030 to OPR-036.
_PLAIN = re.compile(rf"(?:{_SEGMENTS})*+/?+").fullmatch
_VARIABLE = re.compile(r"\{([^{}/]*+)\}")
# Many such paths, one a line.
_ALL_PLAIN = re.compile(rf"(?:(?:(?:{_SEGMENTS})++/?+|/)(?:\n|\Z))*+").fullmatch
# Segments to further segments, the last ones to a path.
Trie = dict[str, Any]
_MOST_NODES = 1_000_000
_SLASHES = re.compile(r"/{2,}")
_WHITE_SPACE = re.compile(r"\s")


def odd_paths(run: Run) -> list[str]:
    """The paths in whose spelling anything may be wrong."""
    found: list[str] | None = run.cache.get("odd paths")
    if found is None:
        paths = run.definition["paths"]
        together = "\n".join(paths)
        if together.count("\n") == len(paths) - 1 and _ALL_PLAIN(together):
            found = []
        else:
            found = [path for path in paths if not (path[:2] == "x-" or (path and _PLAIN(path)))]
        run.cache["odd paths"] = found
    return found


@rule("OPR-030", on="paths")
def no_leading_slash(paths: Node) -> Iterator[Hit]:
    for path in odd_paths(paths.run):
        if path[:1] != "/":
            yield paths.hit(path, value=path, at_key=True)


@fix("OPR-030")
def add_slash(place: Place) -> Patch:
    return _renamed(place, f"/{place.name}")


@rule("OPR-031", on="paths")
def wildcard(paths: Node) -> Iterator[Hit]:
    for path in odd_paths(paths.run):
        if "*" in path:
            yield paths.hit(path, value=path, at_key=True)


@rule("OPR-032", on="paths")
def query_or_fragment(paths: Node) -> Iterator[Hit]:
    for path in odd_paths(paths.run):
        if "?" in path or "#" in path:
            yield paths.hit(path, value=path, symbol="?" if "?" in path else "#", at_key=True)


@rule("OPR-033", on="paths")
def unbalanced_braces(paths: Node) -> Iterator[Hit]:
    for path in odd_paths(paths.run):
        rest = _VARIABLE.sub("", path) if "{" in path or "}" in path else ""
        if "{" in rest or "}" in rest or "{}" in path:
            yield paths.hit(path, value=path, at_key=True)


@rule("OPR-034", on="paths")
def default_in_variable(paths: Node) -> Iterator[Hit]:
    for path in odd_paths(paths.run):
        for variable in _VARIABLE.findall(path):
            if "=" in variable:
                yield paths.hit(path, value=path, variable=variable, at_key=True)
                break


@rule("OPR-035", on="paths")
def blank(paths: Node) -> Iterator[Hit]:
    for path in odd_paths(paths.run):
        if _WHITE_SPACE.search(path):
            yield paths.hit(path, value=path, at_key=True)


@rule("OPR-036", on="paths")
def empty_segment(paths: Node) -> Iterator[Hit]:
    for path in odd_paths(paths.run):
        if "//" in path:
            yield paths.hit(path, value=path, at_key=True)


@fix("OPR-036")
def drop_slash(place: Place) -> Patch:
    return _renamed(place, _SLASHES.sub("/", str(place.name)))


def _renamed(place: Place, path: str) -> Patch:
    """The path under another name, unless it would meet a second one or something refers to it."""
    taken = {_template(other).lower() for other in place.parent.value if other != place.name}
    return () if _template(path).lower() in taken or _is_referred_to(place) else place.rename(path)


def _is_referred_to(place: Place) -> bool:
    return any(target.startswith("#/paths/") for target in Api(place.root).references)


@rule("OPR-037", on="paths")
def variable_twice(paths: Node) -> Iterator[Hit]:
    for path in paths.value:
        if path.count("{") < 2 or path[:2] == "x-":
            continue
        names = _VARIABLE.findall(path)
        if len(set(names)) < len(names):
            twice = [name for name, count in Counter(names).items() if count > 1]
            yield paths.hit(path, value=path, variable=twice[0], at_key=True)


@rule("OPR-038", on="misfit")
def no_object(misfit: Node) -> Iterable[Hit]:
    if misfit.expected in ("path-item", "operation"):
        return (misfit.hit(value=misfit.value, name=misfit.name or misfit.path()[-1]),)
    return ()


@fix("OPR-038")
def drop_null(place: Place) -> Patch:
    return place.remove() if place.value is None and len(place.parent.value) > 1 else ()


@rule("OPR-039", on="path-item", key="$ref")
def reference(item: Node, key: str) -> Iterable[Hit]:
    return (item.hit(key),)


@rule("OPR-040", on="path-item", shape=lambda names: not _KNOWN.issuperset(names))
def unknown_member(item: Node) -> Iterator[Hit]:
    for name in item.value:
        if name not in _KNOWN and name[:2] != "x-":
            yield item.hit(name, value=name, at_key=True)


@fix("OPR-040")
def write_in_lower_case(place: Place) -> Patch:
    name = str(place.name).lower()
    is_meant = isinstance(place.value, list if name == "parameters" else dict)
    return place.rename(name) if name in _KNOWN and is_meant else ()


@rule("OPR-041", on="path-item", shape=lambda names: _NAMES_OF_OPERATIONS.isdisjoint(map(str.lower, names)))
def no_method(item: Node) -> Iterable[Hit]:
    return (item.hit(value=item.name),)


@fix("OPR-041")
def drop_path(place: Place) -> Patch:
    """A path that describes notifications is part of a trigger and needs a person."""
    is_spare = len(place.parent.value) > 1 and "x-ms-notification-content" not in place.value
    return place.remove() if is_spare and not _is_referred_to(place) else ()


@rule("OPR-042", on="paths")
def differs_only_by_case(paths: Node) -> Iterator[Hit]:
    if len({path.lower() for path in paths.value}) == len(paths.value):
        return
    firsts: dict[str, str] = {}
    for path in paths.value:
        folded = path.lower()
        first = firsts.setdefault(folded, path) if path[:2] != "x-" else path
        if first is not path:
            yield paths.hit(path, value=path, first=first, cause=folded, at_key=True)


@rule("OPR-043", on="paths")
def indistinguishable(paths: Node) -> Iterator[Hit]:
    firsts: dict[tuple[str, str], Operation] = {}
    templates = {path: _template(path) for path in paths.value}
    if len(set(templates.values())) == len(templates):
        return
    for operation in paths.run.api.operations:
        template = templates[operation.path]
        first = firsts.setdefault((operation.method, template), operation)
        if first is not operation:
            cause = f"{operation.method} {template}"
            yield paths.hit(
                *operation.keys[1:],
                value=f"{operation.method.upper()} {operation.path}",
                first=first.path,
                cause=cause,
            )


def _template(path: str) -> str:
    """The path as the platform tells it from others: names of variables and a final slash do not count."""
    return (_VARIABLE.sub("{}", path) if "{" in path else path).removesuffix("/")


@rule("OPR-044", on="paths")
def overlapping(paths: Node) -> Iterator[Hit]:
    """A segment that contains a variable, such as "report_{id}", counts as one: the platform may give it any
    text.
    """
    tries: dict[tuple[str, int], Trie] = {}
    operations = paths.run.api.operations
    steps_left, nodes_left = 200_000 + 20 * len(operations), _MOST_NODES
    split = {path: _segments(path) for path in paths.value}
    for operation in operations:
        segments = split[operation.path]
        trie = tries.setdefault((operation.method, len(segments)), {})
        other, steps = _overlapped(trie, segments, steps_left)
        steps_left -= steps
        if other is not None:
            value = f"{operation.method.upper()} {operation.path}"
            yield paths.hit(*operation.keys[1:], value=value, other=other)
        nodes_left -= len(segments)
        if nodes_left > 0:
            for segment in segments[:-1]:
                trie = trie.setdefault(segment, {})
            trie.setdefault(segments[-1], operation.path)


def _segments(path: str) -> list[str]:
    parts = path.strip("/").split("/")
    return ["{}" if "{" in part else part for part in parts] if "{" in path else parts


def _overlapped(trie: Trie, segments: list[str], most: int) -> tuple[str | None, int]:
    """The path of an earlier operation that some request fits too, of those that differ in at least one
    variable; and the steps that the search took, at most `most`.

    A search branches at every variable; the bound keeps a hostile definition from taking quadratic time.
    """
    level: Any = trie
    # As long as there is one way only.
    for at, segment in enumerate(segments):
        if segment == "{}" or "{}" in level:
            break
        if segment not in level:
            return None, at
        level = level[segment]
    else:
        return None, len(segments)
    pending = [(level, at, False)]
    steps = 0
    while pending and steps < most:
        steps += 1
        level, depth, is_crossed = pending.pop()
        if depth == len(segments):
            if is_crossed:
                return level, steps
            continue
        segment = segments[depth]
        if segment == "{}":
            pending += [(below, depth + 1, is_crossed or name != "{}") for name, below in level.items()]
            steps += len(level)
        else:
            if segment in level:
                pending.append((level[segment], depth + 1, is_crossed))
            if "{}" in level:
                pending.append((level["{}"], depth + 1, True))
    return None, steps
