"""Reads about verdicts and findings: what blocks, what changed, and how a page groups it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from certification.lifecycle import WaiverState
from certification.models import (
    Finding,
    PresentedReceipt,
    Revision,
    Submission,
    UsageJudgement,
    Validation,
    Waiver,
    WarningNote,
)
from certification.queries.finding_groups import (
    RANK,
    SHOWN_PER_RULE,
    FindingFilter,
    FindingRow,
    RuleGroup,
    Section,
    sections_of,
)
from certification.queries.rulebook import rule_info
from certification.queries.treatments import SwitchedOff, standing_revision, switched_off_in
from certification.rules.fixes import fixable
from certification.rules.profiles import Profile
from certification.rules.rulebook import RuleInfo
from certification.rules.version import RULES_VERSION
from connectors.models import Version
from portal.shared.models import OutboxJob

__all__ = ["SHOWN_PER_RULE", "FindingFilter", "FindingRow", "RuleGroup"]

ENGINE_DEATHS = frozenset({"ENG-002", "ENG-003", "ENG-004"})
"""Findings about the check itself. They say nothing lasting about the package: the next check runs anew."""


def check_died(validation: Validation) -> bool:
    """Whether the verdict only says that the check did not come to its end."""
    return validation.findings.filter(rule__in=ENGINE_DEATHS).exists()


def change_kind(submission: Submission) -> str:
    """The half of the profile that the kind of submission decides."""
    return "new" if submission.kind == Submission.Kind.NEW else "update"


def profile_of(submission: Submission) -> Profile:
    """What decides which rules run and how severe they are."""
    return Profile.from_dict(
        {"change": change_kind(submission), "publisher": submission.connector.publisher.kind}
    )


def baseline_of(submission: Submission) -> Version | None:
    """The published version that an update is compared with."""
    return submission.connector.live_version if change_kind(submission) == "update" else None


def verdicts_on(submission: Submission, version: Version) -> QuerySet[Validation]:
    """The stored verdicts on `version` under today's rules and the submission's profile, whatever was
    published then."""
    return Validation.objects.filter(
        version=version,
        rules_version=RULES_VERSION,
        change_kind=change_kind(submission),
        publisher_kind=submission.connector.publisher.kind,
    )


def known_validation(submission: Submission, version: Version) -> Validation | None:
    """The stored verdict on `version` as this submission would be judged today; where the published version
    is another one by now (it may be this very version), the last verdict. While the package is prepared only
    what counts now matters; afterwards a verdict keeps the treatment of rules that it was given under."""
    baseline = baseline_of(submission)
    found = list(verdicts_on(submission, version).order_by("-created_at"))
    if submission.is_editable and found:
        standing = standing_revision(profile_of(submission))
        found = [each for each in found if each.treatment == standing]
    wanted = baseline.digest if baseline else ""
    return next((each for each in found if each.baseline == wanted), found[0] if found else None)


def receipt_of_verdict(submission: Submission, version: Version | None) -> PresentedReceipt | None:
    """The receipt brought last with this package."""
    if version is None:
        return None
    return submission.presented_receipts.filter(version=version).order_by("-created_at").first()


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


def is_acknowledgeable(rule: str) -> bool:
    """Whether the team may answer for errors of the rule itself, until a reviewer accepts or declines."""
    info = rule_info(rule)
    return info is not None and info.acknowledgeable


def open_acknowledgements(submission: Submission) -> list[Waiver]:
    """Errors that the team answers for and no reviewer has judged yet."""
    asked = submission.waivers.filter(state=WaiverState.REQUESTED)
    return [waiver for waiver in asked if is_acknowledgeable(waiver.rule)]


class WaiverCover:
    """Answers whether a finding is waived. A waiver without fingerprint covers its whole rule."""

    def __init__(self, waivers: Iterable[Waiver]) -> None:
        self._covered = {(waiver.rule, waiver.fingerprint) for waiver in waivers}

    def covers(self, rule: str, fingerprint: str) -> bool:
        return (rule, "") in self._covered or (rule, fingerprint) in self._covered


def blocking_rules(
    submission: Submission, validation: Validation, *, deaths: bool = False, accepted: bool = False
) -> dict[str, int]:
    """Rule -> number of errors that neither a waiver nor an acknowledgement covers.

    With `deaths` a check that died counts: it fails a verdict, but must not block a new attempt. With
    `accepted` an acknowledgement counts only when a reviewer accepted it, as an approval demands.
    """
    acknowledged = [] if accepted else open_acknowledgements(submission)
    cover = WaiverCover([*active_waivers(submission), *acknowledged])
    errors = validation.findings.filter(severity="error").order_by("rule").values_list("rule", "fingerprint")
    unused = lowered_by_use(submission, validation)
    counts: Counter[str] = Counter()
    for rule, fingerprint in errors:
        if (rule, fingerprint) in unused:
            continue
        if (deaths or rule not in ENGINE_DEATHS) and not cover.covers(rule, fingerprint):
            counts[rule] += 1
    return dict(counts)


def unanswered_warnings(submission: Submission, validation: Validation) -> list[str]:
    """Rules that warn and have no note of the publisher."""
    noted = WarningNote.objects.filter(submission=submission).values("rule")
    rules = validation.findings.filter(severity="warning").exclude(rule__in=noted)
    lowered = UsageJudgement.objects.filter(submission=submission, validation=validation)
    found = {
        *rules.values_list("rule", flat=True),
        *lowered.exclude(rule__in=noted).values_list("rule", flat=True),
    }
    return sorted(found)


def lowered_by_use(submission: Submission, validation: Validation) -> dict[tuple[str, str], str]:
    """(rule, fingerprint) of errors that count as warnings, because nobody uses what they touch -> why."""
    rows = UsageJudgement.objects.filter(submission=submission, validation=validation)
    return {(rule, mark): reason for rule, mark, reason in rows.values_list("rule", "fingerprint", "reason")}


def is_being_checked(submission: Submission) -> bool:
    """Whether a check of the draft's package waits or runs."""
    return OutboxJob.objects.filter(
        topic="submission.check",
        payload__id=str(submission.pk),
        state__in=[OutboxJob.State.DUE, OutboxJob.State.RUNNING],
    ).exists()


