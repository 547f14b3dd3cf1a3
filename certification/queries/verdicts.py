"""Conditions of approvals and appeals, as pages show them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from certification.models import Appeal, DecisionCondition, Submission
from connectors.policies import roles_of

_RELATED = ("decision__submission__connector__publisher", "decision__reviewer", "decision__revision__version")


def appeals_for(user: Any) -> QuerySet[Appeal]:
    """What `user` may read: staff all appeals of other teams, members those of their own."""
    if not user.is_authenticated:
        return Appeal.objects.none()
    found = Appeal.objects.select_related(*_RELATED, "raised_by", "decided_by", "successor")
    teams = list(roles_of(user))
    if user.staff_role:
        return found
    return found.filter(decision__submission__connector__publisher__in=teams)


def open_appeals(user: Any) -> QuerySet[Appeal]:
    """Those that wait for this administrator, the most urgent first."""
    if getattr(user, "staff_role", "") != "administrator":
        return Appeal.objects.none()
    return (
        appeals_for(user)
        .filter(state="open")
        .exclude(decision__reviewer=user)
        .exclude(decision__submission__connector__publisher__in=list(roles_of(user)))
    )


def conditions_of(submission: Submission) -> QuerySet[DecisionCondition]:
    """Those of the submission's approval, then what earlier approvals asked of the next version."""
    found = DecisionCondition.objects.filter(decision__submission__connector=submission.connector)
    own = found.filter(decision__submission=submission)
    owed = found.filter(
        due="next_version", state="open", decision__submission__created_at__lt=submission.created_at
    )
    return (own | owed).select_related("decision__submission", "settled_by").order_by("created_at")
