"""The Preview stage of a submission: deployed to one region, tested and signed off by its owner."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from certification.lifecycle import PREVIEW, PreviewState
from certification.models.submissions import Revision, Submission
from connectors.models import Region, Version
from portal.shared.models import PublicIdModel


class Preview(PublicIdModel):
    """One package in the Preview region. `deadline_at` is set when the region has it and the team was
    told.
    """

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="previews")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="previews")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="previews")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=PreviewState.choices, default=PreviewState.DEPLOYING)
    state_changed_at = models.DateTimeField(db_default=Now())
    opened_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)
    reminders_sent = models.PositiveSmallIntegerField(default=0)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reasons = models.TextField(blank=True)
    # What the person who signed off says was tested: keys of the checklist shown to them.
    checked = models.JSONField(default=list)
    # Operation ids that had too few successful runs when it was signed off, as confirmed by that person.
    untested = models.JSONField(default=list)

    class Meta:
        constraints = [
            PREVIEW.constraint("preview_state_known"),
            models.UniqueConstraint(
                fields=["submission"],
                condition=Q(state__in=["deploying", "failed", "testing", "expired"]),
                name="preview_one_open",
            ),
        ]
        indexes = [
            models.Index(fields=["deadline_at"], condition=Q(state="testing"), name="preview_deadline")
        ]

    def __str__(self) -> str:
        return f"Preview of {self.version}"
