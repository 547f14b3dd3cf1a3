"""How the findings page narrows and gathers findings: by rule, and inside a rule by root cause."""

from __future__ import annotations

from dataclasses import dataclass, field

from certification.models import Finding, RuleTreatment, Waiver, WarningNote
from certification.queries.rulebook import told_fix, told_message
from certification.rules.rulebook import RuleInfo
from portal.shared.words import lazy as _

SHOWN_PER_RULE = 10
"""Root causes."""
PLACES_PER_CAUSE = 50
SEVERITIES = {"error": _("Errors"), "warning": _("Warnings"), "info": _("Advice")}
RANK = {severity: rank for rank, severity in enumerate(SEVERITIES)}


@dataclass(slots=True)
class FindingRow:
    """A finding as the fragment `_findings.html` shows it."""

    id: int
    rule_id: str
    severity: str
    message: str
    fix: str
    file: str
    line: int | None
    column: int | None
    pointer: str
    change: str
    waived: bool
    fingerprint: str
    excerpt: str = ""
    excerpt_first_line: int = 1
    unused: str = ""

    @classmethod
    def of(cls, finding: Finding, change: str = "", waived: bool = False) -> FindingRow:
        return cls(
            id=finding.pk,
            rule_id=finding.rule,
            severity=finding.severity,
            message=told_message(finding.rule, finding.message),
            fix=told_fix(finding.rule, finding.fix),
            file=finding.file,
            line=finding.line or None,
            column=finding.column or None,
            pointer=finding.pointer,
            change=change,
            waived=waived,
            fingerprint=finding.fingerprint,
        )


@dataclass(slots=True)
class Cause:
    """Places with one root cause: the first stands for all, `others` are those listed, `more` are all but the
    first.
    """

    first: FindingRow
    others: list[FindingRow] = field(default_factory=list)
    more: int = 0

    @property
    def not_listed(self) -> int:
        return self.more - len(self.others)


@dataclass(slots=True)
class RuleGroup:
    """All findings of one rule under the worst of their severities: `rows` are those shown, `total` counts
    all.
    """

    rule: str
    severity: str
    info: RuleInfo | None
    rows: list[FindingRow] = field(default_factory=list)
    total: int = 0
    new: int = 0
    waived: int = 0
    warnings: int = 0
    note: WarningNote | None = None
    treatment: RuleTreatment | None = None
    catalogued: str = ""
    waivers: list[Waiver] = field(default_factory=list)
    causes: dict[str, Cause] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return self.info.title if self.info else self.rule

    @property
    def needs_note(self) -> bool:
        return self.warnings > 0 and self.note is None

    @property
    def has_waiver_request(self) -> bool:
        return any(waiver.state in {"requested", "approved"} for waiver in self.waivers)

    def add(self, row: FindingRow, cause: str, *, everything: bool) -> None:
        """Count a finding, and show it while there is room or `everything` is asked for."""
        self.total += 1
        self.severity = min(self.severity, row.severity, key=RANK.__getitem__)
        self.new += row.change == "new"
        self.waived += row.waived
        self.warnings += row.severity == "warning"
        known = self.causes.get(cause)
        if known is None:
            if everything or len(self.causes) < SHOWN_PER_RULE:
                self.causes[cause] = Cause(row)
                self.rows.append(row)
            return
        known.more += 1
        if everything or len(known.others) < PLACES_PER_CAUSE:
            known.others.append(row)
            self.rows.append(row)


@dataclass(frozen=True, slots=True)
class Section:
    """The groups of one severity."""

    severity: str
    title: str
    groups: list[RuleGroup]

    @property
    def total(self) -> int:
        return sum(group.total for group in self.groups)


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """What the page was asked to show; empty strings mean everything."""

    severity: str = ""
    change: str = ""
    file: str = ""
    family: str = ""
    rule: str = ""
    q: str = ""

    @property
    def is_on(self) -> bool:
        return any((self.severity, self.change, self.file, self.family, self.rule, self.q.strip()))

    def lets_through(self, finding: Finding, change: str, title: str) -> bool:
        return (
            (not self.severity or finding.severity == self.severity)
            and (not self.change or change == self.change)
            and (not self.file or finding.file == self.file)
            and (not self.family or finding.rule.startswith(f"{self.family}-"))
            and (not self.rule or finding.rule == self.rule)
            and (not self.q or self._has_words(finding, title))
        )

    def _has_words(self, finding: Finding, title: str) -> bool:
        told = told_message(finding.rule, finding.message)
        text = f"{finding.rule} {title} {finding.message} {told} {finding.pointer}".casefold()
        return all(word in text for word in self.q.casefold().split())


def sections_of(groups: list[RuleGroup]) -> list[Section]:
    found = (
        Section(severity, title, [group for group in groups if group.severity == severity])
        for severity, title in SEVERITIES.items()
    )
    return [section for section in found if section.groups]
