"""The checklist of a review: what its lane asks for, with the evidence that the portal has and the ticks that
only a person can set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse

from certification.models import Lane, Submission, TestRun, Validation
from certification.queries.credentials import CredentialRow
from certification.queries.lanes import lane_of
from certification.queries.review_changes import ChangesPage, Seen, changes_page, viewed_marks
from certification.queries.review_source import compared_with
from certification.queries.threads import Conversation
from certification.queries.validation import active_waivers, unanswered_warnings
from certification.queries.workbench import revised_package
from connectors.definitions import openapi
from portal.accounts.models import User

_CHECK = "check:"
_MANUAL: dict[str, tuple[str, str]] = {
    "words": ("Names and descriptions tell a maker what happens", "Read the cards as a maker would."),
    "account": ("Signing in works as described", "Follow the introduction with the test account."),
    "notice": ("Whoever uses what breaks was told", "The change notes or the introduction say what to do."),
    "meaning": ("What behaves differently is meant to", "Compare each behavioural change with the notes."),
    "only-fix": ("It holds nothing but the fix", "Every change belongs to the fault that it mends."),
    "script": ("I read script.csx", "It runs in every call."),
}
_OF_LANE: dict[str, tuple[str, ...]] = {
    Lane.NEW: ("words", "account"),
    Lane.ADDITIVE: ("words",),
    Lane.BREAKING: ("notice", "meaning"),
    Lane.HOTFIX: ("only-fix",),
    Lane.METADATA: ("words",),
}


@dataclass(frozen=True, slots=True)
class Check:
    """A line that the portal filled in. `tone` is success, warning, danger or info."""

    text: str
    detail: str
    tone: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """A line that a person answers for; it counts for the package that was reviewed only."""

    text: str
    detail: str
    seen: Seen


@dataclass(frozen=True, slots=True)
class Checklist:
    """`lane` is the one that was found, `why` on what grounds."""

    lane: Lane
    why: str
    checks: list[Check]
    ticks: list[Tick]

    @property
    def open_ticks(self) -> int:
        return sum(not tick.seen.is_viewed for tick in self.ticks)


def checklist(
    submission: Submission,
    user: User,
    talk: Conversation,
    credentials: list[CredentialRow],
    validation: Validation | None,
) -> Checklist:
    """For a submission with a revision and the verdict on it; a number of queries that does not depend on its
    size."""
    lane = lane_of(submission)
    page = changes_page(submission, user, "live") if lane != Lane.NEW else None
    marks = viewed_marks(submission, user)
    script = _has_script(submission)
    names = (*_OF_LANE[lane], *(("script",) if script else ()))
    digest = submission.revision.version.digest if submission.revision else ""
    return Checklist(
        lane,
        _why(lane, page),
        [
            *_check_findings(submission, validation),
            *_check_changes(submission, lane, page),
            *(_check_identity(submission) if lane == Lane.NEW else []),
            _check_credentials(submission, credentials),
            _check_runs(submission),
            _check_threads(submission, talk),
        ],
        [
            Tick(*_MANUAL[name], Seen(f"{_CHECK}{name}", digest, marks.get(f"{_CHECK}{name}") == digest))
            for name in names
        ],
    )


def ticked(submission: Submission, user: User) -> list[str]:
    """Names of the lines that `user` ticked for the package under review."""
    revision = submission.revision
    if revision is None:
        return []
    marks = viewed_marks(submission, user)
    digest = revision.version.digest
    return sorted(
        key.removeprefix(_CHECK) for key, of in marks.items() if key.startswith(_CHECK) and of == digest
    )


def _why(lane: Lane, page: ChangesPage | None) -> str:
    if lane == Lane.NEW:
        return "Nothing of it is live yet."
    if lane == Lane.HOTFIX:
        return "Handed in as a hotfix: decided the same day."
    if page is None:
        return "There is nothing to compare it with."
    if not page.counts:
        return "Compared with what is live, nothing changed."
    return "Compared with what is live: " + ", ".join(f"{count} {impact}" for impact, count in page.counts)


def _check_findings(submission: Submission, validation: Validation | None) -> list[Check]:
    url = reverse("finding_list", args=[submission.pk])
    if validation is None:
        return [Check("Validation", "No verdict on this revision yet.", "warning", url)]
    waived = len(active_waivers(submission))
    waivers = f", {waived} waived" if waived else ""
    found = [
        Check(
            "Rules",
            f"{_count(validation.errors, 'error')}{waivers}, {_count(validation.warnings, 'warning')}.",
            "success" if not validation.errors else "warning",
            url,
        )
    ]
    left = unanswered_warnings(submission, validation)
    if left:
        found.append(Check("Warnings without a note", ", ".join(left[:6]), "warning", url))
    asked = submission.waivers.filter(state="requested").count()
    if asked:
        words = f"{_count(asked, 'waiver')} to decide."
        found.append(Check("Waivers", words, "warning", reverse("review_queue")))
    return found


def _check_changes(submission: Submission, lane: Lane, page: ChangesPage | None) -> list[Check]:
    if page is None:
        return []
    url = reverse("review_changes", args=[submission.pk]) + "?since=live"
    seen = f"{page.viewed} of {page.total} viewed."
    found = [Check("Changes", seen, "success" if page.viewed == page.total else "info", url)]
    other = compared_with(submission, "live")
    new = _version(submission)
    if other is not None:
        old = str(other[0].facts.get("version", "") or other[0].label)
        tone = "success" if new != old else "warning"
        found.append(Check("Version number", f"{old or 'none'} is live, this is {new or 'none'}.", tone))
    notes = submission.revision.change_notes.strip() if submission.revision else ""
    if lane == Lane.BREAKING or not notes:
        words = f"{len(notes.split())} words." if notes else "None."
        found.append(Check("Change notes", words, "success" if notes else "warning", url))
    return found


def _version(submission: Submission) -> str:
    document = revised_package(submission).definition
    return openapi.text(document.value if document else None, "info", "version")


def _check_identity(submission: Submission) -> list[Check]:
    package = revised_package(submission)
    host = openapi.text(package.definition.value if package.definition else None, "host")
    contacts = submission.contacts if isinstance(submission.contacts, list) else []
    found = [
        Check("Host", host or "None named.", "info" if host else "warning"),
        Check(
            "Contacts",
            ", ".join(sorted({str(each.get("role", "")) for each in contacts})) or "None.",
            "success" if len(contacts) > 1 else "warning",
        ),
    ]
    icon = package.icon
    words = f"{icon.width} by {icon.height} pixels." if icon else "None in the package."
    return [*found, Check("Icon", words, "success" if icon else "warning")]


def _check_credentials(submission: Submission, rows: list[CredentialRow]) -> Check:
    url = url_or_empty("credential_list", submission)
    if not rows:
        return Check("Test credentials", "None: it cannot be tried.", "warning", url)
    works = sum(bool(row.test and row.test.outcome == "works") for row in rows)
    words = f"{_count(len(rows), 'credential')}, {works} proven to work."
    return Check("Test credentials", words, "success" if works == len(rows) else "warning", url)


def _check_runs(submission: Submission) -> Check:
    """Calls of this very package, by whomever."""
    url = url_or_empty("console", submission)
    version = submission.revision.version_id if submission.revision else None
    found: list[Any] = list(
        TestRun.objects.filter(submission=submission, version=version)
        .order_by()
        .values_list("operation_id", "is_success")
        .distinct()
    )
    works = {operation for operation, is_success in found if is_success}
    if not found:
        return Check("Calls", "No operation was tried with this package.", "info", url)
    fails = {operation for operation, _ in found} - works
    more = f", {_count(len(fails), 'operation')} only failed" if fails else ""
    words = f"{_count(len(works), 'operation')} answered{more}."
    return Check("Calls", words, "warning" if fails else "success", url)


def _check_threads(submission: Submission, talk: Conversation) -> Check:
    url = reverse("review_threads", args=[submission.pk])
    if talk.unresolved:
        return Check("Threads", f"{talk.unresolved} not resolved.", "warning", url)
    return Check("Threads", "All resolved." if talk.public else "None opened.", "success", url)


def _has_script(submission: Submission) -> bool:
    facts = submission.revision.version.facts if submission.revision else {}
    return bool(facts.get("has_script"))


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number or 'no'} {noun}s"


def url_or_empty(name: str, submission: Submission) -> str:
    """The address of another room's page; "" where it is not installed."""
    try:
        return reverse(name, args=[submission.pk])
    except NoReverseMatch:
        return ""
