"""The whole portal on one machine, as `make run` starts it: up, wounded, down, up again on the same data."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from portal.embedded.ports import free_port
from portal.embedded.processes import is_running, wait_until
from tests.effort import IS_FULL

PROJECT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]


class RunningPortal:
    """`python -m portal.embedded exec --keep VAR -- manage.py up` and what it prints."""

    def __init__(self, var: Path) -> None:
        self.var = var
        unwanted = (
            "DATABASE_URL",
            "REDIS_URL",
            "SECRET_KEY",
            "FIELD_ENCRYPTION_KEYS",
            "SITE_URL",
            "MEDIA_ROOT",
        )
        environment = {
            name: value for name, value in os.environ.items() if name not in (*unwanted, "MAKELEVEL")
        }
        for name in ("ALLOWED_HOSTS", "DB_POOL", "LOG_LEVEL", "ALLOW_INSECURE_REGIONS", "EMAIL_URL"):
            environment.pop(name, None)
        self.port = free_port()
        up = (sys.executable, "manage.py", "up", "--port", str(self.port))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "portal.embedded", "exec", "--keep", str(var), "--", *up],
            cwd=PROJECT,
            env={**environment, "DJANGO_SETTINGS_MODULE": "portal.settings.development"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            self.lines.extend(lines)

    @property
    def said(self) -> str:
        return "".join(self.lines)

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://localhost:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def is_ready(self) -> bool:
        status, body = self.get("/readyz")
        return status == 200 and json.loads(body)["status"] == "ready"

    def wait_for(self, text: str, seconds: float = 120) -> None:
        found = wait_until(
            lambda: text in self.said or self.process.poll() is not None, seconds, step_seconds=0.1
        )
        assert found, self.said[-5000:]
        assert text in self.said, self.said[-5000:]

    def end(self, number: int) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(60)
        self._reader.join(10)
        return code

    def everything_of_this_run(self) -> list[int]:
        """Processes that carry the mark of this run in their environment, or work in its data."""
        mark = f"PORTAL_VAR={self.var}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                marked = mark in (entry / "environ").read_bytes().split(b"\0")
                if marked or (entry / "cwd").readlink().is_relative_to(self.var):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def children_running(self, words: str) -> list[int]:
        found = []
        for pid in self.everything_of_this_run():
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            if words in command and "portal.embedded" not in command:
                found.append(pid)
        return found


@pytest.fixture
def var() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="portal-", dir="/tmp"))
    place.chmod(0o755)
    yield place / "var"
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def portal(var: Path) -> Iterator[RunningPortal]:
    running = RunningPortal(var)
    yield running
    running.end(signal.SIGTERM)


def test_the_portal_comes_up_heals_and_goes_down_without_a_trace(portal: RunningPortal) -> None:
    portal.wait_for("The portal is ready: http://localhost:")
    assert portal.get("/livez")[0] == 200
    assert wait_until(portal.is_ready, 90, step_seconds=0.5), portal.get("/readyz")

    web = portal.children_running("gunicorn portal.wsgi")
    assert len(web) >= 3
    os.kill(min(web), signal.SIGKILL)
    portal.wait_for("web ended (signal SIGKILL); starting it again")
    assert wait_until(lambda: portal.get("/livez")[0] == 200, 60, step_seconds=0.2)

    [postmaster] = [
        int(line) for line in (portal.var / "postgres" / "postmaster.pid").read_text().splitlines()[:1]
    ]
    os.kill(postmaster, signal.SIGKILL)
    portal.wait_for("postgres is back")
    assert wait_until(portal.is_ready, 60, step_seconds=0.5), portal.get("/readyz")

    assert portal.end(signal.SIGINT) == 0, portal.said[-3000:]
    assert wait_until(lambda: portal.everything_of_this_run() == [], 5)
    assert not (portal.var / "postgres" / "postmaster.pid").exists()


def test_a_second_run_is_quick_keeps_the_data_and_the_secrets_and_shows_none_of_them(var: Path) -> None:
    first = RunningPortal(var)
    try:
        first.wait_for("The portal is ready")
        sockets = var / "run"
        with psycopg.connect(f"postgres://portal@/portal?host={sockets}", autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    finally:
        assert first.end(signal.SIGTERM) == 0
    kept = {path.name: path.read_text() for path in (var / "secrets").iterdir()}
    assert {"secret_key", "field_encryption_keys", "region_token"} <= kept.keys()

    second = RunningPortal(var)
    try:
        second.wait_for("The portal is ready", seconds=60)
        assert "Applying" not in second.said
        with psycopg.connect(f"postgres://portal@/portal?host={sockets}") as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    finally:
        assert second.end(signal.SIGTERM) == 0
    assert {path.name: path.read_text() for path in (var / "secrets").iterdir()} == kept
    for secret in kept.values():
        assert secret not in first.said + second.said


@pytest.mark.skipif(not IS_FULL, reason="the whole portal a third time: TEST_EFFORT=full")
def test_killing_the_outermost_process_takes_everything_down(portal: RunningPortal) -> None:
    portal.wait_for("The portal is ready")
    assert len(portal.everything_of_this_run()) > 5
    portal.process.kill()
    portal.process.wait(10)
    assert wait_until(lambda: portal.everything_of_this_run() == [], 40, step_seconds=0.2)


def test_an_interrupt_that_reaches_only_make_still_ends_the_portal(var: Path, tmp_path: Path) -> None:
    """make keeps SIGINT to itself and waits for us; a terminal would have told both."""
    (tmp_path / "Makefile").write_text("run:\n\t@exec $(COMMAND)\n")
    made = subprocess.Popen(
        [
            "make",
            "-f",
            str(tmp_path / "Makefile"),
            "run",
            "COMMAND="
            + shlex.join(
                [
                    sys.executable,
                    "-m",
                    "portal.embedded",
                    "exec",
                    "--keep",
                    str(var),
                    "--",
                    "sh",
                    "-c",
                    f"echo $$$$ > '{var}/pid'; exec sleep 100",
                ]
            ),
        ],
        cwd=PROJECT,
        env={name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert wait_until(lambda: (var / "pid").exists() and (var / "pid").read_text() != "", 60)
    command = int((var / "pid").read_text())
    made.send_signal(signal.SIGINT)
    made.wait(120)
    assert not is_running(command)
    assert not (var / "postgres" / "postmaster.pid").exists()
