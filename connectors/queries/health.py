"""What the health pages read: one pass over the hours of a connector, grouped every way at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from connectors.figures import Figures
from connectors.latency import BUCKETS
from connectors.models import Connector, HealthHour, Region
from connectors.status_codes import meaning_of
from connectors.windows import DEFAULT_WINDOW, WINDOWS, Window

__all__ = [
    "DEFAULT_WINDOW",
    "WINDOWS",
    "Choices",
    "Health",
    "Point",
    "Selection",
    "Window",
    "choices",
    "choices_in",
    "health_of",
    "last_report",
    "totals_of",
]

# After this silence a connector that used to be called is not shown as well.
SILENCE = timedelta(hours=2)


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
    def has_data(self) -> bool:
        """Regions report what was called: a step without calls is one that nobody reported on."""
        return self.figures.requests > 0

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
    source, values = _source(selection, since, until)
    groups = _read_groups(source, values)
    statuses = _read_statuses(source, values)
    connections = _read_connections(source, values)
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


_HOURS = ("connectors_healthhour", "hour")
_DAYS = ("connectors_healthday", "(day::timestamp AT TIME ZONE 'UTC')")


def _source(selection: Selection, since: datetime, until: datetime) -> tuple[str, dict[str, Any]]:
    """The rows of the selection as a subquery with the beginning of each (`at`) and of its step (`step`)."""
    table, begins = _DAYS if selection.window.reads_days else _HOURS
    # Bounds on the bare column, so that its index is used.
    if selection.window.reads_days:
        parts = ["day >= (%(since)s AT TIME ZONE 'UTC')::date", "day < (%(until)s AT TIME ZONE 'UTC')::date"]
    else:
        parts = ["hour >= %(since)s", "hour < %(until)s"]
    values: dict[str, Any] = {
        "connector": selection.connector_id,
        "since": since,
        "until": until,
        "step": selection.window.step,
        "origin": selection.window.origin,
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
    query = f"""(
        SELECT {begins} AS at, date_bin(%(step)s, {begins}, %(origin)s) AS step, operation, region_id,
               version_label, requests, successes, throttled, latency, statuses, connections
          FROM {table} WHERE connector_id = %(connector)s AND {" AND ".join(parts)}) AS counted"""  # noqa: S608
    return query, values


_SUMS = ", ".join(f"sum(latency[{index}])::bigint" for index in range(1, BUCKETS + 1))


def _rows(query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _read_groups(source: str, values: dict[str, Any]) -> _Groups:
    """All sums in one scan: by step, operation, region, version, and altogether."""
    query = f"""
        SELECT grouping(step, operation, region_id, version_label), step, operation, region_id, version_label,
               sum(requests)::bigint, sum(successes)::bigint, sum(throttled)::bigint, {_SUMS}
          FROM {source}
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


def _read_statuses(source: str, values: dict[str, Any]) -> dict[tuple[datetime, int], int]:
    """(step, status) -> calls, for everything from 400 on."""
    query = f"""
        SELECT step, key::integer, sum(value::bigint)::bigint
          FROM {source}, jsonb_each_text(statuses)
         WHERE requests > successes AND key >= '400' GROUP BY 1, 2
    """  # noqa: S608 - constants and placeholders
    return {(step, status): calls for step, status, calls in _rows(query, values)}


def _read_connections(source: str, values: dict[str, Any]) -> dict[datetime, int]:
    """Step -> the most connections active in one hour (or day) of it: the regions' peaks, each counted once
    per region.
    """
    query = f"""
        SELECT step, max(active)::bigint
          FROM (SELECT step, at, sum(peak) AS active
                  FROM (SELECT step, at, region_id, max(connections) AS peak FROM {source}
                         GROUP BY 1, 2, 3) AS regional
                 GROUP BY 1, 2) AS hourly
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
    """What the filters of the page offer: what was reported in the window."""

    regions: Sequence[tuple[str, str]]
    operations: Sequence[str]
    versions: Sequence[str]


def choices(connector: Connector, health: Health) -> Choices:
    """Taken from the figures already read where nothing is filtered, else read."""
    if health.selection.is_filtered:
        return choices_in(connector.pk, health.selection.window)
    return Choices(
        sorted(((group.key, group.label) for group in health.regions), key=lambda pair: pair[1]),
        sorted(group.key for group in health.operations),
        sorted(group.key for group in health.versions),
    )


def choices_in(connector_id: UUID, window: Window, *, now: datetime | None = None) -> Choices:
    source, values = _source(Selection(connector_id, window), *window.bounds(now or timezone.now()))
    rows = _rows(
        f"SELECT DISTINCT region_id, operation, version_label FROM {source}",  # noqa: S608 - constants
        values,
    )
    names = dict(Region.objects.values_list("code", "name"))
    return Choices(
        sorted({(code, names.get(code, code)) for code, _, _ in rows}, key=lambda pair: pair[1]),
        sorted({operation for _, operation, _ in rows}),
        sorted({version for *_, version in rows}),
    )


def totals_of(selection: Selection, *, now: datetime) -> Figures:
    """All of a selection added up, and nothing else."""
    source, values = _source(selection, *selection.window.bounds(now))
    query = f"""
        SELECT coalesce(sum(requests), 0)::bigint, coalesce(sum(successes), 0)::bigint,
               coalesce(sum(throttled), 0)::bigint, {_SUMS} FROM {source}
    """  # noqa: S608 - constants and placeholders
    requests, successes, throttled, *histogram = _rows(query, values)[0]
    return Figures(requests, successes, throttled, tuple(count or 0 for count in histogram))
