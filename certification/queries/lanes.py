"""The lane a submission travels in: by its kind, and for an update by what the comparison proves."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from certification.models import Lane, Submission
from certification.queries.validation import baseline_of
from certification.queries.workbench import difference_of
from connectors.models import Version
from portal.shared import storage

LANE_OF_KIND: Mapping[str, Lane] = {
    Submission.Kind.NEW: Lane.NEW,
    Submission.Kind.UPDATE: Lane.ADDITIVE,
    Submission.Kind.HOTFIX: Lane.HOTFIX,
}
"""What the kind alone says: before two versions can be compared, and where comparing would cost too much."""
_LANES = {
    None: Lane.METADATA,
    "cosmetic": Lane.METADATA,
    "additive": Lane.ADDITIVE,
    "behavioural": Lane.BREAKING,
    "breaking": Lane.BREAKING,
}


def lane_of(submission: Submission) -> Lane:
    """The lane that fits. Metadata only where it is proved that nothing else changed; what cannot be compared
    travels as an addition.
    """
    if submission.kind == Submission.Kind.HOTFIX:
        return Lane.HOTFIX
    baseline, version = baseline_of(submission), submission.version
    if baseline is None or version is None or baseline == version:
        return LANE_OF_KIND[submission.kind]
    try:
        return _lane_between(baseline, version)
    except (OSError, storage.StoredBytesDamaged):
        return Lane.ADDITIVE


@lru_cache(maxsize=256)
def _lane_between(old: Version, new: Version) -> Lane:
    return _LANES[difference_of(old, new).impact]
