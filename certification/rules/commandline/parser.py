"""The arguments that the command understands."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from certification.rules.commandline.config import FAIL_ON, FILE_NAME, FORMATS, is_jobs
from certification.rules.profiles import CHANGES, PUBLISHERS
from certification.rules.version import RULES_VERSION

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_PATHS = "PATH: a folder, a .zip, one file, a pattern, or a folder of packages."


def parser() -> argparse.ArgumentParser:
    """The whole command; `run` of the parsed options carries it out and returns the exit code."""
    command = argparse.ArgumentParser(
        prog="connector-rules", description="Check connector packages against the certification rules."
    )
    command.add_argument("--version", action="version", version=f"rules {RULES_VERSION}")
    commands = command.add_subparsers(required=True, metavar="COMMAND")
    _add_check(commands)
    _add_diff(commands)
    _add_fix(commands)
    _add_rules(commands)
    _add_verify(commands)
    return command


def _add_check(commands: Commands) -> None:
    check = commands.add_parser(
        "check",
        help="check packages",
        description=f"Check packages. {_PATHS}",
        epilog="Exit code: 0 nothing that fails, 1 findings that fail, 2 unusable input, 130 interrupted.",
    )
    check.add_argument("paths", nargs="+", metavar="PATH")
    check.add_argument("--format", choices=FORMATS)
    check.add_argument("--output", metavar="FILE", help="write there instead of to standard output")
    _add_profile(check)
    check.add_argument("--baseline", metavar="OLD", help="the version published now; implies --change update")
    check.add_argument("--fail-on", choices=FAIL_ON, help="what makes the exit code 1 (error)")
    check.add_argument("--jobs", type=_jobs, metavar="N", help="processes; 0: one for each core (1)")
    show = check.add_mutually_exclusive_group()
    show.add_argument("--all", action="store_true", help="text: every place of every rule")
    show.add_argument("--quiet", action="store_true", help="text: only what fails")
    show.add_argument("--statistics", action="store_true", help="text and json: only counts for each rule")
    check.add_argument("--receipt", metavar="FILE", help="write a receipt of the verdict over one package")
    check.add_argument("--receipt-key", metavar="KEYFILE", help="sign it with this Ed25519 key (PEM)")
    _add_config(check)
    check.set_defaults(run=_runner("check"))


def _add_diff(commands: Commands) -> None:
    diff = commands.add_parser(
        "diff",
        help="compare two versions of a connector",
        description="Compare two versions of a connector, as those who use it would see the change.",
        epilog="Exit code: 0 nothing that fails, 1 changes that fail, 2 unusable input.",
    )
    diff.add_argument("old", metavar="OLD")
    diff.add_argument("new", metavar="NEW")
    diff.add_argument("--format", choices=("text", "json", "markdown"), default="text")
    diff.add_argument("--output", metavar="FILE", help="write there instead of to standard output")
    diff.add_argument("--changelog", action="store_true", help="print a draft of the change log only")
    diff.add_argument(
        "--fail-on",
        choices=("breaking", "behavioural", "never"),
        default="breaking",
        help="the least change that makes the exit code 1 (breaking)",
    )
    diff.set_defaults(run=_runner("diff"))


def _add_fix(commands: Commands) -> None:
    fix = commands.add_parser(
        "fix",
        help="repair what can be repaired mechanically",
        description=f"Show the repairs of packages as a unified diff, or carry them out. {_PATHS}",
        epilog="Exit code: 0 nothing to repair, or repaired (--apply), 1 there are repairs, 2 unusable.",
    )
    fix.add_argument("paths", nargs="+", metavar="PATH")
    fix.add_argument("--apply", action="store_true", help="change the files; a .zip gets a new one beside it")
    fix.add_argument("--output", metavar="FILE", help="with --apply: the new .zip")
    _add_profile(fix)
    fix.add_argument("--baseline", metavar="OLD", help="the version published now; implies --change update")
    _add_config(fix)
    fix.set_defaults(run=_runner("fix"))


def _add_rules(commands: Commands) -> None:
    rules = commands.add_parser("rules", help="list the rules, or explain one")
    rules.add_argument("id", nargs="?", metavar="ID", help="a rule, or a family of rules")
    rules.add_argument("--format", choices=("text", "json"), default="text")
    rules.set_defaults(run=_runner("listing"))


def _add_verify(commands: Commands) -> None:
    verify = commands.add_parser(
        "verify",
        help="compare a receipt with a package",
        description="Tell whether a receipt belongs to a package, who signed it, and whether it still holds.",
        epilog="Exit code: 0 the receipt holds and its verdict is pass, 1 otherwise, 2 unusable input.",
    )
    verify.add_argument("receipt", metavar="RECEIPT")
    verify.add_argument("path", metavar="PATH")
    verify.add_argument("--public-key", metavar="FILE", help="the key it must be signed with (PEM)")
    verify.add_argument("--any-rules", action="store_true", help="accept a receipt of another rule set")
    verify.add_argument("--recheck", action="store_true", help="check the package again and compare")
    verify.set_defaults(run=_runner("verify"))


def _add_profile(command: argparse.ArgumentParser) -> None:
    command.add_argument("--publisher", choices=PUBLISHERS, help="whose connector it is (verified)")
    command.add_argument("--change", choices=CHANGES, help="a new connector or an update (new)")
    command.add_argument(
        "--select", action="append", metavar="IDS", help="only these rules or families: INF,PKG-012"
    )
    command.add_argument("--ignore", action="append", metavar="IDS", help="not these rules or families")


def _add_config(command: argparse.ArgumentParser) -> None:
    config = command.add_mutually_exclusive_group()
    config.add_argument("--config", metavar="FILE", help=f"instead of the nearest {FILE_NAME}")
    config.add_argument("--no-config", action="store_true", help=f"read no {FILE_NAME}")


def _jobs(text: str) -> int:
    jobs = int(text)
    if not is_jobs(jobs):
        raise argparse.ArgumentTypeError("a number from 0 to 256 is needed")
    return jobs


def _runner(module: str) -> Callable[[argparse.Namespace], int]:
    """The command is imported when it is run: `--help` and `rules` need none of the others."""

    def run(options: argparse.Namespace) -> int:
        code: int = importlib.import_module(f"certification.rules.commandline.{module}").run(options)
        return code

    return run
