"""The command line: `connector-rules`, the same as `python -m certification.rules`; needs no Django and no
database.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from certification.rules.profiles import CHANGES, PUBLISHERS, Profile
from certification.rules.version import RULES_VERSION

if TYPE_CHECKING:
    from certification.rules.findings import Report

EXIT_CLEAN, EXIT_FINDINGS, EXIT_UNUSABLE = 0, 1, 2
_GLOB = frozenset("*?[")
_SIGNS = (".swagger.json", "apiproperties.json", ".csx")
_WEAK_SIGNS = frozenset(("readme.md", "intro.md", "icon.png", "settings.json"))
_DEEPEST_FOLDER = 4


class InputUnusable(Exception):
    """A path that names nothing that can be checked, or an id that names no rule."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0 clean, 1 findings that fail, 2 unusable input."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except InputUnusable as error:
        print(f"connector-rules: {error}", file=sys.stderr)  # noqa: T201
        return EXIT_UNUSABLE
    except BrokenPipeError:
        # The reader (head, less) has seen enough; nothing more can be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FINDINGS
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="connector-rules", description="Check connector packages against the certification rules."
    )
    parser.add_argument("--version", action="version", version=f"rules {RULES_VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser(
        "check",
        help="check packages",
        description="Check packages. PATH: a folder, a .zip, one file, a pattern, or a folder of packages.",
        epilog="Exit code: 0 nothing that fails, 1 findings that fail, 2 unusable input.",
    )
    check.add_argument("paths", nargs="+", metavar="PATH")
    check.add_argument(
        "--format", choices=("text", "json"), default="text", help="json: one array, an object each"
    )
    check.add_argument("--publisher", choices=PUBLISHERS, default="verified")
    check.add_argument("--change", choices=CHANGES, default="new")
    check.add_argument(
        "--select", action="append", metavar="IDS", help="only these rules or families: INF,PKG-012"
    )
    check.add_argument("--ignore", action="append", metavar="IDS", help="not these rules or families")
    check.add_argument(
        "--fail-on", choices=("error", "warning"), default="error", help="what makes the exit code 1"
    )
    check.add_argument("--all", action="store_true", help="text: show every place of every rule")
    check.set_defaults(run=_check)
    show = commands.add_parser("rules", help="list the rules or explain one")
    show.add_argument("id", nargs="?", metavar="ID")
    show.add_argument("--format", choices=("text", "json"), default="text")
    show.set_defaults(run=_rules)
    return parser


def _check(options: argparse.Namespace) -> int:
    from certification.rules.engine import check_package
    from certification.rules.output import JsonWriter, TextWriter
    from connectors.definitions import read_path

    profile = Profile(options.change, options.publisher)
    selected = _selected(options.select, options.ignore)
    paths = [path for argument in options.paths for path in _packages(argument)]
    writer = (
        JsonWriter(sys.stdout) if options.format == "json" else TextWriter(sys.stdout, show_all=options.all)
    )
    fails = False
    for path in dict.fromkeys(paths):
        try:
            package = read_path(path)
        except OSError as error:
            raise InputUnusable(f"{path}: {error.strerror or 'cannot be read'}") from None
        report = check_package(package, profile, selected=selected, label=_label(path))
        writer.write(report)
        fails |= _fails(report, options.fail_on)
    writer.close()
    return EXIT_FINDINGS if fails else EXIT_CLEAN


def _fails(report: Report, fail_on: str) -> bool:
    failing = ("error",) if fail_on == "error" else ("error", "warning")
    return any(finding.severity in failing for finding in report.findings)


def _label(path: Path) -> str:
    return str(path) if path.name else str(path.resolve().name or path)


def _selected(select: list[str] | None, ignore: list[str] | None) -> frozenset[str] | None:
    """The ids to run; None means all."""
    from certification.rules.registry import rules

    if not select and not ignore:
        return None
    wanted = _matching(select) if select else frozenset(rules())
    return wanted - _matching(ignore or [])


def _matching(patterns: list[str]) -> frozenset[str]:
    """The ids named by comma-separated ids or families such as "INF" and "PKG-012"."""
    from certification.rules.registry import rules

    found: set[str] = set()
    for pattern in (part.strip() for text in patterns for part in text.split(",")):
        folded = pattern.casefold()
        ids = {
            name
            for name, rule in rules().items()
            if folded in (name.casefold(), rule.about.family.casefold())
        }
        if not ids:
            raise InputUnusable(f"{pattern!r} is neither a rule nor a family of rules")
        found |= ids
    return frozenset(found)


def _packages(argument: str) -> Iterator[Path]:
    """The packages that an argument names, in the order of their names."""
    path = Path(argument)
    if path.exists():
        found = [path] if not path.is_dir() else list(_in_folder(path, _DEEPEST_FOLDER)) or [path]
        if path.is_dir() and found == [path] and not any(entry.is_file() for entry in path.iterdir()):
            raise InputUnusable(f"{argument}: no connector package in this folder")
        yield from found
        return
    if _GLOB & set(argument):
        anchor = Path(path.anchor) if path.anchor else Path()
        pattern = str(path.relative_to(path.anchor)) if path.anchor else argument
        matches = sorted(anchor.glob(pattern))
        if matches:
            for match in matches:
                if match.is_dir():
                    yield from _in_folder(match, _DEEPEST_FOLDER)
                else:
                    yield match
            return
    raise InputUnusable(f"{argument}: no such file or folder")


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


def _rules(options: argparse.Namespace) -> int:
    from certification.rules.output import rule_table
    from certification.rules.rulebook import catalogue, rule_info

    if options.format == "json":
        import json

        infos = [rule_info(options.id)] if options.id else catalogue()
        if None in infos:
            raise InputUnusable(f"there is no rule {options.id!r}")
        json.dump([info.to_dict() for info in infos if info], sys.stdout, indent=1, ensure_ascii=False)
        sys.stdout.write("\n")
        return EXIT_CLEAN
    if options.id is None:
        rule_table([info.id for info in catalogue()], sys.stdout)
        return EXIT_CLEAN
    info = rule_info(options.id)
    if info is None:
        raise InputUnusable(f"there is no rule {options.id!r}")
    sys.stdout.write(info.as_text())
    return EXIT_CLEAN
