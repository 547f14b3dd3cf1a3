"""The child's side: powers that it gives up for good. What is needed later has to be imported before.

The order matters: the network while the process may still ask for it, the user before the limits.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from connectors.confinement.process import NOBODY

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_NO_NEW_PRIVS = 38
STARTING = ("subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system")
"""Events of Python's audit hooks by which another program would begin."""


def leave_network() -> None:
    """An empty network name space where the kernel grants one; refusing sockets is for `refuse` besides."""
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_CLONE_NEWNET) != 0:
            libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def become_nobody() -> None:
    """Root becomes nobody, and nobody gains a power again by starting a program. Raises OSError when root
    would stay root: there is no reason to go on then."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.geteuid() != 0:
        return
    with contextlib.suppress(OSError):
        os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def given(folder: Path) -> Path:
    """Make a folder, nobody's where root is about to become nobody; returns a path that leads there from then
    on, even when a folder above it is closed to others."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0:
        return folder
    if folder.stat().st_uid != NOBODY:
        for place, folders, files in os.walk(folder):
            for name in (*folders, *files):
                os.chown(Path(place) / name, NOBODY, NOBODY, follow_symlinks=False)
        # Last: a walk that is interrupted is begun again.
        os.chown(folder, NOBODY, NOBODY)
    return Path(f"/proc/self/fd/{os.open(folder, os.O_RDONLY | os.O_DIRECTORY)}")


def limit(limits: Mapping[str, Any], *, processes: int | None = None) -> None:
    """Set what `process.Limits` says of memory, processor, files; and how many processes, threads among them,
    the user may have at all."""
    processor = int(limits["processor_seconds"])
    for kind, soft, hard in (
        (resource.RLIMIT_AS, limits["memory_bytes"], limits["memory_bytes"]),
        (resource.RLIMIT_CPU, processor, processor + 1),
        (resource.RLIMIT_FSIZE, limits["file_bytes"], limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"], limits["open_files"]),
        (resource.RLIMIT_CORE, 0, 0),
        *([] if processes is None else [(resource.RLIMIT_NPROC, processes, processes)]),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (soft, hard))


def refuse(is_refused: Callable[[str, tuple[Any, ...]], bool]) -> None:
    """From now on an audit event for which `is_refused(event, arguments)` holds raises `PermissionError`."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if is_refused(event, arguments):
            raise PermissionError("not available in here")

    sys.addaudithook(hook)
