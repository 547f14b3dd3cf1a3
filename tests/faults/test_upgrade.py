"""An upgrade while rollouts run: workers of both releases side by side, the database migrated under them.

The older worker is a process with the models of the first release's migrations, whose audit records and seals are those
of before (`release_before`); the migration is the real one from there to here.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.faults.machines import Machines
from tests.journeys.stack import wait_until

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]
CODES = ["east", "west", "south"]
ROLLOUTS = 3
JOBS = 6
_MIGRATE_TO_BEFORE = """
from tests.faults import release_before
from django.core.management import call_command
for app, name in release_before.targets():
    call_command("migrate", app, name, verbosity=0)
"""


class Upgrade(Machines):
    """The same machines, started in the release before."""

    def start(self) -> None:
        for name in ("media", "static"):
            (self.folder / name).mkdir()
        self.postgres.start()
        self.valkey.start()
        self.run("-c", _MIGRATE_TO_BEFORE)
        self.start_agent()
        self.run("-m", "tests.faults.upgrade_seed")
        self.start_worker("worker-0", "tests.faults.worker_before")
        self.start_one("beat-0")

    def start_worker(self, name: str, module: str) -> None:
        queues = "regions,mail,default,validation,webhooks"
        self._launch(
            name, "-W", "ignore", "-m", "celery", "-q", "--skip-checks", "-A", module, "worker", "-n", f"{name}@%h",
            "-Q", queues, "-P", "prefork", "-c", "2", "--without-gossip", "--without-mingle", "--loglevel", "WARNING",
            RAN=str(self.folder / "ran"), CLOCK_JUMPS="no",
        )  # fmt: skip

    def plant(self, handler: str, payload: dict[str, object]) -> None:
        text = json.dumps(payload)
        self.query(
            "INSERT INTO shared_outboxjob (topic, handler, queue, payload, state, fence, attempts, max_attempts, "
            f"last_error, request_id) VALUES ('upgrade', '{handler}', 'default', '{text}', 'due', 0, 0, 3, '', '') "
            "RETURNING id"
        )

    def count(self, statement: str) -> int:
        return int(self.query(f"SELECT count(*) FROM {statement}")[0][0])


@pytest.fixture
def machines(tmp_path_factory):
    made = Upgrade(tmp_path_factory.mktemp("upgrade"), CODES, ROLLOUTS, seed=7, is_alone=True)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def _plant_both_shapes(machines: Upgrade) -> None:
    for number in range(JOBS):
        machines.plant("certification.tasks.of_a_newer_release", {"id": f"new {number}"})
        machines.plant("certification.tasks.check_draft", {"id": f"more {number}", "with_care": True})
        machines.plant(
            "certification.tasks.notify",
            {"event": "erasure.ask", "id": "0" * 8 + "-0000-4000-8000-" + "0" * 12},
        )


def _let_begin(machines: Upgrade, code: str) -> None:
    machines.query(
        f"UPDATE certification_rolloutwave SET due_at = statement_timestamp() WHERE name = 'Wave of {code}' RETURNING 1"
    )
    machines.query(
        "UPDATE certification_rollout SET next_step_at = statement_timestamp() WHERE state = 'running' RETURNING 1"
    )


def _wait_for_wave(machines: Upgrade, code: str) -> None:
    verified = f"certification_rolloutwave WHERE name = 'Wave of {code}' AND state = 'verified'"
    wait_until(lambda: machines.count(verified) == ROLLOUTS, f"every rollout has {code}")


def test_old_and_new_workers_share_the_work_and_nothing_is_lost_or_doubled(machines):
    _wait_for_wave(machines, "east")
    # Expand first: the older worker goes on, on the migrated database, and leaves what it does not know.
    machines.run("manage.py", "migrate", "-v0")
    _plant_both_shapes(machines)
    _let_begin(machines, "west")
    _wait_for_wave(machines, "west")
    left = "shared_outboxjob WHERE topic = 'upgrade' AND last_error = 'unknown to this release'"
    wait_until(lambda: machines.count(left) == 3 * JOBS, "the older worker has seen every newer job")
    assert machines.count("shared_outboxjob WHERE topic = 'upgrade' AND state IN ('done', 'parked')") == 0
    machines.start_worker("worker-1", "tests.faults.worker_newer")
    ran = machines.folder / "ran"
    wait_until(ran.exists, "the newer worker runs what it wrote")
    # The older one ends as in a rolling restart; the newer one finishes what the older began.
    machines.processes["worker-0"].terminate()
    machines.processes["worker-0"].wait(30)
    _let_begin(machines, "south")
    _wait_for_wave(machines, "south")
    open_jobs = "shared_outboxjob WHERE state IN ('due', 'running') AND due_at < statement_timestamp() + interval '1 hour'"
    wait_until(lambda: machines.count(open_jobs) == 0, "every job is done")
    assert machines.count("certification_rollout WHERE state = 'completed'") == ROLLOUTS
    _check(machines, ran)


def _check(machines: Upgrade, ran: Path) -> None:
    lines = sorted(ran.read_text().splitlines())
    expected = [f"new {n}" for n in range(JOBS)] + [f"more {n} True" for n in range(JOBS)]
    assert lines == sorted(expected), "each of the newer jobs ran once"
    assert machines.query("SELECT handler, last_error FROM shared_outboxjob WHERE state = 'parked'") == []
    twice = (
        "SELECT object_key, action FROM shared_auditrecord WHERE action IN ('deployment.verify', 'wave.start', "
        "'rollout.start', 'rollout.complete') GROUP BY 1, 2 HAVING count(*) > 1"
    )
    assert machines.query(twice) == []
    told = "SELECT dedupe_key FROM certification_notification GROUP BY 1 HAVING count(*) > 1"
    assert machines.query(told) == []
    verified = machines.run("manage.py", "verify_audit", "--seal").stdout
    assert "The chain is whole." in verified
    formats = dict(machines.query("SELECT format, count(*) FROM shared_auditseal GROUP BY 1"))
    assert set(formats) == {1, 2}, formats
