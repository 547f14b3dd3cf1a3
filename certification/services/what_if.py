"""What would move if a freeze, a train or a plan were changed: asked before it is saved, done when it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

import structlog
from django.db import transaction

from certification.models import Rollout
from certification.planning.calendar import NoOpenDay
from certification.planning_words import sentence
from certification.queries.blast_radius import Affected, RegionLoad, loads_of
from certification.services.planning import World, movable_rollouts, present_world
from certification.services.replanning import moves_for, replan
from portal.shared.actors import Actor
from portal.shared.errors import Blocked

log = structlog.get_logger(__name__)


class Move(Protocol):
    """A wave with another date; `old_at` or `new_at` is None for a wave that comes or goes. `regions` are
    those that wait in it, code -> name.
    """

    @property
    def number(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def old_at(self) -> dt.datetime | None: ...
    @property
    def new_at(self) -> dt.datetime | None: ...
    @property
    def because(self) -> str: ...
    @property
    def by(self) -> dt.timedelta | None: ...
    @property
    def regions(self) -> Mapping[str, str]: ...


@dataclass(frozen=True)
class RolloutMove:
    """A rollout and its waves that move. `problem` is set when no date is left at all.

    `loads` says who uses its connector in the regions of those waves; empty until `with_loads` looked.
    """

    rollout: Rollout
    waves: Sequence[Move]
    problem: str = ""
    loads: Mapping[str, RegionLoad] = field(default_factory=dict)

    @property
    def affected(self) -> Affected:
        """Who would notice the new dates, each region once."""
        return Affected(list(self.loads.values()))

    @property
    def lines(self) -> list[tuple[Move, Affected]]:
        """Every wave with who would notice its new date."""
        return [
            (move, Affected([self.loads[code] for code in move.regions if code in self.loads]))
            for move in self.waves
        ]

    @property
    def by(self) -> dt.timedelta:
        """How much later (or earlier) the last wave is that has both dates."""
        ends = [(move.old_at, move.new_at) for move in self.waves if move.old_at and move.new_at]
        return ends[-1][1] - ends[-1][0] if ends else dt.timedelta(0)


def what_moves(world: World) -> list[RolloutMove]:
    """The rollouts that would get other dates if the world were so. Changes nothing."""
    moves = []
    for rollout in movable_rollouts():
        try:
            waves, world = moves_for(rollout, world)
        except NoOpenDay as error:
            moves.append(RolloutMove(rollout, (), sentence(error.problem)))
            continue
        if waves:
            moves.append(RolloutMove(rollout, waves))
    return sorted(moves, key=lambda move: move.rollout.created_at)


def with_loads(moves: Sequence[RolloutMove]) -> list[RolloutMove]:
    """The same moves, with who uses the connectors in their regions. One query, however many there are."""
    found = loads_of(
        (move.rollout.connector_id, code, name)
        for move in moves
        for wave in move.waves
        for code, name in wave.regions.items()
    )
    own: dict[UUID, dict[str, RegionLoad]] = {}
    for (connector, code), load in found.items():
        own.setdefault(connector, {})[code] = load
    return [
        replace(
            move,
            loads={
                code: load
                for code, load in own.get(move.rollout.connector_id, {}).items()
                if any(code in wave.regions for wave in move.waves)
            },
        )
        for move in moves
    ]


def refuse_without_a_day() -> None:
    """Raise `Blocked` when a rollout would have no day left in the world as this transaction has made it."""
    for move in what_moves(present_world()):
        if move.problem:
            raise Blocked(f"{move.rollout.connector}: {move.problem}")


def replan_all(*, cause: str, reason: str, actor: Actor) -> int:
    """Date every rollout anew after calendars or trains changed; returns how many moved.

    Called when the change is committed: each rollout is locked for its own moment only, so that whoever
    stops one never waits for all the others. One that is missed, because this process died, is dated anew by
    the scheduler before its next wave may start.
    """
    world, moved = present_world(), 0
    for move in what_moves(world):
        with transaction.atomic():
            rollout = movable_rollouts().select_for_update(of=("self",)).filter(pk=move.rollout.pk).first()
            if rollout is None:
                continue
            try:
                moved += bool(replan(rollout, cause=cause, reason=reason, actor=actor, world=world))
            except Blocked as error:
                log.warning("rollout_has_no_open_day", rollout=str(rollout.pk), error=error.message)
    return moved
