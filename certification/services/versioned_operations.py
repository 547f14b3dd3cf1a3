"""Keeping a published operation beside its successor in a draft: what it would change, and doing it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from certification.models import Submission
from certification.policies import can_edit_submission
from certification.queries.validation import baseline_of, check_died, known_validation
from certification.queries.workbench import package_of
from certification.reviewing.versioned import Both, CannotKeep, keep_both
from certification.rules.repairs import with_file
from certification.services import drafts
from connectors.definitions import Document, Package
from connectors.definitions.patching import PatchError, apply_to_file
from connectors.models import Version
from connectors.services.versions import receive_upload
from portal.accounts.models import User
from portal.shared import audit, storage
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.policy import require
from portal.shared.words import lazy as _lazy

FILE_NAME = "both-operations.zip"
_NOTHING_PUBLISHED = _lazy("Operations are kept in updates of a published connector, and there is none.")


@dataclass(frozen=True, slots=True)
class Kept:
    """`archive` is the package with both operations in its canonical form."""

    both: Both
    archive: bytes


def preview(submission: Submission, *, operation: str, new_path: str = "", actor: User) -> Kept:
    """What keeping the published operation would do to the draft's package. Nothing is stored.

    Raises IllegalTransition when the form is closed, Conflict where there is nothing to compare or the
    package was not checked to the end, and InvalidInput when both cannot stand side by side.
    """
    require(can_edit_submission, actor, submission)
    version, old, new = _packages(submission)
    before, after = _definition(old), _definition(new)
    try:
        both = keep_both(before.value, after.value, operation[:200], new_path[:400])
        content = apply_to_file(after.file, both.patch)
    except CannotKeep as error:
        raise InvalidInput(str(error)) from error
    except PatchError as error:
        raise InvalidInput(
            _("The definition of %(label)s cannot be changed so: %(error)s.")
            % {"label": version.label, "error": error}
        ) from error
    return Kept(both, with_file(new, after.file.name, content).canonical_bytes())


def keep_operation(
    submission: Submission, *, operation: str, new_path: str = "", seen: str = "", actor: User
) -> Version:
    """Put the package with both operations into the form, as a version like any that is uploaded.

    `seen` is the digest of the package that was looked at. Raises what `preview` raises, and Conflict when
    the form holds another package by now.
    """
    old = submission.version
    if old is not None and seen and seen != old.digest:
        raise _changed()
    kept = preview(submission, operation=operation, new_path=new_path, actor=actor)
    assert old is not None  # else there was nothing to preview
    upload = receive_upload(submission.connector, files=[(FILE_NAME, kept.archive)], actor=actor)
    with transaction.atomic():
        row, version = drafts.replace_package(
            submission, old=old, new=upload.version, changed=_changed(), made="changed", actor=actor
        )
        data = {"operation": operation, "successor": kept.both.successor_id, "version": version.label}
        audit.record("submission.keep_operation", row, actor=actor, about=[row.connector], data=data)
    return version


def _packages(submission: Submission) -> tuple[Version, Package, Package]:
    version = drafts.package_in_form(submission, empty=_NOTHING_PUBLISHED)
    baseline = baseline_of(submission)
    if baseline is None:
        raise Conflict(_NOTHING_PUBLISHED)
    validation = known_validation(submission, version)
    if validation is None or check_died(validation):
        raise Conflict(_("The package was not checked to the end yet: have it checked first."))
    try:
        return version, package_of(baseline), package_of(version)
    except (OSError, storage.StoredBytesDamaged) as error:
        raise Conflict(_("The stored package cannot be read: upload it again.")) from error


def _definition(package: Package) -> Document:
    document = package.definition
    if document is None or not isinstance(document.value, dict):
        raise InvalidInput(_("One of the two versions has no definition that can be read."))
    return document


def _changed() -> Conflict:
    return Conflict(_("The form holds another package by now: look at it before you change it."))
