"""Reads of exceptions that two people decide on."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from certification.models import Freeze, OverrideRequest, Rollout, RolloutWave, Submission
from portal.shared.words import lazy as _

GROUPS = {
    "open": (_("Waiting"), ("requested", "half_approved")),
    "approved": (_("Approved, not used"), ("approved",)),
    "over": (_("Over"), ("used", "declined", "withdrawn", "expired")),
}


def visible_overrides(user: Any) -> QuerySet[OverrideRequest]:
    """Those of the submissions a person sees."""
    visible = Submission.objects.visible_to(user)
    return OverrideRequest.objects.filter(submission__in=visible).select_related(
        "submission__connector__publisher",
        "rollout__version",
        "deployment__region",
        "wave",
        "freeze",
        "requested_by",
        "approved_by",
        "decided_by",
    )


def in_group(user: Any, group: str) -> QuerySet[OverrideRequest]:
    _, states = GROUPS.get(group, GROUPS["open"])
    order = "expires_at" if group != "over" else "-state_changed_at"
    return visible_overrides(user).filter(state__in=states).order_by(order)


def group_counts(user: Any) -> list[tuple[str, str, int]]:
    """(key, label, number) for the filters, without one query for each."""
    states = list(visible_overrides(user).order_by().values_list("state", flat=True))
    return [(key, label, sum(state in known for state in states)) for key, (label, known) in GROUPS.items()]


def of_rollout(rollout: Rollout) -> QuerySet[OverrideRequest]:
    """Those that wait or may still be used, and the open hotfix request of the submission."""
    return (
        OverrideRequest.objects.filter(
            Q(rollout=rollout) | Q(submission_id=rollout.submission_id, kind="hotfix"),
            state__in=("requested", "half_approved", "approved"),
        )
        .select_related(
            "deployment__region",
            "wave",
            "freeze",
            "requested_by",
            "approved_by",
            "submission__connector__publisher",
        )
        .order_by("created_at")
    )


def of_submission(submission: Submission) -> QuerySet[OverrideRequest]:
    return OverrideRequest.objects.filter(submission=submission).select_related("requested_by", "decided_by")


def standing_of(submission: Submission) -> QuerySet[OverrideRequest]:
    """What its team wants to know of: exceptions that wait, may still be used, or were used."""
    return (
        of_submission(submission)
        .filter(state__in=("requested", "half_approved", "approved", "used"))
        .select_related("requested_by", "deployment__region", "wave", "freeze", "submission__connector")
    )


def next_wave(rollout: Rollout) -> RolloutWave | None:
    """The wave that could be started early."""
    return rollout.waves.filter(state="planned", accelerated_at=None).order_by("number").first()


def passable_freezes() -> QuerySet[Freeze]:
    """Freezes a rollout could ask to pass."""
    return Freeze.objects.filter(cancelled_at=None, opens=False, ends_at__gt=timezone.now()).order_by(
        "starts_at"
    )