@dataclass(slots=True)
class FindingsPage:
    """`groups` in order of severity; `fixed` are findings of the package before that are gone. `files` and
    `families` are what can be asked for, and `repairable` counts the findings of rules with a repair.
    """

    validation: Validation
    previous: Validation | None
    groups: list[RuleGroup]
    fixed: list[FindingRow]
    files: list[str]
    families: list[tuple[str, str]]
    counts: dict[str, int]
    repairable: int
    switched_off: list[SwitchedOff]

    @property
    def sections(self) -> list[Section]:
        return sections_of(self.groups)

    @property
    def total(self) -> int:
        return self.validation.errors + self.validation.warnings + self.validation.infos

    @property
    def shown(self) -> int:
        return sum(group.total for group in self.groups)


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
    # A place that was reported twice before and three times now is new once.
    left = Counter(_fingerprints(previous))
    cover = WaiverCover(active_waivers(submission))
    gathered = _Gathered(asked, lowered_by_use(submission, validation))
    ordered = validation.findings.order_by("file", "line", "column", "id")
    for finding in ordered.defer("excerpt").iterator(chunk_size=1_000):
        change = _change(finding.fingerprint, left, previous)
        gathered.add(finding, change, cover.covers(finding.rule, finding.fingerprint))
    groups = gathered.groups
    _add_excerpts(cause.first for group in groups.values() for cause in group.causes.values())
    _add_answers(submission, groups)
    _add_treatments(validation, groups)
    return FindingsPage(
        validation,
        previous,
        sorted(groups.values(), key=lambda group: (RANK[group.severity], group.rule)),
        [] if asked.is_on and asked.change != "fixed" else _fixed(previous, left),
        sorted(gathered.files - {""}),
        sorted({(info.family, info.family_title) for info in gathered.infos.values() if info}),
        {**gathered.counts, "fixed": sum(left.values())},
        sum(count for rule, count in gathered.rules.items() if rule in fixable()),
        switched_off_in(validation),
    )


