"""Telemetry intake: events per second in batches over the endpoint's code path, against single-row inserts.

    DATABASE_URL=... python -m benchmarks.telemetry [--seconds 5] [--batch 100]

Runs in one process against the database it is given, in a transaction that is rolled back at the end. Batches
go through the whole view (authentication, parsing, checks, COPY); single rows through one prepared INSERT
each with a savepoint, which is the least that one event a request could cost. Both alternate, so a busy
machine hits both.
"""

from __future__ import annotations

import argparse
import statistics
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from django.conf import settings
from django.db import connection, transaction
from django.test import RequestFactory

from benchmarks import django_ready  # noqa: F401 - sets Django up
from connectors.api.health import TelemetryBatchView
from connectors.latency import BUCKETS, LATENCY_BOUNDS_MS
from connectors.models import Connector, HealthHour, Publisher, Region, Version
from connectors.services import health
from portal.accounts.models import User
from portal.shared.secrets import fingerprint

TOKEN = "benchmark-token"
ROUND_SECONDS = 0.5


def make_world() -> tuple[Region, Connector]:
    author = User.objects.create_user(email=f"{uuid.uuid4().hex}@example.test")
    team = Publisher.objects.create(name=f"Bench {uuid.uuid4().hex[:8]}", slug=uuid.uuid4().hex[:20])
    connector = Connector.objects.create(
        publisher=team, name="Bench", name_key=uuid.uuid4().hex, slug=uuid.uuid4().hex[:20]
    )
    Version.objects.create(
        connector=connector,
        number=1,
        label="1.0.0",
        digest=uuid.uuid4().hex * 2,
        size_bytes=1,
        created_by=author,
        facts={"operations": [{"id": f"Operation{n}"} for n in range(20)]},
    )
    region = Region.objects.create(
        code=uuid.uuid4().hex[:20], name="Bench", telemetry_digest=fingerprint(TOKEN)
    )
    return region, connector


def make_body(region: Region, connector: Connector, size: int, started: datetime, turn: int) -> bytes:
    minute = started - timedelta(minutes=turn % 300)
    histogram = [0, 0, 0, 4, 5, 3] + [0] * (BUCKETS - 6)
    events = [
        {
            "connector": connector.slug,
            "version": "1.0.0",
            "operation": f"Operation{number % 20}",
            "minute": minute.strftime("%Y-%m-%dT%H:%M:00Z"),
            "statuses": {"200": 11, "404": 1},
            "latency_ms": histogram,
            "connections": 4,
        }
        for number in range(size)
    ]
    head = {"batch_id": str(uuid.uuid4()), "region": region.pk, "sent_at": started.isoformat()}
    return orjson.dumps({**head, "bounds_ms": list(LATENCY_BOUNDS_MS), "events": events})


def _push_batches(region: Region, connector: Connector, size: int, turn: int) -> float:
    view, requests = TelemetryBatchView.as_view(), RequestFactory()
    started = datetime.now(UTC)
    bodies = [make_body(region, connector, size, started, turn + number) for number in range(60)]
    begin, sent = time.perf_counter(), 0
    while time.perf_counter() - begin < ROUND_SECONDS and sent < len(bodies):
        request = requests.post(
            "/", bodies[sent], content_type="application/json", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        answer = view(request)
        assert answer.status_code == 202, answer.data
        assert answer.data["accepted"] == size, answer.data
        sent += 1
    return sent * size / (time.perf_counter() - begin)


_INSERT = """
INSERT INTO connectors_sample (minute, batch_id, connector_id, region_id, version_label, operation, requests,
       successes, throttled, statuses, latency, connections) VALUES (%s, %s, %s, %s, %s, %s, 12, 11, 0, %s,
       %s, 4)
"""


def _insert_singly(region: Region, connector: Connector) -> float:
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    histogram = [0, 0, 0, 4, 5, 3] + [0] * (BUCKETS - 6)
    begin, sent = time.perf_counter(), 0
    while time.perf_counter() - begin < ROUND_SECONDS:
        with transaction.atomic(), connection.cursor() as cursor:
            values: list[Any] = [minute, uuid.uuid4(), connector.pk, region.pk, "1.0.0", "Operation1"]
            cursor.execute(_INSERT, [*values, '{"200": 11, "404": 1}', histogram])
        sent += 1
    return sent / (time.perf_counter() - begin)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--batch", type=int, default=100)
    options = parser.parse_args()
    settings.DEBUG = False
    batched: list[float] = []
    single: list[float] = []
    with transaction.atomic():
        health.keep_partitions()
        region, connector = make_world()
        _push_batches(region, connector, options.batch, 0)
        for turn in range(max(1, round(options.seconds / ROUND_SECONDS / 2))):
            batched.append(_push_batches(region, connector, options.batch, turn))
            single.append(_insert_singly(region, connector))
        begin = time.perf_counter()
        batches = health.roll_up()
        rolled = batches * options.batch / (time.perf_counter() - begin)
        hours = HealthHour.objects.filter(connector=connector).count()
        transaction.set_rollback(True)
    fast, slow = statistics.median(batched), statistics.median(single)
    spread = f"median of {len(batched)} rounds, {min(batched):,.0f} to {max(batched):,.0f}"
    print(f"batches of {options.batch}: {fast:,.0f} events/s ({spread})")
    print(f"single rows: {slow:,.0f} events/s; ratio {fast / slow:.1f}")
    print(f"roll-up: {rolled:,.0f} events/s into {hours} hours")


if __name__ == "__main__":
    main()
