"""How many region polls per minute one process makes, and what one poll costs in CPU time.

    python -m benchmarks.polls [--regions 30] [--answer-ms 60] [--seconds 10] [--hanging 0]

The regions are HTTP servers on loopback in a child process, so the CPU time reported is the poller's alone.
Throughput depends on the machine's neighbours; CPU per poll hardly does, so compare that between versions.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import resource
import time
from collections import Counter
from contextlib import aclosing
from functools import partial
from multiprocessing.connection import Connection

from certification.regions.http import HttpDriver
from certification.regions.polling import poll_as_completed
from certification.regions.protocol import Operation, RegionEndpoint, Token

KEY = "rollout-1:region:1:1"
GOAL_PER_MINUTE = 6_000
ANSWER = json.dumps(
    {
        "key": KEY,
        "state": "running",
        "digest": "a" * 64,
        "deployment_number": 1,
        "message": "",
        "updated_at": "2026-03-02T09:30:05+00:00",
    }
).encode()
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(ANSWER),
    ANSWER,
)


async def _serve(ports: Connection, regions: int, answer_seconds: float, hanging: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                await asyncio.sleep(delay)
                writer.write(RESPONSE)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    servers = []
    for number in range(regions):
        peer = partial(answer, delay=3600.0 if number < hanging else answer_seconds)
        servers.append(await asyncio.start_server(peer, "127.0.0.1", 0))
    ports.send([server.sockets[0].getsockname()[1] for server in servers])
    await asyncio.Event().wait()


def _regions_process(ports: Connection, regions: int, answer_seconds: float, hanging: int) -> None:
    asyncio.run(_serve(ports, regions, answer_seconds, hanging))


async def _poll_for(endpoints: list[RegionEndpoint], hanging: int, seconds: float) -> Counter[str]:
    """Poll every region again and again until the time is up; counts the outcomes."""
    counts: Counter[str] = Counter()
    suspects = {endpoint.code for endpoint in endpoints[:hanging]}
    async with HttpDriver() as driver:

        async def ask(endpoint: RegionEndpoint) -> Operation | None:
            return await driver.operation(endpoint, KEY)

        def region_of(endpoint: RegionEndpoint) -> str:
            return endpoint.code

        end = time.monotonic() + seconds
        many = endpoints * int(seconds * 100)
        async with aclosing(poll_as_completed(many, ask, region_of=region_of, suspects=suspects)) as polls:
            async for polled in polls:
                counts["answered" if polled.is_ok else type(polled.error).__name__] += 1
                if time.monotonic() > end:
                    break
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description="Polls per minute and CPU per poll.")
    parser.add_argument("--regions", type=int, default=30)
    parser.add_argument("--answer-ms", type=float, default=60)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--hanging", type=int, default=0, help="this many of the regions never answer")
    options = parser.parse_args()
    receiver, sender = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("spawn").Process(
        target=_regions_process,
        args=(sender, options.regions, options.answer_ms / 1000, options.hanging),
        daemon=True,
    )
    child.start()
    endpoints = [
        RegionEndpoint(f"region-{port}", f"http://127.0.0.1:{port}", Token("bench"))
        for port in receiver.recv()
    ]
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    counts = asyncio.run(_poll_for(endpoints, options.hanging, options.seconds))
    after, elapsed = resource.getrusage(resource.RUSAGE_SELF), time.monotonic() - started
    child.terminate()
    child.join()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    answered = counts["answered"]
    report = {
        "regions": options.regions,
        "answer_ms": options.answer_ms,
        "hanging": options.hanging,
        "polls_per_minute": round(answered / elapsed * 60),
        "goal_per_minute": GOAL_PER_MINUTE,
        "cpu_ms_per_poll": round(cpu / max(answered, 1) * 1000, 3),
        "cpu_share_of_one_core": round(cpu / elapsed, 2),
        "outcomes": dict(counts),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
