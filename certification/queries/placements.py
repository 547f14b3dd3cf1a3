"""Reads of the three truths: what is planned for a region, what it reported, and what a look found there."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from certification.lifecycle import ACTIVE_ROLLOUT_STATES
from certification.models import Placement, RegionDeployment
from certification.queries.reasons import told_region
from connectors.models import Region, Version

STALE_AFTER_ROUNDS = 3
"""A look is stale when that many turns went by without another one."""


@dataclass(frozen=True)
class Truths:
    """One region of a connector. `verdict` is a word for the state of its knowledge, `note` says more."""

    region: Region
    planned: Version | None
    planned_at: dt.datetime | None
    place: Placement | None
    verdict: str
    note: str = ""


def truths_of(connector_id: UUID) -> list[Truths]:
    """Every region that holds the connector, or is about to. Three queries, however many regions."""
    places = {
        place.region_id: place
        for place in Placement.objects.filter(connector_id=connector_id)
        .select_related("region", "reported_version")
        .defer("region__credentials", "reported_version__facts", "reported_version__tree")
    }
    coming = {
        row.region_id: row
        for row in RegionDeployment.objects.filter(
            Q(rollout__state__in=sorted(ACTIVE_ROLLOUT_STATES))
            # What follows when it is live already: opt-in waves, and regions that opened later.
            | Q(rollout__state="completed", wave__is_opt_in=True, wave__state__in=("planned", "running")),
            connector_id=connector_id,
        )
        .exclude(state__in=("verified", "skipped", "cancelled"))
        .select_related("region", "version", "wave")
        .defer("region__credentials", "version__facts", "version__tree")
        .order_by(F("wave__planned_at").desc(nulls_last=True))
    }
    regions = {code: place.region for code, place in places.items()}
    regions |= {code: row.region for code, row in coming.items()}
    found = [
        _truths(region, places.get(code), coming.get(code))
        for code, region in regions.items()
        if code in coming or _holds(places[code])
    ]
    return sorted(found, key=lambda one: (_ORDER.index(one.verdict), one.region.name))


_ORDER = ("disagrees", "stale", "not_probed", "moving", "agrees", "planned")


def _holds(place: Placement) -> bool:
    return place.reported_version_id is not None or place.disagrees_since is not None


def _truths(region: Region, place: Placement | None, row: RegionDeployment | None) -> Truths:
    verdict, note = _verdict(place, row)
    planned_at = row.wave.planned_at if row and row.wave else None
    return Truths(region, row.version if row else None, planned_at, place, verdict, note)


def _verdict(place: Placement | None, row: RegionDeployment | None) -> tuple[str, str]:
    if place is None or not _holds(place):
        return ("moving" if row and row.state != "pending" else "planned"), ""
    if place.disagrees_since is not None:
        return "disagrees", _("What the region reported and what runs there are not the same.")
    if row is not None and row.state != "pending":
        return "moving", ""
    if place.probed_at is None:
        return "not_probed", told_region(place.probe_problem)
    limit = dt.timedelta(seconds=STALE_AFTER_ROUNDS * settings.PROBE_INTERVAL_SECONDS)
    if place.probed_at < timezone.now() - limit:
        return "stale", told_region(place.probe_problem)
    return "agrees", place.call_problem


@dataclass(frozen=True)
class Knowledge:
    """How well a region is known: places that hold something, those that disagree, those not seen lately."""

    held: int
    disagreeing: int
    stale: int


def knowledge_of(region: Region) -> Knowledge:
    limit = timezone.now() - dt.timedelta(seconds=STALE_AFTER_ROUNDS * settings.PROBE_INTERVAL_SECONDS)
    held = Placement.objects.filter(region=region, reported_version__isnull=False)
    return Knowledge(
        held=held.count(),
        disagreeing=Placement.objects.filter(region=region, disagrees_since__isnull=False).count(),
        stale=held.filter(probed_at__lt=limit).count(),
    )
