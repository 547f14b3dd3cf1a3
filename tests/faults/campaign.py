"""A fault campaign against regions: real processes, killed and cut off at random, then both sides are compared.

    python -m tests.faults.campaign [--steps 2000] [--regions 20] [--seed 1] [--fault-percent 5]

A step is one deployment that a region has carried out. Workers, their pools, web processes, the schedulers and the
regions' agent are killed with -9, the broker forgets everything or dies, the database is restarted in three ways and
sessions are cut, the disk is full, wall clocks of workers jump, people stop, hold, release and roll back, gates fail,
and every call to a region meets every kind of fault with the given probability. Meanwhile programs upload packages,
regions send telemetry late and twice, and a mail server and receivers of webhooks misbehave. At the end the faults
stop, what is left finishes, and the invariants are asked. Database, broker, regions and files are its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import django

from tests.faults import exchanges, invariants
from tests.faults.collecting import collect
from tests.faults.collecting_exchanges import answers, collect_exchanges
from tests.faults.exchanges import Exchanges
from tests.faults.invariants import Facts
from tests.faults.machines import Machines

PATIENCE_SECONDS = 180.0
TELL_SECONDS = 15.0
ENDED = "('completed', 'rolled_back', 'cancelled')"
OF_ROLLOUTS = "split_part(action, '.', 1) IN ('rollout', 'wave', 'deployment', 'placement', 'gatecheck')"
UNFINISHED = (
    "SELECT count(*) FROM certification_catchup WHERE state IN ('running', 'held')",
    """SELECT count(*) FROM certification_rollout r WHERE state = 'completed' AND NOT EXISTS
        (SELECT 1 FROM certification_regiondeployment d
          WHERE d.rollout_id = r.id AND d.region_id = 'late' AND d.state = 'verified')""",
    "SELECT count(*) FROM shared_outboxjob WHERE state IN ('due', 'running')",
    "SELECT count(*) FROM connectors_telemetrybatch WHERE rolled_up_at IS NULL",
    """SELECT count(*) FROM certification_webhookendpoint
        WHERE is_active AND cursor < (SELECT max(sequence) FROM shared_auditseal)""",
)
CALLS = ("deploy", "operation", "package", "current")
KINDS: tuple[dict[str, object], ...] = (
    {"kind": "error", "status": 500},
    {"kind": "error", "status": 503, "retry_after": 1},
    {"kind": "error", "status": 429, "retry_after": 1},
    {"kind": "hang", "seconds": 6},
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
DEEDS = {
    "kill_pool_process": 6,
    "kill_worker": 3,
    "end_worker": 1,
    "kill_beat": 1,
    "kill_agent": 1,
    "end_sessions": 2,
    "flush_broker": 2,
    "kill_broker": 1,
    "freeze_broker": 1,
    "drop_broker_clients": 1,
    "lock_table": 1,
    "restart_database_fast": 1,
    "restart_database_immediate": 1,
    "kill_database": 1,
    "kill_web_process": 4,
    "kill_web": 1,
    "kill_callers": 1,
    "kill_outside": 2,
    "fill_disk": 2,
}
"""What is done, and how often in proportion."""


@dataclass
class Campaign:
    """Start, make trouble until every rollout has ended, calm down, collect the facts.

    `pace` is between how many audit records something dies: trouble goes by what was done, not by the clock, so a
    slow machine has as many faults a step as a fast one.
    """

    regions: int
    rollouts: int
    seed: int
    fault_percent: float = 5.0
    pace: tuple[int, int] = (60, 240)
    people_pace: int = 40
    jobs: str = "few"
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="campaign-")))
    done: Counter[str] = field(default_factory=Counter)
    is_told: bool = False

    def __post_init__(self) -> None:
        self._told_at = time.monotonic()
        codes = [f"r{number:02d}" for number in range(self.regions)]
        self.chance = random.Random(self.seed)
        self.machines = Machines(self.folder, codes, self.rollouts, self.seed, self.people_pace, self.jobs)

    def start(self) -> None:
        self.machines.start()
        self.set_faults(self.fault_percent / 100)

    def set_faults(self, probability: float) -> None:
        for number, code in enumerate(self.machines.served):
            faults = [
                {**kind, "on": CALLS, "probability": probability, "seed": self.seed * 1000 + number * 50 + at}
                for at, kind in enumerate(KINDS)
            ]
            document = {"faults": faults if probability else []}
            self.machines.ask(code, "PUT", "faults", json=document).raise_for_status()

    def trouble(self, seconds: float, script: Sequence[str] = ()) -> None:
        """Something dies again and again, first by the script, until every rollout has ended or time is over."""
        ends_at, script = time.monotonic() + seconds, list(script)
        while time.monotonic() < ends_at and (script or self.running()):
            self._wait_for_progress()
            deed = script.pop(0) if script else self.chance.choices([*DEEDS], weights=[*DEEDS.values()])[0]
            getattr(self.machines, deed)()
            if deed == "kill_agent":
                self.set_faults(self.fault_percent / 100)
            self.done[deed] += 1
            self.machines.keep_alive()

    def _wait_for_progress(self) -> None:
        """Until so much was written down, on a slow machine at most so long: who always dies does nothing."""
        wanted, ends_at = (
            self._written() + self.chance.randint(*self.pace),
            time.monotonic() + PATIENCE_SECONDS,
        )
        while time.monotonic() < ends_at and self._written() < wanted and self.running():
            time.sleep(0.5)
            self.machines.keep_alive()
            self._tell()

    def _tell(self) -> None:
        """A line for whoever waits, now and then."""
        if not self.is_told or time.monotonic() < self._told_at + TELL_SECONDS:
            return
        self._told_at = time.monotonic()
        verified = self._number(
            "SELECT count(*) FROM certification_regiondeployment WHERE state = 'verified'"
        )
        text = f"{verified} verified, {self.running()} rollouts under way, {self.done.total()} deeds"
        print(text, file=sys.stderr, flush=True)

    def calm(self, seconds: float) -> bool:
        """No more faults: what is left has so long to finish. True when it did."""
        (self.folder / "calm").touch()
        self.set_faults(0)
        ends_at = time.monotonic() + seconds
        while (self.running() or self._unfinished()) and time.monotonic() < ends_at:
            self.machines.keep_alive()
            self._tell()
            time.sleep(0.5)
        return not self.running()

    def _written(self) -> int:
        """Records of rollouts: what callers do all the time is no progress."""
        return self._number(f"SELECT count(*) FROM shared_auditrecord WHERE {OF_ROLLOUTS}")

    def running(self) -> int:
        return self._number(f"SELECT count(*) FROM certification_rollout WHERE state NOT IN {ENDED}")

    def _unfinished(self) -> int:
        """Jobs, telemetry that is not counted yet, and what receivers are not told of yet."""
        return sum(map(self._number, UNFINISHED))

    def _number(self, statement: str) -> int:
        return int(self.machines.query(statement)[0][0])

    def facts(self) -> tuple[Facts, Exchanges]:
        """What both sides wrote down."""
        facts = collect(self.machines)
        return facts, collect_exchanges(self.machines, facts.acts)

    def stop(self) -> None:
        self.machines.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Break everything, then compare both sides.")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--regions", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fault-percent", type=float, default=5.0, help="of every kind, at every call")
    parser.add_argument("--minutes", type=float, default=15.0, help="of trouble, at most")
    parser.add_argument("--calm-minutes", type=float, default=10.0, help="for what is left to finish")
    parser.add_argument("--keep", action="store_true", help="leave the logs where they are")
    options = parser.parse_args()
    campaign = Campaign(
        options.regions, -(-options.steps // options.regions), options.seed, options.fault_percent,
        is_told=True,
    )  # fmt: skip
    began = time.monotonic()
    try:
        campaign.start()
        campaign.trouble(options.minutes * 60)
        troubled = time.monotonic()
        has_ended = campaign.calm(options.calm_minutes * 60)
        calmed = time.monotonic()
        os.environ.update(campaign.machines.environment)
        django.setup()
        facts, told = campaign.facts()
        report = (
            summary(facts)
            | figures(told)
            | {
                "seed": options.seed,
                "minutes_of_trouble": round((troubled - began) / 60, 1),
                "minutes_of_calm": round((calmed - troubled) / 60, 1),
                "deeds": dict(campaign.done),
                "restarted_by_the_supervisor": dict(campaign.machines.restarted),
                "answers_to_callers": answers(campaign.machines),
                "everything_ended": has_ended,
            }
        )
        print(json.dumps(report, indent=2))
        print(table(facts, told))
    finally:
        if options.keep:
            print(f"logs: {campaign.folder}", file=sys.stderr)
            campaign.machines.stop()
        else:
            campaign.stop()
    return int(bool(violations(facts, told)) or not has_ended)


def violations(facts: Facts, told: Exchanges) -> dict[str, list[str]]:
    """Every invariant that does not hold, with what violates it."""
    return invariants.violations(facts) | exchanges.violations(told)


def table(facts: Facts, told: Exchanges) -> str:
    """Every invariant with how many things it was asked of and how many violate it; then what does, at most ten each."""
    found = violations(facts, told)
    counts = invariants.looked_at(facts) | exchanges.looked_at(told)
    lines = [f"{'invariant':<20}{'looked at':>10}{'violated':>10}"]
    lines += [f"{name:<20}{counts[name]:>10}{len(found.get(name, ())):>10}" for name in counts]
    lines += [f"{name}: {text}" for name, texts in found.items() for text in texts[:10]]
    return "\n".join(lines)


def summary(facts: Facts) -> dict[str, object]:
    """What happened, counted from the audit trail and the regions' ledgers."""
    acts = Counter(act.action for act in facts.acts)
    names = {
        "halts": "rollout.halt", "releases": "rollout.release", "holds": "rollout.hold",
        "rollbacks": "rollout.start_rollback", "gates_failed": "gatecheck.fail",
        "gates_passed": "gatecheck.pass", "gates_let_through": "gatecheck.let_through",
        "lost_sight": "deployment.lose", "sent_again": "deployment.resend", "failed": "deployment.fail",
        "tried_again": "deployment.retry", "disagreements": "placement.disagree",
    }  # fmt: skip
    return {
        "region_steps": len(facts.effects),
        "audit_records": len(facts.acts),
        "rollouts": dict(Counter(facts.rollouts.values())),
        **{name: acts[action] for name, action in names.items()},
        "halts_by_the_portal": sum(act.action == "rollout.halt" and not act.actor for act in facts.acts),
    }


def figures(told: Exchanges) -> dict[str, object]:
    """How much was told and taken."""
    mails = Counter(mail.id for mail in told.mails)
    receptions = Counter(one.fault or "taken" for one in told.receptions)
    return {
        "mails": len(told.letters),
        "mails_doubled": sum(count - 1 for count in mails.values()),
        "webhooks": len(told.deliveries),
        "webhook_attempts": dict(receptions),
        "webhooks_by_state": dict(Counter(one.state for one in told.deliveries)),
        "uploads": len({one.key for one in told.told}),
        "telemetry_batches": len(told.batches),
        "gates": dict(Counter(one.verdict for one in told.gates)),
    }


if __name__ == "__main__":
    sys.exit(main())
