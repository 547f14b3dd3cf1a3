"""Apply the repairs of a package's findings, check again, and keep only what made things better."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from certification.rules.engine import Context, check_package
from certification.rules.findings import Finding, Report
from certification.rules.fixes import Operation, Patch, fixable, patch_for
from certification.rules.profiles import Profile
from certification.rules.repair_conflicts import without_conflicts
from connectors.definitions import Document, Package, SourceFile
from connectors.definitions.patching import PatchError, apply_to_file
from connectors.definitions.references import outward_references

# One repair may uncover the next: a trimmed title that is then found to end badly.
MOST_ROUNDS = 10
# Every wrong repair costs some checks to be singled out.
MOST_CHECKS = 200


@dataclass(frozen=True, slots=True)
class Repair:
    """One patch of one file and the findings that it makes disappear."""

    file: str
    patch: Patch
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class FixResult:
    """The repaired package: `files` are the new contents by canonical name, only of changed files.

    `refused` are repairs that would have created an error or would not have helped. `report` says what is
    left.
    """

    package: Package
    files: Mapping[str, bytes]
    applied: tuple[Repair, ...]
    refused: tuple[Repair, ...]
    report: Report


def fix_package(
    package: Package,
    profile: Profile,
    context: Context | None = None,
    *,
    selected: frozenset[str] | None = None,
    label: str = "",
) -> FixResult:
    """Apply the repairs of all findings (only of the rules in `selected`, if given) until nothing is left to
    repair. All rules are checked after each round: a repair must not break another one.
    """
    workshop = _Workshop(package, profile, context or Context(), label)
    for _ in range(MOST_ROUNDS):
        repairs = workshop.repairs(selected)
        if not repairs or not workshop.accept(repairs):
            break
    return workshop.result(package)


class _Workshop:
    """A package under repair and its latest report."""

    def __init__(self, package: Package, profile: Profile, context: Context, label: str) -> None:
        self._profile, self._context, self._label = profile, context, label
        self._checks_left = MOST_CHECKS
        self.package = package
        self.report = self._check(package)
        self.applied: list[Repair] = []
        self.refused: list[Repair] = []

    def _check(self, package: Package) -> Report:
        self._checks_left -= 1
        return check_package(package, self._profile, self._context, label=self._label)

    def repairs(self, selected: frozenset[str] | None) -> list[Repair]:
        """The repairs of this round, in an order in which none disturbs a later one."""
        wanted = fixable() if selected is None else fixable() & selected
        refused = {_identity(repair.file, repair.patch) for repair in self.refused}
        values = self._values()
        found: dict[str, Repair] = {}
        for finding in self.report.findings:
            if finding.rule in wanted and finding.file in values:
                patch = patch_for(self.package, finding)
                identity = _identity(finding.file, patch)
                if patch and identity not in refused:
                    known = found.get(identity, Repair(finding.file, patch, ()))
                    found[identity] = replace(known, findings=(*known.findings, finding))
        return [
            found[_identity(name, patch)]
            for name, value in values.items()
            for patch in without_conflicts(
                value, [repair.patch for repair in found.values() if repair.file == name]
            )
        ]

    def _values(self) -> dict[str, Any]:
        """The content of the files that can be patched: not of those with broken syntax."""
        documents = self.package.documents.values()
        return {found.file.name: found.value for found in documents if _can_be_patched(found.file)}

    def accept(self, repairs: list[Repair]) -> bool:
        """Apply as many of these as make things better; False when none does."""
        if self._checks_left <= 0:
            return False
        package = self._patched(repairs)
        report = self._check(package) if package else None
        if package and report and _is_better(self.report, report, repairs):
            self.package, self.report = package, report
            self.applied += repairs
            return True
        if len(repairs) == 1:
            self.refused += repairs
            return False
        half = len(repairs) // 2
        return self.accept(repairs[:half]) | self.accept(repairs[half:])

    def result(self, before: Package) -> FixResult:
        files = {
            name: file.content
            for name, file in self.package.files.items()
            if file.content != before.files[name].content
        }
        return FixResult(
            self.package, MappingProxyType(files), tuple(self.applied), tuple(self.refused), self.report
        )

    def _patched(self, repairs: list[Repair]) -> Package | None:
        """The package after these repairs; None when one of them cannot be carried out."""
        patches: dict[str, list[Operation]] = {}
        for repair in repairs:
            patches.setdefault(repair.file, []).extend(repair.patch)
        package = self.package
        try:
            for name, patch in patches.items():
                package = with_file(package, name, apply_to_file(package.files[name], patch))
        except PatchError:
            return None
        return package


def with_file(package: Package, name: str, content: bytes) -> Package:
    """The package with other content in one of its JSON files."""
    role, old = next((role, found) for role, found in package.documents.items() if found.file.name == name)
    file = SourceFile(name, content, old.file.original_name)
    new = Document.read(file)
    gone = {*old.problems, *outward_references(old)}
    return replace(
        package,
        files=MappingProxyType({**package.files, name: file}),
        documents=MappingProxyType({**package.documents, role: new}),
        problems=(
            *(problem for problem in package.problems if problem not in gone),
            *new.problems,
            *outward_references(new),
        ),
    )


def _can_be_patched(file: SourceFile) -> bool:
    try:
        apply_to_file(file, ())
    except PatchError:
        return False
    return True


def _identity(file: str, patch: Patch) -> str:
    return json.dumps([file, *patch], sort_keys=True, default=str)


def _is_better(before: Report, after: Report, repairs: Iterable[Repair]) -> bool:
    """No rule has more errors, and of every repaired rule the repaired findings are gone. Findings are
    counted: an item taken out of an array gives all behind it another place.
    """
    old, new = _errors(before), _errors(after)
    if any(count > old[rule] for rule, count in new.items()):
        return False
    repaired = Counter(finding.rule for repair in repairs for finding in repair.findings)
    old, new = _all(before), _all(after)
    return all(new[rule] <= old[rule] - count for rule, count in repaired.items())


def _errors(report: Report) -> Counter[str]:
    return Counter(finding.rule for finding in report.findings if finding.severity == "error")


def _all(report: Report) -> Counter[str]:
    return Counter(finding.rule for finding in report.findings) + Counter(report.omitted)
