"""Threads of a submission that stand at its pull request, too, and comments made there that stand here."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from certification.models.pull_requests import PullRequest
from certification.models.reviews import Comment, Thread
from certification.models.submissions import Submission
from portal.shared.models import PublicIdModel
from portal.shared.words import lazy as _


class ReviewMirror(PublicIdModel):
    """A submission and the pull request that its package came from.

    Comments that changed there before `seen_until` (the server's clock) were read. One job at a time is at
    it: `busy_until` is its lease. `problem` says why the last one did not end well.
    """

    pull_request = models.ForeignKey(PullRequest, on_delete=models.CASCADE, related_name="review_mirrors")
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="review_mirrors")
    seen_until = models.DateTimeField(null=True)
    busy_until = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pull_request", "submission"], name="reviewmirror_once")
        ]

    def __str__(self) -> str:
        return f"{self.submission_id} at {self.pull_request_id}"


class ThreadMirror(PublicIdModel):
    """A thread that stands in both places.

    `forge_id` is the comment there that the others answer. Where its place is not in the pull request's
    changes, one general comment holds all of it, and `digest` (SHA-256) is of what that says. One whose
    comment was taken away there (`is_gone`) is left alone. `is_settled_there` is what was heard last.
    """

    class Way(models.TextChoices):
        LINE = "line", _("Beside a line")
        GENERAL = "general", _("In general")

    review = models.ForeignKey(ReviewMirror, on_delete=models.CASCADE, related_name="threads")
    thread = models.OneToOneField(Thread, on_delete=models.CASCADE, related_name="mirror")
    way = models.CharField(max_length=7, choices=Way.choices, blank=True)
    forge_id = models.BigIntegerField(null=True)
    url = models.CharField(max_length=500, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    told_state = models.CharField(max_length=10, default="open")
    is_gone = models.BooleanField(default=False)
    is_settled_there = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "way", "forge_id"], name="threadmirror_once"),
            models.CheckConstraint(
                name="threadmirror_way_known", condition=Q(way__in=["", "line", "general"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.thread_id} as {self.forge_id}"


class CommentMirror(PublicIdModel):
    """One message in both places: a comment, or the news that the thread was resolved (`note`, unique).

    Made before ours is posted, with its id in what is posted: one that a dying worker left without a
    `forge_id` is known again. `changed_at` is the server's time of the last change of one made there.
    """

    thread = models.ForeignKey(ThreadMirror, on_delete=models.CASCADE, related_name="comments")
    comment = models.OneToOneField(Comment, null=True, on_delete=models.CASCADE, related_name="mirror")
    note = models.CharField(max_length=140, null=True)
    forge_id = models.BigIntegerField(null=True)
    url = models.CharField(max_length=500, blank=True)
    changed_at = models.DateTimeField(null=True)
    is_edited = models.BooleanField(default=False)
    is_gone = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["thread", "note"], name="commentmirror_note_once"),
            models.UniqueConstraint(fields=["thread", "forge_id"], name="commentmirror_once"),
        ]

    def __str__(self) -> str:
        return f"{self.comment_id or self.note} as {self.forge_id}"
