"""Plans as data: waves of regions, calendars, freezes."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from connectors.models import Region
from portal.accounts.models import check_time_zone
from portal.shared.models import PublicIdModel


def saturday_and_sunday() -> list[int]:
    return [5, 6]


class RolloutPlan(PublicIdModel):
    """Ordered waves of regions with a calendar. Never changed: an edit makes the next `revision`.

    `weekend` holds weekdays (Monday is 0); `holiday_country` is an ISO code for the library `holidays`;
    waves start at `start_time` in `time_zone`, at least `days_between_waves` business days apart.
    """

    name = models.CharField(max_length=80)
    revision = models.PositiveIntegerField(default=1)
    description = models.TextField(blank=True)
    time_zone = models.CharField(max_length=60, default="America/Los_Angeles", validators=[check_time_zone])
    weekend = ArrayField(models.PositiveSmallIntegerField(), default=saturday_and_sunday)
    holiday_country = models.CharField(max_length=2, blank=True, default="US")
    start_time = models.TimeField(default=dt.time(9, 0))
    days_between_waves = models.PositiveSmallIntegerField(default=1)
    is_default = models.BooleanField(default=False)
    is_retired = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "revision"], name="plan_revision_once"),
            models.UniqueConstraint(F("is_default"), condition=Q(is_default=True), name="plan_one_default"),
        ]

    def __str__(self) -> str:
        return f"{self.name} (revision {self.revision})" if self.revision > 1 else self.name


class PlanWave(models.Model):
    plan = models.ForeignKey(RolloutPlan, on_delete=models.CASCADE, related_name="waves")
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=80)
    # Waves before the sign-off are the Preview stage of a submission; the others are its rollout.
    before_sign_off = models.BooleanField(default=False)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["plan", "number"], name="planwave_number_once")]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class PlanWaveRegion(models.Model):
    """A region's place in a plan; the database refuses a second place for it."""

    plan = models.ForeignKey(RolloutPlan, on_delete=models.CASCADE, related_name="places")
    wave = models.ForeignKey(PlanWave, on_delete=models.CASCADE, related_name="places")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plan", "region"], name="planwaveregion_once")]

    def __str__(self) -> str:
        return f"{self.region_id} in wave {self.wave_id}"


class Freeze(PublicIdModel):
    """A time in which no wave starts: everywhere, or only in `regions` (codes).

    With `opens` it is the opposite: weekend days and holidays inside it count as working days. Where both
    apply, the freeze wins.
    """

    name = models.CharField(max_length=80)
    reason = models.TextField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    regions = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    opens = models.BooleanField(default=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    cancelled_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(name="freeze_ends_after_start", condition=Q(ends_at__gt=F("starts_at")))
        ]

    def __str__(self) -> str:
        return self.name
