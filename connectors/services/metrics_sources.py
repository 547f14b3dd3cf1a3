"""Fetching health figures from a Prometheus: closed minutes, each exactly once."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connectors.latency import LATENCY_BOUNDS_MS
from connectors.models import Connector, MetricsSource, Publisher, Region
from connectors.policies import can_manage_regions
from connectors.prometheus import LABELS, Reading, Series, parse_matrix, read
from connectors.services.health_intake import MAX_EVENTS, take_batch
from connectors.services.health_partitions import LATE_LIMIT
from portal.shared import audit
from portal.shared.actors import Actor
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.policy import require

log = structlog.get_logger(__name__)

# A scrape of the minute's end has happened by then, also with an interval of a minute.
SETTLED_AFTER = timedelta(seconds=90)
MINUTES_AT_ONCE = 60
_TIMEOUT_SECONDS = 10.0
_MOST_BYTES = 32 * 1024 * 1024
_MINUTE = timedelta(minutes=1)
_BATCH_IDS = UUID("0d2a7f52-5c0b-4b6e-9f0e-6a6b1f1a7c11")


@dataclass(frozen=True, slots=True)
class SourceDraft:
    """An empty `token` keeps the one there is."""

    name: str
    region: Region
    base_url: str
    requests_query: str
    latency_query: str = ""
    connections_query: str = ""
    labels: Mapping[str, str] = field(default_factory=lambda: dict(LABELS))
    is_in_seconds: bool = True
    publisher: Publisher | None = None
    token: str = ""


def save_source(draft: SourceDraft, *, source: MetricsSource | None = None, actor: Actor) -> MetricsSource:
    """Add a source, not active at first, or change one."""
    require(can_manage_regions, actor, None)
    _check(draft)
    row = source or MetricsSource()
    names = (
        "name", "region", "publisher", "base_url", "requests_query", "latency_query", "connections_query",
        "is_in_seconds",
    )  # fmt: skip
    for name in names:
        setattr(row, name, getattr(draft, name))
    row.labels = {name: draft.labels.get(name) or label for name, label in LABELS.items()}
    if draft.token:
        row.credentials = {"token": draft.token}
    try:
        with transaction.atomic():
            row.save()
            audit.record("metricssource.save", row, actor=actor, about=[row.region], data={"name": row.name})
    except IntegrityError:
        raise Conflict(
            _("A source with this name exists, or another one is active for this region.")
        ) from None
    return row


def _check(draft: SourceDraft) -> None:
    parts = urlsplit(draft.base_url)
    problem = ""
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        problem = _("Give the address of the Prometheus, with https://.")
    elif parts.scheme == "http" and not settings.ALLOW_INSECURE_REGIONS:
        problem = _("Only https: the token would travel in clear text.")
    elif parts.username is not None or parts.query or parts.fragment:
        problem = _("No user name, query or fragment: the token has a field of its own.")
    if problem:
        raise InvalidInput(problem, fields={"base_url": [problem]})
    if not draft.requests_query.strip():
        text = _("Select the counter of calls.")
        raise InvalidInput(text, fields={"requests_query": [text]})


def switch_source(source: MetricsSource, *, is_active: bool, actor: Actor) -> None:
    """Begin to count from now on, or stop. A region that pushes is refused: calls would count twice."""
    require(can_manage_regions, actor, None)
    if is_active and source.region.telemetry_digest:
        raise Conflict(
            _(
                "%(region)s has a telemetry token and pushes its figures: calls would count twice. "
                "Take a region without one."
            )
            % {"region": source.region}
        )
    changes: dict[str, Any] = {"is_active": is_active, "last_error": "", "losses": []}
    if is_active:
        changes["read_until"] = _settled(timezone.now())
    try:
        with transaction.atomic():
            MetricsSource.objects.filter(pk=source.pk).update(**changes)
            verb = "start" if is_active else "stop"
            audit.record(
                f"metricssource.{verb}",
                source,
                actor=actor,
                about=[source.region],
                data={"name": source.name},
            )
    except IntegrityError:
        raise Conflict(_("Another source is active for this region and publisher: stop it first.")) from None


def _settled(now: datetime) -> datetime:
    return (now - SETTLED_AFTER).astimezone(UTC).replace(second=0, microsecond=0)


def read_sources() -> int:
    """Fetch every active source's closed minutes; returns how many events were stored."""
    return sum(read_source(source) for source in MetricsSource.objects.filter(is_active=True).order_by("pk"))


