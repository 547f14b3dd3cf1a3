"""Bytes by their SHA-256: written once, fsynced before anybody is told, verified whenever they are read."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import tempfile
from pathlib import Path

from django.conf import settings

from portal.shared import sandbox

_DIGEST = re.compile(r"[0-9a-f]{64}")
_INCOMING = ".incoming-"


class StoredBytesDamaged(Exception):
    """The file's content is not what its name says: restore it from the backup before going on."""


def path_of(digest: str) -> Path:
    """Where the bytes with this digest are. Raises `ValueError` for anything but 64 hex digits."""
    if not _DIGEST.fullmatch(digest):
        raise ValueError("a digest is 64 lower-case hexadecimal digits")
    return Path(settings.PACKAGE_ROOT) / digest[:2] / digest


def store(content: bytes) -> str:
    """Write `content` durably and return its digest. After the return a power cut loses nothing."""
    digest = hashlib.sha256(content).hexdigest()
    in_memory = sandbox.kept()
    if in_memory is not None:
        in_memory[digest] = content
        return digest
    target = path_of(digest)
    if target.exists() and target.read_bytes() == content:
        return digest
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=_INCOMING)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    for folder in (target.parent, target.parent.parent):
        _sync_folder(folder)
    return digest


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def load(digest: str) -> bytes:
    """The bytes, checked against their name. Raises `FileNotFoundError` or `StoredBytesDamaged`."""
    in_memory = sandbox.kept() or {}
    content = in_memory[digest] if digest in in_memory else path_of(digest).read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise StoredBytesDamaged(f"Stored file {digest[:12]} does not match its digest.")
    return content


def unfinished(before: dt.datetime) -> list[Path]:
    """What processes left that were killed while they wrote, last touched before that moment."""
    found = sorted(Path(settings.PACKAGE_ROOT).glob(f"??/{_INCOMING}*"))
    return [path for path in found if _touched(path) < before.timestamp()]


def remove_unfinished(before: dt.datetime) -> int:
    """Delete it; returns how many files. No row names any: rows name what was written to its end."""
    found = unfinished(before)
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _touched(path: Path) -> float:
    """A file that was finished a moment ago is not here any more."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
