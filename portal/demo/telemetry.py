"""Ninety days of calls of the live connectors, with the shapes that real traffic has."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from connectors.definitions import read_archive
from connectors.definitions.openapi import operations
from connectors.latency import LATENCY_BOUNDS_MS
from connectors.models import Connector, Version
from connectors.services.health import Hour, import_hours
from portal.shared import storage
from portal.shared.actors import SYSTEM
from portal.shared.audit import history


@dataclass(frozen=True, slots=True)
class Era:
    """While `version` was the live one; `until` is None for the present one."""

    version: Version
    since: dt.datetime
    until: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Traffic:
    """How a connector is used: calls a day, and what goes wrong with it.

    `incident` is (days ago, hours it lasted): the backend fails then. `slow` names an operation, `ill` a
    region that answers with errors now and then.
    """

    calls_a_day: int
    incident: tuple[float, float] | None = None
    slow: str = ""
    ill: str = ""


_TRAFFIC = {
    "saltmarsh-tides": Traffic(21_000, ill="southafrica"),
    "saltmarsh-berths": Traffic(5_200, slow="ListBookings"),
    "lanternfold-lockers": Traffic(38_000, incident=(6.4, 3)),
    "quillmere-library-loans": Traffic(9_400),
    "verdant-greenhouse": Traffic(52_000, incident=(15.6, 20), ill="chile"),
    "kestrel-ferry-tickets": Traffic(12_500, slow="GetRefund"),
    "ladle-recipes": Traffic(1_900),
    "nightjar-bird-counts": Traffic(760),
    "copperline-meters": Traffic(16_800, incident=(0.9, 3), slow="ListReadings"),
}
_REGIONS = {
    "unitedstates": 0.32, "europe": 0.26, "unitedkingdom": 0.15, "asia": 0.12, "australia": 0.07,
    "southafrica": 0.04, "chile": 0.04,
}  # fmt: skip
_HOURS_EAST = {
    "unitedstates": -6, "europe": 1, "unitedkingdom": 0, "asia": 8, "australia": 10, "southafrica": 2,
    "chile": -4,
}  # fmt: skip
_MOST_OPERATIONS = 4
# (up to so many days ago, an hour of telemetry stands for so many): recent days are told hour by hour.
_GRAIN = ((1.2, 1), (7.5, 6), (91, 24))


def write(present: dt.datetime) -> int:
    """Import the history of every live connector; returns how many hours."""
    live = Connector.objects.exclude(live_version=None).select_related("live_version").order_by("slug")
    return import_hours((hour for one in live for hour in _hours_of(one, present)), actor=SYSTEM)


def _hours_of(connector: Connector, present: dt.datetime) -> Iterator[Hour]:
    traffic = _TRAFFIC.get(connector.slug)
    if traffic is None:
        return
    chance = random.Random(connector.slug)  # noqa: S311 - shapes of a demo, not secrets
    for era in eras_of(connector):
        shares = _operations(era.version)
        for hour, span in _moments(era, present):
            for region in _REGIONS:
                yield from _of_region(connector, era, traffic, shares, (hour, span), region, present, chance)


def eras_of(connector: Connector) -> list[Era]:
    """Which version was live when, from the audit trail of its pointer."""
    moves = [
        record
        for record in history(connector).filter(action="connector.mark_version").order_by("id")
        if record.data.get("pointer") == "live"
    ]
    versions = {str(version.pk): version for version in connector.versions.all()}
    ends = [*(move.at for move in moves[1:]), None]
    return [
        Era(versions[move.data["to"]], move.at, until)
        for move, until in zip(moves, ends, strict=True)
        if move.data.get("to") in versions
    ]


def _operations(version: Version) -> dict[str, float]:
    """The busiest operations and their share of the calls."""
    package = read_archive(storage.load(version.digest))
    assert package.definition is not None
    names = [item.operation_id for item in operations(package.definition.value) if item.operation_id]
    names = [name for name in names if not name.startswith("StopWhen")][:_MOST_OPERATIONS]
    weights = [1 / (place + 1) for place in range(len(names))]
    return {name: weight / sum(weights) for name, weight in zip(names, weights, strict=True)}


def _moments(era: Era, present: dt.datetime) -> Iterator[tuple[dt.datetime, int]]:
    """Beginnings of hours within the era, each with the number of hours it stands for."""
    hour = era.since.replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1)
    last = min(era.until or present, present) - dt.timedelta(hours=1)
    while hour <= last:
        days_ago = (present - hour).total_seconds() / 86_400
        grain = next(grain for limit, grain in _GRAIN if days_ago <= limit)
        if hour.hour % grain == 0 or grain == 1:
            yield hour, grain
        hour += dt.timedelta(hours=1)


def _of_region(
    connector: Connector,
    era: Era,
    traffic: Traffic,
    shares: dict[str, float],
    moment: tuple[dt.datetime, int],
    region: str,
    present: dt.datetime,
    chance: random.Random,
) -> Iterator[Hour]:
    hour, span = moment
    calls = traffic.calls_a_day / 24 * span * _REGIONS[region] * _pulse(hour, span, region)
    for operation, share in shares.items():
        wanted = round(calls * share * chance.uniform(0.85, 1.15))
        if wanted < 1:
            continue
        trouble = _trouble(traffic, hour, region, present, chance)
        statuses = _statuses(wanted, trouble, operation, chance)
        slowness = 9.0 if operation == traffic.slow else 1.0
        yield Hour(
            connector_id=connector.pk,
            region_code=region,
            version_label=era.version.label,
            operation=operation,
            hour=hour,
            statuses=statuses,
            latency=_latency(wanted, slowness * (1 + 4 * trouble)),
            connections=max(1, round(wanted / span / 6)),
        )


def _pulse(hour: dt.datetime, span: int, region: str) -> float:
    """Busy at ten and three, quiet at night and on weekends, where the region is."""
    if span >= 24:
        return 0.35 if hour.weekday() >= 5 else 1.0
    local = hour + dt.timedelta(hours=_HOURS_EAST[region] + span / 2)
    day = 0.35 if local.weekday() >= 5 else 1.0
    return day * (0.25 + 1.5 * max(0.0, math.sin(math.pi * (local.hour - 5) / 16)))


def _trouble(
    traffic: Traffic, hour: dt.datetime, region: str, present: dt.datetime, chance: random.Random
) -> float:
    """The share of calls that fails."""
    trouble = chance.uniform(0.001, 0.006)
    if traffic.incident:
        days_ago, hours = traffic.incident
        begins = present - dt.timedelta(days=days_ago)
        if begins <= hour + dt.timedelta(hours=1) and hour <= begins + dt.timedelta(hours=hours):
            trouble += chance.uniform(0.25, 0.45)
    if region == traffic.ill:
        trouble += chance.uniform(0.04, 0.12)
    return trouble


def _statuses(calls: int, trouble: float, operation: str, chance: random.Random) -> dict[str, int]:
    failed = round(calls * trouble)
    throttled = round(calls * chance.uniform(0, 0.004))
    broken = round(failed * 0.6)
    unavailable = round(failed * 0.25)
    success = "201" if operation.startswith(("Create", "When")) else "200"
    counts = {
        success: calls - failed - throttled,
        "500": broken,
        "503": unavailable,
        "404": failed - broken - unavailable,
        "429": throttled,
    }
    return {status: count for status, count in counts.items() if count > 0}


def _latency(calls: int, slowness: float) -> tuple[int, ...]:
    """How many of the calls fall into each bucket."""
    reached = [round(calls * share) for share in _spread(round(slowness, 1))]
    return tuple(right - left for left, right in zip([0, *reached], [*reached, calls], strict=True))


@cache
def _spread(slowness: float) -> tuple[float, ...]:
    """The share of calls below each bound: log-normal around 90 ms, `slowness` times that."""
    middle, width = math.log(90 * slowness), 0.7
    places = [(math.log(bound) - middle) / (width * math.sqrt(2)) for bound in LATENCY_BOUNDS_MS]
    return tuple(0.5 * (1 + math.erf(place)) for place in places)
