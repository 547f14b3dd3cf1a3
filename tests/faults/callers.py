"""Programs that call the portal of a fault campaign: a team's, which upload packages, and the regions' telemetry.

Everything that is sent follows from its number, and a program that was killed goes on from its ledger. So each sends
the same under the same key until it has read an answer, and only then writes down what it was told. Some things are
sent again although they were answered.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import threading
import time
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from certification.regions.telemetry import LATENCY_BOUNDS_MS, empty_histogram
from tests.faults.outside import Ledger
from tests.regions.places import TOKEN

UPLOADERS, PER_CONNECTOR = 2, 20
CALL_SECONDS = 15.0
PAUSE_SECONDS, AGAIN_SECONDS = (0.8, 2.5), 0.5
REPEATED = 0.15
PADDING = 20_000
LOOK_SECONDS = 3.0
CALLS_AN_HOUR, HOURS_BEFORE, HOURS_SINCE = 1_000, 100, 32
USUALLY_FAILS, FAILS_WHEN_ILL = 0.02, 0.1
_NAMESPACE = uuid.UUID("7a0b6f2e-9d57-4f6a-8a55-5e0c2f8f9c11")


def package_of(number: int) -> bytes:
    """Longer than what a full disk still takes, different for every number and always the same for one."""
    title = f"{number} " + random.Random(number).randbytes(PADDING).hex()
    definition = {"swagger": "2.0", "info": {"title": title, "version": "1"}, "paths": {}}
    files = {"apiDefinition.swagger.json": json.dumps(definition), "apiProperties.json": "{}"}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return target.getvalue()


class Portal:
    """Asks until somebody answers who can."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._client = httpx.Client(
            base_url=os.environ["WEB_URL"], timeout=CALL_SECONDS, trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )  # fmt: skip

    def tell(self, key: str, path: str, token: str, **body: Any) -> httpx.Response:
        while True:
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
            try:
                answer = self._client.post(f"/api/v1/{path}", headers=headers, **body)
            except httpx.HTTPError as error:
                self._ledger.write(key=key, status=0, why=type(error).__name__)
            else:
                is_replay = answer.headers.get("Idempotent-Replay") == "true"
                self._ledger.write(key=key, status=answer.status_code, is_replay=is_replay)
                if answer.status_code < 500 and answer.status_code != 429:
                    return answer
            time.sleep(AGAIN_SECONDS)


@dataclass(frozen=True)
class World:
    """What the seed wrote for those outside. `gated` are rollouts with gates: who is called what, and how it does."""

    token: str
    publisher: str
    region_tokens: dict[str, str]
    hour: int
    gated: list[dict[str, Any]]

    @classmethod
    def read(cls, folder: Path) -> World:
        return cls(**json.loads((folder / "world.json").read_text()))


class Uploader(threading.Thread):
    """Every `UPLOADERS`th number is its own: a connector for some, then an upload for each."""

    def __init__(self, number: int, world: World, folder: Path) -> None:
        super().__init__(daemon=True)
        self._first, self._world = number, world
        self._chance = random.Random(f"{os.environ['SEED']} {number}")
        self._path = folder / f"uploads-{number}.jsonl"
        self._told = Ledger(self._path)
        self._portal = Portal(Ledger(folder / f"answers-uploads-{number}.jsonl"))
        self._calm = Path(os.environ["CALM"])

    def run(self) -> None:
        done = {json.loads(line)["key"] for line in self._path.read_text().splitlines()}
        number = self._first + len(done) * UPLOADERS
        while True:
            for _ in range(2 if self._chance.random() < REPEATED else 1):
                self._upload(number)
            # What was begun has been ended: nobody keeps a key without an answer.
            if self._calm.exists():
                return
            number += UPLOADERS
            time.sleep(self._chance.uniform(*PAUSE_SECONDS))

    def _upload(self, number: int) -> None:
        group = number // UPLOADERS // PER_CONNECTOR * UPLOADERS + self._first
        connector = self._connector(group)
        content, key = package_of(number), f"upload-{number}"
        answer = self._portal.tell(
            key,
            f"connectors/{connector}/uploads/",
            self._world.token,
            files={"files": (f"{key}.zip", content)},
        )
        told = answer.json()
        self._told.write(
            key=key, status=answer.status_code, id=told.get("id", ""), state=told.get("state", ""),
            digest=hashlib.sha256(content).hexdigest(),
        )  # fmt: skip

    def _connector(self, group: int) -> str:
        name = f"Pier {chr(65 + group // 26)}{chr(97 + group % 26)} Bookings"
        body = {"publisher": self._world.publisher, "name": name, "summary": "Bookings."}
        answer = self._portal.tell(f"connector-{group}", "connectors/", self._world.token, json=body)
        return str(answer.json()["id"])


