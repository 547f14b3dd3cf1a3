"""The checklist of a review: what its lane asks for, with the evidence that the portal has and the ticks that
only a person can set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from certification import policies
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
from portal.shared.words import counted
from portal.shared.words import lazy as _lazy

_CHECK = "check:"
_MANUAL: dict[str, tuple[str, str]] = {
    "words": (
        _lazy("Names and descriptions tell a maker what happens"),
        _lazy("Read the cards as a maker would."),
    ),
    "account": (
        _lazy("Signing in works as described"),
        _lazy("Follow the introduction with the test account."),
    ),
    "notice": (
        _lazy("Whoever uses what breaks was told"),
        _lazy("The change notes or the introduction say what to do."),
    ),
    "meaning": (
        _lazy("What behaves differently is meant to"),
        _lazy("Compare each behavioural change with the notes."),
    ),
    "only-fix": (
        _lazy("It holds nothing but the fix"),
        _lazy("Every change belongs to the fault that it mends."),
    ),
    "script": (_lazy("I read script.csx"), _lazy("It runs in every call.")),
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
            _check_runs(submission, user),
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
        return _("Nothing of it is live yet.")
    if lane == Lane.HOTFIX:
        return _("Handed in as a hotfix: decided the same day.")
    if page is None:
        return _("There is nothing to compare it with.")
    if not page.counts:
        return _("Compared with what is live, nothing changed.")
    counts = ", ".join(f"{count} {impact}" for impact, count in page.counts)
    return _("Compared with what is live: %(counts)s") % {"counts": counts}


def _check_findings(submission: Submission, validation: Validation | None) -> list[Check]:
    url = reverse("finding_list", args=[submission.pk])
    if validation is None:
        return [Check(_("Validation"), _("No verdict on this revision yet."), "warning", url)]
    waived = len(active_waivers(submission))
    waivers = _(", %(waived)s waived") % {"waived": waived} if waived else ""
    errors = counted(validation.errors, _("error,errors"))
    found = [
        Check(
            _("Rules"),
            f"{errors}{waivers}, {counted(validation.warnings, _('warning,warnings'))}.",
            "success" if not validation.errors else "warning",
            url,
        )
    ]
    left = unanswered_warnings(submission, validation)
    if left:
        found.append(Check(_("Warnings without a note"), ", ".join(left[:6]), "warning", url))
    asked = submission.waivers.filter(state="requested").count()
    if asked:
        words = _("%(asked)s to decide.") % {"asked": counted(asked, _("waiver,waivers"))}
        found.append(Check(_("Waivers"), words, "warning", reverse("review_queue")))
    return found


def _check_changes(submission: Submission, lane: Lane, page: ChangesPage | None) -> list[Check]:
    if page is None:
        return []
    url = reverse("review_changes", args=[submission.pk]) + "?since=live"
    seen = _("%(viewed)s of %(total)s viewed.") % {"viewed": page.viewed, "total": page.total}
    found = [Check(_("Changes"), seen, "success" if page.viewed == page.total else "info", url)]
    other = compared_with(submission, "live")
    new = _version(submission)
    if other is not None:
        old = str(other[0].facts.get("version", "") or other[0].label)
        tone = "success" if new != old else "warning"
        found.append(
            Check(
                _("Version number"),
                _("%(value)s is live, this is %(value_2)s.")
                % {"value": old or "none", "value_2": new or "none"},
                tone,
            )
        )
    notes = submission.revision.change_notes.strip() if submission.revision else ""
    if lane == Lane.BREAKING or not notes:
        words = _("%(split)s words.") % {"split": len(notes.split())} if notes else _("None.")
        found.append(Check(_("Change notes"), words, "success" if notes else "warning", url))
    return found


def _version(submission: Submission) -> str:
    document = revised_package(submission).definition
    return openapi.text(document.value if document else None, "info", "version")


def _check_identity(submission: Submission) -> list[Check]:
    package = revised_package(submission)
    host = openapi.text(package.definition.value if package.definition else None, "host")
    contacts = submission.contacts if isinstance(submission.contacts, list) else []
    found = [
        Check(_("Host"), host or _("None named."), "info" if host else "warning"),
        Check(
            _("Contacts"),
            ", ".join(sorted({str(each.get("role", "")) for each in contacts})) or _("None."),
            "success" if len(contacts) > 1 else "warning",
        ),
    ]
    icon = package.icon
    words = (
        _("%(width)s by %(height)s pixels.") % {"width": icon.width, "height": icon.height}
        if icon
        else _("None in the package.")
    )
    return [*found, Check(_("Icon"), words, "success" if icon else "warning")]


def _check_credentials(submission: Submission, rows: list[CredentialRow]) -> Check:
    url = url_or_empty("credential_list", submission)
    if not rows:
        return Check(_("Test credentials"), _("None: it cannot be tried."), "warning", url)
    works = sum(bool(row.test and row.test.outcome == "works") for row in rows)
    words = _("%(rows)s, %(works)s proven to work.") % {
        "rows": counted(len(rows), _("credential,credentials")),
        "works": works,
    }
    return Check(_("Test credentials"), words, "success" if works == len(rows) else "warning", url)


def _check_runs(submission: Submission, user: User) -> Check:
    """Calls of this very package, by whomever."""
    url = url_or_empty("console", submission) if policies.can_try_operations(user, submission) else ""
    version = submission.revision.version_id if submission.revision else None
    found: list[Any] = list(
        TestRun.objects.filter(submission=submission, version=version)
        .order_by()
        .values_list("operation_id", "is_success")
        .distinct()
    )
    works = {operation for operation, is_success in found if is_success}
    if not found:
        return Check(_("Calls"), _("No operation was tried with this package."), "info", url)
    fails = {operation for operation, _ in found} - works
    failed = counted(len(fails), _("operation,operations"))
    more = _(", %(operations)s only failed") % {"operations": failed} if fails else ""
    words = _("%(works)s answered%(more)s.") % {
        "works": counted(len(works), _("operation,operations")),
        "more": more,
    }
    return Check(_("Calls"), words, "warning" if fails else "success", url)


def _check_threads(submission: Submission, talk: Conversation) -> Check:
    url = reverse("review_threads", args=[submission.pk])
    if talk.unresolved:
        return Check(
            _("Threads"), _("%(unresolved)s not resolved.") % {"unresolved": talk.unresolved}, "warning", url
        )
    return Check(_("Threads"), _("All resolved.") if talk.public else _("None opened."), "success", url)


def _has_script(submission: Submission) -> bool:
    facts = submission.revision.version.facts if submission.revision else {}
    return bool(facts.get("has_script"))


def url_or_empty(name: str, submission: Submission) -> str:
    """The address of another room's page; "" where it is not installed."""
    try:
        return reverse(name, args=[submission.pk])
    except NoReverseMatch:
        return ""
