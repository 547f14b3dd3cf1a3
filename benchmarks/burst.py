"""A burst of telemetry against a real web server: ten times the usual rate for ten seconds, nothing lost.

    DATABASE_URL=... python -m benchmarks.burst [--rate 5000] [--seconds 10] [--regions 8]

Gunicorn (two processes) and PostgreSQL share this machine with the regions' agents, which produce batches at
the given rate, keep each until it is confirmed, wait as long as a 503 says, and send it again with the same
id. A share of the confirmed ones is sent a second time, as after a lost answer. At the end every event is
counted in the samples and in every level. What was written is removed again.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.db import connection
from django.db.models import Sum

from benchmarks import django_ready  # noqa: F401 - sets Django up
from benchmarks.telemetry import make_body, make_world
from connectors.models import Connector, HealthDay, HealthHour, Region, TelemetryBatch
from connectors.services import health
from portal.shared.secrets import fingerprint

BATCH = 1_000
CALLS = 12
DUPLICATED = 0.05


@dataclass
class Agent:
    """A region's agent: what it still holds, and what it was answered."""

    region: Region
    token: str
    port: int
    waiting: deque[bytes] = field(default_factory=deque)
    answers: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    largest: int = 0

    def run(self, is_over: threading.Event) -> None:
        while not (is_over.is_set() and not self.waiting):
            if not self.waiting:
                time.sleep(0.005)
                continue
            self.largest = max(self.largest, len(self.waiting))
            status, wait = self.send(self.waiting[0])
            if status in {200, 202}:
                body = self.waiting.popleft()
                if len(self.seconds) % round(1 / DUPLICATED) == 0:
                    self.send(body)
            else:
                time.sleep(wait)

    def send(self, body: bytes) -> tuple[int, float]:
        began = time.perf_counter()
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            link.request("POST", "/api/v1/telemetry/batches/", body, headers)
            answer = link.getresponse()
            content = answer.read()
        except OSError:
            self.answers[0] += 1
            return 0, 1.0
        finally:
            link.close()
        self.answers[answer.status] += 1
        self.seconds.append(time.perf_counter() - began)
        if answer.status == 202 and json.loads(content)["accepted"] != BATCH:
            raise RuntimeError(content.decode())
        return answer.status, float(answer.headers.get("Retry-After", 1))


def _server(port: int) -> subprocess.Popen[bytes]:
    command = [
        sys.executable, "-m", "gunicorn", "portal.wsgi:application", "--bind", f"127.0.0.1:{port}",
        "--worker-class", "gthread", "--workers", "2", "--threads", "8", "--log-level", "warning",
        "--no-control-socket",
    ]  # fmt: skip
    process = subprocess.Popen(command)
    for _ in range(150):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
        except OSError:
            time.sleep(0.2)
        else:
            return process
    process.terminate()
    raise SystemExit("the web server did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _produce(agents: list[Agent], connector: Connector, *, rate: int, seconds: float) -> int:
    """Hand out batches at `rate` events a second; returns how many events."""
    started = datetime.now(UTC)
    templates = {
        agent.region.pk: make_body(agent.region, connector, BATCH, started, turn)
        for turn, agent in enumerate(agents)
    }
    begin, made = time.perf_counter(), 0
    while (passed := time.perf_counter() - begin) < seconds:
        while made * BATCH < rate * passed:
            agent = agents[made % len(agents)]
            template = templates[agent.region.pk]
            old = json.loads(template[:80].split(b",", 1)[0] + b"}")["batch_id"].encode()
            agent.waiting.append(template.replace(old, str(uuid.uuid4()).encode(), 1))
            made += 1
        time.sleep(0.005)
    return made * BATCH


def _agents(connector: Connector, port: int, count: int) -> list[Agent]:
    agents = []
    for _ in range(count):
        token = uuid.uuid4().hex
        code = f"bench-{uuid.uuid4().hex[:12]}"
        region = Region.objects.create(code=code, name="Bench", telemetry_digest=fingerprint(token))
        agents.append(Agent(region, token, port))
    return agents


def _count(agents: list[Agent], connector: Connector) -> tuple[int, int, int]:
    """(samples, calls in hours, calls in days) of these regions."""
    codes = [agent.region.pk for agent in agents]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM connectors_sample WHERE connector_id = %s", [connector.pk])
        samples = cursor.fetchone()[0]
    hours, days = (
        model.objects.filter(region__in=codes).aggregate(calls=Sum("requests"))["calls"] or 0
        for model in (HealthHour, HealthDay)
    )
    return samples, int(hours), int(days)


def _clean(agents: list[Agent], connector: Connector) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM connectors_sample WHERE connector_id = %s", [connector.pk])
    for agent in agents:
        agent.region.delete()
    publisher = connector.publisher
    connector.versions.all().delete()
    connector.delete()
    publisher.delete()


def _measure(agents: list[Agent], connector: Connector, *, rate: int, seconds: float) -> bool:
    is_over = threading.Event()
    threads = [threading.Thread(target=agent.run, args=[is_over]) for agent in agents]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    sent = _produce(agents, connector, rate=rate, seconds=2)
    usual = sum(agent.answers[503] for agent in agents)
    print(f"usual rate, {rate:,} events/s for 2 s: {usual} times told to come back")
    burst = time.perf_counter()
    sent += _produce(agents, connector, rate=10 * rate, seconds=seconds)
    is_over.set()
    for thread in threads:
        thread.join()
    emptied = time.perf_counter()
    samples, *_ = _count(agents, connector)
    rolled = time.perf_counter()
    health.roll_up()
    rolled = time.perf_counter() - rolled
    _, hours, days = _count(agents, connector)
    answers: Counter[int] = sum((agent.answers for agent in agents), Counter())
    times = sorted(second for agent in agents for second in agent.seconds)
    print(f"burst, {10 * rate:,} events/s for {seconds:g} s: {sent:,} events from the start on")
    slow = times[int(0.99 * len(times))]
    print(f"answers: {dict(sorted(answers.items()))}; p50 {statistics.median(times):.2f} s, p99 {slow:.2f} s")
    whole, most = sent / (emptied - begin), max(agent.largest for agent in agents)
    print(f"all confirmed {emptied - burst:.1f} s after the burst began, {whole:,.0f} events/s on the whole")
    print(f"at most {most} batches waited in a region; roll-up {sent / rolled:,.0f} events/s")
    print(f"stored {samples:,} of {sent:,}; calls in hours {hours:,}, in days {days:,} of {sent * CALLS:,}")
    return samples == sent and hours == days == sent * CALLS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--regions", type=int, default=8)
    options = parser.parse_args()
    health.keep_partitions()
    port = _free_port()
    _, connector = make_world()
    agents = _agents(connector, port, options.regions)
    server = _server(port)
    try:
        is_whole = _measure(agents, connector, rate=options.rate, seconds=options.seconds)
    finally:
        server.terminate()
        server.wait()
        TelemetryBatch.objects.filter(region__in=[agent.region.pk for agent in agents]).delete()
        _clean(agents, connector)
    print("nothing lost, nothing counted twice" if is_whole else "LOST OR COUNTED TWICE")
    return int(not is_whole)


if __name__ == "__main__":
    sys.exit(main())
