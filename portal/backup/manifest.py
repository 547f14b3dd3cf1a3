"""What a backup holds: every file with its size and SHA-256, and what it can be restored by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FORMAT = "portal-backup/1"
NAME = "manifest.json"
_CHUNK = 1 << 20


class BackupUnusable(Exception):
    """The folder is no whole backup, or not one for this database; the text says why."""


@dataclass
class Manifest:
    """`tables` maps a table to its file, columns and rows; `files` a path in the folder to size and SHA-256;
    `keys` are the ids of the keys that secrets are stored under, never keys themselves.
    """

    made_at: str
    migrations: list[str]
    keys: list[str]
    audit_head: str
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    sequences: dict[str, list[Any]] = field(default_factory=dict)
    sample_days: list[str] = field(default_factory=list)
    missing_files: list[str] = field(default_factory=list)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    format: str = FORMAT

    def write(self, folder: Path) -> None:
        """The last file of a backup: without it the folder is none."""
        (folder / NAME).write_text(
            json.dumps(asdict(self), indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )

    def add(self, folder: Path, path: Path) -> None:
        """Enter a finished file."""
        name = path.relative_to(folder).as_posix()
        self.files[name] = {"size": path.stat().st_size, "sha256": sha256_of(path)}


def read(folder: Path) -> Manifest:
    """The manifest of a folder. Raises BackupUnusable."""
    try:
        content = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if content.get("format") != FORMAT:
            raise BackupUnusable(f"{folder}: the format is {content.get('format')!r}, not {FORMAT}.")
        return Manifest(**content)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise BackupUnusable(f"{folder} holds no whole backup: {error}") from error


def faults(manifest: Manifest, folder: Path) -> Iterator[str]:
    """One sentence for each file that is missing or not what was written."""
    for name, facts in sorted(manifest.files.items()):
        path = folder / name
        if ".." in Path(name).parts or not path.is_file():
            yield f"{name} is missing."
        elif path.stat().st_size != facts["size"] or sha256_of(path) != facts["sha256"]:
            yield f"{name} is damaged."


def sha256_of(path: Path) -> str:
    """Hex digest of a file of any size."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
