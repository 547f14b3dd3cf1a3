"""Plans as data: waves of regions, calendars, freezes."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from certification.models.trains import Train
from connectors.models import Region
from portal.accounts.models import check_time_zone
from portal.shared.models import PublicIdModel
from portal.shared.words import lazy as _


def saturday_and_sunday() -> list[int]:
    return [5, 6]


def united_states() -> list[str]:
    return ["US"]


class Lane(models.TextChoices):
    """What a version changes, and with that how carefully it travels."""

    METADATA = "metadata", _("Metadata only")
    ADDITIVE = "additive", _("Additive")
    BREAKING = "breaking", _("Breaking")
    NEW = "new", _("New connector")
    HOTFIX = "hotfix", _("Hotfix")


class RolloutPlan(PublicIdModel):
    """Ordered waves of regions with a calendar. Never changed: an edit makes the next `revision`.

    `weekend` holds weekdays (Monday is 0); `holiday_countries` are ISO codes for the library `holidays`, a
    holiday of any of them closes the day; waves start at `start_time` in `time_zone`, at least
    `days_between_waves` business days apart. With `hours_between_waves` they start as soon as that many hours
    have passed instead, at any hour of an open day. The first wave boards `train`, the first opt-in wave
    `opt_in_train`, where there is one. Each lane has at most one default.
    """

    name = models.CharField(max_length=80)
    lane = models.CharField(max_length=8, choices=Lane.choices, default=Lane.ADDITIVE)
    revision = models.PositiveIntegerField(default=1)
    description = models.TextField(blank=True)
    time_zone = models.CharField(max_length=60, default="America/Los_Angeles", validators=[check_time_zone])
    weekend = ArrayField(models.PositiveSmallIntegerField(), default=saturday_and_sunday)
    holiday_countries = ArrayField(models.CharField(max_length=2), default=united_states, blank=True)
    start_time = models.TimeField(default=dt.time(9, 0))
    days_between_waves = models.PositiveSmallIntegerField(default=1)
    hours_between_waves = models.PositiveSmallIntegerField(default=0)
    train = models.ForeignKey(Train, null=True, on_delete=models.PROTECT, related_name="plans")
    opt_in_train = models.ForeignKey(Train, null=True, on_delete=models.PROTECT, related_name="opt_in_plans")
    # What gates between waves go by, where it is not the house's: fields of `gating.Thresholds`.
    gate_thresholds = models.JSONField(default=dict, blank=True)
    is_default = models.BooleanField(default=False)
    is_retired = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "revision"], name="plan_revision_once"),
            models.UniqueConstraint(
                fields=["lane"], condition=Q(is_default=True), name="plan_one_default_per_lane"
            ),
            models.CheckConstraint(name="plan_lane_known", condition=Q(lane__in=Lane.values)),
        ]

    def __str__(self) -> str:
        return f"{self.name} (revision {self.revision})" if self.revision > 1 else self.name


class PlanWave(models.Model):
    """A wave of a plan. The next one starts when this one has baked: `bake_seconds` of wall time,
    `bake_business_seconds` of working time and `bake_calls` of traffic have all passed since it was verified.

    `before_sign_off` waves are the Preview stage of a submission, the others its rollout. `is_opt_in` waves
    (sovereign regions) come last, after the public ones are complete, and only in rollouts that ask for them.
    """

    plan = models.ForeignKey(RolloutPlan, on_delete=models.CASCADE, related_name="waves")
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=80)
    before_sign_off = models.BooleanField(default=False)
    is_opt_in = models.BooleanField(default=False)
    bake_seconds = models.PositiveIntegerField(default=0)
    bake_business_seconds = models.PositiveIntegerField(default=0)
    bake_calls = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="planwave_number_once"),
            models.CheckConstraint(
                name="planwave_in_one_stage", condition=Q(before_sign_off=False) | Q(is_opt_in=False)
            ),
        ]

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
    """A time in which no wave starts: everywhere, or only in `regions` (codes), or only for connectors that
    sign in with one of `auth_kinds` (such as "oauth2").

    With `opens` it is the opposite: weekend days and holidays inside it count as working days. Where both
    apply, the freeze wins.
    """

    name = models.CharField(max_length=80)
    reason = models.TextField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    regions = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    auth_kinds = ArrayField(models.CharField(max_length=20), default=list, blank=True)
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
