"""Every message to a person: what it said, how it left, whether it arrived."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from certification.models.submissions import Submission
from certification.models.watches import RegionWatch
from connectors.models import Publisher
from portal.shared.models import PublicIdModel
from portal.shared.secrets import EncryptedJSONField
from portal.shared.words import lazy as _


class Notification(PublicIdModel):
    """One event for one person, once (`dedupe_key`). It stays readable whatever the mail server does.

    `message_id` is fixed before the first attempt, so a repeated delivery is recognisable as the same mail.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting to be sent")
        DIGEST = "digest", _("Waiting for the daily mail")
        SENT = "sent", _("Sent")
        PORTAL = "portal", _("In the portal only")
        FAILED = "failed", _("Not delivered")

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="notifications"
    )
    address = models.EmailField()
    event = models.CharField(max_length=60)
    group = models.CharField(max_length=40)
    subject = models.CharField(max_length=200)
    body_text = models.TextField()
    body_html = models.TextField(blank=True)
    # A one-time key that the mail carries and the stored text does not; gone once the mail has left.
    sealed = EncryptedJSONField(null=True)
    url = models.CharField(max_length=300, blank=True)
    publisher = models.ForeignKey(
        Publisher, null=True, on_delete=models.CASCADE, related_name="notifications"
    )
    submission = models.ForeignKey(
        Submission, null=True, on_delete=models.CASCADE, related_name="notifications"
    )
    # What an answer by mail goes to; without one it opens a conversation on the submission.
    thread = models.ForeignKey(
        "certification.Thread", null=True, on_delete=models.SET_NULL, related_name="notifications"
    )
    # Deleted with the subscription, so that no address outlives what it was given for.
    watch = models.ForeignKey(RegionWatch, null=True, on_delete=models.CASCADE, related_name="notifications")
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    message_id = models.CharField(max_length=200, unique=True)
    dedupe_key = models.CharField(max_length=300, unique=True)
    digest_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="items")
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)
    queued_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="notification_state_known",
                condition=Q(state__in=["queued", "digest", "sent", "portal", "failed"]),
            )
        ]
        indexes = [
            models.Index(fields=["recipient", "-created_at"], name="notification_inbox"),
            models.Index(fields=["submission", "-created_at"], name="notification_of_submission"),
        ]

    def __str__(self) -> str:
        return self.subject
