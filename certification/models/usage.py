"""What use says about an error: breaking changes that reach nobody."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from certification.models.submissions import Submission
from certification.models.validation import Validation


class UsageJudgement(models.Model):
    """An error of an update that counts as a warning: fewer connections than the threshold use what it
    touches. Made when the package is checked; the verdict itself, which is the same everywhere, stays.

    `operations` are the operations it touches, empty for all of the connector; `reason` is shown to people.
    """

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="usage_judgements")
    validation = models.ForeignKey(Validation, on_delete=models.CASCADE, related_name="+")
    rule = models.CharField(max_length=20)
    fingerprint = models.CharField(max_length=64)
    operations = models.JSONField(default=list)
    connections = models.PositiveIntegerField()
    threshold = models.PositiveIntegerField()
    reason = models.CharField(max_length=400)
    judged_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "validation", "rule", "fingerprint"], name="usagejudgement_once"
            ),
            models.CheckConstraint(
                name="usagejudgement_below",
                condition=models.Q(connections__lt=models.F("threshold")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {self.connections} connections"
