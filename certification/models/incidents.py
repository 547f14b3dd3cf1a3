"""Incidents of the platform: what is wrong, whom it concerns, and that their rollouts pause."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from certification.lifecycle import INCIDENT, IncidentState
from connectors.models import Connector
from portal.shared.models import PublicIdModel


class Incident(PublicIdModel):
    """Something is wrong. While it is open, rollouts that it concerns pause.

    It concerns a rollout that meets every condition given: one of `auth_kinds`, one of `connectors`, a
    version for one of `products` (keys of `certification.data.products`), a next wave in one of `regions`.
    What is empty is no condition; without any it concerns everybody.
    """

    title = models.CharField(max_length=120)
    text = models.TextField()
    state = models.CharField(max_length=6, choices=IncidentState.choices, default=IncidentState.OPEN)
    state_changed_at = models.DateTimeField(db_default=Now())
    auth_kinds = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    regions = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    products = ArrayField(models.CharField(max_length=20), default=list, db_default=[], blank=True)
    connectors = models.ManyToManyField(Connector, blank=True, related_name="incidents")
    is_public = models.BooleanField(default=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    closed_at = models.DateTimeField(null=True)
    closing_note = models.TextField(blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            INCIDENT.constraint("incident_state_known"),
            models.CheckConstraint(
                name="incident_closed_with_a_time",
                condition=Q(state="open", closed_at__isnull=True)
                | Q(state="closed", closed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title
