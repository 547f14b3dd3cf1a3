"""Who would notice a change that touches several rollouts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from django import template

from certification.queries.blast_radius import Affected, Total, total_of

register = template.Library()


class Touching(Protocol):
    @property
    def affected(self) -> Affected: ...


@register.filter
def total_load(moves: Iterable[Touching]) -> Total:
    """The regions of all these rollouts, with their active connections and calls per hour."""
    return total_of(move.affected for move in moves)
