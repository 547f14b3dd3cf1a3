"""The contributor agreement: its texts, each a version for ever, and who signed which."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from connectors.models import Publisher
from portal.shared.models import PublicIdModel


class AgreementText(PublicIdModel):
    """One version of the agreement. `digest` is the SHA-256 of the text in UTF-8; neither ever changes.

    With `must_be_signed_anew` signatures of earlier versions count no longer from this one on.
    """

    version = models.PositiveIntegerField(unique=True)
    text = models.TextField()
    digest = models.CharField(max_length=64)
    note = models.CharField(max_length=300, blank=True)
    must_be_signed_anew = models.BooleanField(default=False)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-version"]

    def __str__(self) -> str:
        return f"{self.version}"


class AgreementSignature(PublicIdModel):
    """A person's word for one version: for themselves, or as an owner for the whole team (`publisher`).

    `digest` repeats what was signed. `logins` are the signer's accounts at code hosts, in small letters, as
    they said themselves. A signature that was withdrawn counts no longer, and stays as a record.
    """

    text = models.ForeignKey(AgreementText, on_delete=models.PROTECT, related_name="signatures")
    digest = models.CharField(max_length=64)
    signer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="agreement_signatures"
    )
    publisher = models.ForeignKey(
        Publisher, null=True, on_delete=models.PROTECT, related_name="agreement_signatures"
    )
    signed_name = models.CharField(max_length=120)
    logins = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    signed_at = models.DateTimeField(db_default=Now())
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["-signed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["text", "signer"],
                name="agreementsignature_person_once",
                condition=Q(publisher=None, withdrawn_at=None),
            ),
            models.UniqueConstraint(
                fields=["text", "publisher"],
                name="agreementsignature_team_once",
                condition=Q(publisher__isnull=False, withdrawn_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.signed_name}, version {self.text_id}"

    @property
    def is_withdrawn(self) -> bool:
        return self.withdrawn_at is not None
