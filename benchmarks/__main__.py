"""`make bench`: every benchmark, briefly, one after the other, against the database of DATABASE_URL.

    python -m benchmarks [NAME ...]
    python -m benchmarks NAME --option ...

The second form runs one benchmark, as long as its own options say. The database is migrated first and left
as it was otherwise. Each benchmark runs in a process of its own. What needs a collection of real packages is
left out when there is none.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from itertools import takewhile

from benchmarks.agreement import PACKAGES

BRIEF: dict[str, tuple[str, ...]] = {
    "pages": ("--rows", "5000", "--pairs", "9"),
    "uploads": ("--rounds", "9"),
    "validations": ("--rounds", "9"),
    "outbox": ("--rounds", "5"),
    "telemetry": ("--seconds", "6"),
    "burst": ("--seconds", "4"),
    "polls": ("--seconds", "5"),
    "definitions": (),
    "rules": ("--rounds", "2"),
}


def main(arguments: list[str]) -> int:
    names = list(takewhile(lambda each: not each.startswith("-"), arguments))
    options = arguments[len(names) :]
    if options and len(names) != 1:
        print("Options belong to one benchmark: name it before them.", file=sys.stderr)
        return 2
    if unknown := {name for name in names if find_spec(f"benchmarks.{name}") is None}:
        print(
            f"No such benchmark: {', '.join(sorted(unknown))}. docs/performance.md lists them.",
            file=sys.stderr,
        )
        return 2
    environment = {"DJANGO_SETTINGS_MODULE": "portal.settings.test", **os.environ}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=environment, check=True)
    failed = []
    for name in names or BRIEF:
        print(f"\n== {name}", flush=True)
        if name == "rules" and not options and not PACKAGES.is_dir():
            print("no collection of packages: set CONNECTOR_CORPUS")
            continue
        command = [sys.executable, "-m", f"benchmarks.{name}", *(options or BRIEF.get(name, ()))]
        if subprocess.run(command, env=environment, check=False).returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
