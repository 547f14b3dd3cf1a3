"""Reads of heartbeats: how a connector's backend reports, and its last beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from connectors.heartbeats import BeatState, state_of
from connectors.lifecycle import CONNECTOR
from connectors.models import Beat, Connector, Heartbeat
from portal.shared.clock import database_now
from portal.shared.words import lazy as _

STATE_WORDS = {
    BeatState.OFF: _("Off"),
    BeatState.NEVER: _("Never heard"),
    BeatState.ON_TIME: _("On time"),
    BeatState.LATE: _("Late"),
    BeatState.FAILING: _("Failing"),
    BeatState.MISSING: _("Missing"),
}
_TONES = {
    BeatState.ON_TIME: "success",
    BeatState.LATE: "warning",
    BeatState.FAILING: "danger",
    BeatState.MISSING: "danger",
}


def state_at(row: Heartbeat, now: datetime) -> BeatState:
    return state_of(
        row.rhythm, missing_at=row.missing_at, heard_at=row.heard_at, is_failing=row.is_failing, now=now
    )


def heartbeats_on_time() -> set[UUID]:
    """Connectors whose backends say that they are well."""
    now = database_now()
    return {row.pk for row in Heartbeat.objects.all() if state_at(row, now) == BeatState.ON_TIME}


@dataclass(frozen=True, slots=True)
class HeartbeatPage:
    """`row` is None while heartbeats are off. `beats` are newest first."""

    state: BeatState
    row: Heartbeat | None
    beats: Sequence[Beat]

    @property
    def words(self) -> str:
        return str(STATE_WORDS[self.state])

    @property
    def tone(self) -> str:
        return _TONES.get(self.state, "neutral")

    @property
    def due_at(self) -> datetime | None:
        return self.row.rhythm.due(self.row.missing_at) if self.row else None


def heartbeat_page(connector: Connector) -> HeartbeatPage:
    """Of a connector that is closed nothing is expected, whatever was."""
    row = Heartbeat.objects.filter(connector=connector).first()
    if row is None or connector.state in CONNECTOR.terminal:
        return HeartbeatPage(BeatState.OFF, None, [])
    return HeartbeatPage(state_at(row, database_now()), row, list(Beat.objects.filter(connector=connector)))
