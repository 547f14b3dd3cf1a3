"""Talk to the regions: claim what is due, call many at once, write each result under its own lease.

Claim, call, record: no transaction is open during a call. A worker that dies leaves leases that run out; the
next one asks the region by key before anything is sent again.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import structlog
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection
from django.db.models import F, Q
from django.db.models.functions import Now

from certification.lifecycle import UNDER_WAY, DeploymentState
from certification.models import RegionDeployment
from certification.regions.errors import (
    RegionError,
    RegionNotAsked,
    RegionRefused,
    RegionThrottled,
    RegionUnauthorized,
)
from certification.regions.polling import HALF_OPEN_AFTER_SECONDS, Breaker, poll_as_completed
from certification.regions.protocol import (
    Action,
    DeployCommand,
    Operation,
    RegionDriver,
    RegionEndpoint,
)
from certification.services.certificates import envelope_for
from certification.services.clock import database_now
from certification.services.deployments import may_act
from certification.services.endpoints import endpoint_of, open_driver
from certification.services.outcomes import Answer, Asked, LeaseLost, Probed, Told, record, record_no_news
from connectors.models import Region, Version
from portal.shared import storage

log = structlog.get_logger(__name__)

BATCH = 240
QUIET_BATCH = 40
"""Answers without news are written together: so many, or those of so many seconds."""
QUIET_SECONDS = 0.3
ANSWER_SEEN_EVERY = dt.timedelta(seconds=10)
"""How fresh a region's last answer is kept."""
LEASE_SECONDS = 45
CALLING_SECONDS = 20.0
"""No call starts later than this after the claim. With a call's deadline of 10 s the lease outlives every
call, and the job stays far below the time limit of its task."""


_HEAVY = tuple(
    f"{version}__{column}"
    for version in ("version", "rollout__version", "preview__version")
    for column in ("facts", "tree")
)


@dataclass
class Item:
    """A claimed deployment. `is_sending` is set when the command itself goes out."""

    row: RegionDeployment
    fence: int
    is_sending: bool = False

    @property
    def asked(self) -> Asked:
        return Asked(self.row.pk, self.fence, self.is_sending, self.row.poll_delay_seconds)


def poll_due(*, limit: int = BATCH) -> int:
    """Ask the regions about everything that is due; returns how many deployments were claimed."""
    items = _claim(limit)
    if items:
        async_to_sync(_poll)(items)
    return len(items)


