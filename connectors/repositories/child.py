"""The child side: one request about one repository, under limits, answered as one JSON document."""

from __future__ import annotations

import base64
import codecs
import contextlib
import errno
import fcntl
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpcore
import paramiko
from dulwich.errors import GitProtocolError, NotGitRepository

from connectors.confinement import powers
from connectors.repositories import comparing, folders, mirror, packing, tags
from connectors.repositories.addresses import Address
from connectors.repositories.errors import RepositoryError
from connectors.repositories.transport import Route
from connectors.runtime.egress import Egress

_CODES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (MemoryError, "too-large"),
    (NotGitRepository, "no-repository"),
    (GitProtocolError, "protocol"),
    (httpcore.TimeoutException, "too-slow"),
    (
        (OSError, EOFError, httpcore.NetworkError, httpcore.ProtocolError, paramiko.SSHException),
        "connection-broke",
    ),
)
# Imported when they are first needed, which is too late here: nobody may not even see where Python lies.
_LATE = tuple(
    f"dulwich.{name}"
    for name in (
        "bitmap", "commit_graph", "filters", "index", "midx", "object_format", "reflog", "trailers", "walk",
        "worktree",
    )
)  # fmt: skip


def main() -> int:
    """Exit code 0 with {"answer"} or {"error", "values"} on standard output."""
    request = json.loads(sys.stdin.buffer.read())
    try:
        place = _confine(request)
        answer: dict[str, Any] = {"answer": _answer(request, place)}
    except Exception as error:  # noqa: BLE001 - whatever a repository does is told, and ends here
        told = _told(error)
        answer = {"error": told.code, "values": told.values}
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    return 0


def _told(error: Exception) -> RepositoryError:
    """What is said of a failure. Nothing of what was sent or received is in it."""
    if isinstance(error, RepositoryError):
        return error
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return RepositoryError("too-large")
    code = next((code for kinds, code in _CODES if isinstance(error, kinds)), "unreadable")
    return RepositoryError(code)


def _confine(request: dict[str, Any]) -> Path:
    """Become nobody, under limits, able to start nothing; returns where the mirror is from then on.

    The network stays: it is what this child is for, and every address goes through the guard.
    """
    for name in _LATE:
        importlib.import_module(name)
    for name in ("idna", "utf-8", "ascii", "latin-1"):
        codecs.lookup(name)
    Egress().tls()
    place = Path() if request["verb"] in {"heads", "proposals"} else powers.given(Path(request["mirror"]))
    # One on this machine (trial mode alone) is read as the portal itself reads: it may be closed to nobody.
    if not (request["local_files"] and request["address"].startswith("file:")):
        powers.become_nobody()
    powers.limit(request["limits"])
    powers.refuse(lambda event, _arguments: event.startswith(powers.STARTING))
    return place


def _answer(request: dict[str, Any], place: Path) -> dict[str, Any]:
    route = _route(request)
    if request["verb"] == "heads":
        return {"heads": mirror.list_heads(route), "host_key": route.host_key}
    if request["verb"] == "proposals":
        return {"refs": comparing.list_proposals(route), "host_key": route.host_key}
    with _alone(place):
        repo = mirror.opened(place)
        try:
            if request["verb"] == "join":
                return {"joined": packing.join_small_packs(repo, place)}
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
    commit = mirror.commit_of(repo, request["sha"])
    return {"files": encoded, "commit": {**mirror.described(commit), "message": mirror.message_of(commit)}}


def _compare(repo: Any, route: Route, request: dict[str, Any]) -> dict[str, Any]:
    """What a ref changes in folders since it left a branch."""
    asked = {name: request[name] for name in ("ref", "branch", "folders", "most_bytes")}
    return comparing.compare(repo, route, **asked)


_VERBS = {"fetch": _fetch, "files": _files, "compare": _compare, "tag": tags.push}
