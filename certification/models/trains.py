"""Trains that rollouts board, and the places taken on their departures."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from portal.accounts.models import check_time_zone
from portal.shared.models import PublicIdModel


def friday() -> list[int]:
    return [4]


class Train(PublicIdModel):
    """Leaves on `weekdays` (Monday is 0) at `departs_at` in `time_zone`; boarding closes `cutoff_hours`
    earlier.

    At most `capacity` rollouts travel together, at most `per_publisher` of one publisher (0: no limit), and
    only those of `lanes` (empty: all).
    """

    name = models.CharField(max_length=80)
    description = models.TextField(blank=True)
    time_zone = models.CharField(max_length=60, default="America/Los_Angeles", validators=[check_time_zone])
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=friday)
    departs_at = models.TimeField(default=dt.time(9, 0))
    cutoff_hours = models.PositiveSmallIntegerField(default=24)
    capacity = models.PositiveSmallIntegerField(default=20)
    per_publisher = models.PositiveSmallIntegerField(default=0)
    lanes = ArrayField(models.CharField(max_length=8), default=list, blank=True)
    is_retired = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["name"], condition=Q(is_retired=False), name="train_name_once"),
            models.CheckConstraint(name="train_has_places", condition=Q(capacity__gt=0)),
        ]

    def __str__(self) -> str:
        return self.name


class TrainBoarding(PublicIdModel):
    """A wave's place on one departure; given up (`left_at`) when the wave takes another one or none."""

    train = models.ForeignKey(Train, on_delete=models.PROTECT, related_name="boardings")
    rollout = models.ForeignKey("certification.Rollout", on_delete=models.CASCADE, related_name="boardings")
    wave_number = models.PositiveSmallIntegerField()
    departs_at = models.DateTimeField()
    boarded_at = models.DateTimeField(db_default=Now())
    left_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["departs_at", "boarded_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["rollout", "wave_number"], condition=Q(left_at=None), name="trainboarding_one_place"
            )
        ]
        indexes = [
            models.Index(
                fields=["train", "departs_at"], condition=Q(left_at=None), name="trainboarding_departure"
            )
        ]

    def __str__(self) -> str:
        return f"Wave {self.wave_number} on {self.departs_at:%d %b %H:%M}"
