"""The child side of the sandbox: give up every power, check one package, print one report."""

from __future__ import annotations

import codecs
import contextlib
import ctypes
import gc
import importlib
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_NO_NEW_PRIVS, _PR_SET_DUMPABLE = 38, 4
_NOBODY = 65534
_CODECS = ("cp1252", "cp437", "idna", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
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
    # Everything is imported before the limits: the unprivileged user may not even see where Python lies.
    from certification.rules.engine import Context, check_package
    from certification.rules.profiles import Profile
    from certification.rules.registry import rules
    from connectors.definitions import read_archive, read_files

    rules()
    confine(request["limits"])
    data = source.read(request["size"])
    name = request["filename"]
    is_archive = name.casefold().endswith(".zip") or data.startswith(b"PK\3\4")
    package = read_archive(data, filename=name) if is_archive else read_files({name: data}, filename=name)
    before = source.read(request["previous_size"])
    context = Context.from_dict(request["context"], read_archive(before) if before else None)
    report = check_package(package, Profile.from_dict(request["profile"]), context)
    text = json.dumps(report.to_dict(), ensure_ascii=True, separators=(",", ":"))
    sys.stdout.write(text)
    sys.stdout.flush()
    return 0


def confine(limits: dict[str, Any]) -> None:
    """Give up every power, for good. What is needed later must be imported by now.

    In this order: the network while the process may still ask for it, the user id before the limits.
    """
    for name in _CODECS:
        codecs.lookup(name)
    # Pillow loads the reader of a format when the first picture of it comes, which is too late here.
    importlib.import_module("PIL.PngImagePlugin")
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


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event.startswith(_FORBIDDEN) or (event == "open" and not _is_code(arguments)):
        raise PermissionError("not available while a package is checked")


def _is_code(arguments: tuple[Any, ...]) -> bool:
    """Modules may still be imported late; every other file is out of reach, and nothing is written."""
    path, mode, flags = arguments
    writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    if not isinstance(path, str) or writes or (mode or "r").strip("bt") != "r":
        return False
    real = os.path.realpath(path)
    return real.startswith(_CODE)


# The interpreter's own folders, and of the project only what a check is made of: not its settings or data.
_PROJECT = Path(__file__).resolve().parents[2]
_FOLDERS = [path for path in map(Path.resolve, map(Path, sys.path)) if path != _PROJECT]
_CODE = tuple(
    f"{folder}/"
    for folder in (*_FOLDERS, _PROJECT / "certification/rules", _PROJECT / "connectors/definitions")
)
