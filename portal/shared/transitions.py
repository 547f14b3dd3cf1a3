"""State machines as data, and the one function that moves a row through one.

`transition()` locks the row, checks the move against what is stored now (not against what the caller loaded),
runs the guard, writes the state, the audit record and the outbox rows, all in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.shared import audit, outbox
from portal.shared.actors import Actor
from portal.shared.errors import IllegalTransition
from portal.shared.words import in_sentence

M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True)
class Move:
    """One event: allowed from any of `sources`, leads to `target`. `label` is the imperative on a button."""

    sources: tuple[str, ...]
    target: str
    label: str = ""


@dataclass(frozen=True)
class Lifecycle:
    """A noun's states and moves. `terminal` states have no way out and need no clock."""

    noun: str
    states: type[models.TextChoices]
    moves: Mapping[str, Move]
    terminal: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        for event, move in self.moves.items():
            unknown = {*move.sources, move.target} - set(self.states.values)
            if unknown:
                raise ValueError(f"{self.noun}.{event} names unknown states {sorted(unknown)}")
            if set(move.sources) & self.terminal:
                raise ValueError(f"{self.noun}.{event} leaves a terminal state")

    def can(self, event: str, state: str) -> bool:
        return state in self.moves[event].sources

    def events_from(self, state: str) -> list[str]:
        return [event for event, move in self.moves.items() if state in move.sources]

    def constraint(self, name: str) -> models.CheckConstraint:
        """The database's own list of legal states."""
        return models.CheckConstraint(name=name, condition=Q(state__in=self.states.values))


def transition(
    lifecycle: Lifecycle,
    instance: M,
    event: str,
    *,
    actor: Actor,
    reason: str = "",
    guard: Callable[[M], None] | None = None,
    changes: Mapping[str, Any] | None = None,
    about: Iterable[models.Model] = (),
    data: Mapping[str, Any] | None = None,
) -> M:
    """Move `instance` by `event`; returns the locked, fresh row and brings the caller's object up to date.

    `guard` gets the locked row and raises to refuse. `changes` are further columns to write. The outbox topic
    is `<noun>.<event>` with the row's id. Raises `IllegalTransition` when the stored state does not allow it.
    """
    move = lifecycle.moves[event]
    with transaction.atomic():
        row = type(instance)._base_manager.select_for_update(of=("self",)).get(pk=instance.pk)
        before = row.state  # type: ignore[attr-defined]
        if before not in move.sources:
            label = lifecycle.states(before).label
            raise IllegalTransition(
                _("This is “%(state)s” now, so “%(deed)s” is not possible. Its history tells what happened.")
                % {"state": label, "deed": in_sentence(move.label or event)}
            )
        if guard:
            guard(row)
        written = {"state": move.target, "state_changed_at": timezone.now(), **(changes or {})}
        for name, value in written.items():
            setattr(row, name, value)
        row.save(update_fields=list(written))
        audit.record(
            f"{lifecycle.noun}.{event}",
            row,
            actor=actor,
            reason=reason,
            about=about,
            data={"from": before, "to": move.target, **(data or {})},
        )
        outbox.emit(f"{lifecycle.noun}.{event}", id=str(row.pk))
    for name in written:
        setattr(instance, name, getattr(row, name))
    return row
