"""Freezes and openings: what would move is shown before it is saved, and moves when it is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from django.db import transaction
from django.utils.translation import gettext as _

from certification.models import Freeze
from certification.planning.windows import Window
from certification.policies import can_manage_plans
from certification.services.clock import database_now
from certification.services.planning import present_world
from certification.services.what_if import (
    RolloutMove,
    refuse_without_a_day,
    replan_all,
    what_moves,
    with_loads,
)
from connectors.definitions.facts import Authentication
from connectors.models import Region
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.actors import Actor
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.policy import require


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


def preview_freeze(draft: FreezeDraft, *, instead_of: Freeze | None = None) -> list[RolloutMove]:
    """What saving the draft would move, as a new freeze or as the change of one."""
    world = present_world()
    key = instead_of.pk if instead_of else "draft"
    return with_loads(what_moves(replace(world, freezes={**world.freezes, key: draft.window})))


def preview_cancellation(freeze: Freeze) -> list[RolloutMove]:
    """What taking the freeze back would move."""
    world = present_world()
    others = {key: window for key, window in world.freezes.items() if key != freeze.pk}
    return with_loads(what_moves(replace(world, freezes=others)))


def check_freeze(draft: FreezeDraft) -> None:
    """Raise `InvalidInput` for a draft that cannot be used."""
    faults: dict[str, list[str]] = {}
    if not draft.name.strip():
        faults["name"] = [_("Give it a name that says what it is.")]
    if not draft.reason.strip():
        faults["reason"] = [_("Say why: publishers whose dates move read it.")]
    if draft.ends_at <= draft.starts_at:
        faults["ends_at"] = [_("It must end after it starts.")]
    elif draft.ends_at <= database_now():
        faults["ends_at"] = [_("It would be over already.")]
    unknown = set(draft.regions) - set(Region.objects.values_list("code", flat=True))
    if unknown:
        faults["regions"] = [_("There is no region %(unknown)s.") % {"unknown": ", ".join(sorted(unknown))}]
    strange = set(draft.auth_kinds) - {kind.value for kind in Authentication}
    if strange:
        known = ", ".join(kind.value for kind in Authentication)
        faults["auth_kinds"] = [
            _("No way to sign in: %(strange)s. Known are %(known)s.")
            % {"strange": ", ".join(sorted(strange)), "known": known}
        ]
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
        refuse_without_a_day()
        outbox.emit("freeze.create", id=str(freeze.pk))
    reason = f"{freeze.name}: {freeze.reason}"
    return freeze, replan_all(cause="freeze", reason=reason, actor=actor)


def change_freeze(freeze: Freeze, draft: FreezeDraft, *, actor: User) -> int:
    """Other times, scope or words for a freeze that is not over; returns how many rollouts moved."""
    require(can_manage_plans, actor, freeze)
    check_freeze(draft)
    with transaction.atomic():
        row = Freeze.objects.select_for_update().get(pk=freeze.pk)
        if row.cancelled_at is not None:
            raise Conflict(_("It was taken back already: plan a new one."))
        before = _facts(row)
        row.name, row.reason, row.opens = draft.name.strip(), draft.reason.strip(), draft.opens
        row.starts_at, row.ends_at = draft.starts_at, draft.ends_at
        row.regions, row.auth_kinds = sorted(draft.regions), sorted(draft.auth_kinds)
        row.updated_at = database_now()
        row.save()
        facts = {**_facts(row), "before": before}
        audit.record("freeze.change", row, actor=actor, reason=row.reason, data=facts)
        refuse_without_a_day()
        outbox.emit("freeze.change", id=str(row.pk))
    return replan_all(cause="freeze", reason=f"{row.name} was changed: {row.reason}", actor=actor)


def draft_of(freeze: Freeze) -> FreezeDraft:
    """A freeze as a draft to change it from."""
    return FreezeDraft(
        name=freeze.name,
        reason=freeze.reason,
        starts_at=freeze.starts_at,
        ends_at=freeze.ends_at,
        regions=tuple(freeze.regions),
        opens=freeze.opens,
        auth_kinds=tuple(freeze.auth_kinds),
    )


def cancel_freeze(freeze: Freeze, *, reason: str, actor: Actor) -> int:
    """Take it back; waves it had moved return to the first day they may have. Returns how many rollouts
    moved.
    """
    require(can_manage_plans, actor, freeze)
    if not reason.strip():
        raise InvalidInput(_("Say why it is taken back."), fields={"reason": [_("Say why.")]})
    with transaction.atomic():
        row = Freeze.objects.select_for_update().get(pk=freeze.pk)
        if row.cancelled_at is not None:
            raise Conflict(_("It was taken back already."))
        row.cancelled_at = row.updated_at = database_now()
        row.save(update_fields=["cancelled_at", "updated_at"])
        audit.record("freeze.cancel", row, actor=actor, reason=reason, data=_facts(row))
        refuse_without_a_day()
        outbox.emit("freeze.cancel", id=str(row.pk))
    freeze.cancelled_at = row.cancelled_at
    because = f"{row.name} was taken back: {reason.strip()}"
    return replan_all(cause="freeze", reason=because, actor=actor)


def _facts(freeze: Freeze) -> dict[str, object]:
    return {
        "name": freeze.name,
        "from": freeze.starts_at.isoformat(),
        "to": freeze.ends_at.isoformat(),
        "regions": freeze.regions,
        "auth_kinds": freeze.auth_kinds,
        "opens": freeze.opens,
    }
