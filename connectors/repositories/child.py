"""The child side: one request about one repository, under limits, answered as one JSON document."""

from __future__ import annotations

import base64
import contextlib
import errno
import fcntl
import json
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpcore
import paramiko
from dulwich.errors import GitProtocolError, NotGitRepository

from connectors.repositories import folders, mirror
from connectors.repositories.addresses import Address
from connectors.repositories.errors import RepositoryError
from connectors.repositories.transport import Route
from connectors.runtime.egress import Egress
from connectors.runtime.errors import CallError

_TOO_LARGE = "The repository is larger than is taken."
_UNREADABLE = ("The repository could not be read.", "broken")
_WORDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], tuple[str, str]], ...] = (
    (MemoryError, (_TOO_LARGE, "limit")),
    (NotGitRepository, ("There is no Git repository at this address.", "access")),
    (GitProtocolError, ("The server does not answer as Git's smart protocol asks for.", "broken")),
    (httpcore.TimeoutException, ("The repository did not answer in time.", "limit")),
    (
        (OSError, EOFError, httpcore.NetworkError, httpcore.ProtocolError, paramiko.SSHException),
        ("The connection broke.", "broken"),
    ),
)


def main() -> int:
    """Exit code 0 with {"answer"} or {"error", "kind"} on standard output."""
    request = json.loads(sys.stdin.buffer.read())
    _confine(request["limits"])
    try:
        answer: dict[str, Any] = {"answer": _answer(request)}
    except Exception as error:  # noqa: BLE001 - whatever a repository does is told, and ends here
        message, kind = _told(error)
        answer = {"error": message, "kind": kind}
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    return 0


def _told(error: Exception) -> tuple[str, str]:
    """What is said of a failure, and its kind. Nothing of what was sent or received is in it."""
    if isinstance(error, RepositoryError):
        return error.message, error.kind
    if isinstance(error, CallError):
        return error.message, "address"
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return _TOO_LARGE, "limit"
    return next((told for kinds, told in _WORDS if isinstance(error, kinds)), _UNREADABLE)


def _confine(limits: dict[str, Any]) -> None:
    for kind, value in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_CPU, limits["processor_seconds"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (int(value), int(value)))


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    route = _route(request)
    if request["verb"] == "heads":
        return {"heads": mirror.list_heads(route), "host_key": route.host_key}
    place = Path(request["mirror"])
    with _alone(place):
        repo = mirror.opened(place)
        try:
            return {**_VERBS[request["verb"]](repo, route, request), "host_key": route.host_key}
        finally:
            repo.close()


def _route(request: dict[str, Any]) -> Route:
    hosts = {name: (place[0], place[1]) for name, place in request["local_hosts"].items()}
    egress = Egress(local_hosts=hosts, is_public=request["is_public"])
    return Route(
        Address.parse(request["address"]),
        egress,
        request["secrets"],
        seconds=request["seconds"],
        local_files=request["local_files"],
    )


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """One process at a time in a mirror. The lock goes with the process, however it ends."""
    place.mkdir(parents=True, exist_ok=True)
    with (place / "portal.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(repo: Any, route: Route, request: dict[str, Any]) -> dict[str, Any]:
    """`branches`: [{"name", "until", "folders"}]. Answers head and commits by branch."""
    wanted = [f"refs/heads/{branch['name']}" for branch in request["branches"]]
    found = mirror.fetch(repo, route, wanted)
    answers = {}
    for branch in request["branches"]:
        head = found.get(f"refs/heads/{branch['name']}")
        if head is not None:
            commits, is_reached = mirror.newest_by_folder(
                repo, head, branch["folders"], until=branch["until"]
            )
            answers[branch["name"]] = {"head": head, "folders": commits, "is_continued": is_reached}
    return {"branches": answers}


def _files(repo: Any, route: Route, request: dict[str, Any]) -> dict[str, Any]:
    """The files of a folder at `sha`; a mirror that lacks it is fetched first."""
    if request["sha"].encode() not in repo.object_store:
        mirror.fetch(repo, route, request["refs"])
    files = folders.folder_files(repo, request["sha"], request["folder"], most_bytes=request["most_bytes"])
    encoded = {name: base64.b64encode(content).decode() for name, content in files.items()}
    return {"files": encoded, "commit": mirror.described(mirror.commit_of(repo, request["sha"]))}


_VERBS = {"fetch": _fetch, "files": _files}
