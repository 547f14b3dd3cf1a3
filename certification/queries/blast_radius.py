"""Who would notice a deed: active connections and calls, region by region, before it is done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Max, Sum
from django.utils import timezone

from certification.models import OverrideRequest, RegionDeployment, Rollout, RolloutPlan, Submission
from certification.queries.rollouts import opt_in_regions
from connectors.models import HealthHour


@dataclass(frozen=True)
class RegionLoad:
    """Who would notice in one region: its users over the last day, of the version it runs."""

    code: str
    name: str
    version: str
    connections: int
    calls_an_hour: int


@dataclass(frozen=True)
class Affected:
    """The blast radius of a deed: the regions it touches, with their active connections (the last day's peak
    hour) and calls per hour (the last day's mean)."""

    regions: list[RegionLoad]

    @property
    def connections(self) -> int:
        return sum(region.connections for region in self.regions)

    @property
    def calls_an_hour(self) -> int:
        return sum(region.calls_an_hour for region in self.regions)

    @property
    def used(self) -> list[RegionLoad]:
        """Regions where somebody would notice, most connections first."""
        called = [region for region in self.regions if region.version]
        return sorted(called, key=lambda region: (-region.connections, -region.calls_an_hour, region.name))

    @property
    def unused(self) -> list[RegionLoad]:
        """Regions without a call in the last day."""
        return [region for region in self.regions if not region.version]


@dataclass(frozen=True)
class Total:
    """What several deeds, or one that touches several connectors, touch together; each region counts once."""

    regions: int
    connections: int
    calls_an_hour: int


def total_of(found: Iterable[Affected]) -> Total:
    each = list(found)
    return Total(
        len({region.code for one in each for region in one.regions}),
        sum(one.connections for one in each),
        sum(one.calls_an_hour for one in each),
    )


def blast_radius(rollout: Rollout, deployments: Iterable[RegionDeployment]) -> Affected:
    """What the deployments' regions would notice. One query."""
    return _radius(rollout.connector_id, {row.region_id: row.region.name for row in deployments})


def _radius(connector_id: UUID, regions: Mapping[str, str]) -> Affected:
    return Affected(list(loads_of((connector_id, code, name) for code, name in regions.items()).values()))


def loads_of(places: Iterable[tuple[UUID, str, str]]) -> dict[tuple[UUID, str], RegionLoad]:
    """Who uses each place, by (connector, region code), regions by name. One query for all of them.

    A place is (connector, region code, region name).
    """
    names = {(connector, code): name for connector, code, name in places}
    hours = HealthHour.objects.filter(
        connector_id__in={connector for connector, _code in names},
        region_id__in={code for _connector, code in names},
        hour__gte=timezone.now() - dt.timedelta(days=1),
    )
    used: dict[tuple[UUID, str], tuple[str, int, int]] = {}
    for connector, region, version, peak, calls, count in (
        hours.order_by()
        .values_list("connector_id", "region_id", "version_label")
        .annotate(
            peak=Max("connections"),
            calls=Sum("requests"),
            count=Count("hour", distinct=True),
            last=Max("hour"),
        )
        .order_by("last")
        .values_list("connector_id", "region_id", "version_label", "peak", "calls", "count")
    ):
        # The version seen last is the one the region runs.
        used[connector, region] = version, peak or 0, round(calls / max(count, 1))
    return {
        place: RegionLoad(place[1], name, *used.get(place, ("", 0, 0)))
        for place, name in sorted(names.items(), key=lambda item: item[1])
    }


def waiting_radius(rollout: Rollout) -> Affected:
    """The regions that have not got the version."""
    return blast_radius(
        rollout, rollout.deployments.filter(action="deploy", state="pending").select_related("region")
    )


def every_region_radius(rollout: Rollout) -> Affected:
    """All regions it goes to, whatever they run now."""
    return blast_radius(rollout, rollout.deployments.filter(action="deploy").select_related("region"))


def opt_in_radius(rollout: Rollout) -> Affected:
    """The regions of the opt-in waves that could be added."""
    return _radius(rollout.connector_id, {region.code: region.name for region in opt_in_regions(rollout)})


def next_wave_radius(rollout: Rollout) -> Affected:
    """The regions that get the version next, with who uses the connector there."""
    wave = rollout.waves.filter(state="planned").order_by("number").first()
    if wave is None:
        return Affected([])
    return blast_radius(
        rollout, wave.deployments.filter(action="deploy", state="pending").select_related("region")
    )


def plan_radius(submission: Submission, plan: RolloutPlan) -> Affected:
    """The regions that a rollout scheduled now would go to, opt-in waves aside."""
    places = plan.places.filter(wave__before_sign_off=False, wave__is_opt_in=False).select_related("region")
    return _radius(submission.connector_id, {place.region_id: place.region.name for place in places})


def override_radius(request: OverrideRequest) -> Affected:
    """What an exception would touch: its region, its wave, or everything that is to come."""
    if request.rollout is None:
        return Affected([])
    if request.deployment is not None:
        return blast_radius(request.rollout, [request.deployment])
    if request.wave is not None:
        rows = request.wave.deployments.filter(action="deploy").select_related("region")
        return blast_radius(request.rollout, rows)
    return waiting_radius(request.rollout)
