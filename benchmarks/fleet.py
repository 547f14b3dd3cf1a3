"""A large fleet on one machine: 60 regions, 2,000 connectors, 200 rollouts at once.

    make bench BENCH="fleet --part polls|halt|ticks|queries ..."

Needs an empty, migrated database, which it fills and leaves filled. Reported: deployments polled a minute and
processor time a poll, with the database on the same machine; how soon a halt holds while twenty regions hang;
what a tick of the scheduler costs at 125 to 2,000 rollouts; and the plans of the hot queries, which must not
read a big table from end to end. Compare processor time between versions: wall time is the neighbours' too.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import Sum

from benchmarks import fleet_world as world
from benchmarks.fleet_queries import plans_of_hot_queries
from benchmarks.fleet_regions import Regions
from certification.models import RegionDeployment, Rollout
from certification.services import advance, outcomes, polling, probes, rollouts
from certification.services.clock import database_now
from connectors.models import Region

GOAL_PER_MINUTE = 6_000
GOAL_HALT_SECONDS = 2.0
GOAL_TICK_SECONDS = 1.0
WATCH_SECONDS = 60
TICK_SECONDS = 2
HANGING = 20
TICK_SIZES = (125, 250, 500, 1000, 2000)


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def database_cpu_seconds() -> float:
    """Processor time of the database's own processes on this machine, as far as they can be seen."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity")
        pids = [row[0] for row in cursor.fetchall()]
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / 100


def ask_without_pause() -> None:
    """A deployment is due again as soon as its answer is written, so there is always something to ask."""
    outcomes.next_delay = lambda *_: 0.0  # type: ignore[assignment]
    now = database_now()
    RegionDeployment.objects.filter(next_poll_at__isnull=False).update(
        next_poll_at=now, lease_until=None, poll_delay_seconds=0
    )


def measure(name: str, turn: Callable[[], int], seconds: float) -> dict[str, object]:
    """Turn for so long; what it did a minute and what each cost here and in the database."""
    turn()
    wall, own, theirs, count = time.monotonic(), cpu_seconds(), database_cpu_seconds(), 0
    while time.monotonic() - wall < seconds:
        count += turn()
    elapsed = time.monotonic() - wall
    own, theirs = cpu_seconds() - own, database_cpu_seconds() - theirs
    return {
        f"{name}_per_minute": round(count / elapsed * 60),
        "cpu_ms_each": round(own / max(count, 1) * 1000, 2),
        "database_cpu_ms_each": round(theirs / max(count, 1) * 1000, 2),
        "per_minute_on_two_cores_alone": round(2 * 60 / max((own + theirs) / max(count, 1), 1e-9)),
    }


def polls(seconds: float) -> dict[str, object]:
    """What a poll costs in one process; then how many a minute two pollers make on this machine."""
    ask_without_pause()
    found = measure("polls", polling.poll_due, seconds)
    with pollers(2, "--no-pause"):
        time.sleep(3)
        begun, asked = time.monotonic(), _asked()
        time.sleep(seconds)
        a_minute = round((_asked() - asked) / (time.monotonic() - begun) * 60)
    return found | {"by_two_pollers_per_minute": a_minute, "goal_per_minute": GOAL_PER_MINUTE}


def _asked() -> int:
    return int(RegionDeployment.objects.aggregate(asked=Sum("polls"))["asked"] or 0)


@contextmanager
def pollers(count: int, *flags: str, scheduler: bool = False) -> Iterator[None]:
    """Processes that poll, as workers do, and one that steps rollouts if asked for."""
    roles = ["poll"] * count + ["advance"] * scheduler
    command = [sys.executable, "-m", "benchmarks.fleet_pollers", *flags]
    started = [subprocess.Popen([*command, role], stdout=subprocess.PIPE) for role in roles]
    try:
        for process in started:
            assert process.stdout is not None
            process.stdout.readline()
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()


