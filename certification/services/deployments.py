"""One act in one region: its row, its key and number, and the intent that must be written before any call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

from django.db import connection, models, transaction

from certification.lifecycle import DEPLOYMENT, GONE_ROLLOUT_STATES, UNDER_WAY, DeploymentState
from certification.models import Placement, Preview, RegionDeployment, Rehearsal, Rollout, RolloutWave
from certification.services.clock import database_now
from connectors.models import Connector, Region, Version
from portal.shared.actors import SYSTEM, Actor
from portal.shared.transitions import transition

RESULT_EXPECTED_AFTER = dt.timedelta(minutes=30)
"""An act without a result for this long raises an alarm. It does not fail by that: only a region's word
does.
"""
BY_HAND_EXPECTED_AFTER = dt.timedelta(days=1)

Action = RegionDeployment.Action
_AROUND = (
    "region", "connector", "version", "rollout__submission", "rollout__version", "preview__submission",
    "rehearsal__preview__submission",
)  # fmt: skip
_LOOKED_AT = (
    "region__name", "region__driver", "connector__slug", "version__digest", "version__label",
    "rollout__state", "rollout__submission__state", "rollout__version__digest", "rollout__version__label",
    "preview__state", "preview__submission__state", "rehearsal__state", "rehearsal__preview__state",
    "rehearsal__preview__submission__state",
)  # fmt: skip
_OVER = ("rolling_back", *GONE_ROLLOUT_STATES)


def new_deployment(
    *,
    connector: Connector,
    region: Region,
    version: Version | None,
    action: str = Action.DEPLOY,
    rollout: Rollout | None = None,
    wave: RolloutWave | None = None,
    preview: Preview | None = None,
    rehearsal: Rehearsal | None = None,
) -> RegionDeployment:
    """An unsaved, pending act of a rollout's wave, of a Preview or of a rehearsal."""
    row = RegionDeployment(
        connector=connector,
        region=region,
        version=version,
        action=action,
        rollout=rollout,
        wave=wave,
        preview=preview,
        rehearsal=rehearsal,
    )
    row.idempotency_key = key_for(row, attempt=1)
    return row


def key_for(row: RegionDeployment, *, attempt: int) -> str:
    """The name of one intent. Every repetition carries it; a new try after a definite failure gets a new
    one.
    """
    if row.rollout_id:
        owner = f"rollout-{row.rollout_id}"
    else:
        owner = f"rehearsal-{row.rehearsal_id}" if row.rehearsal_id else f"preview-{row.preview_id}"
    return f"{owner}:{row.region_id}:{row.action}:{attempt}"


def about(row: RegionDeployment) -> list[models.Model]:
    """The objects whose history shows what happens to the deployment."""
    if row.rehearsal:
        return [row.rehearsal, row.rehearsal.preview, row.rehearsal.preview.submission, row.connector]
    owner = row.rollout or row.preview
    return [owner, owner.submission, row.connector] if owner else [row.connector]


def move(
    row: RegionDeployment,
    event: str,
    *,
    actor: Actor = SYSTEM,
    reason: str = "",
    changes: Mapping[str, object] | None = None,
) -> None:
    """A transition of a deployment, told in the histories of its rollout or Preview, submission and
    connector.
    """
    number = (changes or {}).get("number") or row.number
    transition(
        DEPLOYMENT,
        row,
        event,
        actor=actor,
        reason=reason,
        about=about(row),
        changes=changes,
        data={"region": row.region.name, "code": row.region_id, "number": number},
    )


def lock_deployment(pk: object) -> RegionDeployment:
    """The row, locked, with its owner. Of the rows around it come the columns that are looked at here; others
    are read when somebody asks."""
    return (
        RegionDeployment.objects.select_related(*_AROUND)
        .only(*(field.name for field in RegionDeployment._meta.concrete_fields), *_LOOKED_AT)
        .select_for_update(of=("self",))
        .get(pk=pk)  # type: ignore[misc]
    )


def lock_placement(row: RegionDeployment) -> Placement:
    Placement.objects.bulk_create(
        [Placement(connector_id=row.connector_id, region_id=row.region_id)], ignore_conflicts=True
    )
    return Placement.objects.select_for_update().get(connector_id=row.connector_id, region_id=row.region_id)


