"""The portal with the demo world, started as `make run` does, until its history is told."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from portal.embedded.ports import free_port

SECONDS = 1200


@contextmanager
def running() -> Iterator[str]:
    """The address of a portal whose demo world is there."""
    port = free_port()
    program = subprocess.Popen([sys.executable, "manage.py", "up", "--port", str(port)])
    try:
        url = f"http://localhost:{port}"
        _wait(program, url)
        yield url
    finally:
        program.terminate()
        program.wait(60)


def _wait(program: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not _is_told(url):
        if program.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("The demo world was not finished; the reason is above.")
        time.sleep(3)


def _is_told(url: str) -> bool:
    """Connectors are public once they are live, and the whole history is there at once."""
    try:
        with urllib.request.urlopen(f"{url}/live/", timeout=10) as answer:
            return b'href="/live/' in answer.read().replace(b'href="/live/"', b"")
    except (OSError, urllib.error.URLError):
        return False