def looks(seconds: float) -> dict[str, object]:
    """The same for probes of places that agree."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE certification_placement SET next_probe_at = statement_timestamp()")
    return measure("probes", probes.probe_due, seconds)


def halt(regions: Regions, rounds: int, chance: random.Random) -> dict[str, object]:
    """Halt rollouts at random moments while workers poll and step and a third of the regions hang."""
    regions.hanging.value = HANGING
    ids = list(Rollout.objects.filter(state="running").values_list("pk", flat=True)[: rounds * 4])
    RegionDeployment.objects.filter(rollout__in=ids, next_poll_at__isnull=False).update(
        state="intended", polls=0, next_poll_at=database_now(), lease_until=None
    )
    Rollout.objects.filter(pk__in=ids).update(next_step_at=database_now())
    by, seconds, late = world.operator(), [], 0
    first, *others = chance.sample(ids, rounds + 1)
    # Not counted: the first event of a process opens its connection to the broker.
    rollouts.stop_rollout(Rollout.objects.get(pk=first), reason="A fault was seen.", actor=by)
    statements = _Slowest()
    with pollers(2, scheduler=True), connection.execute_wrapper(statements):
        for pk in others:
            time.sleep(chance.uniform(0.1, 0.6))
            # Stepped at this very moment: a halt waits for the step's lock, as it may in operation.
            Rollout.objects.filter(pk=pk).update(next_step_at=database_now())
            rollout = Rollout.objects.select_related("connector", "submission").get(pk=pk)
            began = time.monotonic()
            rollouts.stop_rollout(rollout, reason="A fault was seen.", actor=by)
            effective = time.monotonic()
            seconds.append(effective - began)
            time.sleep(0.3)
            slug = rollout.connector.slug
            late += sum(
                1 for at, key in regions.commands() if key.startswith(f"{slug}:") and at > effective + 0.2
            )
    regions.hanging.value = 0
    return {
        "halts": rounds,
        "hanging_regions": HANGING,
        "halt_seconds_median": round(statistics.median(seconds), 3),
        "halt_seconds_worst": round(max(seconds), 3),
        "goal_seconds": GOAL_HALT_SECONDS,
        "slowest_statement": [round(statements.seconds, 3), statements.sql[:100]],
        "commands_after_a_halt": late,
    }


@dataclass
class _Slowest:
    """The longest statement: a halt that waits, waits for a lock."""

    seconds: float = 0.0
    sql: str = ""

    def __call__(self, execute: Callable[..., Any], sql: str, *more: Any) -> Any:
        began = time.monotonic()
        try:
            return execute(sql, *more)
        finally:
            took = time.monotonic() - began
            if took > self.seconds:
                self.seconds, self.sql = took, sql


def ticks(sizes: tuple[int, ...]) -> list[dict[str, object]]:
    """A tick as it is in operation (due: those whose minute is over), and a step of each rollout."""
    found = []
    for size in sizes:
        ids = list(Rollout.objects.filter(state="running").order_by("pk").values_list("pk", flat=True)[:size])
        if len(ids) < size:
            break
        Rollout.objects.exclude(pk__in=ids).update(next_step_at=None)
        due = ids[: max(1, size * TICK_SECONDS // WATCH_SECONDS)]
        walls, cpus = [], []
        for _ in range(5):
            Rollout.objects.filter(pk__in=ids).update(
                next_step_at=database_now() + world.dt.timedelta(seconds=WATCH_SECONDS)
            )
            Rollout.objects.filter(pk__in=due).update(next_step_at=database_now())
            began, cpu = time.monotonic(), cpu_seconds()
            stepped = advance.advance_due()
            walls.append(time.monotonic() - began)
            cpus.append(cpu_seconds() - cpu)
        found.append(
            {
                "rollouts": size,
                "stepped_by_a_tick": stepped,
                "tick_seconds_median": round(statistics.median(walls), 3),
                "tick_cpu_seconds": round(statistics.median(cpus), 3),
                "cpu_ms_a_step": round(statistics.median(cpus) / max(stepped, 1) * 1000, 2),
                "goal_seconds": GOAL_TICK_SECONDS,
            }
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="A large fleet: polls, halts, ticks and query plans.")
    parser.add_argument("--regions", type=int, default=60)
    parser.add_argument("--connectors", type=int, default=2000)
    parser.add_argument("--rollouts", type=int, default=200, help="those whose regions are polled")
    parser.add_argument("--answer-ms", type=float, default=60)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--halts", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--part", choices=["polls", "halt", "ticks", "queries"], action="append")
    options = parser.parse_args()
    parts = options.part or ["polls", "halt", "ticks", "queries"]
    regions = Regions(options.regions, options.answer_ms)
    try:
        _run(options, parts, regions)
    finally:
        regions.stop()


def _run(options: argparse.Namespace, parts: list[str], regions: Regions) -> None:
    began = time.monotonic()
    rows = world.add_regions(regions.addresses)
    plan = world.add_plan(rows)
    connectors = world.add_connectors(options.connectors)
    world.add_rollouts(connectors[: options.rollouts], plan)
    world.analyse()
    _print("world", {"seconds": round(time.monotonic() - began, 1), "load": os.getloadavg()})
    if "polls" in parts:
        _print("polls", polls(options.seconds))
        _print("probes", looks(options.seconds))
    if "halt" in parts:
        _print("halt", halt(regions, options.halts, random.Random(options.seed)))
        Region.objects.update(breaker_failures=0, breaker_opened_at=None)
    if {"ticks", "queries"} & set(parts):
        world.add_rollouts(connectors[options.rollouts :], plan)
        world.analyse()
    if "queries" in parts:
        world.add_history(200_000, 50_000)
        world.analyse()
    if "ticks" in parts:
        # Those halted above are gone from the count: sizes are what is left of round numbers.
        running = Rollout.objects.filter(state="running").count()
        _print("ticks", ticks(tuple(min(size, running) for size in TICK_SIZES)))
    if "queries" in parts:
        _print("queries", plans_of_hot_queries())


def _print(name: str, value: object) -> None:
    if isinstance(value, dict) and name != "world":
        value = value | {"load": round(os.getloadavg()[0], 1)}
    print(f"== {name}\n{json.dumps(value, indent=2)}", flush=True)


if __name__ == "__main__":
    main()
