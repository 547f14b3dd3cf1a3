"""A fault campaign against regions: real processes, killed and cut off at random, then both sides are compared.

    python -m tests.faults.campaign [--steps 2000] [--regions 20] [--seed 1] [--fault-percent 5]

A step is one deployment that a region has carried out. Workers are killed with -9, the regions' agent too, the
database is torn down and started again, wall clocks of workers jump, an operator stops and releases rollouts, and
every call to a region meets every kind of fault with the given probability. At the end the faults stop, what is
left finishes, and the invariants are asked. It has a database, regions and files of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import django
import httpx
import psycopg

from portal.embedded.places import temporary_home
from portal.embedded.ports import free_port
from portal.embedded.postgres import PostgresServer
from portal.embedded.processes import die_with_parent, service_user
from tests.faults.invariants import Act, Effect, Facts, Row, violations
from tests.regions.places import TOKEN

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 3
PATIENCE_SECONDS = 12.0
KINDS: tuple[dict[str, object], ...] = (
    {"kind": "error", "status": 500},
    {"kind": "error", "status": 503, "retry_after": 1},
    {"kind": "error", "status": 429, "retry_after": 1},
    {"kind": "hang", "seconds": 3},
    {"kind": "drop"},
    {"kind": "lose-answer"},
    {"kind": "duplicate-answer"},
    {"kind": "old-status"},
    {"kind": "backwards"},
    {"kind": "garbage"},
    {"kind": "unauthorized"},
    {"kind": "wrong-digest"},
    {"kind": "fail-deploys"},
)


@dataclass
class Campaign:
    """Start, make trouble until the steps are done, calm down, collect the facts."""

    regions: int
    rollouts: int
    seed: int
    fault_percent: float = 5.0
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="campaign-")))
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.codes = [f"r{number:02d}" for number in range(self.regions)]
        self.chance = random.Random(self.seed)
        # Not the throwaway settings: what was committed has to survive a crash here.
        self.postgres = PostgresServer(temporary_home(service_user()))
        self.port = free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "DJANGO_SETTINGS_MODULE": "portal.settings.test",
            "DATABASE_URL": self.postgres.url(),
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "MEDIA_ROOT": str(self.folder / "media"),
            "REGION_TOKEN": TOKEN,
            "AGENT_URL": f"http://127.0.0.1:{self.port}",
            "CAMPAIGN_REGIONS": " ".join(self.codes),
            "CAMPAIGN_ROLLOUTS": str(self.rollouts),
            "CALM": str(self.folder / "calm"),
        }

    def start(self) -> None:
        (self.folder / "media").mkdir()
        self.postgres.start()
        self._run("manage.py", "migrate", "-v0")
        self.start_agent()
        self._run("-m", "tests.faults.campaign_seed")
        self.set_faults(self.fault_percent / 100)
        for number in range(WORKERS):
            self.start_worker(number)
        self.launch("operator", "-m", "tests.faults.people", SEED=str(self.seed))

    def _run(self, *arguments: str) -> None:
        ended = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True,
            timeout=300, check=False,
        )  # fmt: skip
        if ended.returncode:
            raise RuntimeError(ended.stderr[-3000:])

    def launch(self, name: str, *arguments: str, **more: str) -> None:
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
        self.launch(
            "agent", "-m", "certification.regions.agent", "--regions", ",".join(["preview-us", *self.codes]),
            "--port", str(self.port), "--data-dir", str(self.folder / "regions"), "--deploy-seconds", "0.02-0.2",
            "--faults",
        )  # fmt: skip
        for _ in range(300):
            with suppress(httpx.HTTPError):
                self._ask("preview-us", "GET", "health")
                return
            time.sleep(0.1)
        raise RuntimeError("the agent does not answer")

    def start_worker(self, number: int) -> None:
        seed = str(self.chance.randrange(1 << 30))
        jumps = "yes" if number == 0 else "no"
        self.launch(f"worker-{number}", "-m", "tests.faults.turner", SEED=seed, CLOCK_JUMPS=jumps)

    def _ask(self, code: str, method: str, path: str, **more: object) -> httpx.Response:
        address = f"http://127.0.0.1:{self.port}/{code}/{path}"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.request(method, address, headers=headers, trust_env=False, timeout=10, **more)  # type: ignore[arg-type]

    def set_faults(self, probability: float) -> None:
        calls = ["deploy", "operation", "package", "current"]
        for number, code in enumerate(self.codes):
            faults = [
                {**kind, "on": calls, "probability": probability, "seed": self.seed * 1000 + number * 50 + at}
                for at, kind in enumerate(KINDS)
            ]
            document = {"faults": faults if probability else []}
            self._ask(code, "PUT", "faults", json=document).raise_for_status()

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)

    def kill_worker(self) -> None:
        number = self.chance.randrange(WORKERS)
        self.kill(f"worker-{number}")
        self.start_worker(number)

    def kill_agent(self) -> None:
        self.kill("agent")
        self.start_agent()
        self.set_faults(self.fault_percent / 100)

    def kill_database(self) -> None:
        """The postmaster dies as in a power cut; its children follow, and the log is replayed."""
        assert self.postgres.process is not None
        self.postgres.process.kill()
        self.postgres.process.wait(20)
        time.sleep(0.5)
        self.postgres.start()

    def end_sessions(self) -> None:
        self._query("""SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE pid <> pg_backend_pid() AND usename = current_user AND backend_type = 'client backend'""")

    def trouble(self, seconds: float, *, database_kills: int) -> None:
        """Something dies again and again until every rollout has ended or the time is over."""
        ends_at = time.monotonic() + seconds
        kills_at = sorted(self.chance.uniform(0.1, 0.9) * seconds for _ in range(database_kills))
        began = time.monotonic()
        while time.monotonic() < ends_at and self._running():
            self._wait_for_progress()
            if kills_at and time.monotonic() - began > kills_at[0]:
                kills_at.pop(0)
                deed = "kill_database"
            else:
                deed = self.chance.choices(["kill_worker", "end_sessions", "kill_agent"], weights=[6, 2, 1])[
                    0
                ]
            getattr(self, deed)()
            self.done[deed] += 1
            self._keep_alive()

    def _wait_for_progress(self) -> None:
        """Until so much was written down, on a slow machine at most so long: who always dies does nothing."""
        begins_at, ends_at = self._written(), time.monotonic() + PATIENCE_SECONDS
        pace = self.chance.randint(20, 80)
        while time.monotonic() < ends_at and self._written() < begins_at + pace and self._running():
            time.sleep(0.3)
            self._keep_alive()

    def _written(self) -> int:
        return int(self._query("SELECT coalesce(max(id), 0) FROM shared_auditrecord")[0][0])

    def _keep_alive(self) -> None:
        """What a supervisor does."""
        for name, process in list(self.processes.items()):
            if process.poll() is None:
                continue
            self.done[f"restarted {name}"] += 1
            if name.startswith("worker-"):
                self.start_worker(int(name[-1]))
            elif name == "operator":
                self.launch("operator", "-m", "tests.faults.people", SEED=str(self.seed))

    def calm(self, seconds: float) -> bool:
        """No more faults: what is left has so long to finish. True when it did."""
        (self.folder / "calm").touch()
        self.set_faults(0)
        ends_at = time.monotonic() + seconds
        while self._running() and time.monotonic() < ends_at:
            self._keep_alive()
            time.sleep(0.5)
        return not self._running()

    def _running(self) -> int:
        rows = self._query(
            "SELECT count(*) FROM certification_rollout WHERE state NOT IN ('completed', 'rolled_back', 'cancelled')"
        )
        return int(rows[0][0])

    def _query(self, statement: str) -> list[tuple]:
        for _ in range(100):
            try:
                with psycopg.connect(self.postgres.url(), autocommit=True) as connection:
                    return connection.execute(statement).fetchall()
            except psycopg.OperationalError:
                time.sleep(0.2)
        raise RuntimeError("the database does not come back")

    def steps(self) -> int:
        return len(self._effects())

    def _effects(self) -> tuple[Effect, ...]:
        found = []
        for code in self.codes:
            for one in self._ask(code, "GET", "ledger").json()["effective"]:
                names = ("key", "connector", "number", "action", "digest")
                found.append(Effect(code, **{name: one[name] for name in names}))
        return tuple(found)

    def facts(self) -> Facts:
        rows = self._query(
            """SELECT d.id::text, d.rollout_id::text, d.region_id, c.slug, d.action, d.state, d.idempotency_key,
                      coalesce(d.number, 0), coalesce(v.digest, ''), w.number, d.next_poll_at IS NOT NULL
                 FROM certification_regiondeployment d JOIN connectors_connector c ON c.id = d.connector_id
                 JOIN certification_rolloutwave w ON w.id = d.wave_id
                 LEFT JOIN connectors_version v ON v.id = d.version_id"""
        )
        of = {row[0]: (row[1], row[9]) for row in rows}
        acts = []
        for order, action, key, about, data in self._query(
            "SELECT id, action, object_key, about, data FROM shared_auditrecord ORDER BY id"
        ):
            subject = key.partition(":")[2]
            told = json.loads(data) if isinstance(data, str) else data
            rollout = next((one.partition(":")[2] for one in about if one.startswith("rollout:")), "")
            rollout, wave = of.get(subject, (rollout, int(told.get("wave") or 0)))
            acts.append(Act(order, action, subject, rollout, told.get("from", ""), told.get("to", ""), wave))
        held = self._query(
            """SELECT p.region_id, c.slug, coalesce(v.digest, '') FROM certification_placement p
                 JOIN connectors_connector c ON c.id = p.connector_id
                 LEFT JOIN connectors_version v ON v.id = p.verified_version_id"""
        )
        return Facts(
            acts=tuple(acts),
            effects=self._effects(),
            rows=tuple(Row(*row) for row in rows),
            rollouts=dict(self._query("SELECT id::text, state FROM certification_rollout")),
            held={(region, slug): digest for region, slug, digest in held},
        )

    def stop(self) -> None:
        for name in list(self.processes):
            self.kill(name)
        self.postgres.stop()
        shutil.rmtree(self.postgres.home.data, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Break everything, then compare both sides.")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--regions", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fault-percent", type=float, default=5.0, help="of every kind, at every call")
    parser.add_argument("--minutes", type=float, default=12.0, help="of trouble, at most")
    parser.add_argument("--calm-minutes", type=float, default=15.0, help="for what is left to finish")
    options = parser.parse_args()
    campaign = Campaign(
        options.regions, -(-options.steps // options.regions), options.seed, options.fault_percent
    )
    try:
        campaign.start()
        campaign.trouble(options.minutes * 60, database_kills=5)
        has_ended = campaign.calm(options.calm_minutes * 60)
        os.environ.update(campaign.environment)
        django.setup()
        facts = campaign.facts()
        found = violations(facts)
        report = {
            "seed": options.seed,
            "region_steps": len(facts.effects),
            "audit_records": len(facts.acts),
            "halts": sum(1 for act in facts.acts if act.action == "rollout.halt"),
            "lost_sight": sum(1 for act in facts.acts if act.action == "deployment.lose"),
            "failures_retried": sum(1 for act in facts.acts if act.action == "deployment.retry"),
            "trouble": dict(campaign.done),
            "everything_ended": has_ended,
            "violations": {name: texts[:10] for name, texts in found.items()},
        }
        print(json.dumps(report, indent=2))
    finally:
        campaign.stop()
    return int(bool(found) or not has_ended)


if __name__ == "__main__":
    sys.exit(main())
