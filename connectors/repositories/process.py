"""Asking a child process about a repository. Packs of strangers are read there alone, under limits."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from connectors.repositories.errors import RepositoryError

MIB = 1024 * 1024
_ROOT = Path(__file__).resolve().parents[2]
_CODE = (
    "import sys\nsys.path.insert(0, sys.argv[1])\n"
    "from connectors.repositories.child import main\nsys.exit(main())\n"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the child may use: `file_bytes` bounds the pack, `wall_seconds` everything together."""

    memory_bytes: int = 2048 * MIB
    processor_seconds: int = 90
    wall_seconds: float = 95.0
    file_bytes: int = 512 * MIB


@dataclass(frozen=True, slots=True)
class Place:
    """A repository and how to reach it. `secrets` as `transport.Route` takes them."""

    address: str
    mirror: str
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_public: bool = True
    local_hosts: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    local_files: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch to bring up to date: commits after `until` are told for each of `folders`."""

    name: str
    folders: Sequence[str]
    until: str = ""


def heads(place: Place, *, limits: Limits | None = None) -> dict[str, Any]:
    """{"heads": {branch: commit}, "host_key"}, without fetching. Raises `RepositoryError`."""
    limits = limits or Limits(processor_seconds=15, wall_seconds=20.0)
    return _ask(place, {"verb": "heads"}, limits)


def fetch(place: Place, branches: Sequence[Branch], *, limits: Limits | None = None) -> dict[str, Any]:
    """{"branches": {name: {"head", "folders": {folder: [commit]}, "is_continued"}}, "host_key"}.

    A branch that is not there is left out; one that was rewritten is not continued. Raises
    `RepositoryError`."""
    return _ask(place, {"verb": "fetch", "branches": [asdict(each) for each in branches]}, limits or Limits())


def files(
    place: Place,
    *,
    sha: str,
    folder: str,
    refs: Sequence[str],
    most_bytes: int,
    limits: Limits | None = None,
) -> tuple[dict[str, bytes], dict[str, str]]:
    """The files of a folder at a commit and the commit in words. `refs` are fetched when it is not there yet.
    Raises `RepositoryError`."""
    request = {"verb": "files", "sha": sha, "folder": folder, "refs": list(refs), "most_bytes": most_bytes}
    answer = _ask(place, request, limits or Limits())
    found = {name: base64.b64decode(content) for name, content in answer["files"].items()}
    return found, answer["commit"]


def _ask(place: Place, request: dict[str, Any], limits: Limits) -> dict[str, Any]:
    whole = {**asdict(place), **request, "limits": asdict(limits), "seconds": limits.wall_seconds - 2}
    with tempfile.TemporaryDirectory(prefix="repository-") as folder, _child(folder) as child:
        try:
            output, _errors = child.communicate(json.dumps(whole).encode(), timeout=limits.wall_seconds)
        except subprocess.TimeoutExpired:
            raise RepositoryError("The repository took too long.", "limit") from None
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
    return _read(child.returncode, output)


def _child(folder: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-I", "-c", _CODE, str(_ROOT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        # No home and no configuration: neither keys, helpers nor hooks of this machine take part.
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "TZ": "UTC", "HOME": folder},
        start_new_session=True,
        close_fds=True,
    )


def _read(returncode: int, output: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(output)
    except ValueError:
        if returncode == -signal.SIGXCPU or returncode == -signal.SIGKILL:
            raise RepositoryError("The repository took too long.", "limit") from None
        raise RepositoryError("The repository could not be read.") from None
    if "error" in answer:
        raise RepositoryError(answer["error"], answer["kind"])
    found: dict[str, Any] = answer["answer"]
    return found
