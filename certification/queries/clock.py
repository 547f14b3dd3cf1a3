"""How long a submission was where, and with whom: read from the audit trail, never from a counter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from certification.lifecycle import SUBMISSION, TURNS, SubmissionState, Turn
from portal.shared.models import AuditRecord


@dataclass(frozen=True, slots=True)
class Interval:
    """An uninterrupted stay in one state; `ended_at` is None while it lasts; `seconds` then runs to now."""

    state: str
    turn: Turn
    started_at: datetime
    ended_at: datetime | None
    seconds: float

    @property
    def label(self) -> str:
        return str(SubmissionState(self.state).label)


def intervals_of(records: Iterable[AuditRecord], *, created_at: datetime, now: datetime) -> list[Interval]:
    """The states in the order a submission went through them, from its records, oldest first; records that
    moved no state are passed over. Each ends where the next begins."""
    moves = [(record.at, str(record.data["to"])) for record in records if "to" in record.data]
    starts = [(created_at, str(SubmissionState.DRAFT)), *moves]
    found = []
    for index, (started_at, state) in enumerate(starts):
        ended_at = starts[index + 1][0] if index + 1 < len(starts) else None
        runs = ended_at or (started_at if state in SUBMISSION.terminal else now)
        seconds = max((runs - started_at).total_seconds(), 0.0)
        found.append(Interval(state, TURNS[state], started_at, ended_at, seconds))
    return found


def turn_since(stays: Sequence[Interval]) -> datetime:
    """Since when the present holder holds it: consecutive states of one holder count together."""
    current = stays[-1]
    since = current.started_at
    for stay in reversed(stays):
        if stay.turn != current.turn:
            break
        since = stay.started_at
    return since


def seconds_by_state(stays: Iterable[Interval]) -> dict[str, float]:
    """Total stay per state, in the order the states were first reached."""
    totals: dict[str, float] = {}
    for stay in stays:
        totals[stay.state] = totals.get(stay.state, 0.0) + stay.seconds
    return totals
