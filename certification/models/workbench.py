"""What a reviewer keeps at the workbench: marks of what was seen, and replies used again and again."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from certification.models.submissions import Submission
from portal.shared.models import PublicIdModel


class ReviewMark(models.Model):
    """“I have seen this”: one person's tick on an operation, a file or a line of the checklist.

    `key` is "op:GetTides", "file:script.csx" or "check:tried"; `digest` is of what was seen. The tick counts
    as long as the same content stands there.
    """

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="review_marks")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=400)
    digest = models.CharField(max_length=64)
    revision_number = models.PositiveIntegerField()
    marked_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["submission", "user", "key"], name="reviewmark_once")]

    def __str__(self) -> str:
        return f"{self.key} by {self.user_id}"


class CannedReply(PublicIdModel):
    """A text with variables in braces ("{connector}") that reviewers start a comment from.

    `rules` are ids of rules it goes with: it comes first where one of them was broken. Replies that are not
    used any more are retired, never deleted; every change is in the audit trail with the text before it.
    """

    title = models.CharField(max_length=80)
    body = models.TextField()
    rules = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    is_active = models.BooleanField(default=True)
    edit_count = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(db_default=Now())

    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["title", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["title"], condition=Q(is_active=True), name="cannedreply_title_once"
            )
        ]

    def __str__(self) -> str:
        return self.title
