"""Reads for the pages and endpoints of teams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When

from connectors.models import Invitation, Membership, Publisher
from connectors.models.publishers import Role
from connectors.policies import Team, teams_of


def publishers_for(user: Any) -> QuerySet[Publisher]:
    """The teams `user` may see, by name, each with `member_count` and `connector_count`."""
    return (
        Publisher.objects.visible_to(user)
        .annotate(
            member_count=Count("memberships", distinct=True),
            connector_count=Count(
                "connectors", filter=~Q(connectors__state__in=["cancelled", "retired"]), distinct=True
            ),
        )
        .order_by("name")
    )


def choices_for(user: Any) -> Sequence[Publisher | Team]:
    """What filters offer, by name: every publisher to staff, their own teams to others without a query."""
    if user.staff_role:
        return list(Publisher.objects.order_by("name"))
    return teams_of(user)


def members_of(publisher: Publisher) -> QuerySet[Membership]:
    """Owners first, then by name."""
    rank = Case(
        *(When(role=role.value, then=Value(-role.rank)) for role in Role), output_field=IntegerField()
    )
    return publisher.memberships.select_related("user").annotate(rank=rank).order_by("rank", "user__email")


def open_invitations(publisher: Publisher) -> QuerySet[Invitation]:
    return (
        publisher.invitations.filter(state="open")
        .select_related("invited_by", "publisher")
        .order_by("-created_at")
    )
