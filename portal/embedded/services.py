"""PostgreSQL and Valkey together: started, kept running, stopped, and made known to children."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from portal.embedded.errors import EmbeddedServicesUnavailable
from portal.embedded.places import Home, RunLock, kept_home, temporary_home
from portal.embedded.postgres import PostgresServer
from portal.embedded.processes import service_user
from portal.embedded.valkey import ValkeyServer

LONGEST_PAUSE_SECONDS = 30.0
# A server that ran this long was well: its next failure starts with the shortest pause again.
WELL_AFTER_SECONDS = 60.0
LOG_BYTES = 10 * 1024 * 1024

Say = Callable[[str], None]


class Server(Protocol):
    """What PostgresServer and ValkeyServer have in common."""

    name: str

    @property
    def process(self) -> object: ...
    @property
    def log(self) -> Path: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


def say_on_stderr(text: str) -> None:
    """The default voice of the services: one line on standard error."""
    sys.stderr.write(f"services | {text}\n")
    sys.stderr.flush()


class Services:
    """The servers this run needs: none for a service whose URL is already in the environment.

    A context manager. While it is open a server that dies is started again, with a growing pause, on the
    same data and at the same address.
    """

    def __init__(self, home: Home, *, throwaway: bool = False, say: Say = say_on_stderr) -> None:
        self.home = home
        self._say = say
        self._stopping = threading.Event()
        self._keepers: list[threading.Thread] = []
        self.postgres = None if os.environ.get("DATABASE_URL") else PostgresServer(home, throwaway)
        self.valkey = None if os.environ.get("REDIS_URL") else ValkeyServer(home, throwaway)

    @property
    def environment(self) -> dict[str, str]:
        """DATABASE_URL and REDIS_URL of the servers that were started here."""
        found = {}
        if self.postgres:
            found["DATABASE_URL"] = self.postgres.url()
        if self.valkey:
            found["REDIS_URL"] = self.valkey.url()
        return found

    def __enter__(self) -> Self:
        for note in self.home.notes:
            self._say(note)
        try:
            for server in (self.postgres, self.valkey):
                if server:
                    _shorten(server.log)
                    server.start()
        except BaseException:
            self.stop()
            raise
        for server in (self.postgres, self.valkey):
            if server:
                keeper = threading.Thread(
                    target=self._keep, args=(server,), name=f"keep-{server.name}", daemon=True
                )
                keeper.start()
                self._keepers.append(keeper)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop everything, PostgreSQL last. Safe to call twice."""
        self._stopping.set()
        for keeper in self._keepers:
            keeper.join(timeout=1)
        for server in (self.valkey, self.postgres):
            if server:
                server.stop()
        if self.home.sockets.parent != self.home.data:
            shutil.rmtree(self.home.sockets, ignore_errors=True)

    def _keep(self, server: PostgresServer | ValkeyServer) -> None:
        """Start the server again whenever it ends, until we stop.

        The thread outlives every server it starts: the kernel would otherwise take the end of the thread
        for the end of the parent and signal the server.
        """
        pause = 0.0
        while not self._stopping.is_set():
            started = time.monotonic()
            while server.process is not None and server.process.poll() is None:
                if self._stopping.wait(0.2):
                    return
            if time.monotonic() - started > WELL_AFTER_SECONDS:
                pause = 0.0
            self._say(f"{server.name} ended unexpectedly, starting it again (log: {server.log})")
            if self._stopping.wait(pause):
                return
            pause = min(max(1.0, pause * 2), LONGEST_PAUSE_SECONDS)
            try:
                server.start()
            except EmbeddedServicesUnavailable as error:
                self._say(str(error))
            else:
                self._say(f"{server.name} is back")
        # Only reached when stop() was called while a server was being started.
        server.stop()


def _shorten(log: Path) -> None:
    """Put a log that has grown large aside; one generation is kept."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))


@contextmanager
def kept_services(var: Path, *, say: Say = say_on_stderr) -> Iterator[Services]:
    """Services on the data below `var`, locked against a second run.

    Raises AlreadyRunning when another process holds the lock, ServiceDidNotStart when a server fails.
    """
    with RunLock(var), Services(kept_home(var, service_user()), say=say) as services:
        yield services


@contextmanager
def throwaway_services(*, say: Say = say_on_stderr) -> Iterator[Services]:
    """Fast services whose data is removed afterwards; for tests and benchmarks."""
    home = temporary_home(service_user())
    try:
        with Services(home, throwaway=True, say=say) as services:
            yield services
    finally:
        shutil.rmtree(home.data, ignore_errors=True)
