"""Regions without an interface: what people are asked to do there, what they saw, and what is only played."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from certification.lifecycle import REGION_TASK, RegionTaskState
from connectors.models import Connector, Region
from portal.shared.models import PublicIdModel


class RegionTaskQuerySet(models.QuerySet["RegionTask"]):
    def visible_to(self, user: Any) -> RegionTaskQuerySet:
        """Operators do the work; nobody else sees it."""
        return self if getattr(user, "is_operator", False) else self.none()


class RegionTask(PublicIdModel):
    """A command for a region that is served by hand: somebody carries it out and says how it ended.

    It is the region's memory of the command: `key` and `number` are those of the region protocol.
    """

    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="tasks")
    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="region_tasks")
    key = models.CharField(max_length=200, unique=True)
    number = models.PositiveBigIntegerField()
    action = models.CharField(max_length=8)
    version_label = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=RegionTaskState.choices, default=RegionTaskState.OPEN)
    state_changed_at = models.DateTimeField(db_default=Now())
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    message = models.TextField(blank=True)

    objects = RegionTaskQuerySet.as_manager()

    class Meta:
        constraints = [
            REGION_TASK.constraint("regiontask_state_known"),
            models.UniqueConstraint(fields=["connector", "region", "number"], name="regiontask_number_once"),
            models.UniqueConstraint(
                fields=["connector", "region"],
                condition=Q(state__in=["open", "taken"]),
                name="regiontask_one_open",
            ),
            models.CheckConstraint(
                name="regiontask_settled_by_somebody",
                condition=~Q(state__in=["done", "failed"]) | Q(settled_by__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"], condition=Q(state__in=["open", "taken"]), name="regiontask_waiting"
            )
        ]

    def __str__(self) -> str:
        return f"{self.version_label} by hand in {self.region_id}"


class Sighting(models.Model):
    """What a person saw running in a region: a package by its digest, or nothing (an empty one). Never
    edited; the newest counts, for as many days as the region's settings say.
    """

    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="sightings")
    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="sightings")
    digest = models.CharField(max_length=64, blank=True)
    seen_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["connector", "region", "-seen_at"], name="sighting_newest")]

    def __str__(self) -> str:
        return f"{self.digest[:12] or 'nothing'} in {self.region_id}"


class SimulatedOperation(models.Model):
    """A command that a simulated region accepted. How far it is follows from the time: nothing updates it."""

    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+")
    connector_slug = models.CharField(max_length=100)
    key = models.CharField(max_length=200, unique=True)
    number = models.PositiveBigIntegerField()
    action = models.CharField(max_length=8)
    version_label = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    accepted_at = models.DateTimeField(db_default=Now())
    settles_at = models.DateTimeField()
    fails = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["region", "connector_slug", "number"], name="simulated_number_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.version_label} played in {self.region_id}"
