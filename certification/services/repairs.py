"""Mechanical repairs of a draft's package: what they would change, and putting the result into the form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from certification.models import Submission
from certification.policies import can_edit_submission
from certification.queries.validation import baseline_of, change_kind
from certification.rules.fixes import fixable
from certification.rules.profiles import Profile
from certification.rules.repair_sandbox import Repaired, RepairFailed, repair_bytes
from certification.services import drafts
from connectors.models import Upload, Version
from connectors.services.versions import package_bytes, receive_upload
from portal.accounts.models import User
from portal.shared import audit
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.policy import require

FILE_NAME = "repaired.zip"


@dataclass(frozen=True, slots=True)
class Applied:
    """The new package and how many places were repaired, by rule."""

    version: Version
    counts: Mapping[str, int]


def preview(submission: Submission, *, rules: Iterable[str] | None = None, actor: User) -> Repaired:
    """What the repairs of these rules (None: of all) would do to the draft's package. Nothing is stored.

    Raises IllegalTransition when the form is closed, Conflict without a package, InvalidInput when the
    package cannot be repaired within the limits.
    """
    require(can_edit_submission, actor, submission)
    return _repair(submission, _package_of(submission), _known(rules))


def apply_repairs(
    submission: Submission, *, rules: Iterable[str] | None = None, seen: str = "", actor: User
) -> Applied:
    """Repair the draft's package and choose the result, which is a version like any that is uploaded.

    `seen` is the digest of the package that was looked at. Raises what `preview` raises, InvalidInput when
    nothing is left to repair, and Conflict when the form holds another package by now.
    """
    require(can_edit_submission, actor, submission)
    version, wanted = _package_of(submission), _known(rules)
    if seen and seen != version.digest:
        raise _changed()
    # The child process runs while no transaction is open.
    repaired = _repair(submission, version, wanted)
    counts = dict(Counter(change.rule for change in repaired.changes))
    if not counts:
        raise InvalidInput(
            _("Nothing is left to repair in this package: the remaining findings need a person.")
        )
    upload = receive_upload(submission.connector, files=[(FILE_NAME, repaired.archive)], actor=actor)
    return Applied(_choose(submission, version, upload, counts, actor), counts)


def _choose(
    submission: Submission, old: Version, upload: Upload, counts: Mapping[str, int], actor: User
) -> Version:
    with transaction.atomic():
        row, version = drafts.replace_package(
            submission, old=old, new=upload.version, changed=_changed(), made="repaired", actor=actor
        )
        data = {"from": old.label, "version": version.label, "rules": sorted(counts), "counts": counts}
        audit.record("submission.apply_repairs", row, actor=actor, about=[row.connector], data=data)
    return version


def _package_of(submission: Submission) -> Version:
    return drafts.package_in_form(submission, empty=_("There is no package to repair yet: upload one first."))


def _known(rules: Iterable[str] | None) -> frozenset[str] | None:
    if rules is None:
        return None
    wanted = frozenset(rules)
    if not wanted:
        raise InvalidInput(_("Choose at least one rule."))
    strange = sorted(wanted - fixable())
    if strange:
        raise InvalidInput(_("There is no repair for %(strange)s.") % {"strange": strange[0][:20]})
    return wanted


def _repair(submission: Submission, version: Version, rules: frozenset[str] | None) -> Repaired:
    profile = {"change": change_kind(submission), "publisher": submission.connector.publisher.kind}
    published = baseline_of(submission)
    try:
        return repair_bytes(
            package_bytes(version),
            profile=Profile.from_dict(profile),
            # A repair must not break what the published version promises.
            previous=package_bytes(published) if published else b"",
            selected=rules,
        )
    except RepairFailed as error:
        raise InvalidInput(
            _(
                "The repair %(error)s, and nothing was changed. Choose fewer rules, or run "
                "`connector-rules fix` on your machine, where it may take its time."
            )
            % {"error": error}
        ) from error


def _changed() -> Conflict:
    return Conflict(_("The form holds another package by now: look at its repairs before you apply them."))
