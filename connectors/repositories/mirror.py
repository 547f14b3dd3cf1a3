"""A bare copy of a repository on this machine: fetched into, never checked out, without hooks."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dulwich.objects import Commit, ObjectID, Tree, parse_tree
from dulwich.refs import Ref
from dulwich.repo import Repo

from connectors.repositories.errors import RepositoryError
from connectors.repositories.limits import COMMITS_SHOWN
from connectors.repositories.transport import Route

MOST_COMMITS = 5_000
"""How far back a history is read for the newest commits of a folder."""
MOST_BRANCHES = 200
LONGEST_MESSAGE = 4_000
_TREES_KNOWN = 256
_HEADS = b"refs/heads/"


def opened(folder: Path) -> Repo:
    """The mirror there, made when there is none."""
    if (folder / "HEAD").exists():
        # What a child that was ended left half-written. The lock says that nobody writes now.
        for place in (folder / "objects", folder / "objects" / "pack"):
            for left in place.glob("tmp*"):
                left.unlink(missing_ok=True)
        return Repo(str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    return Repo.init_bare(str(folder))


def list_heads(route: Route) -> dict[str, str]:
    """Branch -> commit, without fetching anything; the first `MOST_BRANCHES` by name."""
    client, path = route.client()
    found = client.get_refs(path.encode()).refs
    return _heads(found)


def _heads(refs: Mapping[Any, Any]) -> dict[str, str]:
    names = sorted(name for name, sha in refs.items() if name.startswith(_HEADS) and sha)
    return {
        name.removeprefix(_HEADS).decode("utf-8", "replace"): refs[name].decode()
        for name in names[:MOST_BRANCHES]
    }


def fetch(repo: Repo, route: Route, wanted: Iterable[str]) -> dict[str, str]:
    """Bring the refs `wanted` (full names) up to date; returns those that exist as name -> commit."""
    names = [Ref(name.encode()) for name in dict.fromkeys(wanted)]
    client, path = route.client()

    def missing(refs: Mapping[Any, Any], depth: int | None = None) -> list[Any]:
        shas = {refs[name] for name in names if refs.get(name)}
        return [sha for sha in shas if sha not in repo.object_store]

    result = client.fetch(path.encode(), repo, determine_wants=missing, ref_prefix=list(names))
    found = {name: sha for name in names if (sha := result.refs.get(name))}
    for name in names:
        if name in found:
            repo.refs.set_if_equals(name, None, found[name])
            repo.refs[name] = found[name]
        elif name in repo.refs:
            del repo.refs[name]
    return {name.decode(): sha.decode() for name, sha in found.items()}


def commit_of(repo: Repo, sha: str) -> Commit:
    """Raises `RepositoryError` when it is not there or is no commit."""
    try:
        found = repo.object_store[ObjectID(sha.encode())]
    except (KeyError, ValueError):
        raise RepositoryError("no-commit", commit=sha[:12]) from None
    if not isinstance(found, Commit):
        raise RepositoryError("no-commit", commit=sha[:12])
    return found


def described(commit: Commit) -> dict[str, str]:
    """A commit in words: `sha`, `author`, `at` (ISO, UTC) and the first line of its message."""
    author = commit.author.decode("utf-8", "replace").partition(" <")[0]
    first = commit.message.decode("utf-8", "replace").strip().partition("\n")[0]
    try:
        at = datetime.fromtimestamp(commit.commit_time, UTC).isoformat()
    except (OverflowError, ValueError, OSError):
        at = datetime.fromtimestamp(0, UTC).isoformat()
    return {
        "sha": commit.id.decode(),
        "author": _plain(author)[:120],
        "at": at,
        "summary": _plain(first)[:200],
    }


def message_of(commit: Commit) -> str:
    """The whole message, as plain text of at most `LONGEST_MESSAGE` letters."""
    lines = commit.message.decode("utf-8", "replace").strip().splitlines()
    return "\n".join(_plain(line.expandtabs(4)) for line in lines)[:LONGEST_MESSAGE]


def _plain(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())


def history(repo: Repo, head: str, *, until: str = "") -> Iterator[tuple[Commit, Commit | None]]:
    """First parents from `head`, each with its own, up to and without `until`. A merge counts as one
    commit."""
    current: Commit | None = commit_of(repo, head)
    for _count in range(MOST_COMMITS):
        if current is None or current.id.decode() == until:
            return
        parents = current.parents
        parent = commit_of(repo, parents[0].decode()) if parents else None
        yield current, parent
        current = parent


def newest_by_folder(
    repo: Repo, head: str, folders: Sequence[str], *, until: str = ""
) -> tuple[dict[str, list[dict[str, str]]], bool]:
    """Folder -> the commits after `until` that touch it, newest first, at most `COMMITS_SHOWN` each; and
    whether `until` was come upon, which it is not after a branch was rewritten. One walk serves all folders.
    """
    found: dict[str, list[dict[str, str]]] = {folder: [] for folder in folders}
    open_folders, trees, way = set(found), _Trees(repo), _Step.to(folders)
    is_reached = head == until
    for commit, parent in history(repo, head, until=until):
        is_reached = parent is not None and parent.id.decode() == until
        touched = _differing(trees, parent.tree if parent else None, commit.tree, way)
        for folder in touched & open_folders:
            found[folder].append(described(commit))
            if len(found[folder]) == COMMITS_SHOWN:
                open_folders.discard(folder)
        if not open_folders:
            break
    return found, is_reached


def touched_folders(repo: Repo, base: Commit | None, head: Commit, folders: Iterable[str]) -> set[str]:
    """Those of `folders` in which something differs between two commits."""
    return _differing(_Trees(repo), base.tree if base else None, head.tree, _Step.to(folders))


@dataclass(slots=True)
class _Step:
    """A place on the way to the folders that are asked for; `folder` is the name of one that ends here."""

    folder: str | None = None
    below: dict[bytes, _Step] = field(default_factory=dict)

    @classmethod
    def to(cls, folders: Iterable[str]) -> _Step:
        root = cls()
        for folder in folders:
            step = root
            for part in folder.split("/") if folder else []:
                step = step.below.setdefault(part.encode(), cls())
            step.folder = folder
        return root


class _Trees:
    """Entries of trees as (name, mode, id), the last ones remembered: a commit's are its child's base."""

    def __init__(self, repo: Repo) -> None:
        self._store = repo.object_store
        self._known: dict[ObjectID, frozenset[Any]] = {}

    def entries(self, sha: ObjectID | None) -> frozenset[Any]:
        if sha is None:
            return frozenset()
        if sha not in self._known:
            if len(self._known) > _TREES_KNOWN:
                self._known.clear()
            found = self._store[sha]
            self._known[sha] = frozenset(_parsed(found)) if isinstance(found, Tree) else frozenset()
        return self._known[sha]


def _parsed(tree: Tree) -> Iterable[tuple[bytes, int, bytes]]:
    # Not `iteritems`, which sorts and makes an object of every entry: that is half of a walk's time.
    return parse_tree(tree.as_raw_string(), 20)


def _differing(trees: _Trees, old: ObjectID | None, new: ObjectID | None, step: _Step) -> set[str]:
    """Only trees on the way to a wanted folder are opened: a repository has many others."""
    if old == new:
        return set()
    found: set[str] = {step.folder} if step.folder is not None else set()
    if step.below:
        before, after = trees.entries(old), trees.entries(new)
        gone = {entry[0]: entry for entry in before - after}
        come = {entry[0]: entry for entry in after - before}
        for name in gone.keys() | come.keys():
            if name in step.below:
                sides = (_tree_id(gone.get(name)), _tree_id(come.get(name)))
                found |= _differing(trees, *sides, step.below[name])
                if sides[0] == sides[1] and (folder := step.below[name].folder) is not None:
                    # A file that became another one, or a mode that changed.
                    found.add(folder)
    return found


def _tree_id(entry: Any) -> ObjectID | None:
    return ObjectID(entry[2]) if entry is not None and stat.S_ISDIR(entry[1]) else None
