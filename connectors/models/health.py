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


class Counted(models.Model):
    """Calls, those that succeeded, and those answered with 429."""

    requests = models.BigIntegerField()
    successes = models.BigIntegerField()
    throttled = models.BigIntegerField()

    class Meta:
        abstract = True


class HealthCounts(Counted):
    """What was counted of one operation of one version in one region over a span of time.

    `statuses` maps an HTTP status to a count; `latency` counts calls per bucket of LATENCY_BOUNDS_MS
    (`connectors.latency`), the last one being everything slower. `connections` is the peak of the span.
    """

    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="%(class)ss")
    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+")
    version_label = models.CharField(max_length=40)
    operation = models.CharField(max_length=200)
    statuses = models.JSONField(default=dict)
    latency = ArrayField(models.BigIntegerField(), default=list)
    connections = models.IntegerField(default=0)

    class Meta:
        abstract = True


class HealthHour(HealthCounts):
    """One hour: what pages of up to 30 days read."""

    hour = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connector", "hour", "region", "version_label", "operation"], name="healthhour_once"
            )
        ]
        indexes = [models.Index(fields=["hour"], name="healthhour_age")]

    def __str__(self) -> str:
        return f"{self.connector_id} {self.operation} {self.hour:%Y-%m-%d %H}h"


class HealthDay(HealthCounts):
    """One day in UTC: what pages of more than 30 days read."""

    day = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connector", "day", "region", "version_label", "operation"], name="healthday_once"
            )
        ]
        indexes = [models.Index(fields=["day"], name="healthday_age")]

    def __str__(self) -> str:
        return f"{self.connector_id} {self.operation} {self.day}"


class HealthConnectorHour(Counted):
    """One hour of a connector over everything but Preview: what the overview of all connectors reads,
    as the hours of every operation in every region are too many to add up. Kept for days only.
    """

    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="+")
    hour = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hour", "connector"], name="healthconnectorhour_once")]

    def __str__(self) -> str:
        return f"{self.connector_id} {self.hour:%Y-%m-%d %H}h"


class HealthMinute(Counted):
    """One minute of a connector over everything: what alerts read. Kept for days only."""

    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="health_minutes")
    minute = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connector", "minute"], name="healthminute_once")]
        indexes = [models.Index(fields=["minute"], name="healthminute_age")]

    def __str__(self) -> str:
        return f"{self.connector_id} {self.minute:%Y-%m-%d %H:%M}"
