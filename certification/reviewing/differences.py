"""What changed between two packages: by file, by line and by operation.

Line matching is the patience algorithm (lines that occur once on both sides are fixed points), so a
definition of 40,000 lines takes a fraction of a second where a quadratic comparison would take minutes.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.utils.translation import gettext as _

from connectors.definitions import Document, Operation, Package, SourceFile, operations
from connectors.definitions.openapi import mapping

_SMALL_GAP = 40_000
"""Product of the sizes of a gap up to which its lines are compared each with each."""
MOST_ROWS = 1_500
_LONGEST_LINE = 400
_TEXT_ENDINGS = (".json", ".md", ".csx", ".txt", ".cs")

Block = tuple[int, int, int]


def matching_blocks(old: Sequence[str], new: Sequence[str]) -> list[Block]:
    """Stretches (start in old, start in new, length) of equal lines, in order and without overlap."""
    blocks: list[Block] = []
    pending = [(0, len(old), 0, len(new))]
    while pending:
        a, b, c, d = pending.pop()
        start = a
        while a < b and c < d and old[a] == new[c]:
            a, c = a + 1, c + 1
        if a > start:
            blocks.append((start, c - (a - start), a - start))
        end = b
        while b > a and d > c and old[b - 1] == new[d - 1]:
            b, d = b - 1, d - 1
        if end > b:
            blocks.append((b, d, end - b))
        if a == b or c == d:
            continue
        fixed = _fixed_points(old, new, a, b, c, d)
        if not fixed:
            blocks += _small(old, new, a, b, c, d)
            continue
        for i, j in [*fixed, (b, d)]:
            pending.append((a, i, c, j))
            a, c = i, j
    return sorted(blocks)


def _fixed_points(
    old: Sequence[str], new: Sequence[str], a: int, b: int, c: int, d: int
) -> list[tuple[int, int]]:
    """Pairs of equal lines that occur once on each side, the longest run of them that rises on both."""
    once_old = {line for line, count in Counter(old[a:b]).items() if count == 1}
    once_new = {line for line, count in Counter(new[c:d]).items() if count == 1}
    places = {new[j]: j for j in range(c, d) if new[j] in once_new and new[j] in once_old}
    pairs = [(i, places[old[i]]) for i in range(a, b) if old[i] in places]
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = [-1] * len(pairs)
    for at, (_left, j) in enumerate(pairs):
        length = bisect_left(tails, j)
        before[at] = ends[length - 1] if length else -1
        tails[length : length + 1] = [j]
        ends[length : length + 1] = [at]
    run = []
    at = ends[-1] if ends else -1
    while at >= 0:
        run.append(pairs[at])
        at = before[at]
    run.reverse()
    return run


def _small(old: Sequence[str], new: Sequence[str], a: int, b: int, c: int, d: int) -> list[Block]:
    if (b - a) * (d - c) > _SMALL_GAP:
        return []
    matcher = SequenceMatcher(None, old[a:b], new[c:d], autojunk=False)
    return [(a + i, c + j, size) for i, j, size in matcher.get_matching_blocks() if size]


def line_counterpart(old: Sequence[str], new: Sequence[str], line: int) -> int | None:
    """The line (1-based) of `new` where line `line` of `old` went, changed or not; None when it was
    removed."""
    at, end_old, end_new = line - 1, 0, 0
    for i, j, size in [*matching_blocks(old, new), (len(old), len(new), 0)]:
        if i <= at < i + size:
            return j + at - i + 1
        if at < i:
            gap = j - end_new
            return end_new + min(at - end_old, gap - 1) + 1 if gap else None
        end_old, end_new = i + size, j + size
    return None


@dataclass(frozen=True, slots=True)
class DiffRow:
    """A line of a unified diff, as `_diff.html` shows it: hunk, context, added or removed."""

    kind: str
    old: int | None
    new: int | None
    text: str


@dataclass(frozen=True, slots=True)
class LineDiff:
    """`rows` are at most 1,500; `is_cut` says that there are more. Counts are of all lines."""

    rows: list[DiffRow]
    added: int
    removed: int
    is_cut: bool


def line_diff(old: Sequence[str], new: Sequence[str], *, context: int = 3) -> LineDiff:
    """The unified diff of two texts given as lines."""
    edits = _edits(old, new)
    added, removed = sum(d - c for _, _, c, d in edits), sum(b - a for a, b, _, _ in edits)
    rows: list[DiffRow] = []
    for group in _groups(edits, context):
        if len(rows) >= MOST_ROWS:
            break
        rows += _hunk(old, new, group, context, MOST_ROWS - len(rows))
    return LineDiff(rows[:MOST_ROWS], added, removed, len(rows) >= MOST_ROWS)


def _edits(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """(old start, old end, new start, new end) of every stretch that differs."""
    edits, a, c = [], 0, 0
    for i, j, size in [*matching_blocks(old, new), (len(old), len(new), 0)]:
        if a < i or c < j:
            edits.append((a, i, c, j))
        a, c = i + size, j + size
    return edits


def _groups(edits: list[tuple[int, int, int, int]], context: int) -> list[list[tuple[int, int, int, int]]]:
    groups: list[list[tuple[int, int, int, int]]] = []
    for edit in edits:
        if groups and edit[0] - groups[-1][-1][1] <= 2 * context:
            groups[-1].append(edit)
        else:
            groups.append([edit])
    return groups


def _hunk(
    old: Sequence[str], new: Sequence[str], group: list[tuple[int, int, int, int]], context: int, most: int
) -> list[DiffRow]:
    first, last = max(group[0][0] - context, 0), min(group[-1][1] + context, len(old))
    start = group[0][2] - (group[0][0] - first)
    end = group[-1][3] + (last - group[-1][1])
    title = f"@@ -{first + 1},{last - first} +{start + 1},{end - start} @@"
    rows = [DiffRow("hunk", None, None, title)]
    at, there = first, start
    for a, b, c, d in [*group, (last, last, end, end)]:
        shift = there - at
        rows += [_row("context", i + 1, i + shift + 1, old[i]) for i in range(at, a)]
        room = max(most - len(rows), 0)
        rows += [_row("removed", i + 1, None, old[i]) for i in range(a, min(b, a + room))]
        room = max(most - len(rows), 0)
        rows += [_row("added", None, j + 1, new[j]) for j in range(c, min(d, c + room))]
        if len(rows) >= most:
            break
        at, there = b, d
    return rows


def _row(kind: str, old: int | None, new: int | None, words: str) -> DiffRow:
    return DiffRow(kind, old, new, words if len(words) <= _LONGEST_LINE else f"{words[:_LONGEST_LINE]}…")


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file in two packages: added, removed, changed, reformatted (JSON with equal values) or
    unchanged."""

    name: str
    state: str
    is_text: bool
    before: int | None
    after: int | None


