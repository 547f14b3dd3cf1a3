"""How fast packages are checked: all rules, findings with positions, one process, from the files on disk.

    python -m benchmarks.rules [--packages FOLDER] [--rules IDS] [--rounds N] [--jobs N] [--curves] [--peers]

FOLDER holds `certified-connectors/` and `independent-publisher-connectors/`; by default it is named by the
environment variable CONNECTOR_CORPUS. In every round the floor is measured beside the rules: the same files
parsed by orjson and validated by jsonschema-rs against a schema of Swagger 2.0 that knows the members of each
object. `--jobs` compares one process with several, `--curves` shows hostile definitions in growing sizes, and
`--peers` installs other public tools from their registries into a temporary folder and runs them on the same
definitions.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import jsonschema_rs
import orjson

from benchmarks import rule_curves, rule_peers
from benchmarks.agreement import PACKAGES, PUBLISHERS
from benchmarks.swagger_schema import SCHEMA
from certification.rules import Profile, check_package
from certification.rules.profiles import Publisher
from certification.rules.registry import matching, rules
from connectors.definitions import read_path

Timing = tuple[float, float, str, int]
Job = tuple[str, Publisher]
_CHUNK = 8


def packages_below(folder: Path) -> list[Job]:
    return [
        (str(path), publisher)
        for name, publisher in PUBLISHERS.items()
        for path in sorted((folder / name).iterdir())
    ]


def measure(jobs: Sequence[Job], selected: frozenset[str] | None = None) -> list[Timing]:
    """For every package the seconds for reading and for checking, its name and its number of findings."""
    timings = []
    for path, publisher in jobs:
        begun = time.perf_counter()
        package = read_path(path)
        read = time.perf_counter()
        report = check_package(package, Profile("new", publisher), selected=selected)
        timings.append((read - begun, time.perf_counter() - read, Path(path).name, len(report.findings)))
    return timings


def floor(jobs: Sequence[Job]) -> tuple[float, int]:
    """Seconds for parsing and validating every JSON file, and how many orjson could not parse."""
    validator = jsonschema_rs.Draft4Validator(SCHEMA)
    begun, broken = time.perf_counter(), 0
    for path, _ in jobs:
        for file in Path(path).glob("*.json"):
            try:
                value = orjson.loads(file.read_bytes())
            except ValueError:
                broken += 1
                continue
            if "swagger" in file.name.lower():
                validator.is_valid(value)
    return time.perf_counter() - begun, broken


def report(timings: list[Timing], jobs: Sequence[Job]) -> None:
    totals = [read + check for read, check, _, _ in timings]
    slowest = max(timings, key=lambda timing: timing[0] + timing[1])
    megabytes = sum(file.stat().st_size for path, _ in jobs for file in Path(path).glob("*")) / 1e6
    seconds = sum(totals)
    print(f"packages           {len(timings)} ({megabytes:.1f} MB)")
    print(f"findings           {sum(found for _, _, _, found in timings):,}")
    print(f"total              {seconds:.3f} s  ({len(timings) / seconds:.0f} packages/s)")
    print(f"  reading          {sum(read for read, _, _, _ in timings):.3f} s")
    print(f"  checking         {sum(check for _, check, _, _ in timings):.3f} s")
    print(f"median package     {statistics.median(totals) * 1000:.2f} ms")
    print(f"slowest package    {(slowest[0] + slowest[1]) * 1000:.1f} ms  ({slowest[2]})")
    print(f"peak memory        {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def _check_chunk(jobs: Sequence[Job]) -> int:
    gc.disable()
    return sum(found for _, _, _, found in measure(jobs))


def compare_processes(jobs: Sequence[Job], processes: int, rounds: int) -> None:
    """One process and several on the same chunks of work, in turn."""
    chunks = [jobs[at : at + _CHUNK] for at in range(0, len(jobs), _CHUNK)]
    seconds: dict[int, list[float]] = {1: [], processes: []}
    context = multiprocessing.get_context("fork")
    for _ in range(rounds):
        for count, taken in seconds.items():
            with ProcessPoolExecutor(count, mp_context=context) as pool:
                begun = time.perf_counter()
                list(pool.map(_check_chunk, chunks))
                taken.append(time.perf_counter() - begun)
    one, several = (min(taken) for taken in seconds.values())
    print(f"{processes} processes        {several:.3f} s, one {one:.3f} s: {one / several:.2f} times faster")


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the speed of the rules.")
    parser.add_argument("--packages", type=Path, default=PACKAGES)
    parser.add_argument("--rules", action="append", metavar="IDS", help="only these rules or families")
    parser.add_argument("--rounds", type=int, default=3, help="the fastest round counts")
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help="compare one process with N")
    parser.add_argument("--curves", action="store_true", help="hostile definitions in growing sizes")
    parser.add_argument("--peers", action="store_true", help="other public tools on the same definitions")
    options = parser.parse_args()
    if not options.packages.is_dir():
        print(f"{options.packages}: no such folder", file=sys.stderr)
        return 2
    selected = matching(options.rules) if options.rules else None
    jobs = packages_below(options.packages)
    # As the command line does: parsing makes millions of objects and no cycles worth looking for.
    gc.disable()
    rounds, floors = [], []
    for _ in range(options.rounds):
        rounds.append(measure(jobs, selected))
        floors.append(floor(jobs))
    best = min(rounds, key=lambda one: sum(read + check for read, check, _, _ in one))
    total = sum(read + check for read, check, _, _ in best)
    print(f"rules              {len(rules() if selected is None else selected)}")
    report(best, jobs)
    seconds, broken = min(floors)
    print(f"floor              {seconds:.3f} s, {broken} files not parsed")
    print(f"rules over floor   {total / seconds:.1f}")
    if options.jobs:
        compare_processes(jobs, options.jobs, options.rounds)
    if options.curves:
        rule_curves.show()
    if options.peers:
        rule_peers.show(options.packages, len(jobs) / total)
    return 0


if __name__ == "__main__":
    sys.exit(main())
