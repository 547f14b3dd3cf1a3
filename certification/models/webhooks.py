"""Where a team's own programs are told of events, and every attempt to tell them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from connectors.models import Membership, Publisher
from portal.shared.models import PublicIdModel
from portal.shared.secrets import EncryptedJSONField
from portal.shared.words import lazy as _


class WebhookEndpointQuerySet(models.QuerySet["WebhookEndpoint"]):
    def visible_to(self, user: Any) -> WebhookEndpointQuerySet:
        """Operators see those of every team; a person sees those of their teams."""
        if not user.is_authenticated:
            return self.none()
        if user.is_operator:
            return self
        return self.filter(publisher__in=Membership.objects.filter(user=user).values("publisher"))


class WebhookEndpoint(PublicIdModel):
    """An address that is told of a team's events.

    `secrets` signs what is sent: `current`, and `previous` until `previous_until` so that receivers can
    change over. `cursor` is the last place of the event log that was looked at for it. One attempt at a time
    runs for an endpoint: `busy_until` is its lease. `failing_since` is the first failure since the last
    success.
    """

    class Format(models.TextChoices):
        STANDARD = "standard", _("Standard Webhooks")
        SLACK = "slack", _("Slack")
        TEAMS = "teams", _("Microsoft Teams")

    publisher = models.ForeignKey(Publisher, on_delete=models.CASCADE, related_name="webhook_endpoints")
    url = models.URLField(max_length=500)
    description = models.CharField(max_length=120, blank=True)
    format = models.CharField(max_length=10, choices=Format.choices, default=Format.STANDARD)
    event_types = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    secrets = EncryptedJSONField()
    previous_until = models.DateTimeField(null=True)
    is_active = models.BooleanField(default=True)
    disabled_at = models.DateTimeField(null=True)
    disabled_because = models.CharField(max_length=300, blank=True)
    cursor = models.BigIntegerField(default=0)
    busy_until = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = WebhookEndpointQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.CheckConstraint(
                name="webhookendpoint_format_known", condition=Q(format__in=["standard", "slack", "teams"])
            ),
            models.UniqueConstraint(fields=["publisher", "url"], name="webhookendpoint_once"),
        ]

    def __str__(self) -> str:
        return self.description or self.url


class WebhookDelivery(PublicIdModel):
    """One message for one endpoint. `sequence` is its event's place in the log; a test has none.

    `attempts` lists what came of each try: {"at", "status", "ms", "error"}; `answer` is the last one's.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    sequence = models.BigIntegerField(null=True)
    event_type = models.CharField(max_length=100)
    body = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.JSONField(default=list)
    tries_left = models.PositiveSmallIntegerField(default=10)
    next_attempt_at = models.DateTimeField(null=True, db_default=Now())
    answer = models.CharField(max_length=1000, blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="webhookdelivery_state_known",
                condition=Q(state__in=["waiting", "delivered", "failed", "cancelled"]),
            ),
            models.UniqueConstraint(fields=["endpoint", "sequence"], name="webhookdelivery_once"),
        ]
        indexes = [
            models.Index(fields=["endpoint", "-created_at"], name="webhookdelivery_newest"),
            models.Index(fields=["created_at"], name="webhookdelivery_age"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} to {self.endpoint_id}"

    @property
    def last_attempt(self) -> dict[str, Any]:
        return self.attempts[-1] if self.attempts else {}
