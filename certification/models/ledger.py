"""The time ledger: who held which time of a submission, and the pauses of its clocks."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from certification.models.previews import Preview
from certification.models.submissions import Submission
from portal.shared.models import PublicIdModel
from portal.shared.words import lazy as _


class Holder(models.TextChoices):
    """Who a second of a submission's life belongs to. Exactly one of them holds it."""

    PUBLISHER = "publisher", _("Publisher")
    REVIEWER = "reviewer", _("Reviewer")
    OPERATOR = "operator", _("Operator")
    MACHINE = "machine", _("Portal")
    FREEZE = "freeze", _("Freeze")
    INCIDENT = "incident", _("Incident")
    NOBODY = "nobody", _("Nobody")


class TimeLedger(models.Model):
    """How far the finished times of a submission are written down as `TimeStretch` rows.

    `closed_until` is when its present state began: everything before is final. The rows repeat what the
    audit trail says, so that percentiles and sums over many submissions are one question.
    """

    submission = models.OneToOneField(
        Submission, primary_key=True, on_delete=models.CASCADE, related_name="time_ledger"
    )
    lane = models.CharField(max_length=12)
    closed_until = models.DateTimeField()
    written_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"Times of {self.submission_id}"


class TimeStretch(models.Model):
    """A finished time with one holder. `step` is the part of the way it belongs to, `state` the state."""

    ledger = models.ForeignKey(TimeLedger, on_delete=models.CASCADE, related_name="stretches")
    step = models.CharField(max_length=12)
    state = models.CharField(max_length=20)
    holder = models.CharField(max_length=10, choices=Holder.choices)
    cause = models.CharField(max_length=200, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    seconds = models.FloatField()

    class Meta:
        ordering = ["starts_at", "pk"]
        constraints = [
            models.CheckConstraint(name="timestretch_holder_known", condition=Q(holder__in=Holder.values)),
            models.CheckConstraint(name="timestretch_in_order", condition=Q(ends_at__gte=F("starts_at"))),
        ]
        indexes = [models.Index(fields=["ends_at"], name="timestretch_ended")]

    def __str__(self) -> str:
        return f"{self.get_holder_display()} in {self.state}"


class ClockPause(PublicIdModel):
    """A time in which the deadline of a Preview does not run. `kind` says why, and so who holds the time."""

    class Kind(models.TextChoices):
        BOUNCED = "bounced", _("The invitation did not arrive")
        AWAY = "away", _("The team is away")
        REGION = "region", _("The Preview region cannot be used")

    preview = models.ForeignKey(Preview, on_delete=models.CASCADE, related_name="pauses")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    reason = models.TextField()
    starts_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField(null=True)
    # Nobody: the portal itself.
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                name="clockpause_kind_known", condition=Q(kind__in=["bounced", "away", "region"])
            ),
            models.CheckConstraint(
                name="clockpause_ends_after_start",
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")),
            ),
            models.UniqueConstraint(
                fields=["preview"], condition=Q(ends_at__isnull=True), name="clockpause_one_open"
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


PAUSE_HOLDERS: dict[str, str] = {
    ClockPause.Kind.BOUNCED: Holder.MACHINE,
    ClockPause.Kind.AWAY: Holder.PUBLISHER,
    ClockPause.Kind.REGION: Holder.OPERATOR,
}
