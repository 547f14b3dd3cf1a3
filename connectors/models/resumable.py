"""Uploads that arrive in pieces, until they are whole or their time is over."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from connectors.models.connectors import Connector
from connectors.models.versions import Upload
from portal.shared.models import PublicIdModel


class ResumableUpload(PublicIdModel):
    """One file on its way, of one person. The first `received_bytes` of its file are good; what lies behind
    them was never confirmed. `digest` is the SHA-256 of the whole that was announced, if any; `upload` is
    what became of it."""

    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="resumable_uploads")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    filename = models.CharField(max_length=260)
    size_bytes = models.PositiveIntegerField()
    received_bytes = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField()
    upload = models.OneToOneField(
        Upload, null=True, on_delete=models.SET_NULL, related_name="arrived_resumable"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="resumableupload_within_its_size", condition=Q(received_bytes__lte=F("size_bytes"))
            )
        ]
        indexes = [models.Index(fields=["expires_at"], name="resumableupload_expires")]

    def __str__(self) -> str:
        return f"{self.filename}: {self.received_bytes} of {self.size_bytes}"

    @property
    def is_whole(self) -> bool:
        return self.received_bytes == self.size_bytes
