"""What the health pages read: one pass over the hours of a connector, grouped every way at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from connectors.figures import Figures
from connectors.latency import BUCKETS
from connectors.models import Connector, HealthHour, Region
from connectors.status_codes import meaning_of

# After this silence a connector that used to be called is not shown as well.
SILENCE = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time to look at, in steps of `step`. Steps begin at whole multiples of their length in
    UTC.
    """

    key: str
    label: str
    length: timedelta
    step: timedelta

    def bounds(self, now: datetime) -> tuple[datetime, datetime]:
        """(beginning of the first step, end of the one under way)."""
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        until = epoch + ((now - epoch) // self.step + 1) * self.step
        return until - self.length, until


WINDOWS = {
    "24h": Window("24h", "24 hours", timedelta(hours=24), timedelta(hours=1)),
    "7d": Window("7d", "7 days", timedelta(days=7), timedelta(hours=6)),
    "30d": Window("30d", "30 days", timedelta(days=30), timedelta(days=1)),
}
DEFAULT_WINDOW = WINDOWS["24h"]


@dataclass(frozen=True, slots=True)
class Selection:
    """What to look at; empty texts mean everything."""

    connector_id: UUID
    window: Window = DEFAULT_WINDOW
    region: str = ""
    operation: str = ""
    version: str = ""

    @property
    def is_filtered(self) -> bool:
        return bool(self.region or self.operation or self.version)


@dataclass(frozen=True, slots=True)
class Point:
    """One step of the window. `connections` is None and the rates are None when nothing was reported.

    `is_open`: neither this step nor a later one has a report, so it may still come; 0 would be a claim.
    """

    at: datetime
    figures: Figures
    connections: int | None
    refused: int = 0
    failed: int = 0
    is_open: bool = False

    @property
    def percent(self) -> float | None:
        rate = self.figures.success_rate
        return None if rate is None else round(100 * rate, 3)


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of one operation, region or version."""

    key: str
    label: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """`share` is that of all calls, from 0 to 1."""

    status: int
    name: str
    explanation: str
    calls: int
    share: float

    @property
    def percent(self) -> str:
        return f"{100 * self.share:.2f}%" if self.share >= 0.0001 else "< 0.01%"


@dataclass(frozen=True, slots=True)
class Health:
    """Everything the page shows for a selection. `last_at` is the latest minute (or hour) reported at all."""

    selection: Selection
    since: datetime
    until: datetime
    total: Figures
    connections: int | None
    points: Sequence[Point]
    operations: Sequence[Group]
    regions: Sequence[Group]
    versions: Sequence[Group]
    errors: Sequence[ErrorCode]
    silent_regions: Sequence[str]
    last_at: datetime | None

    @property
    def has_data(self) -> bool:
        return self.total.requests > 0

    @property
    def success_floor(self) -> int:
        """Where the axis of the success rate begins, so that small differences show and large ones fit."""
        lowest = min((point.percent for point in self.points if point.percent is not None), default=0)
        return max((floor for floor in (0, 50, 80, 90, 95, 98, 99) if floor < lowest), default=0)

    @property
    def is_silent(self) -> bool:
        """Called in this window, but not lately: no news is not good news."""
        return self.last_at is not None and timezone.now() - self.last_at > SILENCE


@dataclass(slots=True)
class _Groups:
    total: Figures = field(default_factory=Figures)
    steps: dict[datetime, Figures] = field(default_factory=dict)
    operations: dict[str, Figures] = field(default_factory=dict)
    regions: dict[str, Figures] = field(default_factory=dict)
    versions: dict[str, Figures] = field(default_factory=dict)


def health_of(selection: Selection, *, now: datetime | None = None) -> Health:
    """Five queries whatever the window holds."""
    now = now or timezone.now()
    since, until = selection.window.bounds(now)
    condition, values = _condition(selection, since, until)
    groups = _read_groups(condition, values)
    statuses = _read_statuses(condition, values)
    connections = _read_connections(condition, values)
    names = dict(Region.objects.filter(is_active=True).values_list("code", "name"))
    return Health(
        selection=selection,
        since=since,
        until=until,
        total=groups.total,
        connections=max(connections.values(), default=None),
        points=_points(selection.window, since, until, groups, statuses, connections),
        operations=_ranked(groups.operations, {}),
        regions=_ranked(groups.regions, names),
        versions=_ranked(groups.versions, {}),
        errors=_errors(statuses, groups.total.requests),
        silent_regions=sorted(name for code, name in names.items() if code not in groups.regions),
        last_at=last_report(selection.connector_id, now=now),
    )


def _condition(selection: Selection, since: datetime, until: datetime) -> tuple[str, dict[str, Any]]:
    parts = ["connector_id = %(connector)s", "hour >= %(since)s", "hour < %(until)s"]
    values: dict[str, Any] = {
        "connector": selection.connector_id,
        "since": since,
        "until": until,
        "step": selection.window.step,
    }
    columns = (
        ("region_id", selection.region),
        ("operation", selection.operation),
        ("version_label", selection.version),
    )
    for column, wanted in columns:
        if wanted:
            parts.append(f"{column} = %({column})s")
            values[column] = wanted
    return " AND ".join(parts), values


_STEP = "date_bin(%(step)s, hour, '1970-01-01 00:00:00+00'::timestamptz)"
_SUMS = ", ".join(f"sum(latency[{index}])::bigint" for index in range(1, BUCKETS + 1))


def _rows(query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _read_groups(condition: str, values: dict[str, Any]) -> _Groups:
    """All sums in one scan: by step, operation, region, version, and altogether."""
    query = f"""
        SELECT grouping(step, operation, region_id, version_label), step, operation, region_id, version_label,
               sum(requests)::bigint, sum(successes)::bigint, sum(throttled)::bigint, {_SUMS}
          FROM (SELECT {_STEP} AS step, operation, region_id, version_label, requests, successes, throttled,
                       latency
                  FROM connectors_healthhour WHERE {condition}) AS hours
         GROUP BY GROUPING SETS ((), (step), (operation), (region_id), (version_label))
    """  # noqa: S608 - constants and placeholders
    found = _Groups()
    # The bits of grouping() are the columns that a row is not grouped by.
    places: dict[int, tuple[int, dict[Any, Figures]]] = {
        0b0111: (1, found.steps),
        0b1011: (2, found.operations),
        0b1101: (3, found.regions),
        0b1110: (4, found.versions),
    }
    for row in _rows(query, values):
        figures = Figures(row[5] or 0, row[6] or 0, row[7] or 0, tuple(count or 0 for count in row[8:]))
        if row[0] == 0b1111:
            found.total = figures
        else:
            column, group = places[row[0]]
            group[row[column]] = figures
    return found


def _read_statuses(condition: str, values: dict[str, Any]) -> dict[tuple[datetime, int], int]:
    """(step, status) -> calls, for everything from 400 on."""
    query = f"""
        SELECT {_STEP}, key::integer, sum(value::bigint)::bigint
          FROM connectors_healthhour, jsonb_each_text(statuses)
         WHERE {condition} AND requests > successes AND key >= '400' GROUP BY 1, 2
    """  # noqa: S608 - constants and placeholders
    return {(step, status): calls for step, status, calls in _rows(query, values)}


def _read_connections(condition: str, values: dict[str, Any]) -> dict[datetime, int]:
    """Step -> the most connections active in one hour of it: the regions' peaks, each counted once per
    region.
    """
    query = f"""
        SELECT {_STEP}, max(active)::bigint
          FROM (SELECT hour, sum(peak) AS active
                  FROM (SELECT hour, region_id, max(connections) AS peak FROM connectors_healthhour
                         WHERE {condition} GROUP BY 1, 2) AS regional
                 GROUP BY 1) AS hourly
         GROUP BY 1
    """  # noqa: S608 - constants and placeholders
    return dict(_rows(query, values))


def _points(
    window: Window,
    since: datetime,
    until: datetime,
    groups: _Groups,
    statuses: dict[tuple[datetime, int], int],
    connections: dict[datetime, int],
) -> list[Point]:
    refused: dict[datetime, int] = {}
    failed: dict[datetime, int] = {}
    for (step, status), calls in statuses.items():
        if status >= 500:
            failed[step] = failed.get(step, 0) + calls
        elif status != 429:
            refused[step] = refused.get(step, 0) + calls
    found = []
    at, latest = since, max(groups.steps, default=since)
    while at < until:
        figures, is_open = groups.steps.get(at, Figures()), at > latest
        found.append(Point(at, figures, connections.get(at), refused.get(at, 0), failed.get(at, 0), is_open))
        at += window.step
    return found


def _ranked(groups: dict[str, Figures], names: dict[str, str]) -> list[Group]:
    """Busiest first."""
    found = [Group(key, names.get(key, key), figures) for key, figures in groups.items()]
    return sorted(found, key=lambda group: (-group.figures.requests, group.label))


def _errors(statuses: dict[tuple[datetime, int], int], requests: int) -> list[ErrorCode]:
    """Most frequent first."""
    calls: dict[int, int] = {}
    for (_, status), count in statuses.items():
        calls[status] = calls.get(status, 0) + count
    ranked = sorted(calls.items(), key=lambda item: (-item[1], item[0]))
    return [
        ErrorCode(status, *meaning_of(status), count, count / requests) for status, count in ranked if count
    ]


def last_report(connector_id: UUID, *, now: datetime) -> datetime | None:
    """The latest minute a region reported, or the end of the latest hour when its minutes are gone."""
    query = """
        SELECT minute FROM connectors_sample WHERE connector_id = %(connector)s AND minute > %(since)s
         ORDER BY minute DESC LIMIT 1
    """
    rows = _rows(query, {"connector": connector_id, "since": now - timedelta(days=8)})
    if rows:
        minute: datetime = rows[0][0]
        return minute
    hours = HealthHour.objects.filter(connector_id=connector_id).order_by("-hour")
    hour = hours.values_list("hour", flat=True).first()
    return min(hour + timedelta(hours=1), now) if hour else None


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters of the page offer: what was reported in the last 30 days."""

    regions: Sequence[tuple[str, str]]
    operations: Sequence[str]
    versions: Sequence[str]


def choices(connector: Connector, health: Health) -> Choices:
    """Taken from the figures already read where nothing is filtered, else from the hours."""
    if not health.selection.is_filtered:
        return Choices(
            sorted(((group.key, group.label) for group in health.regions), key=lambda pair: pair[1]),
            sorted(group.key for group in health.operations),
            sorted(group.key for group in health.versions),
        )
    hours = HealthHour.objects.filter(connector=connector, hour__gte=health.since, hour__lt=health.until)
    rows = hours.order_by().values_list("region_id", "region__name", "operation", "version_label").distinct()
    seen = list(rows)
    return Choices(
        sorted({(code, name) for code, name, _, _ in seen}, key=lambda pair: pair[1]),
        sorted({operation for _, _, operation, _ in seen}),
        sorted({version for *_, version in seen}),
    )
