"""Taking in a batch of telemetry: checked event by event, stored by COPY, exactly once per batch id."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import jsonschema_rs
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.errors import CheckViolation

from connectors.figures import count_statuses
from connectors.latency import BUCKETS, LATENCY_BOUNDS_MS
from connectors.models import Region, TelemetryBatch, Version
from connectors.services.health_partitions import LATE_LIMIT, ensure_partitions
from portal.shared.errors import InvalidInput, TooLarge

MAX_EVENTS = 5_000
MAX_BYTES = 1024 * 1024
EARLY_LIMIT = timedelta(minutes=5)
_SHOWN_REJECTIONS = 20
_MAX_COUNT = 2**31 - 1

_COUNT = {"type": "integer", "minimum": 0, "maximum": _MAX_COUNT}
EVENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["connector", "version", "operation", "minute", "statuses", "latency_ms", "connections"],
    "additionalProperties": False,
    "properties": {
        "connector": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$"},
        "version": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$"},
        "operation": {"type": "string", "minLength": 1, "maxLength": 200},
        "minute": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:00Z$"},
        "statuses": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 64,
            "propertyNames": {"pattern": "^[1-5][0-9]{2}$"},
            "additionalProperties": _COUNT,
        },
        "latency_ms": {"type": "array", "minItems": BUCKETS, "maxItems": BUCKETS, "items": _COUNT},
        "connections": _COUNT,
    },
}
BATCH_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["batch_id", "region", "sent_at", "bounds_ms", "events"],
    "additionalProperties": False,
    "properties": {
        "batch_id": {
            "type": "string",
            "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        },
        "region": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$"},
        "sent_at": {"type": "string", "maxLength": 40},
        "bounds_ms": {"const": list(LATENCY_BOUNDS_MS)},
        "events": {"type": "array", "minItems": 1},
    },
}
_BATCH = jsonschema_rs.validator_for(BATCH_SCHEMA)
_EVENT = jsonschema_rs.validator_for(EVENT_SCHEMA)

REASONS: Mapping[str, str] = {
    "malformed": "The event does not have the documented shape.",
    "region-mismatch": "The batch names another region than the token.",
    "unknown-connector": "No connector has this name.",
    "unknown-version": "The connector has no version with this label.",
    "unknown-operation": "This version has no such operation.",
    "histogram-mismatch": "The histogram counts more calls than there were answers.",
    "too-old": f"The minute is more than {LATE_LIMIT.days} days ago.",
    "in-future": "The minute lies in the future: check the region's clock.",
}


@dataclass(frozen=True, slots=True)
class Rejection:
    """`index` is the event's place in the batch."""

    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch. `rejections` are the first few; a repetition (`is_repeated`) has the counts
    only.
    """

    batch_id: UUID
    accepted: int
    rejected: int
    reasons: Mapping[str, int]
    rejections: Sequence[Rejection] = ()
    is_repeated: bool = False


@dataclass(slots=True)
class _Sorted:
    """The events of a batch on their way: rows to store, and what was wrong with the others."""

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)


def take_batch(body: Any, *, region: Region) -> Receipt:
    """Store a batch that an authenticated region sent; the same id a second time has no second effect.

    A document that is no batch raises `InvalidInput` (or `TooLarge`) and leaves nothing behind. Single events
    that cannot be used are counted with their reason, and the others are stored.
    """
    _check_shape(body)
    batch_id = UUID(body["batch_id"])
    events = _sort_events(body, region)
    try:
        return _store(batch_id, region, events)
    except CheckViolation:
        # A day without a partition, which the hourly tick makes ahead unless it has not run for days.
        ensure_partitions({row[0].date() for row in events.rows})
        return _store(batch_id, region, events)


def _store(batch_id: UUID, region: Region, events: _Sorted) -> Receipt:
    reasons = dict(Counter(rejection.reason for rejection in events.rejections))
    with transaction.atomic():
        if not _claim(batch_id, region, events, reasons):
            return _receipt_of_repetition(batch_id, region)
        _copy(batch_id, region, events.rows)
    shown = events.rejections[:_SHOWN_REJECTIONS]
    return Receipt(batch_id, len(events.rows), len(events.rejections), reasons, shown)


def _check_shape(body: Any) -> None:
    if isinstance(body, dict) and isinstance(body.get("events"), list) and len(body["events"]) > MAX_EVENTS:
        raise TooLarge(
            _("At most %(max_events)s events are accepted in a batch.")
            % {"max_events": format(MAX_EVENTS, ",")}
        )
    if _BATCH.is_valid(body):
        return
    error = next(iter(_BATCH.iter_errors(body)))
    place = "/" + "/".join(str(part) for part in error.instance_path)
    if place == "/bounds_ms":
        raise InvalidInput(
            _("bounds_ms must be %(value)s: histograms with other bounds cannot be added up.")
            % {"value": list(LATENCY_BOUNDS_MS)},
            code="malformed-request",
        )
    raise InvalidInput(
        _("The batch does not have the documented shape at %(place)s.") % {"place": place},
        code="malformed-request",
    )


def _claim(batch_id: UUID, region: Region, events: _Sorted, reasons: Mapping[str, int]) -> bool:
    """Insert the batch's row; False when its id was taken in before. Waits for a simultaneous twin to
    finish.
    """
    minutes = [row[0] for row in events.rows]
    values = [
        batch_id,
        region.pk,
        len(events.rows),
        len(events.rejections),
        json.dumps(reasons),
        min(minutes, default=None),
        max(minutes, default=None),
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO connectors_telemetrybatch
                   (id, region_id, received_at, events, rejected, reasons, first_minute, last_minute)
            VALUES (%s, %s, now(), %s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING
            """,
            values,
        )
        return bool(cursor.rowcount)


