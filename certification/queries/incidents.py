"""Reads of incidents: the list, one with its rollouts, and what a page's banner shows."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F, Q, QuerySet

from certification.models import Incident, Rollout
from connectors.models import Region


def incidents() -> QuerySet[Incident]:
    """Open ones first, then the latest."""
    return (
        Incident.objects.select_related("opened_by", "closed_by")
        .prefetch_related("connectors")
        .annotate(paused=Count("rollouts", filter=Q(rollouts__state="held")))
        .order_by(F("closed_at").desc(nulls_first=True), "-created_at")
    )


def visible_to(user: Any) -> QuerySet[Incident]:
    """Operators see every incident, others the public ones."""
    return incidents() if getattr(user, "is_operator", False) else incidents().filter(is_public=True)


def open_public() -> QuerySet[Incident]:
    """What everybody may read."""
    return incidents().filter(state="open", is_public=True)


def of_rollout(rollout: Rollout) -> Incident | None:
    """The incident that paused it."""
    if rollout.incident_id is None or rollout.state != "held":
        return None
    return Incident.objects.filter(pk=rollout.incident_id).first()


def scopes(rows: list[Incident], *, names_connectors: bool = True) -> dict[object, str]:
    """Incident id -> whom it concerns, with the regions by name, in one query.

    Where everybody reads, connectors are not named.
    """
    codes = {code for row in rows for code in row.regions}
    names = dict(Region.objects.filter(pk__in=codes).values_list("pk", "name"))
    return {row.pk: _scope_of(row, names, names_connectors) for row in rows}


def _scope_of(incident: Incident, names: dict[str, str], names_connectors: bool) -> str:
    parts = []
    if incident.auth_kinds:
        parts.append("sign-in by " + " or ".join(incident.auth_kinds))
    if incident.regions:
        parts.append(", ".join(names.get(code, code) for code in incident.regions))
    chosen = [connector.name for connector in incident.connectors.all()]
    if chosen:
        parts.append(", ".join(chosen) if names_connectors else "some connectors")
    return "; ".join(parts) or "Everybody"
