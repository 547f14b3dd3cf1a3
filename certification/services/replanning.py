"""Dates that move: what would move and why, the ledger of what did, and the places on trains with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from certification.lifecycle import DeploymentState, WaveState
from certification.models import DateChange, Rollout, RolloutWave, Train, TrainBoarding
from certification.planning.calendar import NoOpenDay
from certification.planning.inputs import PlanningInputs
from certification.planning.planner import PlannedWave, plan
from certification.planning_words import sentence
from certification.services.clock import due_from
from certification.services.planning import Place, World, inputs_of, present_world, train_waves
from portal.shared import audit, outbox
from portal.shared.actors import Actor
from portal.shared.errors import Blocked


@dataclass(frozen=True)
class WaveMove:
    """A wave whose date changes (or would). `regions` are those that wait in it, code -> name."""

    wave: RolloutWave
    old_at: dt.datetime
    new_at: dt.datetime
    because: str
    regions: Mapping[str, str] = field(default_factory=dict)

    @property
    def number(self) -> int:
        return self.wave.number

    @property
    def name(self) -> str:
        return self.wave.name

    @property
    def by(self) -> dt.timedelta:
        """How far, later being positive."""
        return self.new_at - self.old_at


def moves_for(rollout: Rollout, world: World) -> tuple[list[WaveMove], World]:
    """The waves that would get another date in this world, and the world with the places they would take, in
    which the next rollout has to be asked. Changes nothing. Raises `NoOpenDay`.
    """
    waves = _open_waves(rollout)
    if not waves:
        return [], world
    inputs = inputs_of(rollout, world)
    planned = plan(inputs)
    trains = train_waves(rollout.plan, [wave.number for wave in inputs.spec.waves])
    taken = [
        Place(trains[one.number], one.starts_at, rollout.connector.publisher_id, rollout.pk, one.number)
        for one in planned
        if one.starts_at in inputs.departures.get(one.number, ())
    ]
    others = [place for place in world.places if place.rollout != rollout.pk]
    moves = [replace(move, regions=_waiting(rollout, move.wave)) for move in moves_between(waves, planned)]
    return moves, replace(world, places=[*others, *taken])


def _open_waves(rollout: Rollout) -> dict[int, RolloutWave]:
    if hasattr(rollout, "planning_waves"):
        return {w.number: w for w in rollout.planning_waves if w.state == WaveState.PLANNED}
    return {wave.number: wave for wave in rollout.waves.filter(state=WaveState.PLANNED)}


def _waiting(rollout: Rollout, wave: RolloutWave) -> dict[str, str]:
    """The regions that wait in the wave, where what plans read is at hand already."""
    places = getattr(rollout, "planning_places", ())
    return {
        place.region_id: place.region.name
        for place in places
        if place.wave_id == wave.pk and place.state == DeploymentState.PENDING
    }


def moves_between(waves: Mapping[int, RolloutWave], planned: Sequence[PlannedWave]) -> list[WaveMove]:
    return [
        WaveMove(waves[new.number], waves[new.number].planned_at, new.starts_at, ", ".join(new.moved_by))
        for new in planned
        if new.number in waves and new.starts_at != waves[new.number].planned_at
    ]


def replan(
    rollout: Rollout, *, cause: str, reason: str, actor: Actor, world: World | None = None
) -> list[DateChange]:
    """Date the waves that have not started anew; the caller holds the rollout's row. Writes the ledger.

    `world` saves looking it up for every rollout; one that boards trains always sees the latest places.
    """
    if lock_trains(rollout) or world is None:
        world = present_world()
    waves = _open_waves(rollout)
    if not waves:
        return []
    inputs = inputs_of(rollout, world)
    planned = planned_or_blocked(inputs)
    changes = _write_moves(rollout, moves_between(waves, planned), cause, reason, actor, world.now)
    board(rollout, inputs, planned, now=world.now, actor=actor)
    if changes:
        DateChange.objects.bulk_create(changes)
        Rollout.objects.filter(pk=rollout.pk, next_step_at__isnull=False).update(next_step_at=world.now)
        audit.record(
            "rollout.reschedule",
            rollout,
            actor=actor,
            reason=reason,
            about=[rollout.submission, rollout.connector],
            data={
                "cause": cause,
                "waves": {str(change.wave.number): change.new_at.isoformat() for change in changes},
                **replayable(inputs, planned),
            },
        )
        outbox.emit("rollout.reschedule", id=str(rollout.pk), at=world.now.isoformat())
    return changes


def planned_or_blocked(inputs: PlanningInputs) -> list[PlannedWave]:
    """The waves with their dates. Raises `Blocked` where no day is open for one of them."""
    try:
        return plan(inputs)
    except NoOpenDay as error:
        raise Blocked(sentence(error.problem)) from None


def _write_moves(
    rollout: Rollout, moves: Sequence[WaveMove], cause: str, reason: str, actor: Actor, now: dt.datetime
) -> list[DateChange]:
    changes = []
    for move in moves:
        wave = move.wave
        wave.planned_at, wave.due_at = move.new_at, due_from(move.new_at, now)
        wave.save(update_fields=["planned_at", "due_at"])
        # A freeze's own words say it already; other causes tell what the calendar added to them.
        because = f" ({move.because})" if move.because and cause != "freeze" else ""
        changes.append(
            DateChange(
                rollout=rollout, wave=wave, old_at=move.old_at, new_at=move.new_at,
                cause=cause, reason=f"{reason.strip()}{because}".strip(), actor_id=actor.pk, at=now,
            )
        )  # fmt: skip
    return changes


def replayable(inputs: PlanningInputs, planned: Sequence[PlannedWave]) -> dict[str, object]:
    """What an audit record keeps so that the dates can be computed again and compared."""
    return {
        "planning": inputs.to_json(),
        "dated": {str(wave.number): wave.starts_at.isoformat() for wave in planned},
    }


def lock_trains(rollout: Rollout) -> bool:
    """Hold the trains the rollout boards, so that two never take the last place; False without any."""
    wanted = [pk for pk in (rollout.plan.train_id, rollout.plan.opt_in_train_id) if pk]
    return bool(wanted and list(Train.objects.select_for_update().filter(pk__in=wanted).order_by("pk")))


def board(
    rollout: Rollout,
    inputs: PlanningInputs,
    planned: Sequence[PlannedWave],
    *,
    now: dt.datetime,
    actor: Actor,
) -> None:
    """Take the places that go with the dates, and give up those that do not. The caller holds the trains.

    What waits for its turn takes no place from others: its dates are a guess until then.
    """
    if rollout.state == "queued":
        return
    held = {one.wave_number: one for one in TrainBoarding.objects.filter(rollout=rollout, left_at=None)}
    numbers = [wave.number for wave in inputs.spec.waves]
    trains = train_waves(rollout.plan, numbers)
    for wave in planned:
        place, train = held.get(wave.number), trains.get(wave.number)
        boards = wave.starts_at if wave.starts_at in inputs.departures.get(wave.number, ()) else None
        if place and (place.departs_at, place.train_id) == (boards, train):
            continue
        if place:
            TrainBoarding.objects.filter(pk=place.pk).update(left_at=now)
        if boards and train:
            taken = TrainBoarding.objects.create(
                train_id=train, rollout=rollout, wave_number=wave.number, departs_at=boards
            )
            facts = {"wave": wave.number, "train": taken.train.name, "departs_at": boards.isoformat()}
            about = [rollout.submission, rollout.connector]
            audit.record("rollout.board", rollout, actor=actor, about=about, data=facts)


def give_up_places(rollout: Rollout, *, now: dt.datetime) -> None:
    """Leave every train: the rollout does not go on."""
    TrainBoarding.objects.filter(rollout=rollout, left_at=None).update(left_at=now)
