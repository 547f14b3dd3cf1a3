"""What stands around the workers of a fault campaign: web processes, programs that call them, and the others whom
the portal calls (mail server, receivers of webhooks); and the ways in which these die.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from portal.embedded.ports import free_port

WEB, CALLERS, OUTSIDE = "web", "callers", "outside"
SURROUNDINGS = (OUTSIDE, WEB, CALLERS)
WEB_PROCESSES = 2
FULL_BYTES, FULL_SECONDS = 8 * 1024, (3.0, 8.0)
"""No file grows beyond so many bytes while the disk is full, for so long."""
AWAY_SECONDS = (2.0, 8.0)
_BUSY_WITHIN_SECONDS = 3.0


def children(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return sorted(found)


class Surroundings:
    """Part of `Machines`, which launches, kills and keeps alive."""

    folder: Path
    chance: random.Random
    processes: dict[str, subprocess.Popen[bytes]]

    def take_ports(self) -> None:
        self.web_port, self.mail_port, self.hook_port = free_port(), free_port(), free_port()

    @property
    def outside(self) -> Path:
        """Where callers, mail server and receivers keep their ledgers."""
        return self.folder / "outside"

    @property
    def surrounding_environment(self) -> dict[str, str]:
        return {
            "WEB_URL": f"http://127.0.0.1:{self.web_port}",
            "MAIL_PORT": str(self.mail_port),
            "HOOK_PORT": str(self.hook_port),
            "OUTSIDE": str(self.outside),
        }

    def arguments_of(self, name: str) -> tuple[str, ...]:
        """What is run for one of `SURROUNDINGS`."""
        if name != WEB:
            return ("-m", f"tests.faults.{name}")
        return (
            "-m", "gunicorn", "portal.wsgi:application", "--bind", f"127.0.0.1:{self.web_port}",
            "--workers", str(WEB_PROCESSES), "--worker-class", "gthread", "--threads", "4",
            "--log-level", "warning", "--no-control-socket",
        )  # fmt: skip

    def kill(self, name: str) -> None:
        raise NotImplementedError

    def start_one(self, name: str) -> None:
        raise NotImplementedError

    def kill_web_process(self) -> None:
        """One that is at work just then, if there is one within some seconds: in the middle of a request."""
        ends_at = time.monotonic() + _BUSY_WITHIN_SECONDS
        found = children(self.processes[WEB].pid)
        while time.monotonic() < ends_at and not (busy := [pid for pid in found if _is_at_work(pid)]):
            time.sleep(0.002)
        if found:
            with suppress(ProcessLookupError):
                os.kill(self.chance.choice(busy or found), signal.SIGKILL)

    def kill_web(self) -> None:
        self.kill(WEB)
        self.start_one(WEB)

    def kill_callers(self) -> None:
        """They ask again under the same keys."""
        self.kill(CALLERS)
        self.start_one(CALLERS)

    def kill_outside(self) -> None:
        """No mail server and no receivers for a while."""
        self.kill(OUTSIDE)
        time.sleep(self.chance.uniform(*AWAY_SECONDS))
        self.start_one(OUTSIDE)

    def fill_disk(self) -> None:
        """No file that web processes and workers write grows any more, their logs included: what is longer breaks
        off in the middle, as on a full disk."""
        _limit_files(self._writing(), FULL_BYTES)
        try:
            time.sleep(self.chance.uniform(*FULL_SECONDS))
        finally:
            _limit_files(self._writing(), resource.RLIM_INFINITY)

    def _writing(self) -> list[int]:
        parents = [
            process.pid
            for name, process in self.processes.items()
            if name == WEB or name.startswith("worker")
        ]
        return [*parents, *(child for parent in parents for child in children(parent))]


def _is_at_work(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "R"
    except (OSError, IndexError):
        return False


def _limit_files(processes: list[int], most_bytes: int) -> None:
    for pid in processes:
        with suppress(ProcessLookupError):
            hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (most_bytes, hard))
