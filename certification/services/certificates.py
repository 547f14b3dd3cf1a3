"""Issuing certificates: what was checked, decided and deployed, in one signed statement."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from certification.attestation import seal, statement
from certification.attestation.envelope import key_id
from certification.models import Certificate, Decision, Placement, Rollout, Submission, Waiver
from certification.queries.validation import known_validation
from certification.services.clock import database_now
from certification.services.receipts import signing_key
from connectors.models import Version
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM

log = structlog.get_logger(__name__)
_PSEUDONYM_CHARACTERS = 16


def issue_for_approval(submission_id: UUID | str) -> Certificate | None:
    """The certificate of what reviewers approved; None without a key, or when nothing was approved."""
    submission = _loaded(submission_id)
    decision = submission.decisions.filter(verdict=Decision.Verdict.APPROVE).order_by("-created_at").first()
    if decision is None:
        return None
    return _issue(submission, decision.revision.version, Certificate.Kind.APPROVAL, [])


def issue_for_rollout(rollout_id: UUID | str) -> Certificate | None:
    """The certificate of a version that is live in every region, with what probes found there."""
    rollout = Rollout.objects.select_related("version").get(pk=rollout_id)
    regions = [
        {
            "region": placement.region_id,
            "verified_at": _moment(placement.probed_at),
            "digest": placement.probed_digest,
        }
        for placement in Placement.objects.filter(
            connector_id=rollout.connector_id, verified_version=rollout.version
        ).order_by("region_id")
    ]
    return _issue(_loaded(rollout.submission_id), rollout.version, Certificate.Kind.FINAL, regions)


def envelope_for(version: Version) -> dict[str, Any] | None:
    """The certificate that goes to a region with the package; made now where the job that makes it has not
    run yet, or where the approval is older than the portal's key. None when nobody approved the package here.
    """
    found = Certificate.objects.filter(version=version).order_by("-issued_at")
    key = signing_key()
    todays = found.filter(key_id=key_id(key.public_key())) if key else found.none()
    known = todays.first() or found.first()
    if known is None:
        approval = (
            Decision.objects.filter(revision__version=version, verdict=Decision.Verdict.APPROVE)
            .order_by("-created_at")
            .first()
        )
        known = issue_for_approval(approval.submission_id) if approval else None
    return dict(known.envelope) if known and known.version_id == version.pk else None


def _loaded(submission_id: UUID | str) -> Submission:
    return Submission.objects.select_related("connector__publisher").get(pk=submission_id)


def _issue(
    submission: Submission, version: Version, kind: str, regions: list[dict[str, Any]]
) -> Certificate | None:
    key = signing_key()
    if key is None:
        log.info("certificate_without_key", submission=submission.reference)
        return None
    name = f"{submission.connector.slug}-{version.label}.zip"
    signed = seal(statement(name, version.digest, _certificate(submission, version, kind, regions)), key)
    with transaction.atomic():
        # One kind a version: a job that runs twice finds what is there.
        found, is_new = Certificate.objects.get_or_create(
            submission=submission,
            version=version,
            kind=kind,
            defaults={"envelope": signed, "key_id": key_id(key.public_key())},
        )
        if is_new:
            about = [submission, submission.connector]
            audit.record("certificate.issue", found, actor=SYSTEM, about=about, data={"kind": kind})
            outbox.emit("certificate.tag", id=str(found.pk))
    return found


def _certificate(
    submission: Submission, version: Version, kind: str, regions: list[dict[str, Any]]
) -> dict[str, Any]:
    connector = submission.connector
    return {
        "portal": settings.SITE_URL,
        "kind": kind,
        "issued_at": _moment(database_now()),
        "connector": {"slug": connector.slug, "name": connector.name},
        "publisher": {"slug": connector.publisher.slug, "kind": connector.publisher.kind},
        "submission": {"reference": submission.reference, "kind": submission.kind},
        "version": {"label": version.label, "number": version.number},
        "rules": _rules(submission, version),
        "waivers": [_waiver(each) for each in submission.waivers.filter(state="approved").order_by("pk")],
        "decisions": [
            {
                "verdict": each.verdict,
                "at": _moment(each.created_at),
                "reviewer": pseudonym(each.reviewer_id),
                "digest": each.digest,
            }
            for each in submission.decisions.order_by("created_at")
        ],
        "regions": regions,
    }


def _rules(submission: Submission, version: Version) -> dict[str, Any]:
    validation = known_validation(submission, version)
    if validation is None:
        return {}
    broken = Counter(validation.findings.filter(severity="error").values_list("rule", flat=True))
    return {
        "version": validation.rules_version,
        "verdict": validation.verdict,
        "errors": validation.errors,
        "warnings": validation.warnings,
        "broken": dict(sorted(broken.items())),
    }


def _waiver(waiver: Waiver) -> dict[str, Any]:
    return {
        "rule": waiver.rule,
        "is_acknowledgement": waiver.is_acknowledgement,
        "decided_by": pseudonym(waiver.decided_by_id) if waiver.decided_by_id else None,
        "expires_on": waiver.expires_on.isoformat() if waiver.expires_on else None,
    }


def pseudonym(user_id: UUID) -> str:
    """The same for a person in all certificates of this portal, and nothing that leads back to them."""
    made = salted_hmac("certificate.pseudonym", str(user_id), algorithm="sha256").hexdigest()
    return f"reviewer-{made[:_PSEUDONYM_CHARACTERS]}"


def _moment(at: Any) -> str | None:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z") if at else None
