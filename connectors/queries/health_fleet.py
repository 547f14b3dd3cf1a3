"""Every live connector at a glance, worst first; and the alerts of those a person sees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from connectors.alert_words import sentence
from connectors.figures import Figures
from connectors.lifecycle import OPEN_ALERT_STATES
from connectors.models import HealthAlert
from connectors.objectives import Objective
from connectors.queries.health import SILENCE
from portal.shared.words import lazy as _

# Whole hours: the figures are the sums of the hours that the charts above them draw.
LATELY = timedelta(hours=6)


class Standing(StrEnum):
    """How a connector does, worst first."""

    ALERT = "alert"
    MISSING = "missing"
    SILENT = "silent"
    NO_DATA = "no_data"
    IDLE = "idle"
    FINE = "fine"


STANDINGS = {
    Standing.ALERT: _("With an alert"),
    Standing.MISSING: _("Below its objective"),
    Standing.SILENT: _("Silent"),
    Standing.NO_DATA: _("Never reported"),
    Standing.IDLE: _("No calls lately"),
    Standing.FINE: _("Within its objective"),
}
_ORDER = list(Standing)


@dataclass(frozen=True, slots=True)
class Row:
    """A live connector over the last six hours and what has passed of this one."""

    pk: UUID
    name: str
    publisher: str
    version: str
    figures: Figures
    objective_percent: float
    last_at: datetime | None
    alerts: Sequence[str]
    standing: Standing

    @property
    def burn_rate(self) -> float | None:
        """How many times more calls failed than the objective allows."""
        counted, budget = self.figures.counted, 1 - self.objective_percent / 100
        return self.figures.failures / counted / budget if counted else None

    @property
    def alert_names(self) -> list[str]:
        return [str(HealthAlert.Kind(kind).label) for kind in self.alerts]


@dataclass(frozen=True, slots=True)
class Fleet:
    rows: Sequence[Row]
    counts: Sequence[tuple[str, str, int]]
    total: int


def fleet(*, text: str = "", standing: str = "", now: datetime | None = None) -> Fleet:
    """One query over what was called lately; a few thousand connectors are sorted here."""
    now = now or timezone.now()
    rows = [_row(values, now) for values in _read(text, now)]
    counted = Counter(row.standing for row in rows)
    if standing:
        rows = [row for row in rows if row.standing == standing]
    rows.sort(key=lambda row: (_ORDER.index(row.standing), -(row.burn_rate or 0), row.name.lower()))
    counts = [(each.value, label, counted[each]) for each, label in STANDINGS.items()]
    return Fleet(rows, counts, sum(counted.values()))


_FLEET = """
WITH lately AS (
    SELECT connector_id, sum(requests)::bigint AS requests, sum(successes)::bigint AS successes,
           sum(throttled)::bigint AS throttled
      FROM connectors_healthconnectorhour WHERE hour >= %(since)s GROUP BY 1
), alerts AS (
    SELECT connector_id, array_agg(kind ORDER BY created_at) AS kinds
      FROM connectors_healthalert WHERE state = ANY(%(open)s) GROUP BY 1
)
SELECT one.id, one.name, publisher.name, version.label, coalesce(requests, 0), coalesce(successes, 0),
       coalesce(throttled, 0), objective.success_percent, kinds,
       coalesce((SELECT minute FROM connectors_healthminute WHERE connector_id = one.id
                  ORDER BY minute DESC LIMIT 1),
                (SELECT hour FROM connectors_healthhour WHERE connector_id = one.id
                  ORDER BY hour DESC LIMIT 1))
  FROM connectors_connector AS one
       JOIN connectors_publisher AS publisher ON publisher.id = one.publisher_id
       JOIN connectors_version AS version ON version.id = one.live_version_id
       LEFT JOIN lately ON lately.connector_id = one.id
       LEFT JOIN alerts ON alerts.connector_id = one.id
       LEFT JOIN connectors_healthobjective AS objective ON objective.connector_id = one.id
 WHERE one.name ILIKE %(pattern)s OR publisher.name ILIKE %(pattern)s
"""


def _read(text: str, now: datetime) -> list[tuple[Any, ...]]:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("\0", "")
    values: dict[str, Any] = {
        "since": (now - LATELY).astimezone(UTC).replace(minute=0, second=0, microsecond=0),
        "open": sorted(OPEN_ALERT_STATES),
        "pattern": f"%{escaped}%",
    }
    with connection.cursor() as cursor:
        cursor.execute(_FLEET, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _row(values: tuple[Any, ...], now: datetime) -> Row:
    pk, name, publisher, version, requests, successes, throttled, percent, kinds, last_at = values
    objective = float(percent) if percent is not None else 100 * Objective().success
    figures = Figures(requests, successes, throttled)
    rate = figures.success_rate
    if kinds:
        standing = Standing.ALERT
    elif last_at is None:
        standing = Standing.NO_DATA
    elif now - last_at > SILENCE:
        standing = Standing.SILENT
    elif rate is None:
        standing = Standing.IDLE
    else:
        is_missing = 100 * rate < objective
        standing = Standing.MISSING if is_missing else Standing.FINE
    return Row(pk, name, publisher, version, figures, objective, last_at, kinds or (), standing)


def alerts_of(user: Any, *, connector: Any = None, is_open: bool = True) -> QuerySet[HealthAlert]:
    """Alerts of the connectors that the person sees, newest first."""
    found = HealthAlert.objects.visible_to(user).select_related("connector__publisher", "acknowledged_by")
    if connector is not None:
        found = found.filter(connector=connector)
    states = OPEN_ALERT_STATES
    return found.filter(state__in=states) if is_open else found.exclude(state__in=states)


def told_alerts(user: Any, connector: Any, kinds: Collection[str]) -> list[tuple[HealthAlert, str]]:
    """The open alerts of these kinds, each with its sentence."""
    found = alerts_of(user, connector=connector).filter(kind__in=kinds)
    return [(alert, sentence(alert.kind, alert.evidence)) for alert in found]