class Telemetry(threading.Thread):
    """The regions' own telemetry of what they hold, late by hours: of the old version before the rollouts, of the
    new one since a region's own ledger has it."""

    def __init__(self, world: World, folder: Path) -> None:
        super().__init__(daemon=True)
        self._world, self._chance = world, random.Random(os.environ["SEED"])
        path = folder / "telemetry.jsonl"
        self._told = Ledger(path)
        self._done = {json.loads(line)["id"] for line in path.read_text().splitlines()}
        self._portal = Portal(Ledger(folder / "answers-telemetry.jsonl"))

    def run(self) -> None:
        for region in self._world.region_tokens:
            for one in self._world.gated:
                self._send(region, one, is_new=False)
        while True:
            for region in self._world.region_tokens:
                for one in self._arrived(region):
                    self._send(region, one, is_new=True)
            time.sleep(LOOK_SECONDS)

    def _arrived(self, region: str) -> Iterator[dict[str, Any]]:
        try:
            answer = httpx.get(
                f"{os.environ['AGENT_URL']}/{region}/ledger", headers={"Authorization": f"Bearer {TOKEN}"},
                timeout=CALL_SECONDS, trust_env=False,
            )  # fmt: skip
            held = {(row["connector"], row["digest"]) for row in answer.json()["effective"]}
        except (httpx.HTTPError, ValueError, KeyError):
            return
        yield from (one for one in self._world.gated if (one["connector"], one["digest"]) in held)

    def _send(self, region: str, one: dict[str, Any], *, is_new: bool) -> None:
        version = one["new" if is_new else "old"]
        batch = str(uuid.uuid5(_NAMESPACE, f"{region} {one['connector']} {version}"))
        if batch in self._done:
            return
        share = FAILS_WHEN_ILL if is_new and one["is_ill"] else USUALLY_FAILS
        hours = HOURS_SINCE if is_new else HOURS_BEFORE
        events = [
            _event(one["connector"], version, self._world.hour - 3600 * ago, share) for ago in range(hours)
        ]
        body = {
            "batch_id": batch, "region": region, "sent_at": _iso(time.time()),
            "bounds_ms": list(LATENCY_BOUNDS_MS), "events": events,
        }  # fmt: skip
        for _ in range(2 if self._chance.random() < REPEATED else 1):
            answer = self._portal.tell(
                batch, "telemetry/batches/", self._world.region_tokens[region], json=body
            )
        self._told.write(
            id=batch, region=region, connector=one["connector"], version=version, status=answer.status_code,
            accepted=answer.json().get("accepted", 0), calls=hours * CALLS_AN_HOUR,
        )  # fmt: skip
        self._done.add(batch)


def _event(connector: str, version: str, at: float, share: float) -> dict[str, Any]:
    bad, latency = round(CALLS_AN_HOUR * share), empty_histogram()
    latency[5] = CALLS_AN_HOUR
    return {
        "connector": connector, "version": version, "operation": "GetTides", "minute": _iso(at),
        "statuses": {"200": CALLS_AN_HOUR - bad, "500": bad}, "latency_ms": latency, "connections": 40,
    }  # fmt: skip


def _iso(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(at))


def main() -> None:
    folder = Path(os.environ["OUTSIDE"])
    world = World.read(folder)
    threads = [*(Uploader(number, world, folder) for number in range(UPLOADERS)), Telemetry(world, folder)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
