"""The child side of the sandbox: give up every power, read one request, check one package, print one
report.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import resource
import sys
from typing import Any

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_NO_NEW_PRIVS, _PR_SET_DUMPABLE = 38, 4
_NOBODY = 65534
_FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "ctypes.",
)


def main() -> int:
    """Exit code 0 with a report on standard output, or EXIT_MEMORY when memory ran out."""
    from certification.rules.sandbox import EXIT_MEMORY

    try:
        return _check()
    except MemoryError:
        return EXIT_MEMORY


def _check() -> int:
    source = sys.stdin.buffer
    request = json.loads(source.readline(16 * 1024 * 1024))
    # Everything is imported before the limits: afterwards no file needs to be opened.
    from certification.rules.engine import Context, check_package
    from certification.rules.profiles import Profile
    from certification.rules.registry import rules
    from connectors.definitions import read_archive, read_files

    rules()
    _confine(request["limits"])
    data = source.read(request["size"])
    name = request["filename"]
    is_archive = name.casefold().endswith(".zip") or data.startswith(b"PK\3\4")
    package = read_archive(data, filename=name) if is_archive else read_files({name: data}, filename=name)
    report = check_package(
        package, Profile.from_dict(request["profile"]), Context.from_dict(request["context"])
    )
    text = json.dumps(report.to_dict(), ensure_ascii=True, separators=(",", ":"))
    sys.stdout.write(text)
    sys.stdout.flush()
    return 0


def _confine(limits: dict[str, Any]) -> None:
    """Order matters: the network goes while the process may still ask for it, the user id before the
    limits.
    """
    _leave_network()
    _drop_privileges()
    cpu = int(limits["processor_seconds"])
    for kind, soft, hard in (
        (resource.RLIMIT_AS, limits["memory_bytes"], limits["memory_bytes"]),
        (resource.RLIMIT_CPU, cpu, cpu + 1),
        (resource.RLIMIT_FSIZE, limits["file_bytes"], limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"], limits["open_files"]),
        (resource.RLIMIT_NPROC, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (soft, hard))
    sys.addaudithook(_refuse)
    gc.disable()


def _leave_network() -> None:
    """An empty network name space where the kernel grants one; the audit hook refuses sockets anyway."""
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_CLONE_NEWNET) != 0:
            libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _drop_privileges() -> None:
    if os.geteuid() != 0:
        return
    with contextlib.suppress(OSError):
        os.setgroups([])
    with contextlib.suppress(OSError):
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)


def _refuse(event: str, _args: tuple[Any, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError("not available while a package is checked")
