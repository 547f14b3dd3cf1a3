"""Reports as text for people and as JSON for programs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import IO

from certification.rules.findings import Finding, Report, count_by_severity
from certification.rules.profiles import SEVERITIES, Severity
from certification.rules.registry import metadata

_COLOURS = {"error": "31", "warning": "33", "info": "36", "pass": "32", "fail": "31", "bold": "1", "dim": "2"}
_PLACES_SHOWN = 10


class Style:
    """Colours for a terminal; plain text for everything else, and wherever NO_COLOR is set."""

    def __init__(self, stream: IO[str]) -> None:
        self.enabled = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def __call__(self, name: str, text: str) -> str:
        return f"\x1b[{_COLOURS[name]}m{text}\x1b[0m" if self.enabled else text


def json_entry(report: Report) -> dict[str, object]:
    """One report as an element of the JSON output: the documented members, then the rest."""
    wanted = (
        "rule",
        "severity",
        "message",
        "fix",
        "file",
        "pointer",
        "line",
        "column",
        "length",
        "fingerprint",
        "group",
    )
    data = report.to_dict()
    findings = [{name: finding[name] for name in wanted} for finding in data.pop("findings")]
    return {
        "package": data.pop("package"),
        "rules_version": data.pop("rules_version"),
        "findings": findings,
        **data,
    }


class JsonWriter:
    """A JSON array, written element by element: thousands of packages are never held in memory together."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._separator = "[\n"

    def write(self, report: Report) -> None:
        self._stream.write(self._separator + json.dumps(json_entry(report), ensure_ascii=False))
        self._separator = ",\n"

    def close(self) -> None:
        self._stream.write("[]\n" if self._separator == "[\n" else "\n]\n")


class TextWriter:
    """Findings grouped by rule, errors first, and a last line that sums up."""

    def __init__(self, stream: IO[str], *, show_all: bool = False) -> None:
        self._stream = stream
        self._style = Style(stream)
        self._places = None if show_all else _PLACES_SHOWN
        self._verdicts: list[str] = []
        self._counts: dict[str, int] = dict.fromkeys(SEVERITIES, 0)

    def write(self, report: Report) -> None:
        style, counts = self._style, count_by_severity(report.findings)
        self._verdicts.append(report.verdict)
        for severity, count in counts.items():
            self._counts[severity] += count
        head = f"{style('bold', report.package)}  {style(report.verdict, report.verdict)}"
        self._stream.write(f"{head}  {style('dim', tally(counts))}\n")
        by_rule = sorted(
            report.findings, key=lambda finding: (_weight(finding.severity), _id_order(finding.rule))
        )
        for _, found in groupby(by_rule, key=lambda finding: (finding.severity, finding.rule)):
            self._rule(list(found), report.omitted)
        self._stream.write("\n")

    def close(self) -> None:
        if len(self._verdicts) > 1:
            passed = self._verdicts.count("pass")
            self._stream.write(
                f"{len(self._verdicts)} packages: {passed} pass, {len(self._verdicts) - passed} fail; "
                f"{tally(self._counts)}\n"
            )

    def _rule(self, findings: Sequence[Finding], omitted: dict[str, int]) -> None:
        style, first = self._style, findings[0]
        total = len(findings) + omitted.get(first.rule, 0)
        count = f"  {total} places" if total > 1 else ""
        severity = style(first.severity, f"{first.severity:<7}")
        title = metadata()[first.rule].title
        self._stream.write(f"  {severity}  {style('bold', first.rule)}  {title}{style('dim', count)}\n")
        for finding in findings[: self._places]:
            self._stream.write(f"           {style('dim', place(finding))}  {finding.message}\n")
        hidden = total - len(findings[: self._places])
        if hidden:
            self._stream.write(style("dim", f"           and {hidden} more\n"))
        self._stream.write(f"           {style('dim', 'fix:')} {first.fix}\n")


def place(finding: Finding) -> str:
    """`file:line:column`, as editors and terminals make it a link; only the file when the whole file is
    meant.
    """
    name = finding.file or "package"
    return f"{name}:{finding.line}:{finding.column}" if finding.line else name


def tally(counts: dict[Severity, int] | dict[str, int]) -> str:
    """ "2 errors, 1 warning"; "nothing found" when all counts are 0."""
    words = [_plural(count, name) for name, count in counts.items() if count]
    return ", ".join(words) or "nothing found"


def rule_table(ids: Iterable[str], stream: IO[str]) -> None:
    """One line for each rule: id, severity and title."""
    style = Style(stream)
    for rule_id in ids:
        about = metadata()[rule_id]
        severity = style(about.severity, f"{about.severity:<7}")
        stream.write(f"{style('bold', f'{about.id:<9}')} {severity}  {about.title}\n")


def _plural(count: int, severity: str) -> str:
    noun = {"error": "error", "warning": "warning", "info": "note"}[severity]
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _weight(severity: Severity) -> int:
    return SEVERITIES.index(severity)


def _id_order(rule_id: str) -> int:
    return list(metadata()).index(rule_id)