def _claim(limit: int) -> list[Item]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE certification_regiondeployment
               SET lease_until = statement_timestamp() + make_interval(secs => %s),
                   fence = fence + 1, polls = polls + 1
             WHERE id IN (
                   SELECT d.id FROM certification_regiondeployment d
                     JOIN connectors_region r ON r.code = d.region_id
                    WHERE d.state = ANY(%s) AND d.next_poll_at <= statement_timestamp()
                      AND (d.lease_until IS NULL OR d.lease_until <= statement_timestamp())
                      AND (r.breaker_opened_at IS NULL
                           OR abs(extract(epoch FROM statement_timestamp() - r.breaker_opened_at)) >= %s)
                    ORDER BY d.next_poll_at LIMIT %s FOR UPDATE OF d SKIP LOCKED)
            RETURNING id, fence
            """,
            [LEASE_SECONDS, sorted(UNDER_WAY), HALF_OPEN_AFTER_SECONDS, limit],
        )
        fences = dict(cursor.fetchall())
    found = RegionDeployment.objects.filter(pk__in=fences).select_related(
        "connector", "version", "rollout__version", "preview__version", "rehearsal__preview__version"
    )
    rows = list(found.defer(*_HEAVY).order_by("next_poll_at"))
    # Once for each region and not for each row: reading one opens its credentials.
    regions = Region.objects.in_bulk({row.region_id for row in rows})
    for row in rows:
        row.region = regions[row.region_id]
    return [Item(row, fences[row.pk]) for row in rows]


async def _poll(items: Sequence[Item]) -> None:
    stop_at = time.monotonic() + CALLING_SECONDS
    breakers = {
        item.row.region_id: Breaker(item.row.region.breaker_failures, item.row.region.breaker_opened_at)
        for item in items
    }
    suspects = [code for code, breaker in breakers.items() if breaker.failures]
    async with AsyncExitStack() as stack:
        drivers = {
            kind: await stack.enter_async_context(open_driver(kind))
            for kind in {item.row.region.driver for item in items}
        }

        async def call(item: Item) -> Answer:
            if time.monotonic() > stop_at:
                raise RegionNotAsked(item.row.region_id, "left for the next round.")
            return await _ask(drivers[item.row.region.driver], item)

        results = poll_as_completed(
            list(items), call, region_of=lambda item: item.row.region_id, suspects=suspects
        )
        quiet = _Quiet()
        async for polled in results:
            code, error = polled.item.row.region_id, polled.error
            if error is None and not breakers[code].failures and _is_quiet(polled.item, polled.value):
                quiet.answers.append((polled.item, polled.value))
            else:
                keep = sync_to_async(_keep)
                breakers[code] = await keep(polled.item, polled.value, error, breakers[code])
            if quiet.is_due:
                await sync_to_async(quiet.write)()
        await sync_to_async(quiet.write)()


class _Quiet:
    """Answers that say what is known already, kept for a moment to be written in one statement."""

    def __init__(self) -> None:
        self.answers: list[tuple[Item, Answer | None]] = []
        self._written_at = time.monotonic()

    @property
    def is_due(self) -> bool:
        is_late = time.monotonic() - self._written_at > QUIET_SECONDS
        return bool(self.answers) and (is_late or len(self.answers) >= QUIET_BATCH)

    def write(self) -> None:
        """Put off the next question of each. What is lost here costs a lease, and nothing else."""
        answers, self.answers, self._written_at = self.answers, [], time.monotonic()
        if not answers:
            return
        try:
            left = record_no_news([item.asked for item, _ in answers])
            _see_answers({item.row.region for item, _ in answers})
        except Exception as failure:
            log.error("quiet_outcomes_not_recorded", deployments=len(answers), exc_info=failure)
            return
        for item, answer in answers:
            if item.row.pk in left:
                _keep(item, answer, None, Breaker())


def _is_quiet(item: Item, answer: Answer | None) -> bool:
    """Whether the region only says that it still works on it."""
    if item.is_sending or item.row.state != DeploymentState.DEPLOYING or not isinstance(answer, Told):
        return False
    return answer.operation is not None and not answer.operation.state.is_final


def _see_answers(regions: Iterable[Region]) -> None:
    """Note that regions answered, if that was not noted a moment ago."""
    now = database_now()
    stale = [
        region.pk
        for region in regions
        if region.last_answer_at is None or region.last_answer_at < now - ANSWER_SEEN_EVERY
    ]
    if stale:
        Region.objects.filter(pk__in=stale).update(last_answer_at=now)


def _keep(item: Item, answer: Answer | None, error: RegionError | None, breaker: Breaker) -> Breaker:
    """Record one result and the region's condition; returns the breaker as it is now."""
    try:
        if isinstance(error, RegionNotAsked):
            _give_back(item)
            return breaker
        outcome = error or answer
        if outcome is not None:
            record(item.asked, outcome)
    except LeaseLost:
        log.info("lease_lost", deployment=str(item.row.pk), region=item.row.region_id)
    except Exception as failure:
        log.error("outcome_not_recorded", deployment=str(item.row.pk), exc_info=failure)
    return keep_breaker(item.row.region_id, breaker, error)


def _give_back(item: Item) -> None:
    """Nothing was asked: a first try stays one. Others go first in the next round, so that the many of a
    silent region do not keep them out.
    """
    RegionDeployment.objects.filter(pk=item.row.pk, fence=item.fence).update(
        lease_until=None, polls=F("polls") - 1, next_poll_at=Now()
    )


