"""References to shared schemas: where they lead, what leads back to itself, and what nothing refers to."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from certification.rules.api import Api, Keys, references_below
from certification.rules.checks.parameters import word_of
from certification.rules.checks.schema_graph import children_with_keys, graph
from certification.rules.checks.schema_loops import back_edges
from certification.rules.checks.schemas import quoted
from certification.rules.findings import Hit, Key
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import openapi, pointers

if TYPE_CHECKING:
    from certification.rules.engine import Run

_SHARED = "#/definitions/"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9._-]++").fullmatch
_ODD_LETTERS = re.compile(r"[^A-Za-z0-9._-]++")
# More loops of one definition than anybody would look at.
_MOST_LOOPS = 1_000

# Keys that lead to a value, the last first: cheap to extend, however deep a document nests.
_Way = tuple[Key, "_Way"] | None


@rule("SCH-002", on="schema", key="$ref", unless=re.compile(rf"(?s:{_SHARED}.+)").match)
def reference_not_valid(schema: Node, key: str) -> Iterable[Hit]:
    return (schema.hit(key, value=quoted(schema.value[key])),)


@fix("SCH-002")
def refer_to_shared(place: Place) -> Patch:
    """The shared schema that the last part of the reference names."""
    if not isinstance(place.value, str):
        return ()
    name = pointers.unescape(place.value.replace("#", "/").rpartition("/")[2])
    shared = openapi.mapping(place.root, "definitions")
    return place.replace(_SHARED + pointers.escape(name)) if name in shared else ()


@rule("SCH-003", on="schema", key="$ref")
def reference_not_found(schema: Node, key: str) -> Iterable[Hit]:
    target, run = schema.value[key], schema.run
    if target.__class__ is not str or run.api.at(target)[1]:
        return ()
    is_shared = target.startswith(_SHARED) and target != _SHARED
    return (schema.hit(key),) if is_shared and run.is_definition_whole else ()


@fix("SCH-003")
def write_reference_right(place: Place) -> Patch:
    """Another letter case or a slip of the pen, if only one shared schema can be meant."""
    names = [_SHARED + pointers.escape(name) for name in openapi.mapping(place.root, "definitions")]
    found = word_of(place.value, names)
    if found:
        return place.replace(found)
    if len(place.value) > 200 or len(names) > 2_000:
        return ()
    close = difflib.get_close_matches(place.value, names, n=2, cutoff=0.95)
    return place.replace(close[0]) if len(close) == 1 else ()


@rule("SCH-056", on="paths")
def reference_loop(paths: Node) -> Iterable[Hit]:
    """Loops that no operation leads to hurt nobody; they are unused shared schemas."""
    return _loop_hits(paths.run, only_required=False) if graph(paths.run).loops else ()


@rule("SCH-057", on="paths")
def loop_of_required_properties(paths: Node) -> Iterable[Hit]:
    """No value can fulfil such a schema: it would have no end."""
    return _loop_hits(paths.run, only_required=True) if graph(paths.run).loops else ()


@rule("SCH-058", on="definitions")
def only_a_reference(definitions: Node) -> Iterator[Hit]:
    """Another name for a shared schema is fine; a name for a name, or for itself, is not."""
    api = definitions.run.api
    for name, schema in definitions.value.items():
        if schema.__class__ is dict and schema.get("$ref").__class__ is str:
            target, _ = api.at(schema["$ref"])
            if isinstance(target, dict) and isinstance(target.get("$ref"), str):
                yield definitions.hit(name, "$ref", name=name)


@fix("SCH-058")
def refer_to_the_last(place: Place) -> Patch:
    schema, keys = Api(place.root).resolve({"$ref": place.value})
    return place.replace(f"#{pointers.build(keys)}") if isinstance(schema, dict) else ()


@rule("SCH-060", on="definitions")
def never_referenced(definitions: Node) -> Iterator[Hit]:
    """A schema that only refers to itself is not used either."""
    run = definitions.run
    if not run.is_definition_whole:
        return
    used = _shared_names(run.api, itertools.chain.from_iterable(run.references_from.values()))
    for name, others in run.api.schema_references.items():
        used.update(other for other in others if other != name)
    unused = [name for name in definitions.value if name not in used]
    if unused:
        # Only now is it worth looking for references at places where no schema is expected.
        outside = {key: value for key, value in run.definition.items() if key != "definitions"}
        used = _shared_names(run.api, references_below(outside))
    for name in unused:
        if name not in used:
            yield definitions.hit(name, value=name, at_key=True)


@fix("SCH-060")
def remove_unused(place: Place) -> Patch:
    return place.remove() if len(place.parent.value) > 1 else place.parent.remove()


@rule("SCH-061", on="definitions")
def name_odd(definitions: Node) -> Iterator[Hit]:
    for name in definitions.value:
        if not _PLAIN_NAME(name):
            yield definitions.hit(name, value=name, at_key=True)


@fix("SCH-061")
def rename_shared(place: Place) -> Patch:
    """All that refers to it goes along."""
    name = str(place.name)
    new = _ODD_LETTERS.sub("_", name).strip("_")
    if not new or new in place.parent.value:
        return ()
    api, patch = Api(place.root), list(place.rename(new))
    for reference, way in _references_with_ways(place.root):
        target = api.at(reference)[1]
        if target[:2] == ("definitions", name):
            keys = _keys(way)
            if keys[:2] == target[:2]:
                keys = ("definitions", new, *keys[2:])
            path, value = pointers.build(keys), f"#{pointers.build(('definitions', new, *target[2:]))}"
            patch.append({"op": "replace", "path": path, "value": value})
    return tuple(patch)


def _shared_names(api: Api, references: Iterable[str]) -> set[Key]:
    return {
        keys[1]
        for reference in references
        if (keys := api.at(reference)[1])[:1] == ("definitions",) and keys[1:]
    }


def _references_with_ways(root: Any) -> Iterator[tuple[str, _Way]]:
    pending: list[tuple[Any, _Way]] = [(root, None)]
    while pending:
        current, way = pending.pop()
        if isinstance(current, dict):
            if isinstance(current.get("$ref"), str):
                yield current["$ref"], ("$ref", way)
            pending += ((value, (key, way)) for key, value in current.items())
        elif isinstance(current, list):
            pending += ((value, (index, way)) for index, value in enumerate(current))


def _loop_hits(run: Run, *, only_required: bool) -> Iterator[Hit]:
    """A hit at every reference that closes a loop: without them there is none."""
    closing: dict[str, dict[str, str]] = {}
    for name, target, chain in itertools.islice(back_edges(_edges(run, only_required)), _MOST_LOOPS):
        closing.setdefault(name, {})[target] = " \N{RIGHTWARDS ARROW} ".join(map(_short, chain))
    hits = (
        run.hit(*run.api.at(name)[1], *_keys(way), value=_short(target), chain=targets[target], cause=target)
        for name, targets in closing.items()
        for target, way, is_required in _references(run, name)
        if target in targets and (is_required or not only_required)
    )
    return itertools.islice(hits, _MOST_LOOPS)


def _edges(run: Run, only_required: bool) -> dict[str, list[str]]:
    """Of the schemas that form loops, those of the same loops that each refers to."""
    found = graph(run)
    edges: dict[str, list[str]] = {}
    for group in found.loops:
        members = frozenset(group)
        for name in group:
            below = (
                (target for target, _, is_required in _references(run, name) if is_required)
                if only_required
                else found.successors[name]
            )
            edges[name] = [target for target in dict.fromkeys(below) if target in members]
    return {name: edges[name] for name in sorted(edges)}


def _references(run: Run, name: str) -> Iterator[tuple[str, _Way, bool]]:
    """Every reference in a shared schema: its target, the way to it, and whether each value must have it."""
    found = graph(run)
    pending: list[tuple[Any, _Way, bool]] = [(run.api.at(name)[0], None, True)]
    while pending:
        schema, way, is_required = pending.pop()
        if "$ref" in schema:
            if target := found.name_of(schema["$ref"]):
                yield target, ("$ref", way), is_required
            continue
        names = {one for one in openapi.sequence(schema, "required") if isinstance(one, str)}
        for keys, child in children_with_keys(schema):
            must = is_required and (keys[0] == "allOf" or (keys[0] == "properties" and keys[1] in names))
            below: _Way = way
            for key in keys:
                below = (key, below)
            pending.append((child, below, must))


def _keys(way: _Way) -> Keys:
    keys: list[Key] = []
    while way is not None:
        key, way = way
        keys.append(key)
    return tuple(reversed(keys))


def _short(reference: str) -> str:
    return pointers.unescape(reference.removeprefix(_SHARED))