def file_changes(old: Package, new: Package) -> list[FileChange]:
    """Every file of either package, those that differ first."""
    found = []
    for name in sorted({*old.files, *new.files}):
        before, after = old.files.get(name), new.files.get(name)
        state = _file_state(old, new, before, after)
        sizes = (before.size if before else None, after.size if after else None)
        found.append(FileChange(name, state, name.lower().endswith(_TEXT_ENDINGS), *sizes))
    return sorted(found, key=lambda change: change.state == "unchanged")


def _file_state(old: Package, new: Package, before: SourceFile | None, after: SourceFile | None) -> str:
    if before is None or after is None:
        return "removed" if after is None else "added"
    if before.content == after.content:
        return "unchanged"
    documents = [_document(package, before.name) for package in (old, new)]
    if all(documents) and _canonical(documents[0].value) == _canonical(documents[1].value):  # type: ignore[union-attr]
        return "reformatted"
    return "changed"


def _document(package: Package, name: str) -> Document | None:
    return next((each for each in package.documents.values() if each.file.name == name), None)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


@dataclass(frozen=True, slots=True)
class OperationChange:
    """One operation that differs. `pointer` is of the new package, empty where it was removed; `parts` are
    the members that differ, "definitions" when only a schema it refers to does."""

    state: str
    operation_id: str
    method: str
    path: str
    summary: str
    pointer: str
    parts: tuple[str, ...] = ()


def operation_changes(old: Package, new: Package) -> list[OperationChange]:
    """Operations added, removed or changed, matched by operationId or else by path and method."""
    before, after = _by_name(old), _by_name(new)
    changed_schemas = _changed_schemas(old, new)
    found = [_change("removed", each) for name, each in before.items() if name not in after]
    for name, operation in after.items():
        if name not in before:
            found.append(_change("added", operation))
            continue
        parts = _parts(before[name], operation)
        if not parts and changed_schemas & _schemas_of(new, operation):
            parts = ("definitions",)
        if parts:
            found.append(_change("changed", operation, parts))
    order = {"removed": 0, "changed": 1, "added": 2}
    return sorted(found, key=lambda change: (order[change.state], change.path, change.method))


def _by_name(package: Package) -> dict[str, Operation]:
    value = package.definition.value if package.definition else None
    return {each.operation_id or f"{each.method} {each.path}": each for each in operations(value)}


def _parts(old: Operation, new: Operation) -> tuple[str, ...]:
    parts = [
        name
        for name in dict.fromkeys([*old.value, *new.value])
        if _canonical(old.value.get(name)) != _canonical(new.value.get(name))
    ]
    if (old.path, old.method) != (new.path, new.method):
        parts.insert(0, "path")
    if _canonical(old.path_item.get("parameters")) != _canonical(new.path_item.get("parameters")):
        parts.append(_("parameters of the path"))
    return tuple(parts)


def _changed_schemas(old: Package, new: Package) -> set[str]:
    before, after = (
        mapping(package.definition.value if package.definition else None, "definitions")
        for package in (old, new)
    )
    return {name for name in {*before, *after} if _canonical(before.get(name)) != _canonical(after.get(name))}


def _schemas_of(package: Package, operation: Operation) -> set[str]:
    """Names of the definitions an operation refers to, directly or through others."""
    schemas = mapping(package.definition.value if package.definition else None, "definitions")
    found: set[str] = set()
    pending: list[Any] = [operation.value]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            reference = value.get("$ref")
            name = reference.removeprefix("#/definitions/") if isinstance(reference, str) else ""
            if name in schemas and name not in found:
                found.add(name)
                pending.append(schemas[name])
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return found


def operation_digest(package: Package, operation: Operation) -> str:
    """SHA-256 of what an operation is made of: itself, its path's parameters, every schema it refers to."""
    schemas = mapping(package.definition.value if package.definition else None, "definitions")
    parts = [operation.path, operation.method, operation.value, operation.path_item.get("parameters")]
    parts += [schemas[name] for name in sorted(_schemas_of(package, operation))]
    return hashlib.sha256(_canonical(parts).encode("utf-8", "replace")).hexdigest()


def operations_by_name(package: Package) -> dict[str, Operation]:
    """Operations by operationId, or by "get /tides" where they have none."""
    return _by_name(package)


def _change(state: str, operation: Operation, parts: tuple[str, ...] = ()) -> OperationChange:
    pointer = "" if state == "removed" else operation.pointer
    return OperationChange(
        state, operation.operation_id, operation.method, operation.path, operation.summary, pointer, parts
    )
