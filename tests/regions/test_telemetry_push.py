"""Telemetry reaches the portal exactly once in effect, whatever happens to answers, portal or agent."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from certification.regions.agent.ledger import Ledger
from certification.regions.agent.push import TelemetryPush
from certification.regions.agent.recorder import Recorder
from certification.regions.protocol import Token
from certification.regions.schemas import first_fault
from tests.regions.places import TOKEN, command, make_package, wait_for


class Clock:
    def __init__(self) -> None:
        self.now = 1_780_000_000.0 // 60 * 60

    def __call__(self) -> float:
        return self.now


class Portal:
    """Stores each batch id once and answers as `script` says: a status, or None to drop the answer."""

    def __init__(self) -> None:
        self.script: list[int | None] = []
        self.received: list[dict] = []
        self.bodies: dict[str, set[bytes]] = {}
        self.stored: dict[str, dict] = {}
        self.tokens: set[str] = set()

    def take(self, body: bytes, token: str) -> int | None:
        batch = json.loads(body)
        self.received.append(batch)
        self.bodies.setdefault(batch["batch_id"], set()).add(body)
        self.tokens.add(token)
        answer = self.script.pop(0) if self.script else 202
        if answer is None or answer == 202:
            self.stored.setdefault(batch["batch_id"], batch)
        return answer

    @property
    def calls(self) -> int:
        events = [event for batch in self.stored.values() for event in batch["events"]]
        return sum(sum(event["statuses"].values()) for event in events)


@contextmanager
def served(portal: Portal):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/api/v1/telemetry/batches/"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = portal.take(body, self.headers["Authorization"])
            self.close_connection = True
            if answer is not None:
                self.send_response(answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *args) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def ledger(tmp_path):
    opened = Ledger(tmp_path / "ledger.sqlite3")
    yield opened
    opened.close()


def push_all(push: TelemetryPush, rounds: int = 1) -> bool:
    async def main() -> bool:
        async with httpx.AsyncClient(trust_env=False) as client:
            await push.spool_closed_minutes()
            return [await push.send_spooled(client) for _ in range(rounds)][-1]

    return asyncio.run(main())


def test_only_closed_minutes_become_events_and_their_counts_are_complete():
    clock = Clock()
    recorder = Recorder("westeurope", clock=clock)
    for index in range(100):
        recorder.record("tides", "1.0", "Get", 200 if index % 10 else 429, 12.0, f"connection-{index % 7}")
    assert list(recorder.take_batches()) == []
    clock.now += 62
    recorder.record("tides", "1.0", "Get", 200, 12.0, "late")
    [(batch_id, body)] = recorder.take_batches()
    batch = json.loads(body)
    assert first_fault("TelemetryBatch", batch) is None
    assert batch["batch_id"] == batch_id
    [event] = batch["events"]
    assert event["statuses"] == {"200": 90, "429": 10}
    assert sum(event["latency_ms"]) == event["latency_ms"][2] == 100
    assert event["connections"] == 7
    assert list(recorder.take_batches()) == []
    assert len(list(recorder.take_batches(everything=True))) == 1


def test_more_events_than_one_batch_holds_are_split():
    clock = Clock()
    recorder = Recorder("westeurope", clock=clock)
    for index in range(2500):
        recorder.record("tides", "1.0", f"Operation{index}", 200, 1, "one")
    clock.now += 120
    batches = [json.loads(body) for _, body in recorder.take_batches()]
    assert [len(batch["events"]) for batch in batches] == [1000, 1000, 500]
    assert all(first_fault("TelemetryBatch", batch) is None for batch in batches)


def test_a_lost_answer_is_repeated_byte_for_byte_under_the_same_id_and_counted_once(ledger):
    clock, portal = Clock(), Portal()
    recorder = Recorder("westeurope", clock=clock)
    with served(portal) as url:
        push = TelemetryPush("westeurope", Token(TOKEN), ledger, recorder, portal=url, send_seconds=2)
        for minute in range(5):
            for _ in range(20):
                recorder.record("tides", "1.0", "Get", 200, 12, "one")
            clock.now += 62
            portal.script = [None, 500, None, 503, 401, 404] if minute % 2 else [None]
            assert push_all(push) is False
            assert push_all(push, rounds=7) is True
    assert portal.calls == 100
    assert len(portal.stored) == 5
    assert len(portal.received) > 10
    assert all(len(bodies) == 1 for bodies in portal.bodies.values())
    assert portal.tokens == {f"Bearer {TOKEN}"}
    assert ledger.oldest_batch() is None


def test_batches_wait_on_disk_while_the_portal_is_away_and_arrive_in_order(tmp_path):
    clock, portal = Clock(), Portal()
    recorder = Recorder("westeurope", clock=clock)
    first = Ledger(tmp_path / "ledger.sqlite3")
    away = TelemetryPush("westeurope", Token(TOKEN), first, recorder, portal="http://127.0.0.1:9")
    for _ in range(3):
        recorder.record("tides", "1.0", "Get", 200, 12, "one")
        clock.now += 62
        assert push_all(away) is False
    first.close()
    second = Ledger(tmp_path / "ledger.sqlite3")
    with served(portal) as url:
        assert push_all(TelemetryPush("westeurope", Token(TOKEN), second, recorder, portal=url)) is True
    second.close()
    minutes = [batch["events"][0]["minute"] for batch in portal.received]
    assert minutes == sorted(minutes)
    assert portal.calls == 3


def test_a_batch_the_portal_will_never_take_is_set_aside_and_does_not_block_the_next(ledger):
    clock, portal = Clock(), Portal()
    recorder = Recorder("westeurope", clock=clock)
    for _ in range(2):
        recorder.record("tides", "1.0", "Get", 200, 12, "one")
        clock.now += 62
    with served(portal) as url:
        portal.script = [422]
        ledger.spool("11111111-1111-4111-8111-111111111111", json.dumps({"batch_id": "broken"}))
        assert push_all(TelemetryPush("westeurope", Token(TOKEN), ledger, recorder, portal=url)) is True
    assert Counter(batch["batch_id"] == "broken" for batch in portal.received) == {True: 1, False: 1}
    assert portal.calls == 2
    assert ledger.oldest_batch() is None


def test_without_a_portal_telemetry_is_only_spooled(ledger):
    clock = Clock()
    recorder = Recorder("westeurope", clock=clock)
    recorder.record("tides", "1.0", "Get", 200, 12, "one")
    clock.now += 62
    assert push_all(TelemetryPush("westeurope", Token(TOKEN), ledger, recorder, portal=None)) is True
    assert ledger.oldest_batch() is not None


def test_real_calls_of_generated_traffic_reach_the_portal_after_a_restart(start_agent):
    portal = Portal()
    with served(portal) as url:
        agent = start_agent("--deploy-seconds", "0", "--traffic", "1200", "--seed", "3", regions="westeurope")
        one = command(package=make_package("busy"))
        agent.request("PUT", f"packages/{one.digest}", content=one.package)
        body = {
            "connector": one.connector,
            "deployment_number": 1,
            "action": "deploy",
            "version": one.version,
            "digest": one.digest,
        }
        key = {"Idempotency-Key": "one"}
        assert agent.request("POST", "deployments", headers=key, json=body).status_code == 202
        wait_for(lambda: agent.request("GET", "health").json()["load"] > 1)
        agent.stop()
        assert portal.received == []
        agent.start("--portal", url, "--push-idle-seconds", "0.2", "--traffic", "0")
        wait_for(lambda: portal.stored)
        agent.stop()
    [batch] = portal.stored.values()
    assert first_fault("TelemetryBatch", batch) is None
    assert {event["operation"] for event in batch["events"]} <= {"GetTides", "ListHarbours"}
    assert all(event["version"] == one.version for event in batch["events"])
