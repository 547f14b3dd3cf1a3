"""The third truth: look again and again at what regions run, whether anything was deployed or not.

A probe claims places whose turn it is, asks their regions, and writes what was seen. Whatever moves in a
region is left to the pollers: a place with a deployment under way is not probed, and a result that a
deployment has overtaken is dropped.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from certification.lifecycle import UNDER_WAY
from certification.models import Placement, RegionDeployment
from certification.regions.errors import RegionError, RegionNotAsked
from certification.regions.polling import HALF_OPEN_AFTER_SECONDS, Breaker, poll_as_completed
from certification.regions.protocol import CallsOperations, CurrentVersion, OperationCall, RegionDriver
from certification.services.clock import database_now
from certification.services.endpoints import endpoint_of, open_driver
from certification.services.placements import agree, disagree
from certification.services.polling import keep_breaker
from connectors.models import Region

log = structlog.get_logger(__name__)

BATCH = 400
PER_REGION = 20
"""Places of one region in one round: a region that hangs costs one deadline, a slow one delays nobody."""
CALLING_SECONDS = 15.0
WINDOW = 2_000
"""How many due places are looked at to choose a batch from."""
_JITTER = 0.1


@dataclass(frozen=True)
class Seen:
    """What one look found: the version that runs (None for nothing), and one call of an operation if made."""

    current: CurrentVersion | None
    call: OperationCall | None = None
    call_problem: str = ""


def probe_due(*, limit: int = BATCH) -> int:
    """Look at everything whose turn it is; returns how many places were claimed."""
    places = _claim(limit)
    if places:
        async_to_sync(_probe)(places)
    return len(places)


def _claim(limit: int) -> list[Placement]:
    """The next places, at most `PER_REGION` of each region; their next turn is set at once."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH due AS (
                SELECT p.id, p.region_id, p.next_probe_at
                  FROM certification_placement p JOIN connectors_region r ON r.code = p.region_id
                 WHERE p.next_probe_at <= statement_timestamp()
                   AND (p.reported_version_id IS NOT NULL OR p.disagrees_since IS NOT NULL)
                   AND r.is_active
                   AND (r.breaker_opened_at IS NULL
                        OR abs(extract(epoch FROM statement_timestamp() - r.breaker_opened_at)) >= %s)
                   AND NOT EXISTS (
                       SELECT 1 FROM certification_regiondeployment d
                        WHERE d.connector_id = p.connector_id AND d.region_id = p.region_id
                          AND d.state = ANY(%s))
                 ORDER BY p.next_probe_at LIMIT %s),
            ranked AS (
                SELECT id, next_probe_at,
                       row_number() OVER (PARTITION BY region_id ORDER BY next_probe_at) AS place FROM due)
            UPDATE certification_placement
               SET next_probe_at = statement_timestamp()
                   + make_interval(secs => %s * (1 - %s + random() * 2 * %s))
             WHERE id IN (
                   SELECT p.id FROM certification_placement p JOIN ranked USING (id)
                    WHERE ranked.place <= %s ORDER BY ranked.next_probe_at LIMIT %s
                       FOR UPDATE OF p SKIP LOCKED)
            RETURNING id
            """,
            [
                HALF_OPEN_AFTER_SECONDS, sorted(UNDER_WAY), WINDOW, settings.PROBE_INTERVAL_SECONDS, _JITTER,
                _JITTER, PER_REGION, limit,
            ],
        )  # fmt: skip
        claimed = [row[0] for row in cursor.fetchall()]
    places = list(
        Placement.objects.filter(pk__in=claimed)
        .select_related("connector", "reported_version")
        .defer("reported_version__tree")
    )
    # Once for each region and not for each place: reading one opens its credentials.
    regions = Region.objects.in_bulk({place.region_id for place in places})
    for place in places:
        place.region = regions[place.region_id]
    return places


async def _probe(places: Sequence[Placement]) -> None:
    stop_at = time.monotonic() + CALLING_SECONDS
    breakers = {
        place.region_id: Breaker(place.region.breaker_failures, place.region.breaker_opened_at)
        for place in places
    }
    suspects = [code for code, breaker in breakers.items() if breaker.failures]
    async with AsyncExitStack() as stack:
        drivers = {
            kind: await stack.enter_async_context(open_driver(kind))
            for kind in {place.region.driver for place in places}
        }

        async def look(place: Placement) -> Seen:
            if time.monotonic() > stop_at:
                raise RegionNotAsked(place.region_id, "left for the next round.")
            return await _look(drivers[place.region.driver], place)

        polls = poll_as_completed(
            list(places), look, region_of=lambda place: place.region_id, suspects=suspects
        )
        async for polled in polls:
            code = polled.item.region_id
            breakers[code] = await sync_to_async(_keep)(
                polled.item, polled.value, polled.error, breakers[code]
            )


async def _look(driver: RegionDriver, place: Placement) -> Seen:
    endpoint = endpoint_of(place.region)
    current = await driver.current(endpoint, place.connector.slug)
    operation = callable_operation(place) if endpoint.settings.get("calls_operations") else ""
    if current is None or not operation or not isinstance(driver, CallsOperations):
        return Seen(current)
    try:
        return Seen(current, await driver.call(endpoint, place.connector.slug, operation))
    except RegionError as error:
        return Seen(current, None, error.message)


def callable_operation(place: Placement) -> str:
    """An operation that may be called at any time: one that only reads and needs nothing to be told."""
    version = place.reported_version
    for operation in (version.facts or {}).get("operations", ()) if version else ():
        if operation.get("method", "").lower() == "get" and not operation.get("is_trigger"):
            return str(operation.get("id", ""))
    return ""


def _keep(place: Placement, seen: Seen | None, error: RegionError | None, breaker: Breaker) -> Breaker:
    try:
        if seen is not None:
            record(place, seen)
        elif error is not None:
            Placement.objects.filter(pk=place.pk).update(probe_problem=error.message[:300])
    except Exception as failure:
        log.error("probe_not_recorded", placement=str(place.pk), exc_info=failure)
    return keep_breaker(place.region_id, breaker, error)


def record(place: Placement, seen: Seen) -> bool:
    """Write what a look found, unless a deployment came between; returns whether it was written."""
    found_at = (seen.current.seen_at if seen.current else None) or database_now()
    found = seen.current.digest if seen.current else ""
    wanted = place.reported_version.digest if place.reported_version else ""
    columns = {
        "probed_digest": found,
        "probed_at": found_at,
        "probe_problem": "",
        **_call_columns(seen, found_at),
    }
    if found == wanted and place.disagrees_since is None:
        same = _undisturbed(place).filter(disagrees_since=None, reported_version=place.reported_version_id)
        return same.update(**columns) == 1
    with transaction.atomic():
        row = (
            _undisturbed(place).select_for_update(of=("self",)).select_related("region", "connector").first()
        )
        if row is None or row.reported_version_id != place.reported_version_id:
            return False
        if found == wanted:
            agree(row, about=[row.connector, row.region])
        else:
            disagree(row, _difference(seen.current, wanted), about=[row.connector, row.region])
        for name, value in columns.items():
            setattr(row, name, value)
        row.save(update_fields=[*columns, "disagrees_since"])
    return True


def _undisturbed(place: Placement) -> QuerySet[Placement]:
    """The place as it was claimed: nothing was sent since, and nothing is under way."""
    moving = RegionDeployment.objects.filter(
        connector=place.connector_id, region=place.region_id, state__in=UNDER_WAY
    )
    ids = () if moving.exists() else (place.pk,)
    return Placement.objects.filter(pk__in=ids, last_number=place.last_number)


def _call_columns(seen: Seen, at: dt.datetime) -> dict[str, object]:
    if seen.call is None:
        return {"call_problem": seen.call_problem[:300]} if seen.call_problem else {}
    call, problem = seen.call, ""
    if call.digest and seen.current and call.digest != seen.current.digest:
        problem = f"The gateway serves package {call.digest[:12]}, not the one the region names."
    elif call.status >= 500:
        problem = f"{call.operation} answered HTTP {call.status}."
    return {"called_at": at, "call_problem": problem}


def _difference(current: CurrentVersion | None, wanted: str) -> str:
    reported = f"package {wanted[:12]}" if wanted else "nothing"
    found = f"package {current.digest[:12]}" if current else "nothing"
    return f"The region reported {reported}, and a probe finds {found}."
