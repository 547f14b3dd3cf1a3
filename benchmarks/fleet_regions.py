"""Sixty regions in a process of their own: barest HTTP on loopback, an answer after so many milliseconds.

What they hold follows from the names alone, so they keep no state but the list of commands they got.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import multiprocessing
import time
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from typing import Any

AT = "2026-03-02T09:30:05+00:00"


def digest_of(slug: str) -> str:
    """The package of a connector of the fleet, by its slug alone."""
    return hashlib.sha256(slug.encode()).hexdigest()


class Regions:
    """The process. `hanging` is how many of the regions say nothing from now on."""

    def __init__(self, count: int, answer_ms: float) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self.hanging: Synchronized[int] = context.Value("i", 0)
        self._process = context.Process(
            target=_main, args=(theirs, self.hanging, count, answer_ms / 1000), daemon=True
        )
        self._process.start()
        self.addresses = [f"http://127.0.0.1:{port}" for port in self._pipe.recv()]

    def commands(self) -> list[tuple[float, str]]:
        """(when, key) of every command that arrived, by the machine's monotonic clock."""
        self._pipe.send("commands")
        found: list[tuple[float, str]] = self._pipe.recv()
        return found

    def stop(self) -> None:
        self._process.terminate()
        self._process.join()


def _main(pipe: Connection, hanging: Any, count: int, seconds: float) -> None:
    asyncio.run(_serve(pipe, hanging, count, seconds))


async def _serve(pipe: Connection, hanging: Any, count: int, seconds: float) -> None:
    commands: list[tuple[float, str]] = []
    servers = [
        await asyncio.start_server(partial(_peer, commands, hanging, number, seconds), "127.0.0.1", 0)
        for number in range(count)
    ]
    pipe.send([server.sockets[0].getsockname()[1] for server in servers])
    while True:
        if await asyncio.to_thread(pipe.poll, 0.5):
            pipe.recv()
            pipe.send(commands)


async def _peer(
    commands: list[tuple[float, str]],
    hanging: Any,
    number: int,
    seconds: float,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            headers = dict(line.split(": ", 1) for line in head.strip().split("\r\n")[1:])
            length = int(headers.get("Content-Length", headers.get("content-length", "0")))
            body = await reader.readexactly(length)
            method, path, _ = head.split(" ", 2)
            key = headers.get("Idempotency-Key", headers.get("idempotency-key", ""))
            if method == "POST":
                commands.append((time.monotonic(), key))
            await asyncio.sleep(3600 if number < hanging.value else seconds)
            answer = json.dumps(_answer(method, path, key, body)).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (len(answer), answer)
            )
            await writer.drain()
    writer.close()


def _answer(method: str, path: str, key: str, body: bytes) -> dict[str, object]:
    if method == "POST":
        asked = json.loads(body)
        return _operation(key, asked["digest"], asked["deployment_number"])
    what, name = path.strip("/").split("/")[-2:]
    if what == "connectors":
        held = {"connector": name, "version": "1.0.0", "digest": digest_of(name)}
        return {**held, "deployment_number": 1, "deployed_at": AT}
    return _operation(name.replace("%3A", ":"), digest_of(name.replace("%3A", ":").split(":")[0]), 1)


def _operation(key: str, digest: str, number: int) -> dict[str, object]:
    return {
        "key": key, "state": "running", "digest": digest, "deployment_number": number, "message": "",
        "updated_at": AT,
    }  # fmt: skip
