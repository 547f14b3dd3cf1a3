"""What every format of `check` has in common.

A format has two halves. `part` writes one package and runs where the package was checked, perhaps in another
process: only its text comes back. `document` makes the output of the parts, in the order of the packages, and
gives it piece by piece.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from certification.rules.commandline.origin import Origin
from certification.rules.findings import Finding, Report
from certification.rules.profiles import SEVERITIES, Severity


@dataclass(frozen=True, slots=True)
class View:
    """How the output is wanted. `folder` is where paths start that services look up."""

    fail_on: str = "error"
    coloured: bool = False
    show_all: bool = False
    quiet: bool = False
    folder: str = ""

    def fails(self, severity: str) -> bool:
        """Whether findings of this severity make the exit code 1."""
        return self.fail_on != "never" and severity in (
            ("error",) if self.fail_on == "error" else ("error", "warning")
        )


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many findings of one rule a package has, those beyond the limit included."""

    rule: str
    severity: Severity
    findings: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What is left of a package when it has been checked and written. `problem` says that it could not even
    be read.
    """

    package: str
    text: str = ""
    verdict: str = ""
    counts: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(SEVERITIES, 0))
    rules: tuple[RuleCount, ...] = ()
    receipt: Mapping[str, Any] | None = None
    problem: str = ""


class Output(Protocol):
    """One format."""

    def part(self, report: Report, origin: Origin) -> str: ...

    def document(self, parts: Iterable[Checked]) -> Iterator[str]: ...


def output(name: str, view: View) -> Output:
    """The format of this name: `Format` of the module output_<name>."""
    module = importlib.import_module(f"{__package__}.output_{name}")
    return cast("Output", module.Format(view))


def rule_counts(report: Report) -> tuple[RuleCount, ...]:
    """Errors first, then in the order of the catalogue."""
    return tuple(
        RuleCount(found[0].rule, found[0].severity, len(found) + report.omitted.get(found[0].rule, 0))
        for found in by_rule(report.findings)
    )


def by_rule(findings: Iterable[Finding]) -> list[list[Finding]]:
    """The findings grouped by severity and rule, errors first, then in the order of the catalogue."""
    from certification.rules.registry import metadata

    groups: dict[tuple[int, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((SEVERITIES.index(finding.severity), finding.rule), []).append(finding)
    order = {rule_id: number for number, rule_id in enumerate(metadata())}
    return [groups[key] for key in sorted(groups, key=lambda key: (key[0], order[key[1]]))]
