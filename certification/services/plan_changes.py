"""A plan's next revision, and the rollouts that have not started and go by it from now on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext as _

from certification.lifecycle import WAVE, DeploymentState, WaveState
from certification.models import PlanWave, RegionDeployment, Rollout, RolloutPlan, RolloutWave
from certification.planning.calendar import NoOpenDay
from certification.planning.planner import plan as date_waves
from certification.planning_words import sentence
from certification.policies import can_manage_plans
from certification.services.clock import database_now, due_from
from certification.services.deployments import cancel, new_deployment
from certification.services.planning import inputs_of, present_world
from certification.services.plans import PlanDraft, check_draft, write_revision
from certification.services.replanning import replan
from certification.services.what_if import RolloutMove, with_loads
from portal.shared.actors import Actor
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.policy import require
from portal.shared.transitions import transition


@dataclass(frozen=True)
class PlanMove:
    """A wave, or a region that changed its wave, before and after; None where it was not, or is no more.
    `regions` are those it concerns, code -> name.
    """

    number: int
    name: str
    old_at: dt.datetime | None
    new_at: dt.datetime | None
    because: str
    regions: Mapping[str, str] = field(default_factory=dict)

    @property
    def by(self) -> dt.timedelta | None:
        return self.new_at - self.old_at if self.new_at and self.old_at else None


def preview_revision(plan: RolloutPlan, draft: PlanDraft, *, actor: Actor) -> list[RolloutMove]:
    """What saving the draft would move: done for real and taken back, so that both always agree."""
    require(can_manage_plans, actor, plan)
    check_draft(draft)
    with transaction.atomic():
        latest = RolloutPlan.objects.select_for_update().get(pk=plan.pk)
        new = write_revision(latest, draft, actor=actor)
        moves = _apply(latest, new, reason="Trying it out", actor=actor)
        transaction.set_rollback(True)
    return with_loads([move for move in moves if move.waves or move.problem])


def revise_plan(
    plan: RolloutPlan, draft: PlanDraft, *, reason: str, actor: Actor
) -> tuple[RolloutPlan, list[RolloutMove]]:
    """The next revision. Rollouts that have not started go by it from now on, those under way keep theirs.

    Returns it and what moved.
    """
    require(can_manage_plans, actor, plan)
    check_draft(draft)
    if not reason.strip():
        raise InvalidInput(_("Say why the plan changes."), fields={"reason": [_("Say why.")]})
    with transaction.atomic():
        new = write_revision(plan, draft, actor=actor, reason=reason)
        moves = _apply(plan, new, reason=f"{new}: {reason.strip()}", actor=actor)
        stuck = next((move for move in moves if move.problem), None)
        if stuck:
            raise Blocked(f"{stuck.rollout.connector}: {stuck.problem}")
    return new, [move for move in moves if move.waves]


def _apply(old: RolloutPlan, new: RolloutPlan, *, reason: str, actor: Actor) -> list[RolloutMove]:
    """Let every rollout of the old revision that has not started go by the new one."""
    waiting = (
        Rollout.objects.select_for_update(of=("self",))
        .filter(plan=old, state__in=("queued", "scheduled"))
        .select_related("plan", "connector__publisher", "version", "submission")
        .order_by("pk")
    )
    return [_adopt(rollout, new, reason=reason, actor=actor) for rollout in waiting]


def _adopt(rollout: Rollout, new: RolloutPlan, *, reason: str, actor: Actor) -> RolloutMove:
    before = {wave.number: (wave.name, wave.planned_at) for wave in rollout.waves.filter(state="planned")}
    was = _regions(rollout)
    try:
        with transaction.atomic():
            # The revision's order takes the place of one that was made for this rollout alone.
            Rollout.objects.filter(pk=rollout.pk).update(plan=new, reordered_at=None)
            rollout.plan = new
            _rewrite_waves(rollout, new, actor)
            replan(rollout, cause="plan", reason=reason, actor=actor)
    except NoOpenDay as error:
        return RolloutMove(rollout, (), sentence(error.problem))
    except Blocked as error:
        return RolloutMove(rollout, (), error.message)
    waves = {wave.number: wave for wave in rollout.waves.filter(state="planned")}
    now_in = _regions(rollout)
    moves = [
        PlanMove(
            number,
            waves[number].name if number in waves else before[number][0],
            before[number][1] if number in before else None,
            waves[number].planned_at if number in waves else None,
            _because(number in before, number in waves),
            _in_wave(now_in if number in waves else was, number),
        )
        for number in sorted({*before, *waves})
    ]
    moves = [move for move in moves if move.old_at != move.new_at]
    for code, (number, planned_at, name) in now_in.items():
        old_number, old_at, _name = was.get(code, (number, None, ""))
        if old_number != number and old_at != planned_at:
            moves.append(
                PlanMove(
                    number,
                    name,
                    old_at,
                    planned_at,
                    _("moves from wave %(number)s") % {"number": old_number},
                    {code: name},
                )
            )
    return RolloutMove(rollout, moves)


def _because(was: bool, is_there: bool) -> str:
    if was and is_there:
        return _("the plan changes")
    return _("a wave of the new revision") if is_there else _("the new revision has no such wave")


def _regions(rollout: Rollout) -> dict[str, tuple[int, dt.datetime | None, str]]:
    rows = _deploys(rollout).select_related("wave", "region")
    return {
        row.region_id: (row.wave.number, row.wave.planned_at, row.region.name) for row in rows if row.wave
    }


def _in_wave(found: Mapping[str, tuple[int, dt.datetime | None, str]], number: int) -> dict[str, str]:
    return {code: name for code, (wave, _at, name) in found.items() if wave == number}


def _deploys(rollout: Rollout):  # type: ignore[no-untyped-def]
    return rollout.deployments.filter(action="deploy", state=DeploymentState.PENDING)


def _rewrite_waves(rollout: Rollout, new: RolloutPlan, actor: Actor) -> None:
    """The new revision's waves in place of the old ones; what stays keeps its row, dates and history."""
    pending: dict[str, RegionDeployment] = {row.region_id: row for row in _deploys(rollout)}
    waves = {wave.number: wave for wave in rollout.waves.filter(state=WaveState.PLANNED)}
    now, made = database_now(), []
    for row in _wanted(new, set(pending)):
        wave = waves.pop(row.number, None)
        if wave is None:
            wave = RolloutWave.objects.create(
                rollout=rollout,
                number=row.number,
                name=row.name,
                is_opt_in=row.is_opt_in,
                planned_at=now,
                due_at=now,
            )
            made.append(wave)
        RolloutWave.objects.filter(pk=wave.pk).update(name=row.name, is_opt_in=row.is_opt_in)
        for place in row.places.all():
            deployment = pending.pop(place.region_id, None) or new_deployment(
                connector=rollout.connector,
                region=place.region,
                version=rollout.version,
                rollout=rollout,
                wave=wave,
            )
            deployment.wave = wave
            deployment.save()
    for deployment in pending.values():
        cancel(deployment, actor=actor, reason="The plan has no place for the region any more.")
    for wave in waves.values():
        about = [rollout, rollout.submission, rollout.connector]
        transition(WAVE, wave, "skip", actor=actor, about=about, data={"wave": wave.number})
    _date_new(rollout, made, now)


def _wanted(new: RolloutPlan, regions: set[str]) -> list[PlanWave]:
    """The waves of the rollout: the public ones, and the opt-in ones with a region that was asked for."""
    rows = new.waves.filter(before_sign_off=False).prefetch_related("places__region").order_by("number")
    return [
        row for row in rows if not row.is_opt_in or regions & {place.region_id for place in row.places.all()}
    ]


def _date_new(rollout: Rollout, made: list[RolloutWave], now: dt.datetime) -> None:
    """Waves that come new have no old date that could slip."""
    planned = {wave.number: wave for wave in date_waves(inputs_of(rollout, present_world()))}
    for wave in made:
        starts_at = planned[wave.number].starts_at
        RolloutWave.objects.filter(pk=wave.pk).update(
            planned_at=starts_at, due_at=due_from(starts_at, now), chosen_on=None
        )
