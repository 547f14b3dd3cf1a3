"""The parent's side: start a child, hand it a request, read a bounded answer, and end it whatever it does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

MIB = 1024 * 1024
NOBODY = 65534
"""User and group of children that root starts."""
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use. `processor_seconds` and `wall_seconds` end it, `output_bytes` caps its answer.
    All but `wall_seconds` and `output_bytes` the child sets by itself once it has imported what it needs.
    """

    memory_bytes: int = 512 * MIB
    processor_seconds: int = 20
    wall_seconds: float = 60.0
    file_bytes: int = 0
    open_files: int = 64
    output_bytes: int = 32 * MIB


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a child ended. `returncode` is negative for a signal; `output` holds at most one byte more than it
    may print."""

    returncode: int
    output: bytes
    timed_out: bool
    too_much: bool


def run(request: Iterable[bytes], limits: Limits, *, entry: str) -> Outcome:
    """Send `request` to a child that calls `main` of the module `entry`, and wait for its end.

    The child has an empty folder as home and current folder, and of this process neither variables nor open
    files. Raises OSError when no process can be started.
    """
    with tempfile.TemporaryDirectory(prefix="confined-", ignore_cleanup_errors=True) as folder:
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            # -I: neither environment variables, current folder nor a user's site decide what is imported.
            [sys.executable, "-I", "-c", code_of(entry), str(_ROOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            # No home of this machine: no configuration, key, helper or hook in it takes part.
            env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "TZ": "UTC", "HOME": folder},
            start_new_session=True,
            close_fds=True,
        )
        return _converse(child, request, limits)


def code_of(entry: str) -> str:
    """What the child runs. The project is not necessarily installed: it gets the folder that this stands in,
    and nothing else, on its import path."""
    return f"import sys\nsys.path.insert(0, sys.argv[1])\nfrom {entry} import main\nsys.exit(main())\n"


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
    try:
        writer.start()
        timer.start()
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
    with contextlib.suppress(OSError, ValueError):
        stream.close()


def _kill(child: subprocess.Popen[Any]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