class _Gathered:
    """The findings in groups, as far as they were asked for, and the counts of all."""

    def __init__(self, asked: FindingFilter, lowered: Mapping[tuple[str, str], str]) -> None:
        self._asked = asked
        self._lowered = lowered
        self.groups: dict[str, RuleGroup] = {}
        self.infos: dict[str, RuleInfo | None] = {}
        self.counts: Counter[str] = Counter()
        self.rules: Counter[str] = Counter()
        self.files: set[str] = set()

    def add(self, finding: Finding, change: str, waived: bool) -> None:
        rule = finding.rule
        if rule not in self.infos:
            self.infos[rule] = rule_info(rule)
        info = self.infos[rule]
        self.counts[change] += 1
        self.rules[rule] += 1
        self.files.add(finding.file)
        if self._asked.lets_through(finding, change, info.title if info else ""):
            row = FindingRow.of(finding, change, waived)
            row.unused = self._lowered.get((rule, finding.fingerprint), "")
            if row.unused:
                row.severity = "warning"
            group = self.groups.setdefault(rule, RuleGroup(rule, row.severity, info))
            group.add(row, finding.group or finding.fingerprint, everything=bool(self._asked.rule))


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


def _add_excerpts(rows: Iterable[FindingRow]) -> None:
    """The source text of these rows, and of no other."""
    wanted = {row.id: row for row in rows}
    texts = (
        Finding.objects.filter(pk__in=wanted).exclude(excerpt="").values_list("pk", "excerpt", "excerpt_line")
    )
    for pk, excerpt, first_line in texts:
        wanted[pk].excerpt, wanted[pk].excerpt_first_line = excerpt, first_line or 1


def _add_answers(submission: Submission, groups: dict[str, RuleGroup]) -> None:
    for note in WarningNote.objects.filter(submission=submission, rule__in=groups).select_related("author"):
        groups[note.rule].note = note
    waivers = submission.waivers.filter(rule__in=groups).select_related("requested_by", "decided_by")
    for waiver in waivers.order_by("-created_at"):
        groups[waiver.rule].waivers.append(waiver)


def _add_treatments(validation: Validation, groups: dict[str, RuleGroup]) -> None:
    """Why this portal counts a rule otherwise than the catalogue does."""
    if not validation.as_catalogued:
        return
    treated = validation.findings.exclude(treatment=None).select_related("treatment")
    for finding in treated.filter(rule__in=groups).order_by("rule").distinct("rule").defer("excerpt"):
        group = groups[finding.rule]
        group.treatment, group.catalogued = finding.treatment, finding.catalogued


def _fixed(previous: Validation | None, left: Counter[str]) -> list[FindingRow]:
    gone = [fingerprint for fingerprint, count in left.items() if count > 0]
    if previous is None or not gone:
        return []
    found = previous.findings.filter(fingerprint__in=gone).defer("excerpt").order_by("file", "line", "id")
    rows: dict[str, list[FindingRow]] = defaultdict(list)
    for finding in found:
        if len(rows[finding.fingerprint]) < left[finding.fingerprint]:
            rows[finding.fingerprint].append(FindingRow.of(finding, "fixed"))
    return [row for group in rows.values() for row in group][:100]


def counts_by_rule(validation: Validation) -> list[dict[str, Any]]:
    """[{rule, title, severity, count}], errors first: the short list of the submission page."""
    counted = validation.findings.values_list("rule", "severity").annotate(count=Count("id"))
    rows: list[dict[str, Any]] = []
    for rule, severity, count in counted:
        info = rule_info(rule)
        title = info.title if info else rule
        rows.append({"rule": rule, "title": title, "severity": severity, "count": count})
    return sorted(rows, key=lambda row: (RANK[row["severity"]], row["rule"]))


def places_of(submission: Submission, waiver: Waiver) -> list[FindingRow]:
    """The findings a waiver is about, in the package as it is now."""
    version = shown_version(submission)
    validation = known_validation(submission, version) if version else None
    if validation is None:
        return []
    found = validation.findings.filter(rule=waiver.rule)
    if waiver.fingerprint:
        found = found.filter(fingerprint=waiver.fingerprint)
    rows = [FindingRow.of(finding) for finding in found[:20]]
    _add_excerpts(rows)
    return rows


def findings_of(validations: Iterable[Any]) -> QuerySet[Finding]:
    """The findings of these validations (ids that the caller saw already), in the order of the files."""
    found = Finding.objects.filter(validation__in=list(validations))
    return found.order_by("file", "line", "column", "id")
