"""Uploads as they came in, and the immutable packages made of them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from connectors.models.connectors import Connector
from portal.shared.models import PublicIdModel
from portal.shared.words import lazy as _


class Version(PublicIdModel):
    """An immutable package, named by the SHA-256 of its canonical bytes. The database refuses to change it.

    `number` counts the connector's packages; `label` is what people call it ("1.4.0"). `facts` are what the
    reader saw: title, operations, authentication kinds and so on. `tree` is the list of files.
    """

    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    label = models.CharField(max_length=40)
    digest = models.CharField(max_length=64)
    size_bytes = models.PositiveIntegerField()
    tree = models.JSONField(default=list)
    facts = models.JSONField(default=dict)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connector", "number"], name="version_number_once"),
            models.UniqueConstraint(fields=["connector", "digest"], name="version_digest_once"),
            # Regions report by label, so a label means one package of its connector.
            models.UniqueConstraint(fields=["connector", "label"], name="version_label_once"),
            models.CheckConstraint(
                name="version_digest_is_sha256", condition=Q(digest__regex="^[0-9a-f]{64}$")
            ),
        ]
        indexes = [models.Index(fields=["digest"], name="version_digest")]

    def __str__(self) -> str:
        return f"{self.connector} {self.label}"


class Upload(PublicIdModel):
    """What somebody sent, kept byte for byte by digest whatever was wrong with it.

    `problems` are the reader's findings (file, line, column, what to do); a refused upload has no version.
    """

    class State(models.TextChoices):
        ACCEPTED = "accepted", _("Accepted")
        REFUSED = "refused", _("Refused")

    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="uploads")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    filename = models.CharField(max_length=200)
    size_bytes = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State.choices)
    tree = models.JSONField(default=list)
    problems = models.JSONField(default=list)
    version = models.ForeignKey(Version, null=True, on_delete=models.PROTECT, related_name="uploads")
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="upload_state_and_version",
                condition=Q(state="accepted", version__isnull=False)
                | Q(state="refused", version__isnull=True),
            )
        ]
        indexes = [models.Index(fields=["connector", "-received_at"], name="upload_of_connector")]

    def __str__(self) -> str:
        return f"{self.filename} ({self.get_state_display()})"
