"""Certificates of a submission, and what they say."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from certification.models import Certificate, Submission


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """A certificate with the part of its statement that a page shows."""

    row: Certificate
    about: dict[str, Any]


def certificates_of(submission: Submission) -> QuerySet[Certificate]:
    """The newest first."""
    found = Certificate.objects.filter(submission=submission)
    return found.select_related("version").order_by("-issued_at")


def shown_certificates(submission: Submission) -> list[ShownCertificate]:
    return [ShownCertificate(row, predicate_of(row)) for row in certificates_of(submission)]


def predicate_of(certificate: Certificate) -> dict[str, Any]:
    """What the statement in a stored envelope says. The portal signed it itself, so it is read unverified."""
    statement = json.loads(base64.b64decode(certificate.envelope["payload"]))
    return dict(statement["predicate"])
