"""How long a submission was where, and with whom: read from the audit trail, never from a counter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from certification.lifecycle import SUBMISSION, TURNS, SubmissionState, Turn
from certification.models import Submission
from portal.shared import audit
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


@dataclass(frozen=True, slots=True)
class Share:
    """All the time a party held a submission, and its part of the whole from 0 to 100."""

    turn: Turn
    seconds: float
    percent: int


def intervals(submission: Submission, *, now: datetime | None = None) -> list[Interval]:
    """The submission's states in the order it went through them; each ends where the next begins."""
    records = audit.history(submission).filter(
        object_key=audit.key_of(submission), action__startswith="submission."
    )
    return intervals_of(reversed(records), created_at=submission.created_at, now=now or timezone.now())


def intervals_of(records: Iterable[AuditRecord], *, created_at: datetime, now: datetime) -> list[Interval]:
    """The same from records in hand, oldest first; those that moved no state are passed over."""
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


def shares(stays: Iterable[Interval]) -> list[Share]:
    """The ledger of holders, longest first; what nobody held (live, withdrawn) is left out."""
    totals: dict[Turn, float] = {}
    for stay in stays:
        if stay.turn != Turn.NOBODY:
            totals[stay.turn] = totals.get(stay.turn, 0.0) + stay.seconds
    whole = sum(totals.values()) or 1.0
    longest_first = sorted(totals.items(), key=lambda item: -item[1])
    return [Share(turn, seconds, round(100 * seconds / whole)) for turn, seconds in longest_first]