def _receipt_of_repetition(batch_id: UUID, region: Region) -> Receipt:
    known = TelemetryBatch.objects.get(pk=batch_id)
    if known.region_id != region.pk:
        raise InvalidInput(_("Another region used this batch_id: choose random ones."), code="batch-id-taken")
    return Receipt(batch_id, known.events, known.rejected, known.reasons, is_repeated=True)


def _sort_events(body: Mapping[str, Any], region: Region) -> _Sorted:
    events = body["events"]
    if body["region"] != region.pk:
        return _Sorted([], [Rejection(index, "region-mismatch") for index in range(len(events))])
    shaped = [_EVENT.is_valid(event) for event in events]
    versions = _known_versions(event for event, fits in zip(events, shaped, strict=True) if fits)
    found, minutes, now = _Sorted(), dict[str, datetime | str](), timezone.now()
    for index, event in enumerate(events):
        result = _row(event, versions, minutes, now) if shaped[index] else "malformed"
        if isinstance(result, str):
            found.rejections.append(Rejection(index, result))
        else:
            found.rows.append(result)
    return found


_Versions = Mapping[tuple[str, str], tuple[UUID, UUID]]


def _row(
    event: Mapping[str, Any], versions: _Versions, minutes: dict[str, datetime | str], now: datetime
) -> tuple[Any, ...] | str:
    """The sample of an event, without batch and region; or the reason why there is none."""
    text = event["minute"]
    if text not in minutes:
        minutes[text] = _checked_minute(text, now)
    minute = minutes[text]
    if isinstance(minute, str):
        return minute
    known = versions.get((event["connector"], event["version"]))
    if known is None:
        has_connector = any(slug == event["connector"] for slug, _ in versions)
        return "unknown-version" if has_connector else "unknown-connector"
    connector_id, version_id = known
    operations = _operations_of(version_id)
    operation = event["operation"]
    if "\0" in operation or (operations is not None and operation not in operations):
        return "unknown-operation"
    requests, successes, throttled = count_statuses(event["statuses"])
    if sum(event["latency_ms"]) > requests:
        return "histogram-mismatch"
    statuses = json.dumps(event["statuses"])
    histogram = "{" + ",".join(map(str, event["latency_ms"])) + "}"
    return (
        minute,
        connector_id,
        event["version"],
        operation,
        requests,
        successes,
        throttled,
        statuses,
        histogram,
        event["connections"],
    )


def _checked_minute(text: str, now: datetime) -> datetime | str:
    try:
        minute = datetime.fromisoformat(text)
    except ValueError:
        return "malformed"
    if minute < now - LATE_LIMIT:
        return "too-old"
    return "in-future" if minute > now + EARLY_LIMIT else minute


def _known_versions(events: Iterable[Mapping[str, Any]]) -> _Versions:
    """(slug, label) -> (connector id, version id) of all versions of the connectors named. A connector
    without any version is in nobody's telemetry."""
    slugs = {event["connector"] for event in events}
    rows = Version.objects.filter(connector__slug__in=slugs).values_list(
        "connector__slug", "label", "connector_id", "pk"
    )
    return {(slug, label): (connector_id, pk) for slug, label, connector_id, pk in rows}


@lru_cache(maxsize=4_096)
def _operations_of(version_id: UUID) -> frozenset[str] | None:
    """The operation ids of a version; None when none are recorded. A version never changes, so this may
    stay.
    """
    facts = Version.objects.filter(pk=version_id).values_list("facts", flat=True).get()
    listed = facts.get("operations")
    return frozenset(operation["id"] for operation in listed) if listed is not None else None


def _copy(batch_id: UUID, region: Region, rows: Sequence[tuple[Any, ...]]) -> None:
    if not rows:
        return
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY connectors_sample (batch_id, region_id, minute, connector_id, version_label, operation, "
            "requests, successes, throttled, statuses, latency, connections) FROM STDIN"
        ) as copy,
    ):
        key = (str(batch_id), region.pk)
        for row in rows:
            copy.write_row((*key, *row))
