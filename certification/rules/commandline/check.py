"""`connector-rules check`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from certification.rules.commandline import paths
from certification.rules.commandline.checking import Job, Task, check_all
from certification.rules.commandline.config import Settings, settings
from certification.rules.commandline.exits import EXIT_CLEAN, EXIT_FINDINGS, EXIT_UNUSABLE, InputUnusable
from certification.rules.commandline.output import Checked, Output, View, output
from certification.rules.commandline.output_statistics import Statistics
from certification.rules.commandline.progress import Progress
from certification.rules.commandline.style import Style
from certification.rules.commandline.writing import output_stream, write_atomically
from certification.rules.receipts import canonical, private_key_from, sign
from certification.rules.registry import rules

_UNCHANGED = "UPD-043"


def run(options: argparse.Namespace) -> int:
    found = paths.packages(options.paths)
    chosen = settings(options, found[0])
    key = _receipt_key(options, chosen, found)
    tasks = _tasks(found, options.baseline)
    with output_stream(options.output) as stream:
        wanted = _output(options, chosen, Style.of(stream))
        selected = _selected(options, chosen, is_many=len(found) > 1)
        job = Job(chosen.profile, selected, wanted, bool(options.baseline), bool(options.receipt))
        watch = _Watch(chosen.fail_on)
        with Progress(len(tasks)) as progress:
            for text in wanted.document(watch.over(check_all(job, tasks, chosen.jobs), progress)):
                if stream.isatty():
                    progress.hide()
                stream.write(text)
    if options.receipt:
        _write_receipt(Path(options.receipt), watch.last, key)
    return watch.exit_code()


def _selected(options: argparse.Namespace, chosen: Settings, *, is_many: bool) -> frozenset[str] | None:
    """Of many packages that are compared with their published versions most did not change, and those are no
    updates that could be told off for it. One package that is named is meant to be one.
    """
    if not (options.baseline and is_many) or options.select:
        return chosen.selected
    return (frozenset(rules()) if chosen.selected is None else chosen.selected) - {_UNCHANGED}


def _output(options: argparse.Namespace, chosen: Settings, style: Style) -> Output:
    if options.statistics:
        if chosen.format not in ("text", "json"):
            raise InputUnusable("--statistics goes with --format text or json")
        return Statistics(chosen.format == "json", style)
    folder = os.environ.get("GITHUB_WORKSPACE") or str(Path.cwd())
    view = View(chosen.fail_on, style.coloured, options.all, options.quiet, folder)
    return output(chosen.format, view)


class _Watch:
    """Looks at all results on their way to the output."""

    def __init__(self, fail_on: str) -> None:
        self._view = View(fail_on)
        self._fails = False
        self._has_problem = False
        self.last: Checked | None = None

    def over(self, results: Iterable[Checked], progress: Progress) -> Iterator[Checked]:
        for result in results:
            progress.advance()
            if result.problem:
                self._has_problem = True
                progress.hide()
                print(f"connector-rules: {result.problem}", file=sys.stderr)  # noqa: T201
                continue
            self._fails |= any(count and self._view.fails(name) for name, count in result.counts.items())
            self.last = result
            yield result

    def exit_code(self) -> int:
        if self._has_problem:
            return EXIT_UNUSABLE
        return EXIT_FINDINGS if self._fails else EXIT_CLEAN


def _tasks(found: list[Path], baseline: str | None) -> list[Task]:
    """Each package with its previous version: for one package that is the baseline, of several packages the
    one of the same name in that folder.
    """
    if baseline is None:
        return [Task(path) for path in found]
    if len(found) == 1:
        return [Task(found[0], paths.one_package(baseline))]
    previous = {_name(path): path for path in paths.packages([baseline])}
    return [Task(path, previous.get(_name(path))) for path in found]


def _name(path: Path) -> str:
    name = paths.label(path).rpartition(os.sep)[2]
    return name[:-4] if name.casefold().endswith(".zip") else name


def _receipt_key(options: argparse.Namespace, chosen: Settings, found: list[Path]) -> bytes | None:
    """Everything that forbids a receipt is said before the work begins."""
    if options.receipt_key and not options.receipt:
        raise InputUnusable("--receipt-key needs --receipt")
    if not options.receipt:
        return None
    if len(found) != 1:
        raise InputUnusable(f"a receipt is about one package; {len(found)} are named")
    if chosen.selected is not None:
        raise InputUnusable(
            "a receipt is about all rules: it cannot go with --select or --ignore"
            + (f" (set in {chosen.file})" if not (options.select or options.ignore) else "")
        )
    if not options.receipt_key:
        return None
    try:
        content = Path(options.receipt_key).read_bytes()
        private_key_from(content)
    except OSError as error:
        raise InputUnusable(f"{options.receipt_key}: {error.strerror or 'cannot be read'}") from None
    except ValueError as error:
        raise InputUnusable(f"{options.receipt_key}: {error}") from None
    return content


def _write_receipt(path: Path, result: Checked | None, key: bytes | None) -> None:
    if result is None:
        return
    if result.receipt is None:
        raise InputUnusable("a refused package has no digest; no receipt was written")
    receipt = dict(result.receipt)
    write_atomically(path, canonical(sign(receipt, private_key_from(key)) if key else receipt) + b"\n")
