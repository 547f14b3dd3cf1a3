"""Only counts: how many findings each rule has, and in how many packages."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from certification.rules.commandline.origin import Origin
from certification.rules.commandline.output import Checked
from certification.rules.commandline.style import Style, counted
from certification.rules.findings import Report
from certification.rules.profiles import SEVERITIES
from certification.rules.registry import metadata


@dataclass(frozen=True)
class Statistics:
    """The most frequent rule comes first."""

    as_json: bool
    style: Style

    def part(self, report: Report, origin: Origin) -> str:
        return ""

    def document(self, parts: Iterable[Checked]) -> Iterator[str]:
        findings: Counter[tuple[str, str]] = Counter()
        packages: Counter[tuple[str, str]] = Counter()
        total = 0
        for part in parts:
            total += 1
            for count in part.rules:
                findings[count.rule, count.severity] += count.findings
                packages[count.rule, count.severity] += 1
        rows = _rows(findings, packages)
        yield (
            json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
            if self.as_json
            else self._table(rows, total)
        )

    def _table(self, rows: list[dict[str, str | int]], total: int) -> str:
        lines = ["findings  packages\n"]
        for row in rows:
            severity = self.style(str(row["severity"]), f"{row['severity']:<7}")
            rule = self.style("bold", f"{row['rule']:<9}")
            lines.append(f"{row['findings']:>8,}  {row['packages']:>8,}  {severity}  {rule} {row['title']}\n")
        lines.append(f"{counted(total, 'package')}, {counted(len(rows), 'rule')} with findings\n")
        return "".join(lines)


def _rows(
    findings: Counter[tuple[str, str]], packages: Counter[tuple[str, str]]
) -> list[dict[str, str | int]]:
    return [
        {
            "rule": rule,
            "severity": severity,
            "title": metadata()[rule].title,
            "findings": found,
            "packages": packages[rule, severity],
        }
        for (rule, severity), found in sorted(
            findings.items(), key=lambda row: (-row[1], SEVERITIES.index(row[0][1]), row[0][0])
        )
    ]
