"""Reads for messages: one's own, and those about a submission."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from certification.models import Notification, Submission
from certification.policies import can_see_private_notes
from connectors.policies import is_member


def inbox(user: Any) -> QuerySet[Notification]:
    """What was written to `user`, newest first. Digests only repeat other messages and are left out."""
    return (
        Notification.objects.filter(recipient=user)
        .exclude(event="digest")
        .select_related("submission__connector")
        .order_by("-created_at", "-pk")
    )


def readable_by(user: Any) -> QuerySet[Notification]:
    """One's own messages, those to one's teams, and all of them for operators."""
    own = Q(recipient=user) | Q(publisher__memberships__user=user)
    found = Notification.objects.all() if user.is_operator else Notification.objects.filter(own).distinct()
    return found.select_related("submission__connector", "recipient")


def about_submission(submission: Submission, user: Any) -> QuerySet[Notification]:
    """The messages about a submission that `user` may read: the team its own, staff of other teams all."""
    found = Notification.objects.filter(submission=submission).select_related("recipient")
    if not can_see_private_notes(user, submission):
        publisher = submission.connector.publisher
        team = Q(publisher=publisher) if is_member(user, publisher) else Q(pk=None)
        found = found.filter(team | Q(recipient=user))
    return found.order_by("-created_at", "-pk")
