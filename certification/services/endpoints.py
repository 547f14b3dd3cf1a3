"""From a region's row to what a driver needs: where it is, how to get in, and the driver of its kind."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from certification.regions.drivers import DRIVERS, driver_for
from certification.regions.errors import RegionUnauthorized, RegionUnreachable
from certification.regions.kinds import KINDS, Surroundings, kind_of
from certification.regions.protocol import HiddenText, RegionDriver, RegionEndpoint, Token
from certification.services.manual_regions import ManualDriver
from certification.services.simulated_regions import SimulatorDriver
from connectors.models import Region
from portal.shared.secrets import Secret

OWN_DRIVERS: dict[str, Callable[[], RegionDriver]] = {"manual": ManualDriver, "simulator": SimulatorDriver}
"""Kinds whose regions exist in our own database; the others reach out of the portal."""

DRIVER_KINDS = tuple(name for name in KINDS if name in {**DRIVERS, **OWN_DRIVERS})


def open_driver(kind: str) -> RegionDriver:
    """A new driver for one event loop. Raises `ValueError` for a kind nobody knows."""
    return OWN_DRIVERS[kind]() if kind in OWN_DRIVERS else driver_for(kind)


def surroundings() -> Surroundings:
    return Surroundings(
        programs=tuple(sorted(settings.REGION_PROGRAMS)), allow_insecure=settings.ALLOW_INSECURE_REGIONS
    )


def endpoint_of(region: Region) -> RegionEndpoint:
    """Where a region is reached. Raises `RegionUnauthorized` when it has no usable address or token yet."""
    credentials: dict[str, Secret] = region.credentials or {}
    kind = kind_of(region.driver)
    needs = {setting.name for setting in kind.settings if setting.is_required}
    token = credentials.get("token")
    if ("token" in needs and not token) or ("base_url" in needs and not region.base_url):
        raise RegionUnauthorized(region.code, "has no address or token yet.")
    try:
        return RegionEndpoint(
            code=region.code,
            base_url=region.base_url,
            token=Token(token.reveal()) if token else None,
            settings=_settings(region),
            secrets={
                name: HiddenText(secret.reveal())
                for name, secret in credentials.items()
                if name != "token" and secret
            },
        )
    except ValueError as error:
        raise RegionUnauthorized(region.code, str(error)) from None


def _settings(region: Region) -> dict[str, object]:
    """The stored settings; a program's name becomes its path on this machine."""
    found: dict[str, object] = dict(region.driver_settings)
    if region.driver == "command":
        name = str(found.get("program", ""))
        path = settings.REGION_PROGRAMS.get(name)
        if not path:
            raise RegionUnreachable(
                region.code, f"runs the program {name!r}, which REGION_PROGRAMS does not allow here."
            )
        found["program"] = path
    return found
