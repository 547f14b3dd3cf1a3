"""What backends of connectors report of themselves: the rhythm they promise, and their last beats."""

from __future__ import annotations

from datetime import timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from connectors.heartbeats import LONGEST_MINUTES, Rhythm
from connectors.models.connectors import Connector

_MINUTES = [MinValueValidator(1), MaxValueValidator(LONGEST_MINUTES)]


class Heartbeat(models.Model):
    """The heartbeat that is expected of one connector's backend; no row while it is off.

    `missing_at` is when silence becomes an alert; every beat moves it. `is_failing` and `message` are
    what the last beat said.
    """

    connector = models.OneToOneField(
        Connector, on_delete=models.CASCADE, primary_key=True, related_name="heartbeat"
    )
    created_at = models.DateTimeField(db_default=Now())
    period_minutes = models.PositiveIntegerField(validators=_MINUTES)
    grace_minutes = models.PositiveIntegerField(validators=_MINUTES)
    missing_at = models.DateTimeField()
    heard_at = models.DateTimeField(null=True)
    is_failing = models.BooleanField(default=False, db_default=False)
    message = models.CharField(max_length=300, blank=True, db_default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="heartbeat_minutes_sane",
                condition=Q(period_minutes__gte=1, period_minutes__lte=LONGEST_MINUTES)
                & Q(grace_minutes__gte=1, grace_minutes__lte=LONGEST_MINUTES),
            )
        ]
        indexes = [models.Index(fields=["missing_at"], name="heartbeat_missing")]

    def __str__(self) -> str:
        return f"Heartbeat of {self.connector_id}"

    @property
    def rhythm(self) -> Rhythm:
        return Rhythm(timedelta(minutes=self.period_minutes), timedelta(minutes=self.grace_minutes))


class Beat(models.Model):
    """One report of a backend, kept for a while. `message` is the backend's own words, without secrets."""

    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="beats")
    at = models.DateTimeField()
    is_failing = models.BooleanField(default=False)
    message = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["connector", "-at", "-id"], name="beat_of_connector")]

    def __str__(self) -> str:
        return f"Beat of {self.connector_id}"


class HeartbeatWatch(models.Model):
    """When heartbeats were last looked at; one row. What lies between two looks that are far apart is an
    outage of the portal. While nobody at all is heard it `is_held` at the moment of the last word."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    checked_at = models.DateTimeField()
    is_held = models.BooleanField(default=False)

    class Meta:
        constraints = [models.CheckConstraint(name="heartbeatwatch_one_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return f"Heartbeats looked at {self.checked_at:%Y-%m-%d %H:%M}"
