"""Trains: kept by operators, boarded by rollouts when they are scheduled."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db import transaction
from django.utils.translation import gettext as _

from certification.models import Lane, RolloutPlan, Train
from certification.planning.trains import Timetable, check_timetable
from certification.planning_words import sentence
from certification.policies import can_manage_plans
from certification.services.clock import database_now
from certification.services.planning import present_world, timetable_of
from certification.services.what_if import (
    RolloutMove,
    refuse_without_a_day,
    replan_all,
    what_moves,
    with_loads,
)
from portal.shared import audit
from portal.shared.actors import Actor
from portal.shared.errors import Blocked, Conflict, InvalidInput
from portal.shared.policy import require


@dataclass(frozen=True)
class TrainDraft:
    """A train as somebody wrote it."""

    timetable: Timetable
    description: str = ""


def check_train(draft: TrainDraft, *, instead_of: Train | None = None) -> None:
    """Raise `InvalidInput` for a draft that cannot run."""
    faults = {name: [sentence(one)] for name, one in check_timetable(draft.timetable).items()}
    strange = sorted(draft.timetable.lanes - set(Lane.values))
    if strange:
        faults["lanes"] = [
            _("No lane: %(strange)s. Known are %(values)s.")
            % {"strange": ", ".join(strange), "values": ", ".join(Lane.values)}
        ]
    others = Train.objects.filter(name__iexact=draft.timetable.name.strip(), is_retired=False)
    if instead_of:
        others = others.exclude(pk=instead_of.pk)
    if others.exists():
        faults["name"] = [_("There is a train of this name already.")]
    if instead_of and draft.timetable.lanes:
        plans = RolloutPlan.objects.filter(is_retired=False).exclude(lane__in=draft.timetable.lanes)
        left = [plan.name for plan in plans.filter(train=instead_of) | plans.filter(opt_in_train=instead_of)]
        if left:
            faults["lanes"] = [
                _("%(left)s boards it: keep its lane or revise the plan first.")
                % {"left": ", ".join(sorted(left))}
            ]
    if faults:
        raise InvalidInput(next(iter(faults.values()))[0], fields=faults)


def create_train(draft: TrainDraft, *, actor: Actor) -> Train:
    """A new train. Plans board it once they name it."""
    require(can_manage_plans, actor, None)
    check_train(draft)
    with transaction.atomic():
        train = Train.objects.create(created_by_id=actor.pk, **_columns(draft))
        audit.record("train.create", train, actor=actor, data=_facts(train))
    return train


def preview_train(train: Train, draft: TrainDraft) -> list[RolloutMove]:
    """What saving the change would move."""
    world = present_world()
    return with_loads(what_moves(replace(world, trains={**world.trains, train.pk: draft.timetable})))


def change_train(train: Train, draft: TrainDraft, *, reason: str, actor: Actor) -> int:
    """Another timetable, capacity or boarding rule; rollouts whose departure is gone take the next one.

    Returns how many rollouts moved.
    """
    require(can_manage_plans, actor, train)
    check_train(draft, instead_of=train)
    if not reason.strip():
        raise InvalidInput(
            _("Say why: publishers whose dates move read it."), fields={"reason": [_("Say why.")]}
        )
    with transaction.atomic():
        row = Train.objects.select_for_update().get(pk=train.pk)
        if row.is_retired:
            raise Conflict(_("This train was retired: it cannot be changed."))
        before = _facts(row)
        for name, value in _columns(draft).items():
            setattr(row, name, value)
        row.updated_at = database_now()
        row.save()
        facts = {**_facts(row), "before": before}
        audit.record("train.change", row, actor=actor, reason=reason, data=facts)
        refuse_without_a_day()
    return replan_all(cause="train", reason=f"{row.name}: {reason.strip()}", actor=actor)


def retire_train(train: Train, *, reason: str, actor: Actor) -> None:
    """It does not run any more. Refused while a plan in use boards it."""
    require(can_manage_plans, actor, train)
    with transaction.atomic():
        row = Train.objects.select_for_update().get(pk=train.pk)
        plans = RolloutPlan.objects.filter(is_retired=False)
        using = sorted({plan.name for plan in plans.filter(train=row) | plans.filter(opt_in_train=row)})
        if using:
            raise Blocked(_("%(join)s boards it: revise the plan first.") % {"join": ", ".join(using)})
        if row.is_retired:
            raise Conflict(_("It was retired already."))
        Train.objects.filter(pk=row.pk).update(is_retired=True, updated_at=database_now())
        audit.record("train.retire", row, actor=actor, reason=reason)
        refuse_without_a_day()
    train.is_retired = True
    replan_all(cause="train", reason=f"{row.name} does not run any more", actor=actor)


def draft_of(train: Train) -> TrainDraft:
    return TrainDraft(timetable_of(train), train.description)


def _columns(draft: TrainDraft) -> dict[str, object]:
    timetable = draft.timetable
    return {
        "name": timetable.name.strip(),
        "description": draft.description.strip(),
        "time_zone": timetable.time_zone,
        "weekdays": sorted(timetable.weekdays),
        "departs_at": timetable.departs_at,
        "cutoff_hours": timetable.cutoff_hours,
        "capacity": timetable.capacity,
        "per_publisher": timetable.per_publisher,
        "lanes": sorted(timetable.lanes),
    }


def _facts(train: Train) -> dict[str, object]:
    return {
        "name": train.name,
        "leaves": [train.time_zone, sorted(train.weekdays), str(train.departs_at)],
        "cutoff_hours": train.cutoff_hours,
        "capacity": train.capacity,
        "per_publisher": train.per_publisher,
        "lanes": train.lanes,
    }
