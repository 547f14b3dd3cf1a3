"""Reads of incidents: the list, one with its rollouts, and what a page's banner shows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet
from django.utils.translation import gettext as _

from certification.data.products import BY_KEY
from certification.lifecycle import MOVABLE_ROLLOUT_STATES
from certification.models import Incident, Placement, RegionDeployment, Rollout
from certification.queries.testers import products_tried
from connectors.models import Connector, Region
from connectors.package_records import sign_in_names


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
        parts.append(_("sign-in by %(kinds)s") % {"kinds": ", ".join(sign_in_names(incident.auth_kinds))})
    if incident.products:
        parts.append(", ".join(str(BY_KEY[key].name) for key in incident.products if key in BY_KEY))
    if incident.regions:
        parts.append(", ".join(names.get(code, code) for code in incident.regions))
    chosen = [connector.name for connector in incident.connectors.all()]
    if chosen:
        parts.append(", ".join(chosen) if names_connectors else _("some connectors"))
    return "; ".join(parts) or _("Everybody")


@dataclass(frozen=True)
class Banner:
    """An open incident on a page it concerns. `pauses` are the rollouts of the page's connectors that it
    holds; `tells_all` where the reader may read its text.
    """

    incident: Incident
    scope: str
    pauses: list[Rollout]
    tells_all: bool


@dataclass
class _Concerned:
    """What of a page's connectors an incident may be about."""

    connectors: set[UUID]
    auth_kinds: set[str]
    regions: set[str]
    products: set[str]


def banners(user: Any, connectors: Collection[Connector] | None) -> list[Banner]:
    """Open incidents that concern these connectors (None: all there are), for this reader.

    One query while nothing is wrong. An incident that is not public is shown to operators, and by its title
    to the team whose rollout it pauses.
    """
    rows = list(incidents().filter(state="open"))
    if not rows:
        return []
    is_operator = bool(getattr(user, "is_operator", False))
    named = scopes(rows, names_connectors=is_operator)
    held = Rollout.objects.filter(incident__in=rows, state="held").select_related("version", "connector")
    facts = None
    if connectors is not None:
        keys = [connector.pk for connector in connectors]
        held = held.filter(connector__in=keys)
        facts = _facts_of(keys)
    pauses: dict[object, list[Rollout]] = {}
    for rollout in held.order_by("connector__name"):
        pauses.setdefault(rollout.incident_id, []).append(rollout)
    return [
        Banner(row, named[row.pk], pauses.get(row.pk, []), row.is_public or is_operator)
        for row in rows
        if (row.is_public or is_operator or row.pk in pauses)
        and (row.pk in pauses or facts is None or any(_is_about(row, one) for one in facts))
    ]


def _facts_of(keys: Collection[UUID]) -> list[_Concerned]:
    """Four queries, however many connectors."""
    versions = ("live_version", "scheduled_version", "preview_version")
    rows = Connector.objects.filter(pk__in=keys).select_related(*versions)
    rows = rows.defer(*(f"{version}__tree" for version in versions))
    held = Placement.objects.filter(connector__in=keys, reported_version__isnull=False)
    coming = RegionDeployment.objects.filter(
        connector__in=keys, rollout__state__in=MOVABLE_ROLLOUT_STATES, action="deploy"
    )
    regions: dict[UUID, set[str]] = {}
    for found in (held, coming):
        for connector, code in found.values_list("connector_id", "region_id"):
            regions.setdefault(connector, set()).add(code)
    pointed = {row.pk: [one for version in versions if (one := getattr(row, version))] for row in rows}
    tried = products_tried({one.pk for used in pointed.values() for one in used})
    facts = []
    for row in rows:
        used = pointed[row.pk]
        kinds = {kind for one in used for kind in one.facts.get("authentication") or ()}
        products = {key for one in used for key in tried[one.pk]}
        facts.append(_Concerned({row.pk}, kinds, regions.get(row.pk, set()), products))
    return facts


def _is_about(incident: Incident, one: _Concerned) -> bool:
    chosen = {connector.pk for connector in incident.connectors.all()}
    if chosen and not chosen & one.connectors:
        return False
    # What is known of neither sign-in nor regions is not deployed anywhere yet: nothing of it can be ill.
    if incident.auth_kinds and not set(incident.auth_kinds) & one.auth_kinds:
        return False
    if incident.products and not set(incident.products) & one.products:
        return False
    return not incident.regions or bool(set(incident.regions) & one.regions)
