"""Workflow commands of GitHub Actions: annotations at the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from certification.rules.commandline.origin import Origin, relative
from certification.rules.commandline.output import Checked, View
from certification.rules.findings import Finding, Report
from certification.rules.registry import metadata

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


@dataclass(frozen=True)
class Format:
    view: View

    def part(self, report: Report, origin: Origin) -> str:
        return "".join(self._command(finding, origin) for finding in report.findings)

    def document(self, parts: Iterable[Checked]) -> Iterator[str]:
        for part in parts:
            yield part.text

    def _command(self, finding: Finding, origin: Origin) -> str:
        place = {"file": relative(origin.on_disk(finding), self.view.folder)}
        region = None if origin.is_archive else origin.region(finding)
        message = f"{finding.message} {finding.fix}"
        if region:
            place |= {"line": str(region.line), "endLine": str(region.end_line)}
            # Columns are understood only within one line.
            if region.line == region.end_line:
                place |= {"col": str(region.column), "endColumn": str(region.end_column)}
        elif origin.is_archive and finding.file:
            message = f"{finding.file}:{finding.line}:{finding.column}: {message}"
        place["title"] = f"{finding.rule} {metadata()[finding.rule].title}"
        properties = ",".join(f"{name}={_property(text)}" for name, text in place.items())
        return f"::{_COMMANDS[finding.severity]} {properties}::{_data(message)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
