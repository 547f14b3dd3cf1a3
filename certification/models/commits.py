"""What the portal did with commits by itself: handed them in, and tagged those that were certified."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from certification.models.certificates import Certificate
from certification.models.submissions import Submission
from connectors.models import Connector, Version
from portal.shared.models import PublicIdModel
from portal.shared.words import lazy as _


class CommitIntake(PublicIdModel):
    """A commit that was to be handed in by itself: once, whatever came of it.

    `reason` says why it was not; `details` are what has to be done first, in the words of the form.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Being taken")
        SUBMITTED = "submitted", _("Handed in")
        REFUSED = "refused", _("Not handed in")

    class Reason(models.TextChoices):
        NOT_A_MEMBER = "not_a_member", _("Whoever bound the connector may not hand in for the team any more.")
        IN_REVIEW = "in_review", _("The open submission is with the reviewers: its package stays.")
        SAME_PACKAGE = "same_package", _("The package is the one that was handed in before.")
        UNREADABLE = "unreadable", _("What the commit holds could not be taken.")
        NOT_READY = "not_ready", _("The package is in the form, which is not complete.")

    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="commit_intakes")
    commit = models.CharField(max_length=40)
    summary = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=12, choices=Reason.choices, blank=True)
    details = ArrayField(models.CharField(max_length=500), default=list, blank=True)
    submission = models.ForeignKey(Submission, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["connector", "commit"], name="commitintake_once"),
            models.CheckConstraint(
                name="commitintake_state_known", condition=Q(state__in=["waiting", "submitted", "refused"])
            ),
        ]

    def __str__(self) -> str:
        return self.commit[:12]


class CertificationTag(PublicIdModel):
    """The tag of a certificate in the repository that its package came from. `failure` is a code of
    `connectors.repositories.errors`, `failure_values` what its sentence names."""

    class State(models.TextChoices):
        WAITING = "waiting", _("On its way")
        PUSHED = "pushed", _("In the repository")
        FAILED = "failed", _("Not pushed")

    certificate = models.OneToOneField(Certificate, on_delete=models.CASCADE, related_name="tag")
    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="certification_tags")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    address = models.CharField(max_length=500)
    commit = models.CharField(max_length=40)
    name = models.CharField(max_length=250)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    failure = models.CharField(max_length=40, blank=True)
    failure_values = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    pushed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="certificationtag_state_known", condition=Q(state__in=["waiting", "pushed", "failed"])
            ),
        ]

    def __str__(self) -> str:
        return self.name
