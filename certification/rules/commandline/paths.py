"""Which packages the arguments name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from certification.rules.commandline.exits import InputUnusable

_GLOB = frozenset("*?[")
_SIGNS = (".swagger.json", "apiproperties.json", ".csx")
_WEAK_SIGNS = frozenset(("readme.md", "intro.md", "icon.png", "settings.json"))
_DEEPEST_FOLDER = 4


def packages(arguments: Iterable[str]) -> list[Path]:
    """The packages that the arguments name, each once: folders, archives, single files, patterns, folders of
    packages. Raises InputUnusable.
    """
    try:
        return list(dict.fromkeys(path for argument in arguments for path in _packages(argument)))
    except OSError as error:
        raise InputUnusable(f"{error.filename}: {error.strerror or 'cannot be read'}") from None


def one_package(argument: str) -> Path:
    """The one package that an argument names. Raises InputUnusable."""
    found = packages([argument])
    if len(found) != 1:
        raise InputUnusable(f"{argument}: names {len(found)} packages; one is needed")
    return found[0]


def label(path: Path) -> str:
    """The path as it was given; for "." the name of the folder."""
    return str(path) if path.name else str(path.resolve().name or path)


def _packages(argument: str) -> Iterator[Path]:
    path = Path(argument)
    if path.exists():
        found = [path] if not path.is_dir() else list(_in_folder(path, _DEEPEST_FOLDER)) or [path]
        if path.is_dir() and found == [path] and not any(entry.is_file() for entry in path.iterdir()):
            raise InputUnusable(
                f"{argument}: no connector package in this folder; it holds at least "
                "apiDefinition.swagger.json and apiProperties.json"
            )
        yield from found
        return
    matches = list(_matches(argument)) if _GLOB & set(argument) else []
    if not matches:
        raise InputUnusable(f"{argument}: no such file or folder")
    for match in matches:
        if match.is_dir():
            yield from _in_folder(match, _DEEPEST_FOLDER)
        else:
            yield match


def _matches(pattern: str) -> list[Path]:
    """For shells that leave patterns to the command."""
    anchor = Path(pattern).anchor
    try:
        return sorted(Path(anchor).glob(pattern.removeprefix(anchor)))
    except (ValueError, NotImplementedError):
        return []


def _in_folder(folder: Path, depth: int) -> Iterator[Path]:
    """The folder when it is a package itself; otherwise the packages below it."""
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    names = {entry.name.casefold() for entry in entries if entry.is_file()}
    if any(name.endswith(_SIGNS) for name in names):
        yield folder
        return
    below: list[Path] = []
    if depth:
        for entry in entries:
            if entry.is_dir() and not entry.is_symlink():
                below.extend(_in_folder(entry, depth - 1))
    if below:
        yield from below
    elif names & _WEAK_SIGNS:
        yield folder
    yield from (entry for entry in entries if entry.is_file() and entry.suffix.casefold() == ".zip")
