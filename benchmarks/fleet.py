"""A large fleet on one machine: 60 regions, 2,000 connectors, 200 rollouts at once.

    python -m portal.embedded exec -- python -m benchmarks.fleet [--part polls|halt|ticks|queries] [...]

Needs an empty, migrated database, which it fills and leaves filled. Reported: deployments polled a minute and
processor time a poll, with the database on the same machine; how soon a halt holds while twenty regions hang;
what a tick of the scheduler costs at 250 to 2,000 rollouts; and the plans of the hot queries, which must not
read a big table from end to end. Compare processor time between versions: wall time is the neighbours' too.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path

from django.db import connection

from benchmarks import fleet_world as world
from benchmarks.fleet_queries import plans_of_hot_queries
from benchmarks.fleet_regions import Regions
from certification.models import RegionDeployment, Rollout
from certification.services import advance, polling, probes, rollouts
from certification.services.clock import database_now
from connectors.models import Region

GOAL_PER_MINUTE = 6_000
GOAL_HALT_SECONDS = 2.0
GOAL_TICK_SECONDS = 1.0
WATCH_SECONDS = 30
TICK_SECONDS = 2
HANGING = 20
TICK_SIZES = (250, 500, 1000, 2000)


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


def every_poll_due() -> None:
    RegionDeployment.objects.filter(next_poll_at__isnull=False).update(
        next_poll_at=database_now(), lease_until=None, poll_delay_seconds=0
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
    def turn() -> int:
        claimed = polling.poll_due()
        if not claimed:
            every_poll_due()
        return claimed

    every_poll_due()
    return measure("polls", turn, seconds) | {"goal_per_minute": GOAL_PER_MINUTE}


def looks(seconds: float) -> dict[str, object]:
    """The same for probes of places that agree."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE certification_placement SET next_probe_at = statement_timestamp()")
    return measure("probes", probes.probe_due, seconds)


def halt(regions: Regions, rounds: int, chance: random.Random) -> dict[str, object]:
    """Halt rollouts at random moments while pollers work and a third of the regions hang."""
    regions.hanging.value = HANGING
    stop, seconds, late = threading.Event(), [], 0
    workers = [threading.Thread(target=_keep_polling, args=(stop,), daemon=True) for _ in range(2)]
    ids = list(Rollout.objects.filter(state="running").values_list("pk", flat=True)[: rounds * 4])
    RegionDeployment.objects.filter(rollout__in=ids, next_poll_at__isnull=False).update(
        state="intended", polls=0, next_poll_at=database_now(), lease_until=None
    )
    for worker in workers:
        worker.start()
    by = world.operator()
    for pk in chance.sample(ids, rounds):
        time.sleep(chance.uniform(0.1, 0.6))
        began = time.monotonic()
        rollouts.stop_rollout(Rollout.objects.get(pk=pk), reason="A fault was seen.", actor=by)
        effective = time.monotonic()
        seconds.append(effective - began)
        slug = Rollout.objects.select_related("connector").get(pk=pk).connector.slug
        time.sleep(0.3)
        late += sum(
            1 for at, key in regions.commands() if key.startswith(f"{slug}:") and at > effective + 0.2
        )
    stop.set()
    regions.hanging.value = 0
    for worker in workers:
        worker.join(60)
    return {
        "halts": rounds,
        "hanging_regions": HANGING,
        "halt_seconds_median": round(statistics.median(seconds), 3),
        "halt_seconds_worst": round(max(seconds), 3),
        "goal_seconds": GOAL_HALT_SECONDS,
        "commands_after_a_halt": late,
    }


def _keep_polling(stop: threading.Event) -> None:
    try:
        while not stop.is_set():
            if not polling.poll_due():
                time.sleep(0.05)
    finally:
        connection.close()


def ticks(sizes: tuple[int, ...]) -> list[dict[str, object]]:
    """A tick as it is in operation (due: those whose half minute is over), and a step of each rollout."""
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
                next_step_at=database_now() + world.dt.timedelta(seconds=30)
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
    rows = world.add_regions(regions.addresses)
    plan = world.add_plan(rows)
    connectors = world.add_connectors(options.connectors, rows)
    world.add_rollouts(connectors[: options.rollouts], plan)
    world.analyse()
    if "polls" in parts:
        _print("polls", polls(options.seconds))
        _print("probes", looks(options.seconds))
    if "halt" in parts:
        _print("halt", halt(regions, options.halts, random.Random(options.seed)))
        Region.objects.update(breaker_failures=0, breaker_opened_at=None)
    if {"ticks", "queries"} & set(parts):
        world.add_rollouts(connectors[options.rollouts :], plan)
        world.analyse()
    if "ticks" in parts:
        # Those halted above are gone from the count: sizes are what is left of round numbers.
        running = Rollout.objects.filter(state="running").count()
        _print("ticks", ticks(tuple(min(size, running) for size in TICK_SIZES)))
    if "queries" in parts:
        _print("queries", plans_of_hot_queries())


def _print(name: str, value: object) -> None:
    print(f"== {name}\n{json.dumps(value, indent=2)}", flush=True)


if __name__ == "__main__":
    main()
