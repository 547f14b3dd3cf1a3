"""Changes that reviewers propose at a node, for the publisher to take over or to decline."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from certification.lifecycle import SUGGESTION, SuggestionState
from certification.models.reviews import Comment, Thread
from certification.models.submissions import Revision
from connectors.models import Version
from portal.shared.models import PublicIdModel


class SuggestionQuerySet(models.QuerySet["Suggestion"]):
    def visible_to(self, user: Any) -> SuggestionQuerySet:
        """Whoever may read the thread."""
        return self.filter(thread__in=Thread.objects.visible_to(user))


class Suggestion(PublicIdModel):
    """A JSON Patch for the node at `pointer` of the package in `revision`.

    `before` and `after` are the node's text, `after` empty where it is to be taken out. `node_digest` is the
    SHA-256 of the value it was made for: a package with another value there does not take it. `version` is
    the package that came of it. A thread has at most one that waits.
    """

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="suggestions")
    comment = models.OneToOneField(Comment, on_delete=models.CASCADE, related_name="suggestion")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    file = models.CharField(max_length=260)
    pointer = models.TextField()
    node_digest = models.CharField(max_length=64)
    before = models.TextField()
    after = models.TextField(blank=True)
    patch = models.JSONField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=SuggestionState.choices, default=SuggestionState.PROPOSED)
    state_changed_at = models.DateTimeField(db_default=Now())
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.TextField(blank=True)
    version = models.ForeignKey(Version, null=True, on_delete=models.PROTECT, related_name="+")

    objects = SuggestionQuerySet.as_manager()

    class Meta:
        constraints = [
            SUGGESTION.constraint("suggestion_state_known"),
            models.UniqueConstraint(
                fields=["thread"], condition=Q(state="proposed"), name="suggestion_one_waiting"
            ),
            models.CheckConstraint(
                name="suggestion_declined_with_reason", condition=~Q(state="declined") | ~Q(reason="")
            ),
        ]

    def __str__(self) -> str:
        return self.pointer
