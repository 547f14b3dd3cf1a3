"""Check packages of strangers in a child process that can do no harm: little memory and time, no network, no
secrets.

What the child does with a package is never an error of the caller: when it dies, hangs or answers nonsense,
that is a finding (ENG-002 to ENG-004) and the verdict is fail.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

from certification.rules.engine import Context, engine_finding, failed_report
from certification.rules.findings import Report
from certification.rules.profiles import Profile

MIB = 1024 * 1024
# Exit codes by which the child says what happened; any other is a crash.
EXIT_MEMORY = 101
_ROOT = Path(__file__).resolve().parents[2]
_NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Limits:
    """What the child process may use. `processor_seconds` and `wall_seconds` end it, `output_bytes` caps its
    answer.
    """

    memory_bytes: int = 512 * MIB
    processor_seconds: int = 20
    wall_seconds: float = 60.0
    file_bytes: int = 0
    open_files: int = 64
    output_bytes: int = 32 * MIB


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
    outcome = run([json.dumps(request).encode() + b"\n", data, previous], limits)
    report, rule_id, value = _judge(outcome, limits)
    if report is None:
        report = failed_report(filename, profile, engine_finding(rule_id, value))
    return report if report.digest else replace(report, digest=hashlib.sha256(data).hexdigest())


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a child process ended. `output` holds at most one byte more than it may print."""

    returncode: int
    output: bytes
    timed_out: bool
    too_much: bool


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


def run(request: Iterable[bytes], limits: Limits, *, entry: str = "") -> Outcome:
    """Send a request to a child process under `limits` and wait for its end. `entry` is the module whose
    `main` it calls, by default that which checks a package. Raises OSError when no process can be started.
    """
    code = f"{_PATH}from {entry} import main\nsys.exit(main())\n" if entry else _ENTRY
    with tempfile.TemporaryDirectory(prefix="rules-") as folder:
        if os.geteuid() == 0:
            os.chown(folder, _NOBODY, _NOBODY)
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            # -I: neither environment variables, current folder nor a user's site decide what is imported.
            [sys.executable, "-I", "-c", code, str(_ROOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "TZ": "UTC"},
            start_new_session=True,
            close_fds=True,
        )
        return _converse(child, request, limits)


# The package is not necessarily installed: the child gets the folder it stands in, and nothing else, as its
# import path.
_PATH = "import sys\nsys.path.insert(0, sys.argv[1])\n"
_ENTRY = f"{_PATH}from certification.rules.child import main\nsys.exit(main())\n"


def _converse(child: subprocess.Popen[bytes], request: Iterable[bytes], limits: Limits) -> Outcome:
    assert child.stdin is not None
    assert child.stdout is not None
    writer = threading.Thread(target=_write, args=(child.stdin, list(request)), daemon=True)
    timed_out = threading.Event()

    def end() -> None:
        timed_out.set()
        _kill(child)

    timer = threading.Timer(limits.wall_seconds, end)
    timer.daemon = True
    writer.start()
    timer.start()
    try:
        output = child.stdout.read(limits.output_bytes + 1)
        too_much = len(output) > limits.output_bytes
        if too_much:
            _kill(child)
        child.wait()
    finally:
        timer.cancel()
        _kill(child)
        child.wait()
        writer.join(timeout=5)
        child.stdout.close()
    return Outcome(child.returncode, output, timed_out.is_set(), too_much)


def _write(stream: IO[bytes], parts: list[bytes]) -> None:
    # A child that dies before it has read everything is judged by its exit, not by this pipe.
    with contextlib.suppress(OSError, ValueError):
        for part in parts:
            stream.write(part)
        stream.close()


def _kill(child: subprocess.Popen[Any]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
