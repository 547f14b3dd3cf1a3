"""SARIF 2.1.0 for services that show findings beside the code."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from certification.rules.commandline.origin import Origin, relative
from certification.rules.commandline.output import Checked, View
from certification.rules.findings import Finding, Report
from certification.rules.profiles import Severity
from certification.rules.rulebook import RuleInfo, rule_info
from certification.rules.version import RULES_VERSION

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
# The names of places that are relative to the checked-out repository.
_ROOT = "%SRCROOT%"


@dataclass(frozen=True)
class Format:
    """One run; the results come package by package, and the rules that they name at the end."""

    view: View

    def part(self, report: Report, origin: Origin) -> str:
        results = (self._result(finding, report, origin) for finding in report.findings)
        return ",\n".join(json.dumps(result, ensure_ascii=False) for result in results)

    def document(self, parts: Iterable[Checked]) -> Iterator[str]:
        yield f'{{"$schema": "{_SCHEMA}", "version": "2.1.0", "runs": [{{"columnKind": "unicodeCodePoints",\n'
        yield '"results": ['
        separator = "\n"
        found: set[str] = set()
        is_complete = True
        for part in parts:
            found.update(count.rule for count in part.rules)
            is_complete = is_complete and not part.problem
            if part.text:
                yield separator + part.text
                separator = ",\n"
        invocations = [{"executionSuccessful": is_complete}]
        yield f'\n],\n"invocations": {json.dumps(invocations)},\n'
        yield f'"tool": {json.dumps({"driver": _driver(found)}, ensure_ascii=False)}}}]}}\n'

    def _result(self, finding: Finding, report: Report, origin: Origin) -> dict[str, Any]:
        message = f"{finding.message} {finding.fix}"
        if origin.is_archive and finding.line:
            message = f"{finding.file}:{finding.line}:{finding.column}: {message}"
        return {
            "ruleId": finding.rule,
            "level": _LEVELS[finding.severity],
            "message": {"text": message},
            "locations": [self._location(finding, origin)],
            # Not under the name that GitHub uses: it computes its own from the line and warns of others.
            "partialFingerprints": {"connectorRules/v1": f"{report.package}:{finding.fingerprint}"},
            "properties": {"package": report.package, "group": finding.group},
        }

    def _location(self, finding: Finding, origin: Origin) -> dict[str, Any]:
        physical: dict[str, Any] = {"artifactLocation": self._artifact(origin.on_disk(finding))}
        region = None if origin.is_archive else origin.region(finding)
        if region:
            physical["region"] = {
                "startLine": region.line,
                "startColumn": region.column,
                "endLine": region.end_line,
                "endColumn": region.end_column,
            }
        location: dict[str, Any] = {"physicalLocation": physical}
        if finding.file:
            name = f"{finding.file}#{finding.pointer}"
            location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "member"}]
        return location

    def _artifact(self, path: str) -> dict[str, str]:
        inside = relative(path, self.view.folder)
        if Path(inside).is_absolute():
            return {"uri": Path(inside).as_uri()}
        return {"uri": quote(os.fsencode(inside)), "uriBaseId": _ROOT}


def _driver(found: set[str]) -> dict[str, Any]:
    infos = [info for info in map(rule_info, sorted(found)) if info]
    return {
        "name": "connector-rules",
        "version": RULES_VERSION,
        "semanticVersion": RULES_VERSION,
        "rules": [_descriptor(info) for info in infos],
    }


def _descriptor(info: RuleInfo) -> dict[str, Any]:
    text, markdown = _help(info)
    return {
        "id": info.id,
        "name": "".join(word[:1].upper() + word[1:] for word in info.title.split() if word.isalnum()),
        "shortDescription": {"text": info.title},
        "fullDescription": {"text": info.condition},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": _LEVELS[info.severity]},
        "properties": {"tags": [info.family_title], "problem.severity": _problem_severity(info.severity)},
    }


def _problem_severity(severity: Severity) -> str:
    return "recommendation" if severity == "info" else severity


def _help(info: RuleInfo) -> tuple[str, str]:
    """What a rule wants, as text and as Markdown with its examples."""
    sources = [f"Source: {source}" for source in info.sources]
    text = "\n".join([f"{info.condition}.", info.fix, *sources])
    examples = [
        f"{title}:\n\n{_fenced(snippet)}"
        for title, snippet in (("Wrong", info.bad_example), ("Right", info.good_example))
        if snippet
    ]
    markdown = "\n\n".join([f"**{info.condition}**", info.fix, *examples, *sources])
    return text, markdown


def _fenced(snippet: str) -> str:
    fence = "```"
    while fence in snippet:
        fence += "`"
    return f"{fence}\n{snippet.rstrip()}\n{fence}"
