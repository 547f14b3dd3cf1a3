"""Which operation of the new version is which of the old one: by operationId, else by path and method."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from connectors.definitions import openapi
from connectors.definitions.diff.collecting import Collector
from connectors.definitions.diff.sides import Operation, Side

_VARIABLE = re.compile(r"\{[^{}/]*+\}")
Route = tuple[str, str]


@dataclass(slots=True)
class Matching:
    """`pairs` are compared with each other, in the order of the new definition. `renamed` lost their id while
    something still stands at their path.
    """

    pairs: list[tuple[Operation, Operation]] = field(default_factory=list)
    renamed: list[tuple[Operation, Operation]] = field(default_factory=list)
    removed: list[Operation] = field(default_factory=list)
    added: list[Operation] = field(default_factory=list)


def match(old: Side, new: Side) -> Matching:
    """Every operation of either side is in exactly one of the lists; `renamed` ones may be in `pairs` too."""
    result = Matching()
    by_id = _first_by_id(new.operations)
    routes = _by_route(new)
    partner: dict[int, Operation] = {}
    left: list[Operation] = []
    for operation in _firsts(old.operations):
        found = by_id.get(operation.operation_id) if operation.operation_id else None
        if found is None:
            left.append(operation)
        else:
            partner[id(found)] = operation
    for operation in left:
        _by_place(old, operation, routes, partner, result)
    pairs = ((partner.get(id(operation)), operation) for operation in new.operations)
    for before, operation in pairs:
        if before is None:
            result.added.append(operation)
        else:
            result.pairs.append((before, operation))
    return result


def _by_place(
    old: Side,
    operation: Operation,
    routes: dict[Route, Operation],
    partner: dict[int, Operation],
    result: Matching,
) -> None:
    """An operation whose id is gone: renamed when something stands at its place, else removed."""
    found = routes.get((old.full_path(operation.path), operation.method)) or routes.get(
        (operation.path, operation.method)
    )
    if found is None:
        result.removed.append(operation)
        return
    partner.setdefault(id(found), operation)
    if operation.operation_id and operation.operation_id != found.operation_id:
        result.renamed.append((operation, found))


def _firsts(operations: list[Operation]) -> list[Operation]:
    """Without the later ones of several with one id: the platform knows only one."""
    seen: set[str] = set()
    found = []
    for operation in operations:
        if operation.operation_id not in seen:
            found.append(operation)
        if operation.operation_id:
            seen.add(operation.operation_id)
    return found


def _first_by_id(operations: list[Operation]) -> dict[str, Operation]:
    found: dict[str, Operation] = {}
    for operation in operations:
        if operation.operation_id:
            found.setdefault(operation.operation_id, operation)
    return found


def _by_route(side: Side) -> dict[Route, Operation]:
    """Operations by full path and by the path as it is written; the full path counts first."""
    found: dict[Route, Operation] = {}
    for operation in side.operations:
        found.setdefault((side.full_path(operation.path), operation.method), operation)
    for operation in side.operations:
        found.setdefault((operation.path, operation.method), operation)
    return found


def compare_sets(found: Collector, matching: Matching) -> None:
    """What was removed, added, renamed and moved."""
    families = _families(found.new)
    for operation in matching.removed:
        found.add(
            "operation-removed", operation.keys, _nearest(found.new, operation),
            operation=operation.label, note="deprecated" if operation.value.get("deprecated") is True else "",
            values=(operation.label, None),
        )  # fmt: skip
        _superseded(found, operation, _nearest(found.new, operation), families)
    for operation, now in matching.renamed:
        found.add(
            "operation-id-changed", (*operation.keys, "operationId"), _id_keys(now),
            operation=now.label, values=(operation.operation_id, now.label),
        )  # fmt: skip
        _superseded(found, operation, _id_keys(now), families)
    for operation in matching.added:
        found.add(
            "operation-added", ("paths",), operation.keys,
            operation=operation.label, values=(None, operation.label),
        )  # fmt: skip


def _id_keys(operation: Operation) -> tuple[str | int, ...]:
    return (*operation.keys, "operationId") if "operationId" in operation.value else operation.keys


def _nearest(side: Side, operation: Operation) -> tuple[str | int, ...]:
    """The path item that lost the operation, or all paths."""
    paths = openapi.mapping(side.definition, "paths")
    if operation.path in paths:
        return "paths", operation.path
    return ("paths",) if "paths" in side.definition else ()


def compare_route(found: Collector, old: Operation, new: Operation) -> None:
    """Path and method of an operation in both versions. A change of basePath alone is none of its path."""
    if old.path != new.path and found.old.full_path(old.path) != found.new.full_path(new.path):
        is_rename = _VARIABLE.sub("{}", old.path) == _VARIABLE.sub("{}", new.path)
        found.add(
            "operation-path-changed", old.keys, new.keys,
            operation=new.label, values=(old.path, new.path),
            note="variable" if is_rename else "", impact="behavioural" if is_rename else None,
        )  # fmt: skip
    if old.method != new.method:
        found.add(
            "operation-method-changed", old.keys, new.keys,
            operation=new.label, values=(old.method.upper(), new.method.upper()),
        )  # fmt: skip


def _families(side: Side) -> dict[str, list[Operation]]:
    found: dict[str, list[Operation]] = {}
    for operation in side.operations:
        family = openapi.text(operation.value, "x-ms-api-annotation", "family")
        if family:
            found.setdefault(family, []).append(operation)
    return found


def _superseded(
    found: Collector,
    operation: Operation,
    nearest: tuple[str | int, ...],
    families: dict[str, list[Operation]],
) -> None:
    """An old revision is gone while a newer one of its family is there."""
    family = openapi.text(operation.value, "x-ms-api-annotation", "family") or operation.operation_id
    revision = _revision(operation.value)
    newer = (one for one in families.get(family, ()) if _revision(one.value) > revision)
    successor = next(newer, None)
    if successor is not None:
        found.add(
            "revision-removed", operation.keys, nearest,
            operation=operation.label, subject=family, values=(operation.label, successor.label),
        )  # fmt: skip


def _revision(operation: dict[str, Any]) -> int:
    revision = openapi.member(operation, "x-ms-api-annotation", "revision")
    return revision if isinstance(revision, int) and not isinstance(revision, bool) else 1
