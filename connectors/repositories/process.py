"""Asking a child process about a repository. Packs of strangers are read there alone, under limits."""

from __future__ import annotations

import base64
import json
import signal
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from connectors.confinement import Outcome, run
from connectors.repositories.errors import RepositoryError
from connectors.repositories.limits import Limits

FOLDERS_WHOLE = 8
"""So many folders may be as large as an upload, before and after, in one comparison."""


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
    limits = (limits or Limits()).with_answer(
        branches=len(branches), folders=sum(len(each.folders) for each in branches)
    )
    return _ask(place, {"verb": "fetch", "branches": [asdict(each) for each in branches]}, limits)


def files(
    place: Place,
    *,
    sha: str,
    folder: str,
    refs: Sequence[str],
    most_bytes: int,
    limits: Limits | None = None,
) -> tuple[dict[str, bytes], dict[str, str]]:
    """The files of a folder at a commit, and the commit in words with its whole `message`. `refs` are fetched
    when it is not there yet. Raises `RepositoryError`."""
    request = {"verb": "files", "sha": sha, "folder": folder, "refs": list(refs), "most_bytes": most_bytes}
    answer = _ask(place, request, (limits or Limits()).with_answer(content=most_bytes))
    found = {name: base64.b64decode(content) for name, content in answer["files"].items()}
    return found, answer["commit"]


def proposals(place: Place, *, limits: Limits | None = None) -> dict[str, str]:
    """Ref -> commit of branches (refs/heads/) and pull requests (refs/pull/N/head). Raises
    `RepositoryError`."""
    limits = limits or Limits(processor_seconds=15, wall_seconds=20.0)
    found: dict[str, str] = _ask(place, {"verb": "proposals"}, limits)["refs"]
    return found


@dataclass(frozen=True, slots=True)
class Side:
    """A folder at one commit: its files, or why they are not taken. Neither where it does not exist."""

    files: Mapping[str, bytes]
    error: RepositoryError | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a ref changes since it left a branch: `folders` holds those touched, as they were and are."""

    head: str
    base: str
    merge_base: str
    is_merged: bool
    commit: Mapping[str, str]
    folders: Mapping[str, tuple[Side, Side]]


def compare(
    place: Place,
    *,
    ref: str,
    branch: str,
    folders: Sequence[str],
    most_bytes: int,
    limits: Limits | None = None,
) -> Comparison:
    """Fetch `ref` (a full name) and `branch`, and compare what of `folders` differs. Raises
    `RepositoryError`."""
    request = {"verb": "compare", "ref": ref, "branch": branch, "folders": list(folders)}
    room = 2 * most_bytes * min(len(folders), FOLDERS_WHOLE)
    limits = (limits or Limits()).with_answer(folders=len(folders), content=room)
    answer = _ask(place, {**request, "most_bytes": most_bytes}, limits)
    return Comparison(
        answer["head"],
        answer["base"],
        answer["merge_base"],
        answer["is_merged"],
        answer["commit"],
        {name: (_side(each["before"]), _side(each["after"])) for name, each in answer["folders"].items()},
    )


def _side(answer: dict[str, Any]) -> Side:
    files = {name: base64.b64decode(content) for name, content in answer.get("files", {}).items()}
    error = RepositoryError(answer["error"], **answer["values"]) if "error" in answer else None
    return Side(files, error)


def tag(
    place: Place, *, name: str, commit: str, message: str, tagger: str, at: int, limits: Limits | None = None
) -> bool:
    """Push an annotated tag to the commit; False when it stands there already. Never moves one.

    `tagger` is "Name <address>", `at` in seconds. Raises `RepositoryError`: `tag-taken` when the name leads
    to something else, `read-only` when the credentials may not write."""
    request = {"verb": "tag", "name": name, "commit": commit, "message": message, "tagger": tagger, "at": at}
    return bool(_ask(place, request, limits or Limits(wall_seconds=60.0))["is_new"])


def join_packs(place: Place, *, limits: Limits | None = None) -> int:
    """Make one pack of the mirror's small ones, without asking its server; returns how many those were.
    Raises `RepositoryError`."""
    return int(_ask(place, {"verb": "join"}, limits or Limits())["joined"])


def _ask(place: Place, request: dict[str, Any], limits: Limits) -> dict[str, Any]:
    whole = {**asdict(place), **request, "limits": asdict(limits), "seconds": limits.wall_seconds - 2}
    return _read(run([json.dumps(whole).encode()], limits, entry="connectors.repositories.child"))


def _read(outcome: Outcome) -> dict[str, Any]:
    if outcome.too_much:
        raise RepositoryError("too-large")
    if outcome.timed_out or outcome.returncode == -signal.SIGXCPU:
        raise RepositoryError("too-slow")
    try:
        answer = json.loads(outcome.output)
        if "error" in answer:
            raise RepositoryError(str(answer["error"]), **answer["values"])
        found: dict[str, Any] = answer["answer"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise RepositoryError("unreadable") from None
    return found
