"""What people do for regions without an interface: take a task, do it, say how it ended, look again later."""

from __future__ import annotations

import re

from django.db import transaction
from django.utils.translation import gettext as _

from certification.lifecycle import REGION_TASK
from certification.models import Placement, RegionDeployment, RegionTask, Sighting
from certification.policies import can_do_region_task
from certification.services.clock import database_now
from certification.services.manual_regions import facts
from certification.services.rollouts import need_reason
from connectors.models import Connector, Region
from portal.accounts.models import User
from portal.shared import audit
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.transitions import transition

_TYPED = r"[0-9a-f]{12,64}"
"""What somebody has to type of a digest: enough to prove that they looked."""


def take(task: RegionTask, *, actor: User) -> RegionTask:
    """Say that one is at it, so that nobody else begins. Taking it over from somebody is allowed."""
    require(can_do_region_task, actor, task)
    return _move(task, "take", actor=actor, taken_by_id=actor.pk)


def give_back(task: RegionTask, *, actor: User) -> RegionTask:
    require(can_do_region_task, actor, task)
    return _move(task, "give_back", actor=actor, taken_by_id=None)


def finish(task: RegionTask, *, seen_digest: str, note: str = "", actor: User) -> RegionTask:
    """It is done. Whoever says so has to type the digest they see there: that is the region's first probe."""
    require(can_do_region_task, actor, task)
    is_removal = task.action == "remove"
    if not is_removal:
        _check_typed(seen_digest, task.digest)
    with transaction.atomic():
        row = _move(task, "finish", actor=actor, settled_by_id=actor.pk, message=note.strip()[:500])
        Sighting.objects.create(
            region_id=task.region_id,
            connector_id=task.connector_id,
            digest="" if is_removal else task.digest,
            seen_by=actor,
            note=note.strip()[:500],
        )
        _look_now(task)
    return row


def fail(task: RegionTask, *, reason: str, actor: User) -> RegionTask:
    """It cannot be done: the deployment has failed in this region."""
    require(can_do_region_task, actor, task)
    reason = need_reason(reason, _("Say what went wrong."))
    with transaction.atomic():
        row = _move(task, "fail", reason=reason, actor=actor, settled_by_id=actor.pk, message=reason[:500])
        _look_now(task)
    return row


def _move(task: RegionTask, event: str, *, actor: User, reason: str = "", **changes: object) -> RegionTask:
    return transition(
        REGION_TASK,
        task,
        event,
        actor=actor,
        reason=reason,
        about=[task.connector],
        changes=changes,
        data=facts(task),
    )


def _check_typed(typed: str, digest: str) -> None:
    """Refuse a digest that was not read off the region: too short, or another one."""
    text = typed.strip().lower().removeprefix("sha256:")
    if not re.fullmatch(_TYPED, text):
        fault = _("Type at least the first 12 characters of the SHA-256 that you see there.")
    elif not digest.startswith(text):
        fault = _("That is another package than the one to deploy: do not go on, and say that it failed.")
    else:
        return
    raise InvalidInput(fault, fields={"seen_digest": [fault]})


def _look_now(task: RegionTask) -> None:
    """The pollers ask at once instead of at their next turn."""
    RegionDeployment.objects.filter(idempotency_key=task.key, next_poll_at__isnull=False).update(
        next_poll_at=database_now()
    )


def add_sighting(
    connector: Connector, region: Region, *, seen_digest: str, note: str = "", actor: User
) -> Sighting:
    """Somebody looked again. The whole digest of what runs there, or nothing when nothing does."""
    require(can_do_region_task, actor, None)
    text = seen_digest.strip().lower().removeprefix("sha256:")
    if region.driver != "manual":
        raise InvalidInput(_("This region is probed by the portal: nobody has to look."))
    if text and not re.fullmatch(r"[0-9a-f]{64}", text):
        text = _("Give all 64 characters of the SHA-256, or leave it empty when nothing runs there.")
        raise InvalidInput(text, fields={"seen_digest": [text]})
    with transaction.atomic():
        sighting = Sighting.objects.create(
            region=region, connector=connector, digest=text, seen_by=actor, note=note.strip()[:500]
        )
        data = {"region": region.name, "code": region.pk, "digest": text}
        audit.record("sighting.add", connector, actor=actor, about=[region], data=data, reason=note.strip())
        Placement.objects.filter(connector=connector, region=region).update(next_probe_at=database_now())
    return sighting
