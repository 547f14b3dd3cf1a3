"""Settings from `.connector-rules.toml`, overruled by the command line."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from certification.rules.commandline.exits import InputUnusable
from certification.rules.profiles import CHANGES, PUBLISHERS, Profile

FILE_NAME = ".connector-rules.toml"
FailOn = Literal["error", "warning", "never"]
Format = Literal["text", "json", "sarif", "github", "junit", "html"]
FAIL_ON: tuple[FailOn, ...] = get_args(FailOn)
FORMATS: tuple[Format, ...] = get_args(Format)
_MOST_JOBS = 256


@dataclass(frozen=True, slots=True)
class Settings:
    """What a command goes by, wherever it was said. `file` is the configuration file that was used."""

    profile: Profile = field(default_factory=Profile)
    selected: frozenset[str] | None = None
    fail_on: str = "error"
    format: str = "text"
    jobs: int = 1
    file: Path | None = None


def settings(options: argparse.Namespace, near: Path) -> Settings:
    """The settings for packages at `near`: the command line first, then the file, then the defaults. Raises
    InputUnusable.
    """
    file = _file(options, near)
    given = _read(file) if file else {}

    def setting(name: str, default: Any) -> Any:
        said = getattr(options, name.replace("-", "_"), None)
        return given.get(name, default) if said is None else said

    publisher = setting("publisher", "verified")
    change = _change(options, setting("change", "new"))
    return Settings(
        Profile(change, publisher),
        _selected(setting("select", []), setting("ignore", [])),
        setting("fail-on", "error"),
        setting("format", "text"),
        setting("jobs", 1),
        file,
    )


def _change(options: argparse.Namespace, change: Any) -> Any:
    if not getattr(options, "baseline", None):
        return change
    if options.change == "new":
        raise InputUnusable("--baseline is for updates; it cannot go with --change new")
    return "update"


def _file(options: argparse.Namespace, near: Path) -> Path | None:
    if options.no_config:
        return None
    if options.config:
        return Path(options.config)
    start = near.absolute() if near.is_dir() else near.absolute().parent
    return _above(start) or _above(Path.cwd())


def _above(start: Path) -> Path | None:
    """The file in this folder or the nearest above it, but not outside of the repository."""
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
        if (folder / ".git").exists():
            return None
    return None


def _read(file: Path) -> Mapping[str, Any]:
    try:
        data = tomllib.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        raise InputUnusable(f"{file}: {error.strerror or 'cannot be read'}") from None
    except ValueError as error:
        raise InputUnusable(f"{file}: {error}") from None
    for name, value in data.items():
        if name == "severity":
            raise InputUnusable(
                f"{file}: severities cannot be set: a package has the same verdict everywhere. "
                "Use select, ignore or fail-on to decide what fails here."
            )
        if name not in _KEYS:
            raise InputUnusable(f"{file}: unknown key {name!r}; known are {', '.join(_KEYS)}")
        expected, is_valid = _KEYS[name]
        if not is_valid(value):
            raise InputUnusable(f"{file}: {name} must be {expected}")
    return data


def _one_of(allowed: tuple[str, ...]) -> tuple[str, Callable[[Any], bool]]:
    return f"one of {', '.join(allowed)}", lambda value: isinstance(value, str) and value in allowed


def is_jobs(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_JOBS


def _is_ids(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


_KEYS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "publisher": _one_of(PUBLISHERS),
    "change": _one_of(CHANGES),
    "select": ("an array of rules or families", _is_ids),
    "ignore": ("an array of rules or families", _is_ids),
    "fail-on": _one_of(FAIL_ON),
    "format": _one_of(FORMATS),
    "jobs": (f"a number from 0 to {_MOST_JOBS}", is_jobs),
}


def _selected(select: list[str], ignore: list[str]) -> frozenset[str] | None:
    """The ids to run; None means all."""
    from certification.rules.registry import UnknownRule, matching, rules

    if not select and not ignore:
        return None
    try:
        wanted = matching(select) if select else frozenset(rules())
        return wanted - matching(ignore)
    except UnknownRule as error:
        raise InputUnusable(str(error)) from None
