"""What follows from a verdict: conditions of an approval, and appeals against a rejection."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from certification.lifecycle import APPEAL, CONDITION, AppealState, ConditionState
from certification.models.reviews import Decision
from certification.models.submissions import Submission
from portal.shared.models import PublicIdModel
from portal.shared.words import lazy as _


class DecisionCondition(PublicIdModel):
    """Something an approval asks for. While it is open, the rollout is not scheduled (`rollout`), or it is on
    the reviewer's list when the next version comes (`next_version`)."""

    class Due(models.TextChoices):
        ROLLOUT = "rollout", _("before the rollout")
        NEXT_VERSION = "next_version", _("in the next version")

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="conditions")
    text = models.TextField()
    due = models.CharField(max_length=12, choices=Due.choices)
    state = models.CharField(max_length=8, choices=ConditionState.choices, default=ConditionState.OPEN)
    state_changed_at = models.DateTimeField(db_default=Now())
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            CONDITION.constraint("condition_state_known"),
            models.CheckConstraint(
                name="condition_due_known", condition=Q(due__in=["rollout", "next_version"])
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class Appeal(PublicIdModel):
    """The team's objection to a rejection, once for each. Administrators decide until `due_at`, never the
    reviewer who rejected. `successor` is the draft that an appeal brought back, with its old place in the
    queue."""

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="appeal")
    text = models.TextField()
    raised_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=AppealState.choices, default=AppealState.OPEN)
    state_changed_at = models.DateTimeField(db_default=Now())
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    answer = models.TextField(blank=True)
    successor = models.ForeignKey(Submission, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["due_at"]
        constraints = [
            APPEAL.constraint("appeal_state_known"),
            models.CheckConstraint(
                name="appeal_answered",
                condition=~Q(state__in=["upheld", "overturned"]) | ~Q(answer=""),
            ),
        ]

    def __str__(self) -> str:
        return f"Appeal against {self.decision}"
