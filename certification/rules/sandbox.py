"""Check packages of strangers in a child process that can do no harm: little memory and time, no network, no
secrets.

What the child does with a package is never an error of the caller: when it dies, hangs or answers nonsense,
that is a finding (ENG-002 to ENG-004) and the verdict is fail.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import signal
from dataclasses import asdict, replace

from certification.rules.engine import Context, engine_finding, failed_report
from certification.rules.findings import Report
from certification.rules.profiles import Profile
from connectors.confinement import MIB, Limits, Outcome, run

# Exit codes by which the child says what happened; any other is a crash.
EXIT_MEMORY = 101

ATTEMPTS = 3
"""How often a child that is killed from outside is begun before its end is taken for an answer."""


def check_bytes(
    data: bytes,
    *,
    filename: str,
    profile: Profile,
    context: Context | None = None,
    previous: bytes = b"",
    limits: Limits | None = None,
) -> Report:
    """Check a package given as the bytes of a zip archive or of one file, as `filename` tells. `previous` are
    the canonical bytes of the version published now, which only the child then reads; by default those of
    `context.previous`.

    Never raises for anything in `data`. Raises OSError when this machine cannot start a process: that says
    nothing about the package and is worth another attempt. A package that is refused or not read to its end
    has no digest of its own; its report carries the SHA-256 of `data`.
    """
    limits = limits or Limits()
    context = context or Context()
    previous = previous or context.previous_bytes
    request = {
        "filename": filename,
        "profile": profile.to_dict(),
        "context": context.to_dict(),
        "limits": asdict(limits),
        "size": len(data),
        "previous_size": len(previous),
    }
    parts = [json.dumps(request).encode() + b"\n", data, previous]
    outcome = run_to_its_end(parts, limits, entry="certification.rules.child")
    report, rule_id, value = _judge(outcome, limits)
    if report is None:
        report = failed_report(filename, profile, engine_finding(rule_id, value))
    return report if report.digest else replace(report, digest=hashlib.sha256(data).hexdigest())


def run_to_its_end(parts: list[bytes], limits: Limits, *, entry: str) -> Outcome:
    """A child that somebody else killed, as a machine without memory does, says nothing about the package: it
    is begun again, ATTEMPTS times in all.
    """
    for left in reversed(range(ATTEMPTS)):
        outcome = run(parts, limits, entry=entry)
        was_killed = outcome.returncode == -signal.SIGKILL and not (outcome.timed_out or outcome.too_much)
        if not (was_killed and left):
            break
    return outcome


def _judge(outcome: Outcome, limits: Limits) -> tuple[Report | None, str, str]:
    if outcome.timed_out:
        return None, "ENG-002", f"{limits.wall_seconds:g} seconds"
    if outcome.returncode == -signal.SIGXCPU:
        return None, "ENG-002", f"{limits.processor_seconds} seconds of processor time"
    if outcome.returncode == EXIT_MEMORY:
        return None, "ENG-003", f"{limits.memory_bytes // MIB} MB"
    if outcome.too_much:
        return None, "ENG-004", "too many findings to print"
    if outcome.returncode != 0:
        return None, "ENG-004", _death(outcome.returncode)
    try:
        return Report.from_dict(json.loads(outcome.output)), "", ""
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None, "ENG-004", "unreadable answer"


def _death(returncode: int) -> str:
    if returncode < 0:
        with contextlib.suppress(ValueError):
            return f"signal {signal.Signals(-returncode).name}"
    return f"exit code {abs(returncode)}"
