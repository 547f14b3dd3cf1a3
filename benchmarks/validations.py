"""Validations per minute through the sandbox, as one worker makes them, and what the sandbox itself costs.

    DATABASE_URL=... python -m benchmarks.validations [--kilobytes 200] [--rounds 15]

Each round validates a package in its own child process, then the same package in this process; CPU seconds of
the child count. The difference is the price of the isolation. No database is used: the few writes of a
worker are not in it.
"""

from __future__ import annotations

import argparse
import copy
import io
import json
import os
import statistics
import time
import zipfile
from collections.abc import Callable

from certification.rules import Profile, check_bytes, check_package
from certification.rules.examples import Case, base
from connectors.definitions import read_archive

GOAL_PER_MINUTE = 60


def package_of(kilobytes: int) -> bytes:
    """A package whose definition has about this size."""
    definition = copy.deepcopy(base.DEFINITION)
    path, item = next(iter(base.DEFINITION["paths"].items()))
    one = len(json.dumps(item, indent=2))
    for number in range(kilobytes * 1000 // one):
        again = copy.deepcopy(item)
        again["get"]["operationId"] = f"ListTides{number}"
        definition["paths"][f"/{number}{path}"] = again
    files = Case().members() | {"apiDefinition.swagger.json": json.dumps(definition, indent=2).encode()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def spent(deed: Callable[[], object]) -> tuple[float, float]:
    """CPU seconds of this process and its children, and wall seconds."""
    before, began = os.times(), time.perf_counter()
    deed()
    after, wall = os.times(), time.perf_counter() - began
    return sum(after[:4]) - sum(before[:4]), wall


def main() -> None:
    parser = argparse.ArgumentParser(description="Validations per minute of one worker.")
    parser.add_argument("--kilobytes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    data, profile = package_of(options.kilobytes), Profile("new", "verified")
    apart, inside = [], []
    for _ in range(options.rounds):
        apart.append(spent(lambda: check_bytes(data, filename="bench.zip", profile=profile)))
        inside.append(spent(lambda: check_package(read_archive(data, filename="bench.zip"), profile)))
    cpu, wall = (statistics.median(each[at] for each in apart) for at in (0, 1))
    base = statistics.median(each[0] for each in inside)
    print(f"{options.kilobytes} KB definition: {60 / wall:,.0f} validations/min (goal {GOAL_PER_MINUTE})")
    print(f"in the sandbox: {cpu * 1000:.0f} ms CPU, {wall * 1000:.0f} ms wall")
    print(f"in the process: {base * 1000:.0f} ms CPU; the isolation costs {(cpu - base) * 1000:.0f} ms more")


if __name__ == "__main__":
    main()
