"""What people who keep a page open cost one web process: fragments that ask again, and streams.

    DATABASE_URL=… python -m benchmarks.live [--viewers 200] [--seconds 45]

One gunicorn process serves `--viewers` people. First they poll the live part of the first page every 15
seconds and are answered with nothing; then every poll is answered in full, as if something happened all the
time; then each holds a stream open, for which gunicorn needs a thread a viewer. The process's own CPU and
memory are read from /proc.
"""

from __future__ import annotations

import argparse
import http.client
import os
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import Client

from benchmarks import django_ready  # noqa: F401 - sets Django up
from benchmarks.burst import _free_port
from portal.accounts.models import User
from portal.wsgi import application as portal

EVERY = 15.0
BEAT = 15.0


def streaming(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    """The portal with /stream/ beside it: a stream that says every 15 seconds that nothing has happened."""
    if environ["PATH_INFO"] != "/stream/":
        return portal(environ, start_response)
    start_response("200 OK", [("Content-Type", "text/event-stream")])

    def events() -> Iterator[bytes]:
        while True:
            yield b": nothing\n\n"
            time.sleep(BEAT)

    return events()


class Server:
    """One gunicorn process with `threads` threads."""

    def __init__(self, application: str, threads: int) -> None:
        self.port = _free_port()
        command = [
            sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{self.port}",
            "--worker-class", "gthread", "--workers", "1", "--threads", str(threads),
            "--log-level", "warning", "--no-control-socket",
        ]  # fmt: skip
        self.master = subprocess.Popen(command)
        deadline = time.monotonic() + 60
        while self.ask("/livez")[0] != 200:
            if time.monotonic() > deadline:
                self.close()
                raise SystemExit("the web server did not start")
            time.sleep(0.3)
        children = Path(f"/proc/{self.master.pid}/task/{self.master.pid}/children").read_text().split()
        self.worker = int(children[0])

    def ask(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            link.request("GET", path, headers=headers or {})
            answer = link.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 0, b""
        finally:
            link.close()

    @property
    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.worker}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def megabytes(self) -> float:
        lines = Path(f"/proc/{self.worker}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    def close(self) -> None:
        self.master.terminate()
        self.master.wait(timeout=60)


def _headers() -> dict[str, str]:
    person = User.objects.get_or_create(
        email="live-benchmark@example.test", defaults={"display_name": "Bench"}
    )[0]
    browser = Client()
    browser.force_login(person)
    name = settings.SESSION_COOKIE_NAME
    return {"Cookie": f"{name}={browser.cookies[name].value}", "Host": "localhost", "HX-Request": "true"}


def poll(server: Server, viewers: int, seconds: float, *, is_quiet: bool) -> None:
    """Every viewer asks at a moment of their own, again and again, with what they saw the last time."""
    headers = _headers()
    took: list[float] = []
    statuses: Counter[int] = Counter()
    _, page = server.ask("/home/live/", headers)
    seen = page.decode().partition('"X-Seen": "')[2].partition('"')[0] if is_quiet else ""
    over = time.monotonic() + seconds
    before = server.cpu_seconds

    def view(number: int) -> None:
        time.sleep(EVERY * number / viewers)
        while time.monotonic() < over:
            began = time.perf_counter()
            status, _ = server.ask("/home/live/", {**headers, "X-Seen": seen})
            took.append(time.perf_counter() - began)
            statuses[status] += 1
            time.sleep(max(EVERY - (time.perf_counter() - began), 0))

    _run(viewers, view)
    spent = server.cpu_seconds - before
    label = "polls, nothing new" if is_quiet else "polls, all in full"
    print(
        f"{label}: {1000 * spent / len(took):.1f} ms CPU a poll, {100 * spent / seconds:.0f} % of one core, "
        f"median {1000 * statistics.median(took):.0f} ms, {server.megabytes:.0f} MB, {dict(statuses)}"
    )


def stream(server: Server, viewers: int, seconds: float) -> None:
    """Every viewer holds one answer open."""
    links = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=60) for _ in range(viewers)]
    before = server.cpu_seconds
    for link in links:
        link.request("GET", "/stream/")
        link.getresponse()
    time.sleep(seconds)
    spent = server.cpu_seconds - before
    print(
        f"streams: {100 * spent / seconds:.0f} % of one core, {server.megabytes:.0f} MB, "
        f"{viewers} threads held, a page beside them {server.ask('/livez')[0]}"
    )
    for link in links:
        link.close()


def _run(number: int, view: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=view, args=(each,)) for each in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=45.0)
    asked = parser.parse_args()
    for is_quiet in (True, False):
        with closing(Server("portal.wsgi:application", 8)) as server:
            poll(server, asked.viewers, asked.seconds, is_quiet=is_quiet)
    with closing(Server("benchmarks.live:streaming", asked.viewers + 8)) as server:
        stream(server, asked.viewers, min(asked.seconds, 30.0))


if __name__ == "__main__":
    main()
