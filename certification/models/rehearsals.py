"""Rollbacks rehearsed in the Preview region, before anybody depends on one."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from certification.lifecycle import REHEARSAL, RehearsalState
from certification.models.previews import Preview
from connectors.models import Version
from portal.shared.models import PublicIdModel


class Rehearsal(PublicIdModel):
    """The Preview region goes back to the last good version and gets the new one again.

    `returns_to` is None for a first certification: the connector is removed and deployed again. The two acts
    are its deployments; their times are the proof.
    """

    preview = models.ForeignKey(Preview, on_delete=models.PROTECT, related_name="rehearsals")
    attempt = models.PositiveSmallIntegerField(default=1)
    returns_to = models.ForeignKey(Version, null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=RehearsalState.choices, default=RehearsalState.RUNNING)
    state_changed_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    message = models.TextField(blank=True)

    class Meta:
        ordering = ["-attempt"]
        constraints = [
            REHEARSAL.constraint("rehearsal_state_known"),
            models.UniqueConstraint(fields=["preview", "attempt"], name="rehearsal_attempt_once"),
            models.UniqueConstraint(
                fields=["preview"], condition=~Q(state="failed"), name="rehearsal_one_that_counts"
            ),
        ]

    def __str__(self) -> str:
        return f"Rehearsal {self.attempt} of {self.preview_id}"
