"""What a revision changes, operation by operation with the class of every change, and what of it the reader
has seen."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Max, QuerySet

from certification.models import Decision, ReviewMark, Submission, Thread
from certification.queries.review_source import compared_with
from certification.queries.workbench import difference_of, package_of
from certification.reviewing import differences
from connectors.definitions import Operation, Package
from connectors.definitions.diff import IMPACTS
from connectors.definitions.diff.changes import Change, worst
from connectors.models import Version
from portal.accounts.models import User

CHANGES_PER_GROUP = 40


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One change in a sentence; `file` and `pointer` lead to its place in the new package, or are empty."""

    impact: str
    sentence: str
    file: str
    pointer: str


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """All changes of one operation; of the connector as a whole where `operation_id` is empty. `digest` is of
    what the operation is made of now."""

    key: str
    operation_id: str
    method: str
    path: str
    summary: str
    pointer: str
    impact: str
    lines: tuple[ChangeLine, ...]
    more: int
    digest: str


@dataclass(frozen=True, slots=True)
class Seen:
    """Something that can be ticked as viewed, and whether the reader's tick still counts."""

    key: str
    digest: str
    is_viewed: bool


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """`groups` go from the worst class to the mildest; `counts` are changes by class, worst first."""

    title: str
    since: str
    groups: list[tuple[ChangeGroup, Seen]]
    files: list[tuple[differences.FileChange, Seen]]
    counts: list[tuple[str, int]]
    is_complete: bool
    viewed: int
    total: int


@dataclass(frozen=True, slots=True)
class _Grouped:
    groups: tuple[ChangeGroup, ...]
    files: tuple[tuple[differences.FileChange, str], ...]
    counts: Mapping[str, int]
    is_complete: bool


def changes_page(submission: Submission, user: User, since: str = "") -> ChangesPage | None:
    """Against `since` ("live", a revision's number; by default what `compared_with` chooses). None without
    anything to compare with."""
    other = compared_with(submission, since)
    if other is None or submission.revision is None:
        return None
    found = _grouped(other[0], submission.revision.version)
    marks = viewed_marks(submission, user)
    groups = [(group, _seen(marks, group.key, group.digest)) for group in found.groups]
    files = [(file, _seen(marks, f"file:{file.name}", digest)) for file, digest in found.files]
    ticks = [seen for _, seen in groups] + [seen for file, seen in files if file.state != "unchanged"]
    return ChangesPage(
        title=other[1],
        since=since,
        groups=groups,
        files=files,
        counts=[(impact, found.counts[impact]) for impact in reversed(IMPACTS) if found.counts.get(impact)],
        is_complete=found.is_complete,
        viewed=sum(seen.is_viewed for seen in ticks),
        total=len(ticks),
    )


def _seen(marks: Mapping[str, str], key: str, digest: str) -> Seen:
    return Seen(key, digest, marks.get(key) == digest)


def marks_of(submission: Submission, user: User) -> QuerySet[ReviewMark]:
    """What the reader ticked, by key."""
    return ReviewMark.objects.filter(submission=submission, user=user).order_by("key")


def viewed_marks(submission: Submission, user: User) -> dict[str, str]:
    """Key -> digest of what the reader ticked."""
    return dict(marks_of(submission, user).values_list("key", "digest"))


def my_last_revision(submission: Submission, user: User) -> int:
    """The number of the latest earlier revision that the reader decided on, wrote about or ticked something
    in; 0 for none."""
    revision = submission.revision
    if revision is None:
        return 0
    earlier = {"revision__number__lt": revision.number}
    found = [
        Decision.objects.filter(submission=submission, reviewer=user, **earlier).aggregate(
            last=Max("revision__number")
        )["last"],
        Thread.objects.filter(submission=submission, author=user, **earlier).aggregate(
            last=Max("revision__number")
        )["last"],
        ReviewMark.objects.filter(
            submission=submission, user=user, revision_number__lt=revision.number
        ).aggregate(last=Max("revision_number"))["last"],
    ]
    return max(number or 0 for number in found)


@lru_cache(maxsize=32)
def _grouped(old_version: Version, new_version: Version) -> _Grouped:
    """Packages never change, so neither does what lies between two of them."""
    old, new = package_of(old_version), package_of(new_version)
    difference = difference_of(old_version, new_version)
    by_operation: dict[str, list[Change]] = {}
    for change in difference.changes:
        for name in (change.operation_id, *change.also_in):
            by_operation.setdefault(name, []).append(change)
    before, after = differences.operations_by_name(old), differences.operations_by_name(new)
    groups = [_group(name, changes, new, old, after, before) for name, changes in by_operation.items()]
    groups.sort(key=lambda group: (-IMPACTS.index(group.impact), group.path, group.method))
    files = differences.file_changes(old, new)
    return _Grouped(
        tuple(groups),
        tuple((file, new.files[file.name].sha256 if file.name in new.files else "removed") for file in files),
        Counter(change.impact for change in difference.changes),
        difference.is_complete,
    )


def _group(
    name: str,
    changes: list[Change],
    new: Package,
    old: Package,
    after: Mapping[str, Operation],
    before: Mapping[str, Operation],
) -> ChangeGroup:
    # Operations without an id are "GET /tides" in a difference.
    method, _, path = name.partition(" ")
    other = f"{method.lower()} {path}"
    operation = after.get(name) or after.get(other)
    gone = before.get(name) or before.get(other)
    known = operation or gone
    if operation is not None:
        digest = differences.operation_digest(new, operation)
    elif gone is not None:
        digest = differences.operation_digest(old, gone)
    else:
        words = "\n".join(change.sentence for change in changes)
        digest = hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()
    ordered = sorted(changes, key=lambda change: -IMPACTS.index(change.impact))
    return ChangeGroup(
        key=f"op:{name}"[:400],
        operation_id=name,
        method=known.method if known else "",
        path=known.path if known else "",
        summary=known.summary if known else "",
        pointer=operation.pointer if operation else "",
        impact=worst(change.impact for change in changes) or "cosmetic",
        lines=tuple(_line(change) for change in ordered[:CHANGES_PER_GROUP]),
        more=max(len(ordered) - CHANGES_PER_GROUP, 0),
        digest=digest,
    )


def _line(change: Change) -> ChangeLine:
    return ChangeLine(change.impact, change.sentence, change.new_file, change.new_pointer)
