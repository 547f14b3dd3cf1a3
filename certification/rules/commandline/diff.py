"""`connector-rules diff`."""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from certification.rules.commandline import paths
from certification.rules.commandline.exits import EXIT_CLEAN, EXIT_FINDINGS, InputUnusable
from certification.rules.commandline.style import Style, counted, printable
from certification.rules.commandline.writing import output_stream
from connectors.definitions import Package, openapi, read_path
from connectors.definitions.diff import (
    IMPACTS,
    Change,
    Difference,
    Impact,
    compare,
    draft_changelog,
    propose_version,
)

_COLOURS = {"breaking": "error", "behavioural": "warning", "additive": "info", "cosmetic": "dim"}
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|~&])")


def run(options: argparse.Namespace) -> int:
    old, new = (_read(paths.one_package(name)) for name in (options.old, options.new))
    found = Comparison(old, new, compare(old.package, new.package))
    with output_stream(options.output) as stream:
        if options.changelog:
            stream.write(draft_changelog(found.difference).rstrip() + "\n")
        elif options.format == "json":
            stream.write(json.dumps(found.as_data(), ensure_ascii=False, indent=1) + "\n")
        elif options.format == "markdown":
            stream.writelines(f"{line}\n" for line in found.as_markdown())
        else:
            stream.writelines(f"{line}\n" for line in found.as_text(Style.of(stream)))
    return EXIT_FINDINGS if _fails(found.difference, options.fail_on) else EXIT_CLEAN


def _fails(difference: Difference, fail_on: str) -> bool:
    if fail_on == "never" or difference.impact is None:
        return False
    least: Impact = "breaking" if fail_on == "breaking" else "behavioural"
    return IMPACTS.index(difference.impact) >= IMPACTS.index(least)


@dataclass(frozen=True, slots=True)
class _Version:
    """One of the two packages."""

    path: Path
    package: Package

    @property
    def number(self) -> str:
        document = self.package.definition
        return openapi.text(openapi.mapping(document.value, "info"), "version") if document else ""

    def place(self, name: str, pointer: str) -> dict[str, Any]:
        """Where a change stands in this version; without line when the file is not JSON."""
        documents = self.package.documents.values()
        document = next((found for found in documents if found.file.name == name), None)
        if document is None:
            return {"file": name, "pointer": pointer, "line": 0, "column": 0}
        span = document.locate(pointer)
        return {"file": name, "pointer": pointer, "line": span.line, "column": span.column}


def _read(path: Path) -> _Version:
    try:
        package = read_path(path)
    except OSError as error:
        raise InputUnusable(f"{path}: {error.strerror or 'cannot be read'}") from None
    if package.is_refused:
        raise InputUnusable(f"{path}: {package.problems[0].message}")
    return _Version(path, package)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions, what differs, and the ways to say it."""

    old: _Version
    new: _Version
    difference: Difference

    @property
    def proposed(self) -> str:
        return propose_version(self.old.number, self.difference)

    def as_data(self) -> dict[str, Any]:
        return {
            "old": {"package": paths.label(self.old.path), "version": self.old.number},
            "new": {"package": paths.label(self.new.path), "version": self.new.number},
            "impact": self.difference.impact,
            "is_complete": self.difference.is_complete,
            "proposed_version": self.proposed,
            "changes": [self._change(change) for change in self.difference.changes],
            "changelog": draft_changelog(self.difference),
        }

    def as_text(self, style: Style) -> Iterator[str]:
        for impact, changes in self._groups():
            yield f"{style(_COLOURS[impact], impact)}  {counted(len(changes), 'change')}"
            for change in changes:
                yield f"  {style('dim', printable(self._shown(change)))}  {change.sentence}"
            yield ""
        yield from self._closing()

    def as_markdown(self) -> Iterator[str]:
        for impact, changes in self._groups():
            yield f"### {impact.capitalize()} ({len(changes)})"
            yield ""
            for change in changes:
                yield f"- {_escaped(change.sentence)}"
            yield ""
        yield from map(_escaped, self._closing())

    def _groups(self) -> Iterator[tuple[Impact, tuple[Change, ...]]]:
        for impact in reversed(IMPACTS):
            changes = self.difference.with_impact(impact)
            if changes:
                yield impact, changes

    def _closing(self) -> Iterator[str]:
        if self.difference.is_empty:
            yield "Nothing changed."
            return
        if not self.difference.is_complete:
            yield "The comparison was cut off; more may have changed, and it counts as breaking."
        old, new, proposed = (printable(text) for text in (self.old.number, self.new.number, self.proposed))
        verdict = "as proposed" if new == proposed else f"proposed is {proposed}"
        yield f"Version {old or 'unknown'} became {new or 'unknown'}; {verdict}."

    def _shown(self, change: Change) -> str:
        """The file and line of a change, in the new version where it still stands there."""
        version, place = self.new, self.new.place(change.new_file, change.new_pointer)
        if not place["file"]:
            version, place = self.old, self.old.place(change.old_file, change.old_pointer)
        name = os.path.join(version.path, place["file"]) if version.path.is_dir() else place["file"]
        return f"{name}:{place['line']}:{place['column']}" if place["line"] else name

    def _change(self, change: Change) -> dict[str, Any]:
        return {
            "kind": change.kind,
            "impact": change.impact,
            "direction": change.direction,
            "operation": change.operation_id,
            "also_in": list(change.also_in),
            "subject": change.subject,
            "sentence": change.sentence,
            "old": self.old.place(change.old_file, change.old_pointer),
            "new": self.new.place(change.new_file, change.new_pointer),
        }


def _escaped(text: str) -> str:
    """Text of a package is neither markup nor a mention of somebody."""
    return _MARKDOWN.sub(r"\\\1", printable(text)).replace("@", "&#64;")
