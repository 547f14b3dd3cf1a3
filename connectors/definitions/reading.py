"""The ways into a package: an archive, files by name, or a path on disk. Bad content never raises."""

from __future__ import annotations

import operator
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from connectors.definitions.archive import Member, unpack
from connectors.definitions.names import check_name, clashes, is_archive, is_junk, printable
from connectors.definitions.package import Package, assemble
from connectors.definitions.problems import Limits, Problem, problem, shown


def read_archive(data: bytes, *, filename: str = "", limits: Limits | None = None) -> Package:
    """The package in a zip archive."""
    limits = limits or Limits()
    unpacked = unpack(data, limits)
    return assemble(unpacked.members, unpacked.problems, filename=filename, limits=limits)


def read_files(files: Mapping[str, bytes], *, filename: str = "", limits: Limits | None = None) -> Package:
    """The package made of single files: relative path with "/" to content."""
    limits = limits or Limits()
    members = [Member(path, len(content), len(content), content) for path, content in files.items()]
    problems = list(_file_problems(members, limits))
    if problems:
        members = [Member(printable(member.path), member.size, member.compressed_size) for member in members]
    return assemble(members, problems, filename=filename, limits=limits)


def _file_problems(members: list[Member], limits: Limits) -> Iterator[Problem]:
    if not members:
        yield problem("empty-archive", "There is no file.", "")
    if len(members) > limits.entries:
        yield problem(
            "too-many-entries", f"There are {len(members)} files; {limits.entries} are allowed.", ""
        )
        return
    size = sum(member.size for member in members)
    if size > limits.expanded_bytes:
        yield problem(
            "too-large", f"The files have {size:,} bytes; {limits.expanded_bytes:,} are allowed.", ""
        )
    named = [found for member in members if (found := check_name(member.path, limits))]
    yield from named or clashes(member.path for member in members)
    for member in members:
        if is_archive(member.path, member.content or b"") and not is_junk(member.path):
            yield problem("nested-archive", f"{shown(member.path)} is an archive.", printable(member.path))


def read_path(path: str | os.PathLike[str], *, limits: Limits | None = None) -> Package:
    """The package at a path: a zip archive, a folder, or one file of a package. Links are not followed.

    Raises OSError when the path cannot be read at all.
    """
    limits = limits or Limits()
    root = Path(path)
    if root.is_dir():
        return _read_folder(root, limits)
    with root.open("rb") as opened:
        data = opened.read(limits.expanded_bytes + 1)
    if root.suffix.lower() == ".zip" or data.startswith(b"PK\3\4"):
        return read_archive(data, filename=root.name, limits=limits)
    return read_files({root.name: data}, filename=root.name, limits=limits)


def _read_folder(root: Path, limits: Limits) -> Package:
    files: dict[str, bytes] = {}
    left = limits.expanded_bytes
    refused: list[Problem] = []
    for name, entry in _walk(root, limits, refused):
        content = _read_regular(entry, left)
        files[name] = content
        left -= len(content)
        if left < 0 or len(files) > limits.entries:
            break
    if refused:
        members = [Member(printable(name), len(content), len(content)) for name, content in files.items()]
        return assemble(members, refused, filename=root.name, limits=limits)
    return read_files(files, filename=root.name, limits=limits)


def _walk(root: Path, limits: Limits, refused: list[Problem]) -> Iterator[tuple[str, str]]:
    """Regular files below a folder by relative name; whatever else lies there is refused."""
    pending = [("", os.fspath(root))]
    seen = 0
    while pending:
        inside, folder = pending.pop()
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=_BY_NAME)
        for entry in entries:
            name = inside + entry.name
            seen += 1
            if seen > 4 * limits.entries:
                refused.append(problem("too-many-entries", f"More than {limits.entries} files.", ""))
                return
            if entry.is_dir(follow_symlinks=False):
                if not is_junk(name):
                    pending.append((name + "/", entry.path))
            elif entry.is_symlink():
                refused.append(problem("link-entry", f"{shown(name)} is a link.", printable(name)))
            elif not entry.is_file(follow_symlinks=False):
                refused.append(
                    problem("special-entry", f"{shown(name)} is no regular file.", printable(name))
                )
            else:
                yield name, entry.path


_BY_NAME = operator.attrgetter("name")


def _read_regular(path: str, left: int) -> bytes:
    """At most one byte more than is left; a file swapped for a link or a pipe after the listing is not
    opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(f"{os.path.basename(path)} is no regular file")
        # A buffer for all that is left would cost more than the reading; a file that grows meanwhile is cut.
        wanted = max(0, min(left, found.st_size)) + 1
        content = os.read(descriptor, wanted)
        # One call nearly always gives all there is; a file object costs as much as opening the file.
        while len(content) < wanted and (more := os.read(descriptor, wanted - len(content))):
            content += more
        return content
    finally:
        os.close(descriptor)
