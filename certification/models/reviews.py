"""Claims, threads, comments and decisions of reviewers."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from certification.lifecycle import REVIEW_THREAD, ReviewThreadState
from certification.models.submissions import Revision, Submission
from portal.shared.models import PublicIdModel
from portal.shared.words import lazy as _


class ReviewClaim(PublicIdModel):
    """A reviewer's hold on a submission. It ends by itself at `expires_at`; work of the portal ignores it."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="claims")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="claims")
    expires_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)
    handed_over_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    handover_note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["submission"], condition=Q(released_at__isnull=True), name="claim_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} on {self.submission_id}"


class ReviewVisit(models.Model):
    """When a reviewer last had a submission's review open: tells others who else is looking."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="review_visits")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["submission", "user"], name="reviewvisit_once")]

    def __str__(self) -> str:
        return f"{self.user} at {self.seen_at:%Y-%m-%d %H:%M}"


class ThreadQuerySet(models.QuerySet["Thread"]):
    def visible_to(self, user: Any) -> ThreadQuerySet:
        """Private threads are for staff who are not in the publisher's team."""
        if not user.is_authenticated:
            return self.none()
        if user.staff_role:
            return self.exclude(is_private=True, submission__connector__publisher__memberships__user=user)
        return self.filter(is_private=False, submission__connector__publisher__memberships__user=user)

    def holding_up(self) -> ThreadQuerySet:
        """Those that an approval waits for: open, public, and begun by somebody who has an account."""
        return self.filter(state=ReviewThreadState.OPEN, is_private=False, author__isnull=False)


class Thread(PublicIdModel):
    """A conversation, at a place in the package (JSON Pointer, or file and line) or about all of it.

    `revision` is the one it was opened on, `anchored_in` the latest one where its place was found: `file`,
    `pointer` and `line` are of that one. `node_digest` is the SHA-256 of the node's canonical JSON (or of
    the line) when the thread was opened, `excerpt` its text: where a later revision differs, the thread is
    outdated. Private threads are reviewers' notes. One that began at the pull request has no `author` here
    but an `outsider`, the login there.
    """

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="threads")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="threads")
    anchored_in = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    file = models.CharField(max_length=260, blank=True)
    pointer = models.TextField(blank=True)
    line = models.PositiveIntegerField(null=True)
    node_digest = models.CharField(max_length=64, blank=True)
    excerpt = models.TextField(blank=True)
    is_private = models.BooleanField(default=False)
    is_outdated = models.BooleanField(default=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    outsider = models.CharField(max_length=100, blank=True, default="", db_default="")
    state = models.CharField(max_length=10, choices=ReviewThreadState.choices, default=ReviewThreadState.OPEN)
    state_changed_at = models.DateTimeField(db_default=Now())

    objects = ThreadQuerySet.as_manager()

    class Meta:
        constraints = [
            REVIEW_THREAD.constraint("thread_state_known"),
            models.CheckConstraint(
                name="thread_has_one_author",
                condition=Q(author__isnull=False, outsider="") | (Q(author__isnull=True) & ~Q(outsider="")),
            ),
        ]
        indexes = [models.Index(fields=["submission", "state"], name="thread_open")]

    def __str__(self) -> str:
        return self.pointer or self.file or "About the submission"

    @property
    def author_name(self) -> str:
        return self.author.name if self.author else self.outsider


class Comment(PublicIdModel):
    """One message in a thread, as markdown. `masked` counts the secrets that were taken out before it was
    stored. What somebody without an account wrote at the pull request has an `outsider` for an author."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    outsider = models.CharField(max_length=100, blank=True, default="", db_default="")
    body = models.TextField()
    masked = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="comment_has_one_author",
                condition=Q(author__isnull=False, outsider="") | (Q(author__isnull=True) & ~Q(outsider="")),
            )
        ]

    def __str__(self) -> str:
        return self.body[:60]

    @property
    def author_name(self) -> str:
        return self.author.name if self.author else self.outsider


class Decision(PublicIdModel):
    """A reviewer's verdict on one revision, bound to the package's digest. One per revision, for ever.

    A database trigger refuses a reviewer who belongs to the publisher's team or who made the package, and a
    digest that is not the revision's.
    """

    class Verdict(models.TextChoices):
        APPROVE = "approve", _("Approved")
        REQUEST_CHANGES = "request_changes", _("Changes requested")
        REJECT = "reject", _("Rejected")

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="decisions")
    revision = models.OneToOneField(Revision, on_delete=models.PROTECT, related_name="decision")
    digest = models.CharField(max_length=64)
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reasons = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="decision_verdict_known",
                condition=Q(verdict__in=["approve", "request_changes", "reject"]),
            ),
            models.CheckConstraint(
                name="decision_has_reasons", condition=Q(verdict="approve") | ~Q(reasons="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()} by {self.reviewer}"
