"""Regions that people serve: a command becomes a task, and what runs there is what somebody saw.

The driver's side of it; what people do with tasks is in `region_tasks`.
"""

from __future__ import annotations

import datetime as dt
from types import TracebackType
from typing import Self

from asgiref.sync import sync_to_async
from django.db import transaction

from certification.lifecycle import REGION_TASK, RegionTaskState
from certification.models import RegionTask, Sighting
from certification.regions.answers import check_operation, check_package
from certification.regions.errors import RegionNotAsked, RegionRefused
from certification.regions.protocol import (
    CurrentVersion,
    DeployCommand,
    Operation,
    OperationState,
    RegionEndpoint,
    RegionHealth,
)
from certification.services.clock import database_now
from connectors.models import Connector
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM
from portal.shared.transitions import transition

DEFAULT_CONFIRMATION_DAYS = 30
OPEN = ("open", "taken")
_STATES = {
    RegionTaskState.OPEN: OperationState.ACCEPTED,
    RegionTaskState.TAKEN: OperationState.RUNNING,
    RegionTaskState.DONE: OperationState.SUCCEEDED,
    RegionTaskState.FAILED: OperationState.FAILED,
    RegionTaskState.OVERTAKEN: OperationState.FAILED,
}


class ManualDriver:
    """A `RegionDriver` whose regions are people."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def deploy(self, endpoint: RegionEndpoint, command: DeployCommand) -> Operation:
        """Put the command on the list of what people have to do; they download the package themselves."""
        check_package(endpoint, command)
        return await sync_to_async(_accept)(endpoint, command)

    async def operation(
        self, endpoint: RegionEndpoint, idempotency_key: str, *, expected_digest: str | None = None
    ) -> Operation | None:
        task = await RegionTask.objects.filter(region_id=endpoint.code, key=idempotency_key).afirst()
        if task is None:
            return None
        operation = _told(task)
        check_operation(endpoint, operation, idempotency_key, expected_digest)
        return operation

    async def current(self, endpoint: RegionEndpoint, connector: str) -> CurrentVersion | None:
        """What somebody saw there, while that is fresh. Raises `RegionNotAsked` when nobody looked lately:
        that is neither an answer nor the region's fault.
        """
        return await sync_to_async(_seen)(endpoint, connector)

    async def health(self, endpoint: RegionEndpoint) -> RegionHealth:
        waiting = await RegionTask.objects.filter(region_id=endpoint.code, state__in=OPEN).acount()
        seen = Sighting.objects.filter(region_id=endpoint.code).exclude(digest="").values("connector_id")
        return RegionHealth(
            ok=True,
            version="by hand",
            load=0.0,
            running_operations=waiting,
            deployed_connectors=await seen.distinct().acount(),
        )


def _accept(endpoint: RegionEndpoint, command: DeployCommand) -> Operation:
    content: dict[str, object] = {
        "number": command.deployment_number,
        "action": command.action.value,
        "version_label": command.version,
        "digest": command.digest,
    }
    with transaction.atomic():
        # The connector's row serialises commands about it; a region is told few things at a time.
        connector = Connector.objects.select_for_update(no_key=True).filter(slug=command.connector).first()
        if connector is None:
            raise _refusal(endpoint, "unknown-connector", "no connector has this name.")
        task = RegionTask.objects.filter(key=command.idempotency_key).first()
        if task is None:
            task = _open(endpoint, command, connector, content)
    if any(getattr(task, name) != value for name, value in content.items()):
        raise _refusal(endpoint, "idempotency-conflict", "this key was used for another command.")
    return _told(task)


def _open(
    endpoint: RegionEndpoint, command: DeployCommand, connector: Connector, content: dict[str, object]
) -> RegionTask:
    others = RegionTask.objects.filter(region_id=endpoint.code, connector=connector)
    if others.filter(number__gte=command.deployment_number).exists():
        raise _refusal(endpoint, "stale-deployment", "a newer command was accepted already.")
    for older in others.filter(state__in=OPEN):
        transition(
            REGION_TASK, older, "overtake", actor=SYSTEM, about=[connector],
            reason=f"Deployment {command.deployment_number} took its place.",
        )  # fmt: skip
    task = RegionTask.objects.create(
        region_id=endpoint.code, connector=connector, key=command.idempotency_key, **content
    )
    audit.record("regiontask.open", task, actor=SYSTEM, about=[connector], data=facts(task))
    outbox.emit("regiontask.open", id=str(task.pk))
    return task


def facts(task: RegionTask) -> dict[str, object]:
    """What the history says about a task."""
    return {
        "region": task.region.name, "code": task.region_id, "number": task.number, "action": task.action,
        "version": task.version_label, "digest": task.digest,
    }  # fmt: skip


def _refusal(endpoint: RegionEndpoint, code: str, message: str) -> RegionRefused:
    return RegionRefused(endpoint.code, message, code=code, status=409)


def _told(task: RegionTask) -> Operation:
    state = RegionTaskState(task.state)
    message = task.message
    if state is RegionTaskState.OVERTAKEN:
        message = "Overtaken by a newer command."
    elif state is RegionTaskState.FAILED:
        message = f"Done by hand, it failed: {task.message}"
    return Operation(task.key, _STATES[state], task.digest, task.number, message[:500], task.state_changed_at)


def confirmation_days(settings: object) -> int:
    days = settings.get("confirmation_days") if isinstance(settings, dict) else None
    return days if isinstance(days, int) and not isinstance(days, bool) else DEFAULT_CONFIRMATION_DAYS


def _seen(endpoint: RegionEndpoint, slug: str) -> CurrentVersion | None:
    sighting = (
        Sighting.objects.filter(region_id=endpoint.code, connector__slug=slug).order_by("-seen_at").first()
    )
    if sighting is None:
        raise RegionNotAsked(endpoint.code, "nobody has looked yet what runs there.")
    days = confirmation_days(dict(endpoint.settings))
    if sighting.seen_at + dt.timedelta(days=days) < database_now():
        raise RegionNotAsked(endpoint.code, f"nobody has looked since {sighting.seen_at:%d %B %Y}.")
    if not sighting.digest:
        return None
    done = RegionTask.objects.filter(
        region_id=endpoint.code, connector_id=sighting.connector_id, digest=sighting.digest, state="done"
    )
    task = done.order_by("-number").first()
    return CurrentVersion(
        connector=slug,
        version=task.version_label if task else "unknown",
        digest=sighting.digest,
        deployment_number=task.number if task else 0,
        deployed_at=task.state_changed_at if task else sighting.seen_at,
        seen_at=sighting.seen_at,
    )
