"""What an update does to its users: the version number to give it, and a draft of its change notes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from certification.models import Submission, Validation
from certification.queries.validation import baseline_of, check_died
from certification.queries.workbench import difference_of, package_of
from connectors.definitions import openapi
from connectors.definitions.diff import draft_changelog, propose_version
from connectors.models import Version
from portal.shared import storage


@dataclass(frozen=True, slots=True)
class UpdateProposal:
    """`published` is the label of the live version, `version` the number proposed for the next, `changelog`
    Markdown."""

    published: str
    version: str
    changelog: str


def proposal_for(submission: Submission, validation: Validation | None) -> UpdateProposal | None:
    """For an update whose package was checked to the end: only then is it safe to be compared here. None
    when it has nothing to compare with, or nothing changed."""
    baseline, version = baseline_of(submission), submission.version
    if validation is None or baseline is None or version is None or baseline.digest == version.digest:
        return None
    if check_died(validation):
        return None
    try:
        number, changelog = _draft(baseline, version)
    except (OSError, storage.StoredBytesDamaged):
        return None
    return UpdateProposal(baseline.label, number, changelog) if changelog else None


@lru_cache(maxsize=64)
def _draft(old: Version, new: Version) -> tuple[str, str]:
    before = package_of(old)
    difference = difference_of(old, new)
    number = openapi.text(before.definition.value if before.definition else None, "info", "version")
    return propose_version(number, difference), draft_changelog(difference)
