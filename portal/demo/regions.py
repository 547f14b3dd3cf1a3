"""The regions of the demo world: rows that point at the reference agent, and a stand-in for history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from django.utils import timezone

from certification.data import default_plan
from certification.regions import drivers
from certification.regions.protocol import (
    CERTIFICATES,
    INVOKE,
    Action,
    CurrentVersion,
    DeployCommand,
    Operation,
    OperationState,
    RegionEndpoint,
    RegionHealth,
    RegionThrottled,
)
from certification.services import plans, regions
from connectors.models import Region
from portal.accounts.models import User
from portal.shared.secrets import fingerprint

AGENT_ADDRESS = "http://127.0.0.1:8100"
BUSY_SECONDS = 6 * 3600.0


def install_regions(base_url: str, token: str, *, actor: User) -> None:
    """Every region of the default plan, at the reference agent, and the plan itself."""
    known: set[str] = set()
    for seed in default_plan.REGIONS:
        pairs = {*(pair for pair in default_plan.PAIRS if seed.code in pair)}
        partners = tuple(code for pair in pairs for code in pair if code in known)
        draft = regions.RegionDraft(
            name=seed.name,
            base_url=f"{base_url}/{seed.code}",
            geography=seed.geography,
            place=seed.place,
            is_preview=seed.is_preview,
            paired_with=partners,
        )
        region = regions.add_region(seed.code, draft, secrets={"token": token}, actor=actor)
        # The agent pushes telemetry with the token it is called with.
        Region.objects.filter(pk=region.pk).update(
            tags=list(seed.tags), telemetry_digest=fingerprint(token), capabilities=[CERTIFICATES, INVOKE]
        )
        regions.set_region_active(region, is_active=True, reason="Answers and holds packages.", actor=actor)
        known.add(seed.code)
    plans.install_default_plan(actor=actor)


def move_regions(base_url: str, token: str) -> int:
    """The agent may listen elsewhere than last time: point the demo regions there. Returns how many moved."""
    codes = [seed.code for seed in default_plan.REGIONS]
    moved = 0
    for region in Region.objects.filter(pk__in=codes):
        address = f"{base_url}/{region.pk}"
        if region.base_url.startswith("http://127.0.0.1:") and region.base_url != address:
            Region.objects.filter(pk=region.pk).update(
                base_url=address, breaker_failures=0, breaker_opened_at=None
            )
            moved += 1
    return moved


class ToldRegions:
    """All regions while history is told: a driver that remembers what it was told and answers at once.

    `failing` and `busy` hold (connector's slug, region) of places where the next deployment fails, or is put
    off for hours.
    """

    def __init__(self) -> None:
        self.failing: dict[tuple[str, str], str] = {}
        self.busy: set[tuple[str, str]] = set()
        self._operations: dict[str, Operation] = {}
        self._current: dict[tuple[str, str], CurrentVersion] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def deploy(self, endpoint: RegionEndpoint, command: DeployCommand) -> Operation:
        place = (command.connector, endpoint.code)
        if place in self.busy:
            raise RegionThrottled(
                endpoint.code,
                "is being serviced and takes nothing for a while.",
                retry_after_seconds=BUSY_SECONDS,
            )
        reason = self.failing.get(place)
        state = OperationState.FAILED if reason else OperationState.SUCCEEDED
        operation = Operation(
            command.idempotency_key,
            state,
            command.digest,
            command.deployment_number,
            reason or "",
            timezone.now(),
        )
        self._operations[command.idempotency_key] = operation
        if not reason:
            self._hold(place, command, operation.updated_at)
        return operation

    def _hold(self, place: tuple[str, str], command: DeployCommand, moment: dt.datetime) -> None:
        if command.action == Action.REMOVE:
            self._current.pop(place, None)
            return
        self._current[place] = CurrentVersion(
            command.connector, command.version, command.digest, command.deployment_number, moment
        )

    async def operation(
        self, endpoint: RegionEndpoint, idempotency_key: str, *, expected_digest: str | None = None
    ) -> Operation | None:
        return self._operations.get(idempotency_key)

    async def current(self, endpoint: RegionEndpoint, connector: str) -> CurrentVersion | None:
        return self._current.get((connector, endpoint.code))

    async def health(self, endpoint: RegionEndpoint) -> RegionHealth:
        return RegionHealth(ok=True, version="1", load=0.0, running_operations=0, deployed_connectors=0)


@contextmanager
def told_regions() -> Iterator[ToldRegions]:
    """Deployments go to the stand-in inside the block."""
    stand_in, before = ToldRegions(), drivers.DRIVERS["http"]
    drivers.DRIVERS["http"] = lambda: stand_in
    try:
        yield stand_in
    finally:
        drivers.DRIVERS["http"] = before
