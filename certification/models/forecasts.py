"""What was forecast when: the record that slips and the portal's own error are read from."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from certification.models.rollouts import Rollout
from connectors.models import Region


class ForecastSnapshot(models.Model):
    """The band of a region from `at` until the next row, of the whole rollout where there is no region.

    Half arrive by `early`, nine of ten by `late`. `cause` is the event after which it was made and `actor`
    whoever did it. Written only when the band moved, never changed. `slipped_from` is the late end before,
    where it moved by more than half a business day.
    """

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="forecasts")
    region = models.ForeignKey(Region, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    early = models.DateTimeField()
    late = models.DateTimeField()
    is_measured = models.BooleanField(default=False)
    cause = models.CharField(max_length=60)
    reason = models.TextField(blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    slipped_from = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(name="forecast_early_first", condition=Q(late__gte=F("early"))),
        ]
        indexes = [
            models.Index(fields=["rollout", "region", "-at"], name="forecast_newest"),
            models.Index(
                fields=["rollout", "-at"], condition=Q(slipped_from__isnull=False), name="forecast_slips"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.region_id or 'all'}: {self.early:%d %b} to {self.late:%d %b}"

    @property
    def is_later(self) -> bool:
        return self.slipped_from is not None and self.late > self.slipped_from


class SubmitByDate(models.Model):
    """The last moment to submit in one lane for one freeze or departure, as it was last worked out.

    Written anew when it moves, so that calendars can follow: `revision` grows with every change. Without
    `submit_by` it is too late, or what it was for was taken back.
    """

    key = models.CharField(max_length=120)
    lane = models.CharField(max_length=12)
    kind = models.CharField(max_length=8)
    name = models.CharField(max_length=120)
    starts_at = models.DateTimeField()
    submit_by = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["starts_at", "key", "lane"]
        constraints = [
            models.UniqueConstraint(fields=["key", "lane"], name="submitbydate_once"),
            models.CheckConstraint(name="submitbydate_kind_known", condition=Q(kind__in=["freeze", "train"])),
        ]

    def __str__(self) -> str:
        return f"{self.key}, {self.lane}"
