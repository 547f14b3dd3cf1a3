"""JUnit XML: a test suite for each package, a test case for each rule with findings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from certification.rules.commandline.origin import Origin
from certification.rules.commandline.output import Checked, View, by_rule
from certification.rules.findings import Finding, Report
from certification.rules.registry import metadata

# XML 1.0 cannot hold these, not even escaped.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Format:
    """What makes the exit code 1 is a failure; other findings are output of a case that passes."""

    view: View

    def part(self, report: Report, origin: Origin) -> str:
        groups = by_rule(report.findings)
        cases = [self._case(found, report, origin) for found in groups]
        cases = cases or [f"  <testcase{_attributes(name='all rules', classname=report.package)}/>\n"]
        failures = sum(self.view.fails(found[0].severity) for found in groups)
        suite = _attributes(name=report.package, tests=str(len(cases)), failures=str(failures), errors="0")
        properties = "".join(
            f"<property{_attributes(name=name, value=value)}/>"
            for name, value in (
                ("rules_version", report.rules_version),
                ("verdict", report.verdict),
                ("digest", report.digest),
            )
        )
        return (
            f" <testsuite{suite}>\n  <properties>{properties}</properties>\n{''.join(cases)} </testsuite>\n"
        )

    def document(self, parts: Iterable[Checked]) -> Iterator[str]:
        yield '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="connector-rules">\n'
        for part in parts:
            yield part.text
        yield "</testsuites>\n"

    def _case(self, findings: list[Finding], report: Report, origin: Origin) -> str:
        first = findings[0]
        title = metadata()[first.rule].title
        lines = [self._line(finding, origin) for finding in findings]
        omitted = report.omitted.get(first.rule, 0)
        text = "\n".join([*lines, *([f"and {omitted} more"] if omitted else [])])
        if self.view.fails(first.severity):
            head = _attributes(type=first.severity, message=first.message)
            body = f"<failure{head}>{_text(text)}</failure>"
        else:
            body = f"<system-out>{_text(f'{first.severity}: {text}')}</system-out>"
        case = _attributes(name=f"{first.rule} {title}", classname=report.package)
        return f"  <testcase{case}>{body}</testcase>\n"

    def _line(self, finding: Finding, origin: Origin) -> str:
        place = f"{origin.shown(finding)}:{finding.line}:{finding.column}"
        return f"{place}: {finding.message} {finding.fix}"


def _text(text: str) -> str:
    return escape(_NO_XML.sub("\N{REPLACEMENT CHARACTER}", text))


def _attributes(**values: str) -> str:
    return "".join(f" {name}={quoteattr(_NO_XML.sub(chr(0xFFFD), value))}" for name, value in values.items())
