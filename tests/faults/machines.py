"""The processes of a fault campaign, and the ways in which they die.

A database, a broker, regions, workers and a scheduler of their own, the workers and the scheduler twice as in
operation; around them web processes and the others (`surroundings`). What a supervisor would start again is started
again by `keep_alive`.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import redis

from portal.embedded.places import temporary_home
from portal.embedded.ports import free_port
from portal.embedded.postgres import PostgresServer
from portal.embedded.processes import die_with_parent, service_user
from portal.embedded.valkey import ValkeyServer
from tests.faults.surroundings import SURROUNDINGS, Surroundings, children
from tests.regions.places import TOKEN

ROOT = Path(__file__).resolve().parents[2]
WORKERS = ("worker-0", "worker-1")
BEATS = ("beat-0", "beat-1")
POOL = 3
LATE = "late"
"""A region that opens in the middle of a campaign."""
LOCKED_TABLE, LOCK_SECONDS = "certification_regiondeployment", 5.0


class _Postgres(PostgresServer):
    """Commits reach the operating system before they are acknowledged, which outlives every process; only a power
    cut would need them on the disk too."""

    def __init__(self) -> None:
        super().__init__(temporary_home(service_user()))

    def start(self) -> None:
        super().start()
        with psycopg.connect(self.url(role="postgres"), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")


@dataclass
class Machines(Surroundings):
    """Start with `start()`, end with `stop()`. `restarted` counts what a supervisor had to start again; `is_alone`
    without web processes, mail server and receivers."""

    folder: Path
    codes: list[str]
    rollouts: int
    seed: int
    people_pace: int = 40
    jobs: str = "few"
    is_alone: bool = False
    restarted: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.postgres = _Postgres()
        self.valkey = ValkeyServer(temporary_home(service_user()), throwaway=True)
        self.agent_port = free_port()
        self.take_ports()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def served(self) -> list[str]:
        """Every region that rollouts go to, sooner or later."""
        return [*self.codes, *(() if self.is_alone else (LATE,))]

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ},
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "DATABASE_URL": self.postgres.url(),
            "DB_POOL": "on",
            "DB_POOL_SIZE": "4",
            "REDIS_URL": self.valkey.url(),
            "MEDIA_ROOT": str(self.folder / "media"),
            "STATIC_ROOT": str(self.folder / "static"),
            "REGION_TOKEN": TOKEN,
            "AGENT_URL": f"http://127.0.0.1:{self.agent_port}",
            "CAMPAIGN_REGIONS": " ".join(self.codes),
            "CAMPAIGN_ROLLOUTS": str(self.rollouts),
            "CALM": str(self.folder / "calm"),
            "CAMPAIGN_JOBS": self.jobs,
            "SEED": str(self.seed),
            "PACE": str(self.people_pace),
            **({} if self.is_alone else self.surrounding_environment),
        }

    def start(self) -> None:
        for name in ("media", "static", "outside"):
            (self.folder / name).mkdir()
        self.postgres.start()
        self.valkey.start()
        self.run("manage.py", "migrate", "-v0")
        self.start_agent()
        self.run("-m", "tests.faults.campaign_seed")
        for name in (*SURROUNDINGS, *WORKERS, *BEATS, "people"):
            self.start_one(name)

    def run(self, *arguments: str, is_checked: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a Python program of the project to its end."""
        ended = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True,
            timeout=600, check=False,
        )  # fmt: skip
        if is_checked and ended.returncode:
            raise RuntimeError(ended.stderr[-3000:])
        return ended

    def _launch(self, name: str, *arguments: str, **more: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env={**self.environment, **more},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one prctl, loaded before the fork
            )

    def start_agent(self) -> None:
        keys = self.folder / "certificate-keys.pem"
        keys.write_text(self.run("manage.py", "generate_key", "--public").stdout)
        self._launch(
            "agent", "-m", "certification.regions.agent", "--regions", ",".join(["preview-us", *self.served]),
            "--port", str(self.agent_port), "--data-dir", str(self.folder / "regions"),
            "--deploy-seconds", "0.02-0.2", "--faults", "--certificate-keys", str(keys),
        )  # fmt: skip
        for _ in range(600):
            with suppress(httpx.HTTPError):
                self.ask("preview-us", "GET", "health")
                return
            time.sleep(0.1)
        raise RuntimeError("the agent does not answer")

    def start_one(self, name: str) -> None:
        if name == "people":
            self._launch(name, "-m", "tests.faults.people")
            return
        if name in SURROUNDINGS:
            self._launch(name, *self.arguments_of(name), SEED=str(self.chance.randrange(1 << 30)))
            return
        celery = ("-W", "ignore", "-m", "celery", "-q", "--skip-checks", "-A", "tests.faults.worker")
        if name in BEATS:
            # A timetable of its own each: both tick, and no tick may do harm twice.
            (self.folder / name).unlink(missing_ok=True)
            flags = ("beat", "--schedule", str(self.folder / name), "--pidfile=")
        else:
            queues = ("-Q", "regions,mail,default,validation,webhooks", "-P", "prefork", "-c", str(POOL))
            flags = ("worker", "-n", f"{name}@%h", *queues, "--without-gossip", "--without-mingle")
        self._launch(
            name, *celery, *flags, "--loglevel", "WARNING", SEED=str(self.chance.randrange(1 << 30)),
            CLOCK_JUMPS="yes" if name == WORKERS[0] else "no",
        )  # fmt: skip

    def keep_alive(self) -> None:
        """What a supervisor does."""
        for name, process in list(self.processes.items()):
            if process.poll() is not None and name != "agent":
                self.restarted[name] += 1
                self.start_one(name)

    def ask(self, code: str, method: str, path: str, **more: object) -> httpx.Response:
        """Ask a region's agent itself: its ledger, its faults."""
        address = f"http://127.0.0.1:{self.agent_port}/{code}/{path}"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.request(method, address, headers=headers, trust_env=False, timeout=20, **more)  # type: ignore[arg-type]

    def query(self, statement: str) -> list[tuple]:
        for _ in range(300):
            try:
                with psycopg.connect(self.postgres.url(), autocommit=True) as connection:
                    return connection.execute(statement).fetchall()
            except psycopg.OperationalError:
                time.sleep(0.2)
        raise RuntimeError("the database does not come back")

    def kill(self, name: str) -> None:
        """kill -9 a program with everything it started."""
        process = self.processes.pop(name)
        # A number that has been waited for may be somebody else's by now.
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)

    def kill_worker(self) -> None:
        name = self.chance.choice(WORKERS)
        self.kill(name)
        self.start_one(name)

    def kill_pool_process(self) -> None:
        """One process of a worker's pool, in the middle of whatever it does."""
        pool = children(self.processes[self.chance.choice(WORKERS)].pid)
        if pool:
            with suppress(ProcessLookupError):
                os.kill(self.chance.choice(pool), signal.SIGKILL)

    def end_worker(self) -> None:
        """A rolling restart: SIGTERM, and the task in progress may end."""
        name = self.chance.choice(WORKERS)
        process = self.processes[name]
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        self.kill(name)
        self.start_one(name)

    def kill_beat(self) -> None:
        name = self.chance.choice(BEATS)
        self.kill(name)
        self.start_one(name)

    def kill_agent(self) -> None:
        self.kill("agent")
        self.start_agent()

    def flush_broker(self) -> None:
        """Everything that was queued or in flight is forgotten."""
        with redis.Redis.from_url(self.valkey.url()) as server:
            server.flushall()

    def kill_broker(self) -> None:
        assert self.valkey.process is not None
        self.valkey.process.kill()
        self.valkey.process.wait(20)
        time.sleep(1.0)
        self.valkey.start()

    def freeze_broker(self) -> None:
        """It takes connections and answers nothing, which no closed connection tells anybody."""
        assert self.valkey.process is not None
        self.valkey.process.send_signal(signal.SIGSTOP)
        try:
            time.sleep(self.chance.uniform(5, 30))
        finally:
            self.valkey.process.send_signal(signal.SIGCONT)

    def drop_broker_clients(self) -> None:
        """Every connection to it, again and again while workers come back."""
        with redis.Redis.from_url(self.valkey.url()) as server:
            for _ in range(5):
                server.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                time.sleep(0.4)

    def lock_table(self) -> None:
        """What a careless migration does: nobody reads or writes deployments meanwhile."""
        with psycopg.connect(self.postgres.url()) as connection:
            connection.execute(f"LOCK TABLE {LOCKED_TABLE} IN ACCESS EXCLUSIVE MODE")
            connection.execute("SELECT pg_sleep(%s)", [LOCK_SECONDS])

    def end_sessions(self) -> None:
        self.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
            "AND usename = current_user AND backend_type = 'client backend'"
        )

    def restart_database_fast(self) -> None:
        self.postgres.stop()
        self.postgres.start()

    def restart_database_immediate(self) -> None:
        """No checkpoint: the log is replayed."""
        self._end_database(signal.SIGQUIT)

    def kill_database(self) -> None:
        """The postmaster dies as if the system had; its children follow."""
        self._end_database(signal.SIGKILL)

    def _end_database(self, number: int) -> None:
        assert self.postgres.process is not None
        self.postgres.process.send_signal(number)
        self.postgres.process.wait(30)
        time.sleep(0.3)
        self.postgres.start()

    def stop(self) -> None:
        for name in list(self.processes):
            self.kill(name)
        self.valkey.stop()
        self.postgres.stop()
        for home in (self.valkey.home, self.postgres.home):
            shutil.rmtree(home.data, ignore_errors=True)
