"""Files are written as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from certification.rules.commandline.exits import InputUnusable

_NEW_FILE = 0o666


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file, or create it; its permissions stay. Raises InputUnusable."""
    try:
        with _beside(path) as temporary:
            Path(temporary).write_bytes(content)
    except OSError as error:
        raise InputUnusable(f"{path}: {error.strerror or 'cannot be written'}") from None


@contextlib.contextmanager
def output_stream(path: str | None) -> Iterator[IO[str]]:
    """Standard output, or the file of this name, which appears when all has been written."""
    if path is None:
        yield sys.stdout
        return
    try:
        with (
            _beside(Path(path)) as temporary,
            open(temporary, "w", encoding="utf-8", errors="backslashreplace", newline="") as stream,
        ):
            yield stream
    except OSError as error:
        raise InputUnusable(f"{path}: {error.strerror or 'cannot be written'}") from None


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[str]:
    """The name of a new file in the same folder; it takes the place of `path` unless something fails."""
    target = path.resolve()
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(descriptor)
    try:
        yield temporary
        os.chmod(temporary, target.stat().st_mode & 0o7777 if target.exists() else _NEW_FILE & ~_umask())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
