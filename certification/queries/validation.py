"""Reads about verdicts and findings: what blocks, what changed, and how a page groups it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from certification.lifecycle import WaiverState
from certification.models import Finding, Revision, Submission, Validation, Waiver, WarningNote
from certification.rules.rulebook import RuleInfo, rule_info
from certification.rules.version import RULES_VERSION
from connectors.models import Version
from portal.shared.models import OutboxJob

ENGINE_DEATHS = frozenset({"ENG-002", "ENG-003", "ENG-004"})
"""Findings about the check itself. They say nothing lasting about the package: the next check runs anew."""
SHOWN_PER_RULE = 10
_SEVERITY_RANK = {"error": 0, "warning": 1, "info": 2}


def change_kind(submission: Submission) -> str:
    """The half of the profile that the kind of submission decides."""
    return "new" if submission.kind == Submission.Kind.NEW else "update"


def known_validation(submission: Submission, version: Version) -> Validation | None:
    """The stored verdict on `version` as this submission would be judged today."""
    return Validation.objects.filter(
        version=version,
        rules_version=RULES_VERSION,
        change_kind=change_kind(submission),
        publisher_kind=submission.connector.publisher.kind,
    ).first()


def shown_version(submission: Submission) -> Version | None:
    """The package that pages speak of: the form's while it can be changed, else the one handed in."""
    if submission.is_editable or submission.revision is None:
        return submission.version
    return submission.revision.version


def active_waivers(submission: Submission) -> list[Waiver]:
    """Approved and not expired."""
    today = timezone.now().date()
    return list(
        submission.waivers.filter(state=WaiverState.APPROVED).filter(
            Q(expires_on__isnull=True) | Q(expires_on__gte=today)
        )
    )


class WaiverCover:
    """Answers whether a finding is waived. A waiver without fingerprint covers its whole rule."""

    def __init__(self, waivers: Iterable[Waiver]) -> None:
        self._covered = {(waiver.rule, waiver.fingerprint) for waiver in waivers}

    def covers(self, rule: str, fingerprint: str) -> bool:
        return (rule, "") in self._covered or (rule, fingerprint) in self._covered


def blocking_rules(submission: Submission, validation: Validation, *, deaths: bool = False) -> dict[str, int]:
    """Rule -> number of errors that no waiver covers.

    With `deaths` a check that died counts: it fails a verdict, but must not block a new attempt.
    """
    cover = WaiverCover(active_waivers(submission))
    errors = validation.findings.filter(severity="error").order_by("rule").values_list("rule", "fingerprint")
    counts: Counter[str] = Counter()
    for rule, fingerprint in errors:
        if (deaths or rule not in ENGINE_DEATHS) and not cover.covers(rule, fingerprint):
            counts[rule] += 1
    return dict(counts)


def unanswered_warnings(submission: Submission, validation: Validation) -> list[str]:
    """Rules that warn and have no note of the publisher."""
    noted = WarningNote.objects.filter(submission=submission).values("rule")
    rules = validation.findings.filter(severity="warning").exclude(rule__in=noted)
    return list(rules.order_by("rule").values_list("rule", flat=True).distinct())


def is_being_checked(submission: Submission) -> bool:
    """Whether a check of the draft's package waits or runs."""
    return OutboxJob.objects.filter(
        topic="submission.check",
        payload__id=str(submission.pk),
        state__in=[OutboxJob.State.DUE, OutboxJob.State.RUNNING],
    ).exists()


@dataclass(frozen=True, slots=True)
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
    excerpt: str
    excerpt_first_line: int


@dataclass(slots=True)
class RuleGroup:
    """All findings of one rule: `rows` are those shown, `total` how many there are."""

    rule: str
    severity: str
    info: RuleInfo | None
    rows: list[FindingRow] = field(default_factory=list)
    total: int = 0
    new: int = 0
    waived: int = 0
    note: WarningNote | None = None
    waivers: list[Waiver] = field(default_factory=list)

    @property
    def title(self) -> str:
        return self.info.title if self.info else self.rule

    @property
    def needs_note(self) -> bool:
        return self.severity == "warning" and self.note is None

    @property
    def has_waiver_request(self) -> bool:
        return any(waiver.state in {"requested", "approved"} for waiver in self.waivers)


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """What the page was asked to show; empty strings mean everything."""

    severity: str = ""
    change: str = ""
    file: str = ""
    rule: str = ""

    @property
    def is_on(self) -> bool:
        return bool(self.severity or self.change or self.file or self.rule)


@dataclass(slots=True)
class FindingsPage:
    """`groups` in order of severity; `fixed` are findings of the package before that are gone."""

    validation: Validation
    previous: Validation | None
    groups: list[RuleGroup]
    fixed: list[FindingRow]
    files: list[str]
    counts: dict[str, int]


def previous_validation(submission: Submission, version: Version) -> Validation | None:
    """The verdict that findings are compared with.

    It is that of the last package handed in that is another one, or else of the live one.
    """
    revision = (
        Revision.objects.filter(submission=submission)
        .exclude(version=version)
        .order_by("-number")
        .select_related("version")
        .first()
    )
    other_id = revision.version_id if revision else submission.connector.live_version_id
    if other_id is None or other_id == version.pk:
        return None
    return Validation.objects.filter(version_id=other_id).order_by("-created_at").first()


