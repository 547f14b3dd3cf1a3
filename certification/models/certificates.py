"""Certificates as they were signed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from certification.models.submissions import Submission
from connectors.models import Version
from portal.shared.models import PublicIdModel
from portal.shared.words import lazy as _


class Certificate(PublicIdModel):
    """What the portal signed about a version: at its approval, and once it is live in every region.

    `envelope` is the DSSE envelope, `key_id` the SHA-256 of the key that signed it. Never changed.
    """

    class Kind(models.TextChoices):
        APPROVAL = "approval", _("Approval")
        FINAL = "final", _("Live everywhere")

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="certificates")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    envelope = models.JSONField()
    key_id = models.CharField(max_length=64)
    issued_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["issued_at"]
        constraints = [
            models.CheckConstraint(
                name="certificate_kind_known", condition=Q(kind__in=["approval", "final"])
            ),
            models.UniqueConstraint(fields=["submission", "version", "kind"], name="certificate_once"),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id} {self.kind}"
