"""Telemetry as regions push it, and the hours it is rolled up into.

The samples themselves live in `connectors_sample`, a table partitioned by day that a migration creates: one
row per (region, connector, version, operation, minute) and batch, written by COPY.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from connectors.models.connectors import Connector, Region


class TelemetryBatch(models.Model):
    """A batch that was taken in. Its id comes from the region, so a repeated push has no second effect.

    `events` were stored, `rejected` were not; `reasons` counts the latter by reason. `first_minute` and
    `last_minute` bound the stored ones (None without any). `rolled_up_at` says that its samples are in the
    hours.
    """

    id = models.UUIDField(primary_key=True)
    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+")
    received_at = models.DateTimeField(db_default=Now())
    events = models.PositiveIntegerField()
    rejected = models.PositiveIntegerField(default=0)
    reasons = models.JSONField(default=dict)
    first_minute = models.DateTimeField(null=True)
    last_minute = models.DateTimeField(null=True)
    rolled_up_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["received_at"], name="telemetrybatch_age"),
            models.Index(
                fields=["received_at"], condition=Q(rolled_up_at=None), name="telemetrybatch_to_roll_up"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class HealthHour(models.Model):
    """One hour of one operation of one version in one region.

    `statuses` maps an HTTP status to a count; `latency` counts calls per bucket of LATENCY_BOUNDS_MS
    (`connectors.latency`), the last one being everything slower. `connections` is the hour's peak.
    """

    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="health_hours")
    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+")
    version_label = models.CharField(max_length=40)
    operation = models.CharField(max_length=200)
    hour = models.DateTimeField()
    requests = models.BigIntegerField()
    successes = models.BigIntegerField()
    throttled = models.BigIntegerField()
    statuses = models.JSONField(default=dict)
    latency = ArrayField(models.BigIntegerField(), default=list)
    connections = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connector", "hour", "region", "version_label", "operation"], name="healthhour_once"
            )
        ]
        indexes = [models.Index(fields=["hour"], name="healthhour_age")]

    def __str__(self) -> str:
        return f"{self.connector_id} {self.operation} {self.hour:%Y-%m-%d %H}h"
