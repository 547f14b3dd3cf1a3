"""Siblings: submissions of one team that wait for review with the same change to different connectors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from certification.lifecycle import SubmissionState
from certification.models import Submission
from certification.queries.workbench import difference_of
from connectors.definitions.diff import Difference
from connectors.definitions.diff.changes import Change
from connectors.models import Version

MOST_SIBLINGS = 30
_OWN_TO_EACH = ("version", "title")
"""Words in the kind of a change that every release of a connector has for itself."""

Mark = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Sibling:
    """`exceptions` is how many changes it has besides the common ones: only one with none can be decided
    along. `digest` is of the package that was compared."""

    id: UUID
    reference: str
    connector: str
    digest: str
    common: int
    exceptions: int


def siblings_of(submission: Submission) -> list[Sibling]:
    """Those whose changes hold all of this submission's, the plainest first; empty where nothing is live."""
    live, revision = submission.connector.live_version, submission.revision
    if live is None or revision is None:
        return []
    mine = _marks(live, revision.version)
    if not mine:
        return []
    others = (
        Submission.objects.filter(
            connector__publisher=submission.connector.publisher,
            state=SubmissionState.IN_REVIEW,
            connector__live_version__isnull=False,
        )
        .exclude(connector=submission.connector)
        .select_related("connector__live_version", "revision__version")
        .order_by("queued_at")[:MOST_SIBLINGS]
    )
    found = []
    for each in others:
        assert each.revision is not None
        assert each.connector.live_version is not None
        theirs = _marks(each.connector.live_version, each.revision.version)
        if mine <= theirs:
            digest = each.revision.version.digest
            extra = len(theirs) - len(mine)
            found.append(Sibling(each.pk, each.reference, each.connector.name, digest, len(mine), extra))
    return sorted(found, key=lambda sibling: sibling.exceptions)


@lru_cache(maxsize=128)
def _marks(old: Version, new: Version) -> frozenset[Mark]:
    """The changes between two packages without what is each connector's own."""
    difference = difference_of(old, new)
    return frozenset(marked(difference)) if difference.is_complete else frozenset()


def marked(difference: Difference) -> dict[Mark, Change]:
    """The changes by what makes them the same in another connector, without what is each one's own."""
    return {_mark(change): change for change in difference.changes if not is_own_to_each(change)}


def _mark(change: Change) -> Mark:
    return (change.kind, change.operation_id, change.subject, repr(change.old_value), repr(change.new_value))


def is_own_to_each(change: Change) -> bool:
    return any(word in change.kind for word in _OWN_TO_EACH)
