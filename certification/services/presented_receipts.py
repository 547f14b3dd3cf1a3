"""Receipts that come back: the verdict of this portal on this very package is not argued about again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from certification.models import PresentedReceipt, Submission, Validation
from certification.policies import can_edit_submission
from certification.queries.treatments import standing_revision
from certification.queries.validation import (
    baseline_of,
    change_kind,
    check_died,
    is_being_checked,
    profile_of,
    verdicts_on,
)
from certification.rules.receipts import check_form, verify_digest
from certification.rules.version import RULES_VERSION
from certification.services import drafts
from certification.services.receipts import signing_key
from connectors.models import Version
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.policy import require

LARGEST = 32 * 1024
SUFFIX = ".receipt.json"


def package_files(sent: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """The files of an upload without a receipt that lies beside them."""
    return [(name, content) for name, content in sent if not _is_receipt_name(name)]


def receipt_among(sent: Sequence[tuple[str, bytes]]) -> bytes | None:
    """The receipt that came with an upload."""
    return next((content for name, content in sent if _is_receipt_name(name)), None)


def _is_receipt_name(name: str) -> bool:
    last = name.rpartition("/")[2].casefold()
    return last.endswith(SUFFIX) or last == SUFFIX[1:]


def present_receipt(submission: Submission, *, data: bytes, actor: User) -> PresentedReceipt:
    """Take over the verdict that a receipt stands for, or say why the package is checked anew.

    Taken over is only what this portal signed about exactly the package in the form, under the rules, the
    profile and against the published version of now, and whose findings are still kept. A receipt that is
    genuine but of other days leads to a check. Raises InvalidInput for a receipt that is none, was edited, is
    unsigned, foreign or about another package, and Conflict without a package or without a key.
    """
    require(can_edit_submission, actor, submission)
    receipt = _parsed(data)
    with transaction.atomic():
        row = drafts.editable(submission)
        if row.version is None:
            raise Conflict(_("There is no package in the form yet: a receipt is about one."))
        _check_signature(receipt, row.version)
        known, reason = _verdict(row, row.version, receipt)
        presented = PresentedReceipt.objects.create(
            submission=row,
            version=row.version,
            validation=known,
            issued_at=_moment(receipt),
            rules_version=str(receipt["rules"].get("version", ""))[:40],
            reason=reason,
            presented_by=actor,
        )
        if known is None and not is_being_checked(row):
            outbox.emit("submission.check", id=str(row.pk))
        data_of_it = {"version": row.version.label, "issued_at": receipt["time"], "reason": reason}
        audit.record(
            "submission.take_receipt" if known else "submission.outdated_receipt",
            row,
            actor=actor,
            about=[row.connector],
            data=data_of_it,
        )
    return presented


def _parsed(data: bytes) -> dict[str, Any]:
    if len(data) > LARGEST:
        raise InvalidInput(
            _("A receipt has less than %(value)s kB: this is another file.") % {"value": LARGEST // 1024}
        )
    try:
        receipt = json.loads(data)
        check_form(receipt)
        _moment(receipt)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(_("This is no receipt: %(error)s.") % {"error": _why(error)}) from None
    return dict(receipt)


def _why(error: Exception) -> str:
    is_json = not isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError)
    return str(error) if is_json else _("it is not JSON")


def _moment(receipt: Mapping[str, Any]) -> datetime:
    moment = datetime.fromisoformat(receipt["time"])
    if moment.tzinfo is None:
        raise ValueError("its time has no zone")
    return moment


def _check_signature(receipt: Mapping[str, Any], version: Version) -> None:
    key = signing_key()
    if key is None:
        raise Conflict(_("This portal has no key of its own, so no receipt can be known to be its work."))
    found = verify_digest(receipt, version.digest, key.public_key())
    if not found.is_signed:
        raise InvalidInput(
            _(
                "The receipt is not signed. Anybody can write such a note, so it is not taken over: "
                "the portal "
                "takes over the receipts that it signed itself."
            )
        )
    if not found.is_genuine:
        raise InvalidInput(
            _("The receipt was changed after it was signed, or is damaged: download it again.")
        )
    if not found.is_trusted:
        raise InvalidInput(
            _(
                "The receipt is signed with another key (%(key)s…) than this portal's: only what "
                "this portal signed is taken over."
            )
            % {"key": found.key[:12]}
        )
    if not found.is_of_package:
        raise InvalidInput(
            _("The receipt is about another package (%(get)s…). The form holds %(label)s (%(digest)s…).")
            % {
                "get": str(receipt["package"].get("sha256", ""))[:12],
                "label": version.label,
                "digest": version.digest[:12],
            }
        )


def _verdict(
    submission: Submission, version: Version, receipt: Mapping[str, Any]
) -> tuple[Validation | None, str]:
    """The stored verdict that may be taken over, or why none may."""
    profile = {"change": change_kind(submission), "publisher": submission.connector.publisher.kind}
    baseline = baseline_of(submission)
    rules = str(receipt["rules"].get("version", ""))[:40]
    if rules != RULES_VERSION:
        return None, f"It was made under rules {rules}; rules {RULES_VERSION} are in force."
    if receipt["profile"] != profile:
        return None, "It was made for another kind of change or publisher."
    if receipt["baseline"] != (baseline.digest if baseline else ""):
        return None, "Another version is published by now, and updates are compared with it."
    if receipt.get("treatment", {}).get("revision", "") != standing_revision(profile_of(submission)):
        return None, "This portal treats some rules otherwise than when it was made."
    return _kept(submission, version, receipt)


def _kept(
    submission: Submission, version: Version, receipt: Mapping[str, Any]
) -> tuple[Validation | None, str]:
    """The run that the receipt was issued for, with its findings."""
    revision = receipt.get("treatment", {}).get("revision", "")
    kept = verdicts_on(submission, version).filter(baseline=receipt["baseline"], treatment=revision)
    found = kept.first()
    if found is None or found.created_at.replace(microsecond=0) != _moment(receipt):
        return None, "The findings of that run are not kept any more."
    said = (receipt["verdict"], receipt["counts"])
    is_same = (found.catalogued_verdict, found.catalogued_counts) == said
    if not is_same or check_died(found):
        return None, "The findings of that run are not kept any more."
    return found, ""