def keep_breaker(code: str, breaker: Breaker, error: RegionError | None) -> Breaker:
    """Write how a call to the region ended; returns its breaker as it is now."""
    if error is None and breaker == Breaker():
        stale = Q(last_answer_at=None) | Q(last_answer_at__lt=Now() - ANSWER_SEEN_EVERY)
        Region.objects.filter(stale, pk=code).update(last_answer_at=Now())
        return breaker
    now = database_now()
    after = breaker.after(error, now)
    columns: dict[str, object] = {"breaker_failures": after.failures, "breaker_opened_at": after.opened_at}
    answered = error is None or isinstance(error, (RegionRefused, RegionThrottled, RegionUnauthorized))
    if answered:
        columns["last_answer_at"] = now
    if answered or after != breaker:
        Region.objects.filter(pk=code).update(**columns)
    return after


async def _ask(driver: RegionDriver, item: Item) -> Answer:
    """The one question that fits the deployment's state."""
    row, endpoint = item.row, endpoint_of(item.row.region)
    if row.state == DeploymentState.REPORTED:
        return Probed(await driver.current(endpoint, row.connector.slug))
    # Only the first holder of an intent sends at once; whoever comes after a lost holder asks by key first.
    # The owner is asked right before the call, so that a halt committed after the claim stops it here.
    is_first = row.state == DeploymentState.INTENDED and row.polls <= 1
    if is_first and await sync_to_async(may_act)(row, lock=False):
        item.is_sending = True
        return Told(await _send(driver, endpoint, row))
    digest = _digest(row)
    return Told(await driver.operation(endpoint, row.idempotency_key, expected_digest=digest))


async def _send(driver: RegionDriver, endpoint: RegionEndpoint, row: RegionDeployment) -> Operation:
    """The command, first alone: most regions of a busy day hold package and certificate already."""
    command, given = command_of(row), set[str]()
    while True:
        try:
            return await driver.deploy(endpoint, command)
        except RegionRefused as refusal:
            if refusal.code not in _ASKED_FOR or refusal.code in given:
                raise
            given.add(refusal.code)
            command = replace(command, **await _ASKED_FOR[refusal.code](row, refusal))


async def _package(row: RegionDeployment, refusal: RegionRefused) -> dict[str, Any]:
    try:
        return {"package": await sync_to_async(storage.load, thread_sensitive=False)(_digest(row))}
    except (OSError, storage.StoredBytesDamaged):
        # The region asked for bytes that we cannot give, so it did not act: as definite as a refusal.
        raise RegionRefused(
            row.region_id, "The stored package is missing or damaged.", code="package-missing", status=412
        ) from None


async def _certificate(row: RegionDeployment, refusal: RegionRefused) -> dict[str, Any]:
    envelope = await sync_to_async(envelope_for)(row.version or _removed(row))
    if envelope is None:
        raise RegionRefused(
            row.region_id,
            "The region takes certified packages only, and the portal has no certificate of this one: "
            f"nobody approved it here, or the portal has no signing key. {refusal.message}",
            code="certificate-missing",
            status=412,
        )
    return {"certificate": envelope}


_ASKED_FOR = {"package-required": _package, "certificate-required": _certificate}


def _digest(row: RegionDeployment) -> str:
    return row.version.digest if row.version else _removed(row).digest


def _removed(row: RegionDeployment) -> Version:
    """The version that an act without one of its own takes away: the rollout's, or the rehearsed one."""
    if row.rehearsal is not None:
        return row.rehearsal.preview.version
    assert row.rollout is not None
    return row.rollout.version


def command_of(row: RegionDeployment) -> DeployCommand:
    """The command of a deployment. A rollback to nothing removes the version that the rollout brought."""
    version = row.version or _removed(row)
    action = Action(row.action) if row.version else Action.REMOVE
    assert row.number is not None
    return DeployCommand(
        idempotency_key=row.idempotency_key,
        connector=row.connector.slug,
        deployment_number=row.number,
        action=action,
        version=version.label,
        digest=version.digest,
    )