def read_source(source: MetricsSource, *, now: datetime | None = None) -> int:
    """Ask for the minutes since the last reading, without a transaction, and store them with the new mark in
    one: whoever reads the same minutes at the same time finds the mark moved and stores nothing.
    """
    now = now or timezone.now()
    until, since = _settled(now), source.read_until
    if since is None or until <= since:
        return 0
    forgotten = now - LATE_LIMIT + timedelta(hours=1)
    begin = max(since, forgotten.replace(second=0, microsecond=0))
    end = min(until, begin + MINUTES_AT_ONCE * _MINUTE)
    try:
        reading = _fetch(source, begin, end)
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        _record_failure(source, error, now)
        return 0
    return _store(source, reading, since=since, begin=begin, end=end, now=now)


def _fetch(source: MetricsSource, begin: datetime, end: datetime) -> Reading:
    queries = (source.requests_query, source.latency_query, source.connections_query)
    with httpx.Client(timeout=_TIMEOUT_SECONDS, follow_redirects=False, trust_env=False) as client:
        requests, latency, connections = (_ask(client, source, query, begin, end) for query in queries)
    return read(
        requests, latency, connections, labels={**LABELS, **source.labels}, per_second=source.is_in_seconds
    )  # fmt: skip


def _ask(
    client: httpx.Client, source: MetricsSource, query: str, begin: datetime, end: datetime
) -> Sequence[Series]:
    if not query.strip():
        return ()
    form = {"query": query, "start": begin.timestamp(), "end": end.timestamp(), "step": 60}
    headers = {}
    if source.credentials and source.credentials.get("token"):
        headers["Authorization"] = f"Bearer {_revealed(source.credentials['token'])}"
    address = f"{source.base_url.rstrip('/')}/api/v1/query_range"
    body = b""
    with client.stream("POST", address, data=form, headers=headers) as answer:
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > _MOST_BYTES:
                raise ValueError("The answer is larger than 32 MB: select fewer series.")
        status = answer.status_code
    if status in {401, 403}:
        raise ValueError(f"The Prometheus refuses the token ({status}).")
    try:
        parsed = json.loads(body)
    except ValueError:
        raise ValueError(f"The answer ({status}) is no JSON: is this the address of a Prometheus?") from None
    return parse_matrix(parsed)


def _revealed(token: Any) -> str:
    return str(token.reveal()) if hasattr(token, "reveal") else str(token)


def _store(
    source: MetricsSource, reading: Reading, *, since: datetime, begin: datetime, end: datetime, now: datetime
) -> int:
    events = _of_publisher(source, list(reading.events()))
    counts: Counter[str] = Counter()
    with transaction.atomic():
        rows = MetricsSource.objects.filter(pk=source.pk)
        mark = rows.filter(is_active=True).select_for_update().values_list("read_until", flat=True).first()
        if mark != since:
            return 0
        for start in range(0, len(events), MAX_EVENTS):
            part = events[start : start + MAX_EVENTS]
            receipt = take_batch(_batch(source, part, begin, start), region=source.region)
            counts.update({"accepted": receipt.accepted, **receipt.reasons})
        losses = sorted({*source.losses, *reading.losses})
        if begin > since:
            losses.append(
                _("Minutes before %(begin)s UTC were not fetched in time.")
                % {"begin": format(begin, "%Y-%m-%d %H:%M")}
            )
        rows.update(read_until=end, last_run_at=now, last_error="", last_counts=dict(counts), losses=losses)
    source.read_until, source.losses = end, losses
    return counts["accepted"]


def _of_publisher(source: MetricsSource, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if source.publisher_id is None:
        return events
    own = set(Connector.objects.filter(publisher=source.publisher_id).values_list("slug", flat=True))
    return [event for event in events if event["connector"] in own]


def _batch(
    source: MetricsSource, events: list[dict[str, Any]], begin: datetime, start: int
) -> dict[str, Any]:
    return {
        "batch_id": str(uuid.uuid5(_BATCH_IDS, f"{source.pk}:{begin.isoformat()}:{start}")),
        "region": source.region_id,
        "sent_at": datetime.now(UTC).isoformat(),
        "bounds_ms": list(LATENCY_BOUNDS_MS),
        "events": events,
    }


def _record_failure(source: MetricsSource, error: Exception, now: datetime) -> None:
    told = str(error) if isinstance(error, ValueError) else f"No answer ({type(error).__name__})."
    log.warning("metrics_source_failed", source=str(source.pk), error=type(error).__name__)
    MetricsSource.objects.filter(pk=source.pk).update(last_run_at=now, last_error=told[:400])