def may_act(row: RegionDeployment, *, lock: bool) -> bool:
    """Whether the owner of the act wants it now: the rollout runs (or rolls back), the Preview deploys, the
    rehearsal runs.

    With `lock` the owner's row is held FOR SHARE until the transaction ends: a halt, which takes it FOR
    UPDATE, is then wholly before this intent or wholly after it.
    """
    table, pk = _owner(row)
    with connection.cursor() as cursor:
        suffix = " FOR SHARE" if lock else ""
        cursor.execute(f"SELECT state FROM {table} WHERE id = %s{suffix}", [pk])  # noqa: S608 - two constants
        state = cursor.fetchone()[0]
    if row.rehearsal_id:
        return bool(state == "running")
    if not row.rollout_id:
        return bool(state == "deploying")
    if row.action == Action.ROLLBACK:
        return bool(state == "rolling_back")
    return bool(state == "running" or (state == "completed" and _is_open_opt_in(row)))


def _is_open_opt_in(row: RegionDeployment) -> bool:
    """Whether it is of an opt-in wave under way: those go on after their rollout is complete."""
    return (
        row.wave_id is not None
        and RolloutWave.objects.filter(pk=row.wave_id, is_opt_in=True, state="running").exists()
    )


def _owner(row: RegionDeployment) -> tuple[str, UUID | None]:
    if row.rollout_id:
        return "certification_rollout", row.rollout_id
    if row.rehearsal_id:
        return "certification_rehearsal", row.rehearsal_id
    return "certification_preview", row.preview_id


def intend(deployment: RegionDeployment) -> bool:
    """Write the intent to act; the pollers make the call. False when it must not be (now), and nothing
    changed.

    Lock order everywhere: rollout, deployment, placement.
    """
    with transaction.atomic():
        if not may_act(deployment, lock=True):
            return False
        row = lock_deployment(deployment.pk)
        if row.state != DeploymentState.PENDING:
            return False
        placement = lock_placement(row)
        if _is_moving(row):
            return False
        move(row, "intend", changes=_sending(row, placement))
    return True


def _is_moving(row: RegionDeployment) -> bool:
    """Whether another act for the same connector is under way in the region: never two at once."""
    others = RegionDeployment.objects.filter(connector_id=row.connector_id, region_id=row.region_id)
    return others.filter(state__in=UNDER_WAY).exclude(pk=row.pk).exists()


def _sending(row: RegionDeployment, placement: Placement) -> dict[str, object]:
    """Columns of a new intent. A number that was handed out and not overtaken is kept with its key, so that
    an intent which was taken back and comes again is still the same one to the region."""
    now, is_by_hand = database_now(), row.region.driver == "manual"
    changes: dict[str, object] = {
        "intended_at": now,
        "next_poll_at": now,
        "deadline_at": now + (BY_HAND_EXPECTED_AFTER if is_by_hand else RESULT_EXPECTED_AFTER),
        "overdue_since": None,
        "poll_delay_seconds": 0,
        "polls": 0,
        "lease_until": None,
        "message": "",
    }
    if row.number is None or row.number != placement.last_number:
        placement.last_number += 1
        placement.save(update_fields=["last_number"])
        if row.number is not None:
            changes |= _next_attempt(row)
        changes["number"] = placement.last_number
    return changes


def _next_attempt(row: RegionDeployment) -> dict[str, object]:
    attempt = row.attempt + 1
    return {"attempt": attempt, "idempotency_key": key_for(row, attempt=attempt), "number": None}


def resend(row: RegionDeployment) -> bool:
    """The region never heard of the key: send again if the owner still wants it, else take it back.

    `row` is locked by the caller, who holds the owner's row FOR SHARE from `may_act(row, lock=True)` or found
    that it does not want the act any more. True when it will be sent again.
    """
    if may_act(row, lock=False):
        now = database_now()
        changes = {"intended_at": now, "next_poll_at": now, "lease_until": None, "polls": 0}
        move(row, "resend", changes=changes)
        return True
    take_back(row)
    return False


def take_back(row: RegionDeployment) -> None:
    """Not sent, as far as anybody knows: pending again, or cancelled when its owner will never want it."""
    move(
        row,
        "forget",
        reason="The region never heard of it, and nothing is to be sent now.",
        changes={"next_poll_at": None, "lease_until": None, "deadline_at": None},
    )
    is_over = row.rollout is None or (row.action == Action.DEPLOY and row.rollout.state in _OVER)
    if is_over:
        cancel(row, actor=SYSTEM, reason="Not needed any more.")


def cancel(row: RegionDeployment, *, actor: Actor, reason: str) -> None:
    move(row, "cancel", actor=actor, reason=reason)


def try_again(row: RegionDeployment, *, actor: Actor, reason: str) -> None:
    """A failed act becomes pending again, under a new key and, when it is sent, a new number."""
    with transaction.atomic():
        locked = lock_deployment(row.pk)
        changes = {**_next_attempt(locked), "next_poll_at": None, "lease_until": None, "overdue_since": None}
        move(locked, "retry", actor=actor, reason=reason, changes=changes)
