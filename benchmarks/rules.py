"""How fast packages are checked: all rules, findings with positions, one process.

    python -m benchmarks.rules [--packages FOLDER] [--rounds N]

FOLDER holds `certified-connectors/` and `independent-publisher-connectors/`; by default it is named by the
environment variable CONNECTOR_CORPUS. Reading the files from disk is part of the time.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from pathlib import Path

from benchmarks.agreement import PACKAGES, PUBLISHERS
from certification.rules import Profile, check_package
from certification.rules.registry import rules
from connectors.definitions import read_path

Timing = tuple[float, float, str, int]


def measure(packages: Path) -> list[Timing]:
    """For every package the seconds for reading and for checking, its name and its number of findings."""
    timings = []
    for folder, publisher in PUBLISHERS.items():
        profile = Profile("new", publisher)
        for path in sorted((packages / folder).iterdir()):
            begun = time.perf_counter()
            package = read_path(path)
            read = time.perf_counter()
            report = check_package(package, profile)
            timings.append((read - begun, time.perf_counter() - read, path.name, len(report.findings)))
    return timings


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the speed of the rules.")
    parser.add_argument("--packages", type=Path, default=PACKAGES)
    parser.add_argument("--rounds", type=int, default=3, help="the fastest round counts")
    options = parser.parse_args()
    if not options.packages.is_dir():
        print(f"{options.packages}: no such folder", file=sys.stderr)
        return 2
    count = len(rules())
    timings = min(
        (measure(options.packages) for _ in range(options.rounds)),
        key=lambda one: sum(read + check for read, check, _, _ in one),
    )
    totals = [read + check for read, check, _, _ in timings]
    slowest = max(timings, key=lambda timing: timing[0] + timing[1])
    print(f"rules              {count}")
    print(f"packages           {len(timings)}")
    print(f"findings           {sum(found for _, _, _, found in timings):,}")
    print(f"total              {sum(totals):.3f} s  ({len(timings) / sum(totals):.0f} packages/s)")
    print(f"  reading          {sum(read for read, _, _, _ in timings):.3f} s")
    print(f"  checking         {sum(check for _, check, _, _ in timings):.3f} s")
    print(f"median package     {statistics.median(totals) * 1000:.2f} ms")
    print(f"slowest package    {(slowest[0] + slowest[1]) * 1000:.1f} ms  ({slowest[2]})")
    print(f"peak memory        {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
