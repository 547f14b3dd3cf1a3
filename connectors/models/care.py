"""What a publisher tells of a connector in use: known issues, and the request for general availability."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from connectors.lifecycle import AVAILABILITY, AvailabilityState
from connectors.models.connectors import Connector
from portal.shared.models import PublicIdModel


class OfConnectorQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> OfConnectorQuerySet:
        """Those of the connectors the person sees."""
        return self.filter(connector__in=Connector.objects.visible_to(user))


class KnownIssue(PublicIdModel):
    """Something users of a connector run into, told without a release.

    With `status` it is the publisher's explanation of that error code, once per code; without, an issue of
    its own. `text` is Markdown. `resolved_at` takes it off the public page.
    """

    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="known_issues")
    status = models.PositiveSmallIntegerField(null=True)
    title = models.CharField(max_length=120)
    text = models.TextField(max_length=4000)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(db_default=Now())
    resolved_at = models.DateTimeField(null=True)

    objects = OfConnectorQuerySet.as_manager()

    class Meta:
        ordering = ["status", "-changed_at"]
        constraints = [
            models.CheckConstraint(
                name="knownissue_status_is_an_error",
                condition=Q(status__isnull=True) | Q(status__gte=400, status__lte=599),
            ),
            models.UniqueConstraint(
                fields=["connector", "status"],
                condition=Q(status__isnull=False, resolved_at__isnull=True),
                name="knownissue_one_per_code",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class AvailabilityRequest(PublicIdModel):
    """A team asks that its connector leave Preview quality: general availability.

    `scorecard` is every criterion as it stood when it was asked for. The granted request is what makes the
    connector generally available.
    """

    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="availability_requests")
    state = models.CharField(
        max_length=10, choices=AvailabilityState.choices, default=AvailabilityState.REQUESTED
    )
    state_changed_at = models.DateTimeField(db_default=Now())
    scorecard = models.JSONField(default=list)
    support_hours = models.CharField(max_length=200)
    note = models.TextField(blank=True, max_length=2000)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reasons = models.TextField(blank=True)

    objects = OfConnectorQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            AVAILABILITY.constraint("availabilityrequest_state_known"),
            models.UniqueConstraint(
                fields=["connector"],
                condition=Q(state__in=["requested", "granted"]),
                name="availabilityrequest_one",
            ),
        ]

    def __str__(self) -> str:
        return f"General availability of {self.connector}"
