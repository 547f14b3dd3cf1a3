"""The packages a region holds, named by their SHA-256, and the little it reads out of them."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from functools import lru_cache
from pathlib import Path, PurePosixPath

from certification.regions.agent.durable import write

MAX_PACKAGE_BYTES = 30 * 1024 * 1024
MAX_DEFINITION_BYTES = 10 * 1024 * 1024
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")


class DigestDiffers(ValueError):
    """The bytes do not hash to the name they were given."""


class PackageStore:
    """Files `<sha256>.zip` in one directory; a file that is there is complete and was verified."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory

    def _path(self, digest: str) -> Path:
        if not re.fullmatch("[0-9a-f]{64}", digest):
            raise ValueError("not a SHA-256 in hexadecimal")
        return self._directory / f"{digest}.zip"

    def holds(self, digest: str) -> bool:
        return self._path(digest).is_file()

    def keep(self, digest: str, content: bytes) -> bool:
        """Store the bytes durably; returns whether they are new. Raises DigestDiffers."""
        path = self._path(digest)
        if hashlib.sha256(content).hexdigest() != digest:
            raise DigestDiffers(digest)
        if path.is_file():
            return False
        write(path, content)
        return True

    def read(self, digest: str) -> bytes:
        """The bytes, verified once more before they are deployed. Raises DigestDiffers, OSError."""
        content = self._path(digest).read_bytes()
        if hashlib.sha256(content).hexdigest() != digest:
            raise DigestDiffers(digest)
        return content

    def operation_ids(self, digest: str) -> tuple[str, ...]:
        """The operations the package defines; empty when it is not held or holds no readable definition."""
        try:
            return _operation_ids(str(self._path(digest)))
        except (OSError, ValueError, RecursionError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
            return ()


@lru_cache(maxsize=4096)
def _operation_ids(path: str) -> tuple[str, ...]:
    with zipfile.ZipFile(io.BytesIO(Path(path).read_bytes())) as archive:
        for member in archive.infolist():
            name = PurePosixPath(member.filename).name.lower()
            if not (name.startswith("apidefinition") and name.endswith(".json")):
                continue
            if member.file_size > MAX_DEFINITION_BYTES:
                raise ValueError("definition too large")
            return _ids_of(json.loads(archive.read(member).decode("utf-8-sig")))
    raise ValueError("no definition")


def _ids_of(definition: object) -> tuple[str, ...]:
    paths = definition.get("paths") if isinstance(definition, dict) else None
    found = []
    for item in paths.values() if isinstance(paths, dict) else ():
        for method in _METHODS:
            operation = item.get(method) if isinstance(item, dict) else None
            name = operation.get("operationId") if isinstance(operation, dict) else None
            if isinstance(name, str) and 0 < len(name) <= 200:
                found.append(name)
    return tuple(dict.fromkeys(found))
