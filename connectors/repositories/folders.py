"""The files of one folder of one commit. What is no plain small file is refused with its name."""

from __future__ import annotations

import stat

from dulwich.objects import S_ISGITLINK, Blob, ObjectID, Tree
from dulwich.repo import Repo

from connectors.repositories.errors import RepositoryError
from connectors.repositories.mirror import commit_of

MOST_FILES = 60
MOST_DEPTH = 6
_LFS = b"version https://git-lfs.github.com/spec/"


def folder_files(repo: Repo, sha: str, folder: str, *, most_bytes: int) -> dict[str, bytes]:
    """Relative name -> content. Raises `RepositoryError` for links, submodules, pointers of LFS, and for
    more than `MOST_FILES` files or `most_bytes` bytes."""
    tree = _folder(repo, commit_of(repo, sha).tree, folder)
    files: dict[str, bytes] = {}
    left = [most_bytes]
    _collect(repo, tree, "", files, left)
    if not files:
        raise RepositoryError("folder-empty", folder=folder or "/", commit=sha[:12])
    return files


def _folder(repo: Repo, root: ObjectID, folder: str) -> Tree:
    current = repo.object_store[root]
    for part in folder.split("/") if folder else []:
        try:
            mode, sha = current[part.encode()]  # type: ignore[index]
        except KeyError:
            raise RepositoryError("no-folder", folder=folder) from None
        _check_kind(folder, mode)
        current = repo.object_store[sha]
        if not isinstance(current, Tree):
            raise RepositoryError("file-not-folder", folder=folder)
    assert isinstance(current, Tree)
    return current


def _collect(repo: Repo, tree: Tree, prefix: str, files: dict[str, bytes], left: list[int]) -> None:
    if prefix.count("/") > MOST_DEPTH:
        raise RepositoryError("too-deep", most=MOST_DEPTH, name=prefix)
    for entry in tree.iteritems():
        name = prefix + entry.path.decode("utf-8", "replace")
        _check_kind(name, entry.mode)
        found = repo.object_store[entry.sha]
        if isinstance(found, Tree):
            _collect(repo, found, f"{name}/", files, left)
        elif isinstance(found, Blob):
            files[name] = _content(name, found, left)
            if len(files) > MOST_FILES:
                raise RepositoryError("too-many-files", most=MOST_FILES)


def _check_kind(name: str, mode: int) -> None:
    if S_ISGITLINK(mode):
        raise RepositoryError("submodule", name=name)
    if stat.S_ISLNK(mode):
        raise RepositoryError("link", name=name)


def _content(name: str, blob: Blob, left: list[int]) -> bytes:
    size = blob.raw_length()
    left[0] -= size
    if left[0] < 0:
        raise RepositoryError("too-many-bytes", name=name)
    content: bytes = blob.data
    if content.startswith(_LFS):
        raise RepositoryError("lfs-pointer", name=name)
    return content
