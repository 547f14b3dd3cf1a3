"""Text for people: findings grouped by rule, errors first and with the lines they stand in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from certification.rules.commandline.origin import Origin
from certification.rules.commandline.output import Checked, View, by_rule
from certification.rules.commandline.style import Style, counted, printable, tally
from certification.rules.findings import Finding, Report, count_by_severity
from certification.rules.profiles import SEVERITIES
from certification.rules.registry import metadata

_PLACES_SHOWN = 10
_EXCERPT_CHARACTERS = 100
_EXCERPT_BEFORE = 30


@dataclass(frozen=True)
class Format:
    """A header for each package, its rules with their places, and a last line that sums up."""

    view: View

    def part(self, report: Report, origin: Origin) -> str:
        groups = by_rule(report.findings)
        if self.view.quiet:
            groups = [found for found in groups if self.view.fails(found[0].severity)]
            if not groups:
                return ""
        lines = [self._head(report)]
        for found in groups:
            lines += self._rule(found, report.omitted.get(found[0].rule, 0), origin)
        return "\n".join(lines) + "\n\n"

    def document(self, parts: Iterable[Checked]) -> Iterator[str]:
        verdicts: list[str] = []
        counts: dict[str, int] = dict.fromkeys(SEVERITIES, 0)
        for part in parts:
            verdicts.append(part.verdict)
            for severity in SEVERITIES:
                counts[severity] += part.counts[severity]
            yield part.text
        if len(verdicts) > 1 and not self.view.quiet:
            passed = verdicts.count("pass")
            failed = len(verdicts) - passed
            yield f"{counted(len(verdicts), 'package')}: {passed} pass, {failed} fail; {tally(counts)}\n"

    @property
    def _style(self) -> Style:
        return Style(self.view.coloured)

    def _head(self, report: Report) -> str:
        style, counts = self._style, count_by_severity(report.findings)
        package = style("bold", printable(report.package))
        return f"{package}  {style(report.verdict, report.verdict)}  {style('dim', tally(counts))}"

    def _rule(self, findings: list[Finding], omitted: int, origin: Origin) -> Iterator[str]:
        style, first = self._style, findings[0]
        total = len(findings) + omitted
        places = style("dim", f"  {total:,} places") if total > 1 else ""
        severity = style(first.severity, f"{first.severity:<7}")
        yield f"  {severity}  {style('bold', first.rule)}  {metadata()[first.rule].title}{places}"
        shown = findings if self.view.show_all else findings[:_PLACES_SHOWN]
        for finding in shown:
            yield f"    {style('dim', self._place(finding, origin))}  {finding.message}"
            if finding.severity == "error":
                yield from self._excerpt(finding, origin)
        if total > len(shown):
            yield style("dim", f"    and {total - len(shown):,} more")
        for text in dict.fromkeys(finding.fix for finding in shown):
            yield f"    {style('dim', 'fix:')} {text}"

    def _place(self, finding: Finding, origin: Origin) -> str:
        """`file:line:column`, which editors and terminals make a link."""
        name = printable(origin.shown(finding))
        return f"{name}:{finding.line}:{finding.column}" if finding.line else name

    def _excerpt(self, finding: Finding, origin: Origin) -> Iterator[str]:
        """The line of a finding, as much of it as fits, with carets below."""
        file = origin.source(finding)
        if file is None or not finding.line:
            return
        line, at = printable(file.line_text(finding.line)), finding.column - 1
        start = 0 if len(line) <= _EXCERPT_CHARACTERS else max(0, at - _EXCERPT_BEFORE)
        blanks = len(line) - len(line.lstrip()) if start == 0 else 0
        part = line[start + blanks : start + _EXCERPT_CHARACTERS]
        before = at - start - blanks
        carets = "^" * max(1, min(finding.length, len(part) - before))
        number, style = f"{finding.line:>7}", self._style
        yield f"{style('dim', f'{number} |')} {part}"
        yield f"{style('dim', ' ' * len(number) + ' |')} {' ' * before}{style(finding.severity, carets)}"
