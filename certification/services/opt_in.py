"""Opt-in waves (sovereign regions): chosen when the rollout is scheduled, or any time later."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext as _

from certification.lifecycle import MOVABLE_ROLLOUT_STATES, RolloutState
from certification.models import PlanWave, RegionDeployment, Rollout, RolloutWave
from certification.policies import can_run_rollout
from certification.queries.rollouts import newer_than, opt_in_choices
from certification.services.clock import database_now, due_from
from certification.services.deployments import new_deployment
from certification.services.planning import World, inputs_of, present_world
from certification.services.replanning import board, lock_trains, planned_or_blocked, replayable
from portal.shared import audit, outbox
from portal.shared.actors import Actor
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.policy import require


def choose(rollout: Rollout, numbers: Collection[int], *, reason: str, actor: Actor) -> Rollout:
    """Add opt-in waves of the plan to a rollout under way, or to one that is live.

    They are dated after the public waves. Raises `InvalidInput` for waves that are none or are in it already,
    `Blocked` when the version is on its way back or another one is live.
    """
    require(can_run_rollout, actor, rollout)
    with transaction.atomic():
        row = (
            Rollout.objects.select_for_update(of=("self",))
            .select_related("plan", "connector", "submission", "version")
            .get(pk=rollout.pk)
        )
        _refuse(row)
        offered = {wave.number: wave for wave in opt_in_choices(row)}
        if not numbers or set(numbers) - set(offered):
            text = _("Choose opt-in waves of the plan that are not in this rollout yet.")
            raise InvalidInput(text, fields={"waves": [text]})
        _add(row, [offered[number] for number in sorted(numbers)], reason=reason, actor=actor)
    return row


def _refuse(row: Rollout) -> None:
    if row.state in MOVABLE_ROLLOUT_STATES:
        return
    if row.state != RolloutState.COMPLETED:
        raise Blocked(_("This rollout is over: opt-in regions get the version that is live."))
    if row.connector.live_version_id != row.version_id or newer_than(row).exists():
        raise Blocked(_("Another version of this connector is live or on its way: choose the waves there."))


def _add(row: Rollout, waves: list[PlanWave], *, reason: str, actor: Actor) -> None:
    lock_trains(row)
    world = present_world()
    made = [
        RolloutWave(
            rollout=row, number=wave.number, name=wave.name, is_opt_in=True, planned_at=world.now,
            due_at=world.now,
        )
        for wave in waves
    ]  # fmt: skip
    RolloutWave.objects.bulk_create(made)
    RegionDeployment.objects.bulk_create(
        new_deployment(
            connector=row.connector, region=place.region, version=row.version, rollout=row, wave=added
        )
        for wave, added in zip(waves, made, strict=True)
        for place in wave.places.select_related("region").order_by("region__name")
    )
    dated = date_added(row, made, world, actor=actor)
    audit.record(
        "rollout.choose_opt_in", row, actor=actor, reason=reason.strip(),
        about=[row.submission, row.connector],
        data={"waves": ", ".join(wave.name for wave in made), **dated},
    )  # fmt: skip
    outbox.emit("rollout.choose_opt_in", id=str(row.pk))


def date_added(row: Rollout, made: list[RolloutWave], world: World, *, actor: Actor) -> dict[str, object]:
    """Date waves that were added behind the others and wake the rollout; returns what the audit record keeps.

    The caller holds the rollout's row.
    """
    inputs = inputs_of(row, world)
    planned = planned_or_blocked(inputs)
    instants = {one.number: one.starts_at for one in planned}
    for wave in made:
        wave.planned_at = instants[wave.number]
        wave.due_at = due_from(wave.planned_at, world.now)
        wave.save(update_fields=["planned_at", "due_at"])
    board(row, inputs, planned, now=world.now, actor=actor)
    if row.state == RolloutState.COMPLETED:
        Rollout.objects.filter(pk=row.pk).update(next_step_at=database_now())
    return replayable(inputs, planned)
