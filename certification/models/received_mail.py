"""Mails that came in, and what became of each: never their words."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from certification.models.notifications import Notification
from certification.models.reviews import Comment
from portal.shared.models import PublicIdModel
from portal.shared.words import lazy as _


class ReceivedMail(PublicIdModel):
    """One mail to a signed address. `dedupe_key` is the SHA-256 of address and Message-ID, so that a mail
    that is delivered twice is one. The words are in the comment that it became, or nowhere."""

    class Outcome(models.TextChoices):
        COMMENT = "comment", _("Became a comment")
        DONE = "done", _("Was carried out")
        BOUNCED = "bounced", _("Report: not delivered")
        DELAYED = "delayed", _("Report: delayed")
        AUTOMATIC = "automatic", _("Automatic, left alone")
        STRANGER = "stranger", _("From another address")
        EXPIRED = "expired", _("Address too old")
        CLOSED = "closed", _("Conversation closed")
        FORBIDDEN = "forbidden", _("Writer may not comment")
        ATTACHED = "attached", _("Had attachments")
        UNUSABLE = "unusable", _("No words to take over")

    notification = models.ForeignKey(
        Notification, null=True, on_delete=models.SET_NULL, related_name="received"
    )
    comment = models.ForeignKey(Comment, null=True, on_delete=models.SET_NULL, related_name="+")
    sender = models.CharField(max_length=254, blank=True)
    size_bytes = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    detail = models.CharField(max_length=300, blank=True)
    dedupe_key = models.CharField(max_length=64, unique=True)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="receivedmail_outcome_known",
                condition=Q(
                    outcome__in=[
                        "comment", "done", "bounced", "delayed", "automatic", "stranger", "expired", "closed",
                        "forbidden", "attached", "unusable",
                    ]
                ),
            )
        ]  # fmt: skip
        indexes = [models.Index(fields=["-received_at"], name="receivedmail_newest")]

    def __str__(self) -> str:
        return f"{self.sender}: {self.get_outcome_display()}"
