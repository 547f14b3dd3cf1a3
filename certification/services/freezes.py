"""Freezes and openings: what would move is shown before it is saved, and moves when it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from certification.models import Freeze, Rollout
from certification.planning.calendar import NoOpenDay
from certification.planning.windows import Window
from certification.policies import can_manage_plans
from certification.services.clock import database_now
from certification.services.plans import current_windows, windows_of
from certification.services.schedule import WaveMove, moves_for, replan
from connectors.definitions.facts import Authentication
from connectors.models import Region
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.actors import Actor
from portal.shared.errors import Blocked, Conflict, InvalidInput
from portal.shared.policy import require

_MOVABLE = ("scheduled", "running", "held", "halted")


@dataclass(frozen=True)
class FreezeDraft:
    """A freeze (or, with `opens`, extra working days) as somebody wrote it. Aware instants; no regions:
    everywhere; no `auth_kinds`: every connector.
    """

    name: str
    reason: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    regions: tuple[str, ...] = ()
    opens: bool = False
    auth_kinds: tuple[str, ...] = ()

    @property
    def window(self) -> Window:
        return Window(
            self.name,
            self.starts_at,
            self.ends_at,
            frozenset(self.regions),
            self.opens,
            frozenset(self.auth_kinds),
        )


@dataclass(frozen=True)
class RolloutMove:
    """A rollout and its waves that move. `problem` is set when no date is left at all."""

    rollout: Rollout
    waves: tuple[WaveMove, ...]
    problem: str = ""


def what_moves(windows: Sequence[Window]) -> list[RolloutMove]:
    """The rollouts that would get other dates if these were all the windows there are. Changes nothing."""
    now, moves = database_now(), []
    rollouts = Rollout.objects.filter(state__in=_MOVABLE).select_related(
        "plan", "connector__publisher", "version"
    )
    for rollout in rollouts.order_by("created_at"):
        try:
            waves = tuple(moves_for(rollout, windows, now=now))
        except NoOpenDay as error:
            moves.append(RolloutMove(rollout, (), str(error)))
            continue
        if waves:
            moves.append(RolloutMove(rollout, waves))
    return moves


def preview_freeze(draft: FreezeDraft) -> list[RolloutMove]:
    """What saving the draft would move."""
    return what_moves([*current_windows(), draft.window])


def preview_cancellation(freeze: Freeze) -> list[RolloutMove]:
    """What taking the freeze back would move."""
    return what_moves(windows_of(Freeze.objects.filter(cancelled_at=None).exclude(pk=freeze.pk)))


def check_freeze(draft: FreezeDraft) -> None:
    """Raise `InvalidInput` for a draft that cannot be used."""
    faults: dict[str, list[str]] = {}
    if not draft.name.strip():
        faults["name"] = ["Give it a name that says what it is."]
    if not draft.reason.strip():
        faults["reason"] = ["Say why: publishers whose dates move read it."]
    if draft.ends_at <= draft.starts_at:
        faults["ends_at"] = ["It must end after it starts."]
    elif draft.ends_at <= database_now():
        faults["ends_at"] = ["It would be over already."]
    unknown = set(draft.regions) - set(Region.objects.values_list("code", flat=True))
    if unknown:
        faults["regions"] = [f"There is no region {', '.join(sorted(unknown))}."]
    strange = set(draft.auth_kinds) - {kind.value for kind in Authentication}
    if strange:
        known = ", ".join(kind.value for kind in Authentication)
        faults["auth_kinds"] = [f"No way to sign in: {', '.join(sorted(strange))}. Known are {known}."]
    if faults:
        raise InvalidInput(next(iter(faults.values()))[0], fields=faults)


def create_freeze(draft: FreezeDraft, *, actor: User) -> tuple[Freeze, int]:
    """Save it and date the waves it concerns anew; returns it and how many rollouts moved."""
    require(can_manage_plans, actor, None)
    check_freeze(draft)
    with transaction.atomic():
        freeze = Freeze.objects.create(
            name=draft.name.strip(),
            reason=draft.reason.strip(),
            starts_at=draft.starts_at,
            ends_at=draft.ends_at,
            regions=sorted(draft.regions),
            opens=draft.opens,
            auth_kinds=sorted(draft.auth_kinds),
            created_by_id=actor.pk,
        )
        audit.record("freeze.create", freeze, actor=actor, reason=freeze.reason, data=_facts(freeze))
        moved = _replan_all(f"{freeze.name}: {freeze.reason}", actor)
        outbox.emit("freeze.create", id=str(freeze.pk))
    return freeze, moved


def cancel_freeze(freeze: Freeze, *, reason: str, actor: Actor) -> int:
    """Take it back; waves it had moved return to the first day they may have. Returns how many rollouts
    moved.
    """
    require(can_manage_plans, actor, freeze)
    if not reason.strip():
        raise InvalidInput("Say why it is taken back.", fields={"reason": ["Say why."]})
    with transaction.atomic():
        row = Freeze.objects.select_for_update().get(pk=freeze.pk)
        if row.cancelled_at is not None:
            raise Conflict("It was taken back already.")
        row.cancelled_at = row.updated_at = database_now()
        row.save(update_fields=["cancelled_at", "updated_at"])
        audit.record("freeze.cancel", row, actor=actor, reason=reason, data=_facts(row))
        moved = _replan_all(f"{row.name} was taken back: {reason.strip()}", actor)
        outbox.emit("freeze.cancel", id=str(row.pk))
    freeze.cancelled_at = row.cancelled_at
    return moved


def _replan_all(reason: str, actor: Actor) -> int:
    moved = 0
    # Always in the order of ids, so that two freezes saved at once wait for each other instead of
    # deadlocking.
    rollouts = Rollout.objects.filter(state__in=_MOVABLE).select_for_update(of=("self",)).order_by("pk")
    for rollout in rollouts.select_related("plan", "submission", "connector"):
        try:
            moved += bool(replan(rollout, cause="freeze", reason=reason, actor=actor))
        except Blocked as error:
            raise Blocked(f"{rollout.connector}: {error.message}") from None
    return moved


def _facts(freeze: Freeze) -> dict[str, object]:
    return {
        "name": freeze.name,
        "from": freeze.starts_at.isoformat(),
        "to": freeze.ends_at.isoformat(),
        "regions": freeze.regions,
        "auth_kinds": freeze.auth_kinds,
        "opens": freeze.opens,
    }
