"""Simulated regions: the region protocol played from our own database, without a process or a network.

For rehearsals and dry runs: a plan can be run through the real scheduler and pollers in minutes. Demos and
protocol tests use the reference agent (`manage.py region`), which is a region behind a real network.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from types import TracebackType
from typing import Self

from asgiref.sync import sync_to_async
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from certification.models import SimulatedOperation
from certification.regions.answers import check_operation, check_package
from certification.regions.errors import RegionRefused
from certification.regions.protocol import (
    Action,
    CurrentVersion,
    DeployCommand,
    Operation,
    OperationState,
    RegionEndpoint,
    RegionHealth,
)
from certification.services.clock import database_now

_WAITING_SHARE = 0.2
"""Share of its time that an operation is accepted before it is running."""


class SimulatorDriver:
    """A `RegionDriver` for regions that exist only as rows."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def deploy(self, endpoint: RegionEndpoint, command: DeployCommand) -> Operation:
        check_package(endpoint, command)
        return await sync_to_async(_accept)(endpoint, command)

    async def operation(
        self, endpoint: RegionEndpoint, idempotency_key: str, *, expected_digest: str | None = None
    ) -> Operation | None:
        operation = await sync_to_async(_find)(endpoint, idempotency_key)
        if operation is not None:
            check_operation(endpoint, operation, idempotency_key, expected_digest)
        return operation

    async def current(self, endpoint: RegionEndpoint, connector: str) -> CurrentVersion | None:
        return await sync_to_async(_current)(endpoint, connector)

    async def health(self, endpoint: RegionEndpoint) -> RegionHealth:
        return await sync_to_async(_health)(endpoint)


def _accept(endpoint: RegionEndpoint, command: DeployCommand) -> Operation:
    content = {
        "connector_slug": command.connector,
        "number": command.deployment_number,
        "action": command.action.value,
        "version_label": command.version,
        "digest": command.digest,
    }
    try:
        with transaction.atomic():
            row = SimulatedOperation.objects.filter(key=command.idempotency_key).first()
            if row is None:
                _check_fence(endpoint, command)
                row = SimulatedOperation.objects.create(
                    region_id=endpoint.code,
                    key=command.idempotency_key,
                    settles_at=database_now() + dt.timedelta(seconds=_number(endpoint, "seconds")),
                    fails=_fails(endpoint, command.idempotency_key),
                    **content,
                )
                row.refresh_from_db(fields=["accepted_at"])
    except IntegrityError:
        raise RegionRefused(
            endpoint.code, "another command has this number.", code="stale-deployment", status=409
        ) from None
    if any(getattr(row, name) != value for name, value in content.items()):
        raise RegionRefused(
            endpoint.code, "this key was used for another command.", code="idempotency-conflict", status=409
        )
    return _told(row)


def _check_fence(endpoint: RegionEndpoint, command: DeployCommand) -> None:
    newest = _of(endpoint, command.connector).order_by("-number").values_list("number", flat=True).first()
    if newest is not None and command.deployment_number <= newest:
        raise RegionRefused(
            endpoint.code,
            f"deployment {command.deployment_number} is not above {newest}.",
            code="stale-deployment",
            status=409,
        )


def _of(endpoint: RegionEndpoint, connector: str) -> QuerySet[SimulatedOperation]:
    return SimulatedOperation.objects.filter(region_id=endpoint.code, connector_slug=connector)


def _number(endpoint: RegionEndpoint, name: str) -> int:
    value = endpoint.settings.get(name)
    return value if isinstance(value, int) else 0


def _fails(endpoint: RegionEndpoint, key: str) -> bool:
    """Drawn from the key, so that the same rehearsal fails in the same places."""
    drawn = int.from_bytes(hashlib.sha256(f"{endpoint.code} {key}".encode()).digest()[:4], "big") % 100
    return drawn < _number(endpoint, "failures_percent")


def _told(row: SimulatedOperation) -> Operation:
    now = database_now()
    overtaken_at = (
        SimulatedOperation.objects.filter(
            region_id=row.region_id, connector_slug=row.connector_slug, number__gt=row.number
        )
        .order_by("accepted_at")
        .values_list("accepted_at", flat=True)
        .first()
    )
    state, message, moment = OperationState.ACCEPTED, "", row.accepted_at
    if overtaken_at is not None and overtaken_at < row.settles_at:
        state, message, moment = OperationState.FAILED, "Overtaken by a newer command.", overtaken_at
    elif now >= row.settles_at:
        state, moment = OperationState.FAILED if row.fails else OperationState.SUCCEEDED, row.settles_at
        message = "The simulator was asked to let this one fail." if row.fails else ""
    elif now >= row.accepted_at + (row.settles_at - row.accepted_at) * _WAITING_SHARE:
        state = OperationState.RUNNING
    return Operation(row.key, state, row.digest, row.number, message, moment)


def _find(endpoint: RegionEndpoint, key: str) -> Operation | None:
    row = SimulatedOperation.objects.filter(region_id=endpoint.code, key=key).first()
    return _told(row) if row else None


def _current(endpoint: RegionEndpoint, connector: str) -> CurrentVersion | None:
    for row in _of(endpoint, connector).order_by("-number")[:20]:
        if _told(row).state is not OperationState.SUCCEEDED:
            continue
        if row.action == Action.REMOVE:
            return None
        return CurrentVersion(connector, row.version_label, row.digest, row.number, row.settles_at)
    return None


def _health(endpoint: RegionEndpoint) -> RegionHealth:
    rows = SimulatedOperation.objects.filter(region_id=endpoint.code)
    return RegionHealth(
        ok=True,
        version="simulator",
        load=0.0,
        running_operations=rows.filter(settles_at__gt=database_now()).count(),
        deployed_connectors=rows.values("connector_slug").distinct().count(),
    )