def findings_page(submission: Submission, validation: Validation, asked: FindingFilter) -> FindingsPage:
    """Everything the findings page shows, in a number of queries that does not grow with the findings."""
    previous = previous_validation(submission, validation.version)
    known = _fingerprints(previous)
    # A place that was reported twice before and three times now is new once.
    left = Counter(known)
    cover = WaiverCover(active_waivers(submission))
    groups: dict[str, RuleGroup] = {}
    ordered = validation.findings.order_by("file", "line", "column", "id")
    counts: Counter[str] = Counter()
    for finding in ordered.defer("excerpt").iterator(chunk_size=1_000):
        change = _change(finding.fingerprint, left, previous)
        counts[change] += 1
        if not _matches(finding, change, asked):
            continue
        group = groups.get(finding.rule)
        if group is None:
            group = groups[finding.rule] = RuleGroup(finding.rule, finding.severity, rule_info(finding.rule))
        waived = cover.covers(finding.rule, finding.fingerprint)
        group.total += 1
        group.new += change == "new"
        group.waived += waived
        if asked.rule or group.total <= SHOWN_PER_RULE:
            group.rows.append(_row(finding, change, waived))
    _add_excerpts(groups.values())
    _add_answers(submission, groups)
    shown = sorted(groups.values(), key=lambda group: (_SEVERITY_RANK[group.severity], group.rule))
    fixed = [] if asked.is_on and asked.change != "fixed" else _fixed(previous, left)
    counts["fixed"] = sum(left.values())
    files = list(
        validation.findings.exclude(file="").order_by("file").values_list("file", flat=True).distinct()
    )
    return FindingsPage(validation, previous, shown, fixed, files, dict(counts))


def _fingerprints(previous: Validation | None) -> list[str]:
    if previous is None:
        return []
    return list(previous.findings.values_list("fingerprint", flat=True))


def _change(fingerprint: str, left: Counter[str], previous: Validation | None) -> str:
    if previous is None:
        return ""
    if left[fingerprint] > 0:
        left[fingerprint] -= 1
        return "unchanged"
    return "new"


def _matches(finding: Finding, change: str, asked: FindingFilter) -> bool:
    return (
        (not asked.severity or finding.severity == asked.severity)
        and (not asked.change or change == asked.change)
        and (not asked.file or finding.file == asked.file)
        and (not asked.rule or finding.rule == asked.rule)
    )


def _row(finding: Finding, change: str, waived: bool) -> FindingRow:
    return FindingRow(
        id=finding.pk,
        rule_id=finding.rule,
        severity=finding.severity,
        message=finding.message,
        fix=finding.fix,
        file=finding.file,
        line=finding.line or None,
        column=finding.column or None,
        pointer=finding.pointer,
        change=change,
        waived=waived,
        fingerprint=finding.fingerprint,
        excerpt="",
        excerpt_first_line=1,
    )


def _add_excerpts(groups: Iterable[RuleGroup]) -> None:
    """The source text of the rows that are shown, and of no other."""
    wanted = {row.id: (group, index) for group in groups for index, row in enumerate(group.rows)}
    texts = (
        Finding.objects.filter(pk__in=wanted).exclude(excerpt="").values_list("pk", "excerpt", "excerpt_line")
    )
    for pk, excerpt, first_line in texts:
        group, index = wanted[pk]
        group.rows[index] = replace(group.rows[index], excerpt=excerpt, excerpt_first_line=first_line or 1)


def _add_answers(submission: Submission, groups: dict[str, RuleGroup]) -> None:
    for note in WarningNote.objects.filter(submission=submission, rule__in=groups).select_related("author"):
        groups[note.rule].note = note
    waivers = submission.waivers.filter(rule__in=groups).select_related("requested_by", "decided_by")
    for waiver in waivers.order_by("-created_at"):
        groups[waiver.rule].waivers.append(waiver)


def _fixed(previous: Validation | None, left: Counter[str]) -> list[FindingRow]:
    gone = [fingerprint for fingerprint, count in left.items() if count > 0]
    if previous is None or not gone:
        return []
    found = previous.findings.filter(fingerprint__in=gone).defer("excerpt").order_by("file", "line", "id")
    rows: dict[str, list[FindingRow]] = defaultdict(list)
    for finding in found:
        if len(rows[finding.fingerprint]) < left[finding.fingerprint]:
            rows[finding.fingerprint].append(_row(finding, "fixed", False))
    return [row for group in rows.values() for row in group][:100]


def counts_by_rule(validation: Validation) -> list[dict[str, Any]]:
    """[{rule, title, severity, count}], errors first: the short list of the submission page."""
    counted = validation.findings.values_list("rule", "severity").annotate(count=Count("id"))
    rows: list[dict[str, Any]] = []
    for rule, severity, count in counted:
        info = rule_info(rule)
        title = info.title if info else rule
        rows.append({"rule": rule, "title": title, "severity": severity, "count": count})
    return sorted(rows, key=lambda row: (_SEVERITY_RANK[row["severity"]], row["rule"]))


def places_of(submission: Submission, waiver: Waiver) -> list[FindingRow]:
    """The findings a waiver is about, in the package as it is now."""
    version = shown_version(submission)
    validation = known_validation(submission, version) if version else None
    if validation is None:
        return []
    found = validation.findings.filter(rule=waiver.rule)
    if waiver.fingerprint:
        found = found.filter(fingerprint=waiver.fingerprint)
    group = RuleGroup(waiver.rule, "error", None, [_row(finding, "", False) for finding in found[:20]])
    _add_excerpts([group])
    return group.rows
