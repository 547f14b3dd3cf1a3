"""What somebody proposes: a ref beside a branch, and the files of folders that differ, before and after."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import Any

from dulwich.graph import find_merge_base
from dulwich.objects import Commit, ObjectID
from dulwich.repo import Repo

from connectors.repositories.addresses import pull_number
from connectors.repositories.errors import RepositoryError
from connectors.repositories.folders import folder_files
from connectors.repositories.mirror import commit_of, described, fetch, touched_folders
from connectors.repositories.transport import Route

MOST_REFS = 300
"""Refs of one kind that are looked through; of pull requests the newest."""
_BRANCHES = "refs/heads/"


def list_proposals(route: Route) -> dict[str, str]:
    """Ref -> commit of branches and of the heads of pull requests, without fetching anything."""
    client, path = route.client()
    refs = {
        name.decode("utf-8", "replace"): sha.decode()
        for name, sha in client.get_refs(path.encode()).refs.items()
        if sha
    }
    branches = sorted(name for name in refs if name.startswith(_BRANCHES))
    pulls = sorted((name for name in refs if pull_number(name)), key=pull_number, reverse=True)
    return {name: refs[name] for name in (*branches[:MOST_REFS], *pulls[:MOST_REFS])}


def compare(
    repo: Repo, route: Route, *, ref: str, branch: str, folders: Sequence[str], most_bytes: int
) -> dict[str, Any]:
    """Three-dot: what `ref` adds since it left `branch`, for those of `folders` that it touches.

    Answers {"head", "base", "merge_base", "commit", "folders": {folder: {"before", "after"}}}; either side is
    {"files": {name: base64}} or {"error", "values"}, and empty where the folder does not exist. `is_merged`
    says that the branch holds everything already.
    """
    wanted = [ref, f"{_BRANCHES}{branch}"]
    found = fetch(repo, route, wanted)
    for name in wanted:
        if name not in found:
            raise RepositoryError("no-branch", branch=name.removeprefix(_BRANCHES))
    head, base = (commit_of(repo, found[name]) for name in wanted)
    start = merge_base(repo, head, base)
    touched = touched_folders(repo, start, head, folders)
    return {
        "head": head.id.decode(),
        "base": base.id.decode(),
        "merge_base": start.id.decode() if start else "",
        "is_merged": start is not None and start.id == head.id,
        "commit": described(head),
        "folders": {
            folder: {
                "before": _side(repo, start, folder, most_bytes),
                "after": _side(repo, head, folder, most_bytes),
            }
            for folder in sorted(touched)
        },
    }


def merge_base(repo: Repo, head: Commit, base: Commit) -> Commit | None:
    """Where they parted; the newest such commit when there are several, None for unrelated histories."""
    candidates: Iterable[ObjectID] = find_merge_base(repo, [head.id, base.id])
    commits = [commit_of(repo, sha.decode()) for sha in candidates]
    return max(commits, key=lambda commit: (commit.commit_time, commit.id), default=None)


def _side(repo: Repo, commit: Commit | None, folder: str, most_bytes: int) -> dict[str, Any]:
    if commit is None:
        return {}
    try:
        files = folder_files(repo, commit.id.decode(), folder, most_bytes=most_bytes)
    except RepositoryError as error:
        return {} if error.kind == "missing" else {"error": error.code, "values": error.values}
    return {"files": {name: base64.b64encode(content).decode() for name, content in files.items()}}
