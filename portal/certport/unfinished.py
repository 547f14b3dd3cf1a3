"""Uploads that were cut off, for the next command to go on with.

One file an upload, so that commands that run at once never write the same one. Nothing in it opens anything:
the portal still wants the token of the person who began.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from portal.certport import credentials, private_files

_ENDING = ".json"
# What a process that was killed while it wrote left behind.
_LEFT_BEHIND = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """`digest` is the SHA-256 of the whole, `place` the path of the upload there, `expires_at` ISO 8601."""

    url: str
    email: str
    connector: str
    digest: str
    place: str
    expires_at: str

    @property
    def file(self) -> Path:
        known_by = "\n".join((self.url, self.email, self.connector, self.digest))
        return folder() / (hashlib.sha256(known_by.encode()).hexdigest() + _ENDING)


def folder() -> Path:
    return credentials.path().parent / "uploads"


def find(begun: Unfinished) -> Unfinished | None:
    """The upload of the same content for the same connector of the same portal by the same person. What is
    over, what cannot be read, and what somebody else began at this portal is deleted."""
    _clear(begun.url, begun.email)
    return _read(begun.file)


def keep(begun: Unfinished) -> None:
    """Without a place to keep it, the upload is only not gone on with."""
    with contextlib.suppress(OSError):
        private_files.write(begun.file, asdict(begun))


def forget(begun: Unfinished) -> None:
    with contextlib.suppress(OSError):
        begun.file.unlink()


def _clear(url: str, email: str) -> None:
    with contextlib.suppress(OSError):
        for file in folder().iterdir():
            if file.suffix != _ENDING:
                _remove_if_left_behind(file)
                continue
            found = _read(file)
            if found is None or _is_over(found) or (found.url == url and found.email != email):
                file.unlink(missing_ok=True)


def _remove_if_left_behind(file: Path) -> None:
    # Another command may be about to move it into place.
    with contextlib.suppress(OSError):
        written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        if datetime.now(UTC) - written > _LEFT_BEHIND:
            file.unlink()


def _read(file: Path) -> Unfinished | None:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        found = Unfinished(**{name: str(value) for name, value in content.items()})
        datetime.fromisoformat(found.expires_at)
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    return found if found.file == file else None


def _is_over(found: Unfinished) -> bool:
    ends = datetime.fromisoformat(found.expires_at)
    return ends.tzinfo is None or ends <= datetime.now(UTC)
