"""What everybody may know of a connector: that it is live, in which regions, and where it arrives next."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from certification.models import ForecastSnapshot, Placement, RegionDeployment, Rollout
from connectors.models import Connector, Region, Version, in_production

_TO_COME = ("scheduled", "running", "held", "halted")


def public_connectors() -> QuerySet[Connector]:
    """Connectors with a verified version in a production region, whose team did not opt out.

    A first certification is confidential until its first region is verified; what was rolled back everywhere
    is not public any more.
    """
    live = Placement.objects.filter(
        in_production("region__"), connector=OuterRef("pk"), verified_version__isnull=False
    )
    return (
        Connector.objects.filter(Exists(live), is_listed=True)
        .exclude(state="cancelled")
        .select_related("publisher", "live_version")
        .order_by("name", "pk")
    )


def found_by(text: str) -> QuerySet[Connector]:
    """The public connectors whose name, or whose publisher's, contains `text`."""
    found = public_connectors()
    return found.filter(Q(name__icontains=text) | Q(publisher__name__icontains=text)) if text else found


@dataclass(frozen=True, slots=True)
class Place:
    """A region as visitors see it: what it has since when, and what is expected when."""

    region: Region
    has: Version | None
    since: dt.datetime | None
    coming: Version | None = None
    early: dt.datetime | None = None
    late: dt.datetime | None = None

    @property
    def is_late(self) -> bool:
        return self.coming is not None and self.early is None


def moving_version(connector: Connector) -> Rollout | None:
    """The rollout that brings the next version."""
    return Rollout.objects.filter(connector=connector, state__in=_TO_COME).select_related("version").first()


def places_of(connector: Connector, rollout: Rollout | None) -> list[Place]:
    """Every production region that is in use, in four queries. A held or stopped rollout promises no date."""
    placements = {
        row.region_id: row
        for row in Placement.objects.filter(connector=connector).select_related("verified_version")
    }
    coming = _coming(rollout) if rollout else {}
    places = []
    for region in Region.objects.filter(in_production(), is_active=True).order_by("geography", "name"):
        row = placements.get(region.pk)
        has = row.verified_version if row else None
        since = row.verified_at if row and has else None
        if region.pk in coming and rollout:
            early, late = coming[region.pk]
            places.append(Place(region, has, since, rollout.version, early, late))
        else:
            places.append(Place(region, has, since))
    return places


_Band = tuple[dt.datetime | None, dt.datetime | None]


def _coming(rollout: Rollout) -> dict[str, _Band]:
    """Region -> when it is expected: by the forecast, else on the planned day."""
    acts = RegionDeployment.objects.filter(rollout=rollout, action="deploy").exclude(
        state__in=["verified", "skipped", "cancelled"]
    )
    if rollout.state in ("held", "halted"):
        return {str(act.region_id): (None, None) for act in acts}
    rows = ForecastSnapshot.objects.filter(rollout=rollout, region__isnull=False)
    bands = {row.region_id: row for row in rows.order_by("region_id", "-at", "-pk").distinct("region_id")}
    return {
        str(act.region_id): (
            (bands[act.region_id].early, bands[act.region_id].late)
            if act.region_id in bands
            else (act.wave.planned_at, act.wave.planned_at)
            if act.wave
            else (None, None)
        )
        for act in acts.select_related("wave")
    }


def icon_version(connector_id: UUID) -> Version | None:
    """The newest version that a production region has: its icon may be seen."""
    row = (
        Placement.objects.filter(
            in_production("region__"), connector=connector_id, verified_version__isnull=False
        )
        .select_related("verified_version")
        .order_by("-verified_version__number")
        .first()
    )
    return row.verified_version if row else None
