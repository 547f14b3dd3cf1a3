"""Another order of a rollout's waves that have not begun: asked before it is saved, done when it is.

Places keep their bake, train and day; names and regions move. The plan's revision stays as it is: this one
rollout differs and says so (`reordered_at`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from certification.lifecycle import WaveState
from certification.models import DateChange, Rollout, RolloutWave
from certification.planning.ordering import OpenWave, order_problems
from certification.planning_words import sentence
from certification.policies import can_run_rollout
from certification.queries.wave_order import open_waves, pending_regions
from certification.services.clock import due_from
from certification.services.planning import MOVABLE, inputs_of, present_world
from certification.services.replanning import board, lock_trains, planned_or_blocked, replayable
from certification.services.rollouts import need_reason
from certification.services.wave_order import refuse_unseen
from connectors.models import Region
from portal.shared import audit, outbox
from portal.shared.actors import Actor
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.policy import require


@dataclass(frozen=True)
class Place:
    """What shall travel in a wave: its name (None: the present one) and the codes of its regions."""

    regions: tuple[str, ...]
    name: str | None = None


@dataclass(frozen=True)
class RegionMove:
    """A region with another wave or another date."""

    code: str
    region: str
    old_number: int
    new_number: int
    old_at: dt.datetime
    new_at: dt.datetime

    @property
    def by(self) -> dt.timedelta:
        """How far its date moves, later being positive."""
        return self.new_at - self.old_at


def preview_order(
    rollout: Rollout, wanted: Mapping[int, Place], *, seen: str, actor: Actor
) -> list[RegionMove]:
    """What saving the order would move: done for real and taken back, so that both always agree."""
    require(can_run_rollout, actor, rollout)
    with transaction.atomic():
        moves = _reorder(rollout, wanted, seen, _("Trying it out"), actor)
        transaction.set_rollback(True)
    return moves


def reorder_waves(
    rollout: Rollout, wanted: Mapping[int, Place], *, seen: str, reason: str, actor: Actor
) -> list[RegionMove]:
    """Let the waves that have not begun travel as `wanted` says: every one of them, by number.

    `seen` is the `order_version` that whoever decides had before them. Returns the regions that move. Raises
    `InvalidInput` (what the order would break, no reason), `OrderChanged` (it is another one by now),
    `Blocked` (nothing left to order, or no open day for it).
    """
    require(can_run_rollout, actor, rollout)
    reason = need_reason(reason, _("Say why the order changes: the team reads it."))
    with transaction.atomic():
        return _reorder(rollout, wanted, seen, reason, actor)


def _reorder(
    rollout: Rollout, wanted: Mapping[int, Place], seen: str, reason: str, actor: Actor
) -> list[RegionMove]:
    # The scheduler steps a rollout under this lock: it sees the old order or the new one, never half of it.
    row = Rollout.objects.select_for_update(of=("self",)).get(pk=rollout.pk)
    if row.state not in MOVABLE:
        raise Blocked(_("This rollout has no wave left whose order could change."))
    refuse_unseen(row, seen)
    before = open_waves(row)
    after = _checked(before, wanted)
    was = _regions(row)
    lock_trains(row)
    _write_order(row, before, after)
    return _redate(row, was, reason, actor, {"before": _facts(before), "after": _facts(after)})


def _checked(before: Sequence[OpenWave], wanted: Mapping[int, Place]) -> list[OpenWave]:
    names = {wave.number: wave for wave in before}
    after = []
    for number, place in sorted(wanted.items()):
        old = names.get(number)
        name = place.name if place.name is not None else old.name if old else ""
        after.append(OpenWave(number, name.strip(), place.regions, bool(old and old.is_opt_in)))
    codes = {code for wave in before for code in wave.regions}
    problems = [sentence(one) for one in order_problems(before, after, pairs=_pairs(codes))]
    if problems:
        raise InvalidInput(" ".join(problems), fields={"waves": problems})
    if _facts(before) == _facts(after):
        raise InvalidInput(_("This is the order already."), fields={"waves": [_("Nothing would change.")]})
    return after


def _pairs(codes: Collection[str]) -> list[tuple[str, str]]:
    through = Region.paired_with.through.objects.filter(from_region__in=codes, to_region__in=codes)
    return list(through.values_list("from_region_id", "to_region_id"))


def _facts(waves: Sequence[OpenWave]) -> dict[str, list[object]]:
    return {str(wave.number): [wave.name, sorted(wave.regions)] for wave in waves}


def _regions(rollout: Rollout) -> dict[str, tuple[str, RolloutWave]]:
    """Code -> name and wave, as stored now."""
    rows = pending_regions(rollout).filter(wave__state=WaveState.PLANNED).select_related("wave", "region")
    return {row.region_id: (row.region.name, row.wave) for row in rows if row.wave is not None}


def _write_order(rollout: Rollout, before: Sequence[OpenWave], after: Sequence[OpenWave]) -> None:
    rows = {wave.number: wave.pk for wave in rollout.waves.filter(state=WaveState.PLANNED)}
    old = {wave.number: wave for wave in before}
    for wave in after:
        if wave.name != old[wave.number].name:
            RolloutWave.objects.filter(pk=rows[wave.number]).update(name=wave.name)
        came = set(wave.regions) - set(old[wave.number].regions)
        if came:
            pending_regions(rollout).filter(region_id__in=came).update(wave_id=rows[wave.number])


def _redate(
    rollout: Rollout,
    was: Mapping[str, tuple[str, RolloutWave]],
    reason: str,
    actor: Actor,
    order: dict[str, object],
) -> list[RegionMove]:
    world = present_world()
    inputs = inputs_of(rollout, world)
    planned = planned_or_blocked(inputs)
    for wave in planned:
        rollout.waves.filter(number=wave.number, state=WaveState.PLANNED).exclude(
            planned_at=wave.starts_at
        ).update(planned_at=wave.starts_at, due_at=due_from(wave.starts_at, world.now))
    board(rollout, inputs, planned, now=world.now, actor=actor)
    moves = _moves(was, _regions(rollout))
    _write_slips(rollout, moves, reason, actor, world.now)
    Rollout.objects.filter(pk=rollout.pk).update(reordered_at=world.now)
    Rollout.objects.filter(pk=rollout.pk, next_step_at__isnull=False).update(next_step_at=world.now)
    audit.record(
        "rollout.reorder",
        rollout,
        actor=actor,
        reason=reason,
        about=[rollout.submission, rollout.connector],
        data={"order": order, **replayable(inputs, planned)},
    )
    outbox.emit("rollout.reorder", id=str(rollout.pk), at=world.now.isoformat())
    return moves


def _moves(
    was: Mapping[str, tuple[str, RolloutWave]], now: Mapping[str, tuple[str, RolloutWave]]
) -> list[RegionMove]:
    found = []
    for code, (name, wave) in now.items():
        old = was[code][1]
        if (old.number, old.planned_at) != (wave.number, wave.planned_at):
            found.append(RegionMove(code, name, old.number, wave.number, old.planned_at, wave.planned_at))
    return sorted(found, key=lambda move: (move.new_number, move.region))


def _write_slips(
    rollout: Rollout, moves: Sequence[RegionMove], reason: str, actor: Actor, now: dt.datetime
) -> None:
    """One row of the ledger for the regions that came to a wave from the same date."""
    waves = {wave.number: wave for wave in rollout.waves.all()}
    groups = {(move.new_number, move.old_at, move.new_at) for move in moves if move.by}
    DateChange.objects.bulk_create(
        DateChange(
            rollout=rollout, wave=waves[number], old_at=old_at, new_at=new_at, cause="reorder",
            reason=reason, actor_id=actor.pk, at=now,
        )
        for number, old_at, new_at in sorted(groups)
    )  # fmt: skip
