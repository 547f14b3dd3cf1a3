"""Bringing a region that opened later what is live elsewhere."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from certification.lifecycle_of_catch_ups import CATCH_UP, CatchUpState
from connectors.models import Region
from portal.shared.models import PublicIdModel


class CatchUp(PublicIdModel):
    """One region gets the live version of every connector that is live elsewhere and not there.

    Each connector gets a wave of its own at the end of the rollout that made the version live
    (`RolloutWave.catch_up`), at most `per_day` of them planned for one day, none before `starts_on`. While it
    is held nothing new starts; what is with the region ends by itself. `next_step_at` is when the scheduler
    looks again, None when there is nothing left to do.
    """

    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="catch_ups")
    state = models.CharField(max_length=9, choices=CatchUpState.choices, default=CatchUpState.RUNNING)
    state_changed_at = models.DateTimeField(db_default=Now())
    starts_on = models.DateField()
    per_day = models.PositiveSmallIntegerField()
    reason = models.TextField()
    hold_reason = models.TextField(blank=True)
    next_step_at = models.DateTimeField(null=True, db_default=Now())
    finished_at = models.DateTimeField(null=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            CATCH_UP.constraint("catchup_state_known"),
            models.UniqueConstraint(
                fields=["region"], condition=Q(state__in=["running", "held"]), name="catchup_one_open"
            ),
            models.CheckConstraint(name="catchup_some_a_day", condition=Q(per_day__gte=1)),
        ]

    def __str__(self) -> str:
        return f"Catch-up of {self.region_id}"
