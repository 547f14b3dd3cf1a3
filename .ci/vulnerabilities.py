#!/usr/bin/env python3
"""Ask the public database of vulnerabilities about every locked version: `make lint` ends with what it says.

A known vulnerability fails. A database that cannot be reached, or that does not know a package, is said and
does not: machines without a way out must be able to build.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements.lock"
# pip-audit waits so long for each answer, and we so long for all of them.
ANSWER_SECONDS, ALL_SECONDS = 10, 120
# Vulnerabilities that do not reach us: id -> why, and until when nobody needs to look again.
ACCEPTED: dict[str, str] = {}


def audit(lock: Path) -> dict[str, object] | str:
    """What pip-audit found, or in one sentence why it could not ask."""
    command = [
        sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--require-hashes", "--disable-pip",
        "--format", "json", "--progress-spinner", "off", "--timeout", str(ANSWER_SECONDS),
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=ALL_SECONDS)
    except subprocess.TimeoutExpired:
        return f"no answer in {ALL_SECONDS} s"
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        return (done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]


def verdict(found: dict[str, object] | str) -> tuple[list[str], int]:
    """The lines to print, and the exit code: 1 for a vulnerability that nobody has accepted."""
    if isinstance(found, str):
        return [f"vulnerabilities: not asked, the database cannot be reached ({found})"], 0
    packages = found["dependencies"]
    asked = [each for each in packages if "skip_reason" not in each]
    lines = [
        f"{each['name']} {each['version']}: {one['id']} {' '.join(one.get('aliases', ()))}, "
        f"mended in {', '.join(one['fix_versions']) or 'no version yet'}"
        for each in asked
        for one in each["vulns"]
        if not {one["id"], *one.get("aliases", ())} & set(ACCEPTED)
    ]
    told = f"vulnerabilities: {len(asked)} of {len(packages)} packages asked, {len(lines)} found"
    if len(asked) < len(packages):
        told += "; the others are unknown to the database that answers here"
    return [*lines, told], int(bool(lines))


if __name__ == "__main__":
    said, code = verdict(audit(LOCK))
    print(*said, sep="\n")
    sys.exit(code)
