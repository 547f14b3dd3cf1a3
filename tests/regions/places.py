"""Real things for the region tests: packages, the agent as a process, and raw socket servers."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from certification.regions.protocol import Action, DeployCommand, RegionEndpoint, Token

TOKEN = "s3cret-region-token-7f2k9q"
KEY = "rollout-41:westeurope:7:1"
Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def make_package(marker: str = "one", operations: tuple[str, ...] = ("GetTides", "ListHarbours")) -> bytes:
    """A small connector package: a zip with an OpenAPI 2 definition."""
    paths = {f"/{name}": {"get": {"operationId": name, "responses": {}}} for name in operations}
    definition = {"swagger": "2.0", "info": {"title": marker, "version": "1"}, "paths": paths}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("apiDefinition.swagger.json", json.dumps(definition))
        archive.writestr("apiProperties.json", "{}")
    return target.getvalue()


def command(
    number: int = 1,
    *,
    key: str | None = None,
    package: bytes | None = None,
    action: str = "deploy",
    connector: str = "harbour-weather",
    version: str | None = None,
    sends_package: bool = True,
) -> DeployCommand:
    content = package or make_package(f"{connector} {number}")
    return DeployCommand(
        idempotency_key=key or f"{connector}:{number}",
        connector=connector,
        deployment_number=number,
        action=Action(action),
        version=version or f"1.{number}.0",
        digest=hashlib.sha256(content).hexdigest(),
        package=content if sends_package else None,
    )


class AgentProcess:
    """The reference region agent in its own process, on a free loopback port."""

    def __init__(self, data_dir: Path, *arguments: str, regions: str = "westeurope,brazil") -> None:
        self.data_dir = data_dir
        self._command = [
            sys.executable, "-m", "certification.regions.agent", "--port", "0", "--regions", regions,
            "--data-dir", str(data_dir), "--faults", *arguments,
        ]  # fmt: skip
        self.start()

    def start(self, *more: str) -> None:
        self._log = (self.data_dir.parent / "agent.log").open("ab")
        self._process = subprocess.Popen(
            [*self._command, *more],
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, "REGION_TOKEN": TOKEN},
            text=True,
        )
        assert self._process.stdout is not None
        self.base_url = self._process.stdout.readline().split()[2].rstrip("/")
        assert self.base_url.startswith("http://")

    def kill(self) -> None:
        """kill -9, as a power cut would."""
        self._process.kill()
        self._end()

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._end()

    def _end(self) -> None:
        self._process.wait(15)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def endpoint(self, code: str = "westeurope") -> RegionEndpoint:
        return RegionEndpoint(code, f"{self.base_url}/{code}", Token(TOKEN))

    def request(self, method: str, path: str, *, code: str = "westeurope", **more) -> httpx.Response:
        headers = {"Authorization": f"Bearer {TOKEN}", **more.pop("headers", {})}
        url = f"{self.base_url}/{code}/{path}"
        return httpx.request(method, url, headers=headers, trust_env=False, timeout=10, **more)

    def set_faults(self, *faults: dict) -> None:
        self.request("PUT", "faults", json={"faults": list(faults)}).raise_for_status()

    def ledger(self, code: str = "westeurope") -> list[dict]:
        history: list[dict] = self.request("GET", "ledger", code=code).json()["effective"]
        return history

    def log_text(self) -> str:
        return (self.data_dir.parent / "agent.log").read_text()


@asynccontextmanager
async def socket_server(peer: Peer):
    """Serve raw TCP on loopback with `peer`; yields the base address."""
    writers: list[asyncio.StreamWriter] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            await peer(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, limit=40 * 1024 * 1024)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)


async def read_request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    """One HTTP request: its first line, headers in lower case, and body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return first, headers, body


def http_answer(status: int, body: bytes, *headers: str, kind: str = "application/json") -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def wait_for(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.05)
