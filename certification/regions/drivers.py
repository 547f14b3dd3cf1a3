"""The kinds of region the portal can reach. A new kind is one module and one line here."""

from __future__ import annotations

from collections.abc import Callable

from certification.regions.command import CommandDriver
from certification.regions.http import HttpDriver
from certification.regions.protocol import RegionDriver


def _kubernetes() -> RegionDriver:
    # The client takes seconds to import: only who reaches a cluster pays for it.
    from certification.regions.kubernetes.driver import KubernetesDriver

    return KubernetesDriver()


DRIVERS: dict[str, Callable[[], RegionDriver]] = {
    "http": HttpDriver,
    "command": CommandDriver,
    "kubernetes": _kubernetes,
}


def driver_for(kind: str) -> RegionDriver:
    """A new driver for one event loop: `async with driver_for("http") as driver: ...`."""
    try:
        return DRIVERS[kind]()
    except KeyError:
        known = ", ".join(sorted(DRIVERS))
        raise ValueError(f"No driver for regions of kind {kind!r}: choose one of {known}.") from None
