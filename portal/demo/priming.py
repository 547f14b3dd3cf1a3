"""Lets the reference regions hold what the told history says they hold, through their own protocol."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx
from asgiref.sync import async_to_sync

from certification.models import Placement, RegionDeployment
from certification.regions.drivers import driver_for
from certification.regions.errors import RegionError, RegionRefused
from certification.regions.protocol import Action, DeployCommand, RegionDriver, RegionEndpoint
from certification.services.certificates import envelope_for
from certification.services.endpoints import endpoint_of
from connectors.models import Region
from portal.shared import storage

_AT_ONCE = 16
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Held:
    """A package that a region should hold."""

    endpoint: RegionEndpoint
    command: DeployCommand


def prime_when_reachable(base_url: str, *, seconds: float, say: Say) -> int:
    """Wait for the agent, then send what is missing; returns how many packages were sent."""
    wanted = expected(base_url)
    if not wanted or not _reachable(base_url, seconds):
        if wanted and seconds:
            say("The reference regions do not answer; start `manage.py region` and run this again.")
        return 0
    return async_to_sync(_prime)(wanted)


def expected(base_url: str) -> list[Held]:
    """What verified placements say, for regions at the reference agent; the rest is the pollers' business."""
    regions = Region.objects.filter(base_url__startswith=f"{base_url}/", is_active=True)
    endpoints = {region.pk: endpoint_of(region) for region in regions}
    placements = Placement.objects.filter(region_id__in=endpoints).exclude(verified_version=None)
    rows = placements.select_related("connector", "verified_version").order_by("region_id", "connector__slug")
    return [Held(endpoints[row.region_id], command) for row in rows if (command := _command(row))]


def _command(placement: Placement) -> DeployCommand | None:
    """The act that brought the version, under its own key and number."""
    act = (
        RegionDeployment.objects.filter(
            connector_id=placement.connector_id, region_id=placement.region_id, state="verified"
        )
        .order_by("-number")
        .first()
    )
    version = placement.verified_version
    if act is None or version is None or act.number is None or act.version_id != version.pk:
        return None
    return DeployCommand(
        idempotency_key=act.idempotency_key,
        connector=placement.connector.slug,
        deployment_number=act.number,
        action=Action(act.action),
        version=version.label,
        digest=version.digest,
        package=storage.load(version.digest),
        certificate=envelope_for(version),
    )


def _reachable(base_url: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        try:
            # Any answer will do: the agent says 404 to what is no region.
            httpx.get(base_url + "/", timeout=2, trust_env=False)
        except httpx.HTTPError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.5)
        else:
            return True


async def _prime(wanted: Sequence[Held]) -> int:
    gate = asyncio.Semaphore(_AT_ONCE)
    async with driver_for("http") as driver:

        async def one(held: Held) -> bool:
            async with gate:
                return await _send(driver, held)

        return sum(await asyncio.gather(*(one(held) for held in wanted)))


async def _send(driver: RegionDriver, held: Held) -> bool:
    """True when the region took it now; it may hold it already, or something newer."""
    try:
        known = await driver.operation(held.endpoint, held.command.idempotency_key)
        if known is None:
            await driver.deploy(held.endpoint, held.command)
            return True
    except RegionRefused:
        return False
    except RegionError:
        return False
    return False
