"""The child side of the sandbox: give up every power, check one package, print one report."""

from __future__ import annotations

import codecs
import gc
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from connectors.confinement import powers

_CODECS = ("cp1252", "cp437", "idna", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
_FORBIDDEN = (*powers.STARTING, "socket.", "ctypes.")


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
    powers.leave_network()
    powers.become_nobody()
    powers.limit(limits, processes=0)
    powers.refuse(_is_refused)
    gc.disable()


def _is_refused(event: str, arguments: tuple[Any, ...]) -> bool:
    return event.startswith(_FORBIDDEN) or (event == "open" and not _is_code(arguments))


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
