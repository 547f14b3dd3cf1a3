"""What all pages of one review share: finding it, its header and tabs, and the panel with claim and
decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse

from certification import policies
from certification.lifecycle import SubmissionState
from certification.models import Decision, Submission
from certification.queries import reviews as queries
from certification.queries.credentials import credential_rows
from certification.queries.threads import Conversation, conversation
from certification.queries.validation import active_waivers, counts_by_rule, unanswered_warnings
from certification.queries.workbench import verdict_on
from certification.rules.rulebook import rule_info
from certification.services.decisions import LONGEST_REASONS
from certification.services.reviews import LONGEST_NOTE
from connectors.policies import is_member
from portal.accounts.models import User
from portal.shared.web import signed_in_user

TABS = (
    ("definition", "Definition", "review_detail"),
    ("source", "Source", "review_source"),
    ("changes", "Changes", "review_changes"),
    ("threads", "Conversation", "review_threads"),
)


class DecisionForm(forms.Form):
    """`digest` is of the package that the page showed: a decision about another one is refused."""

    verdict = forms.ChoiceField(choices=Decision.Verdict.choices, required=False)
    reasons = forms.CharField(
        required=False, max_length=LONGEST_REASONS, widget=forms.Textarea(attrs={"rows": 4})
    )
    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)


class HandOverForm(forms.Form):
    to = forms.ModelChoiceField(queryset=User.objects.none(), label="To", empty_label="Choose a reviewer")
    note = forms.CharField(
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What was done, what is left. Only staff read it.",
    )

    def __init__(self, *args: Any, submission: Submission, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = queries.reviewers_for(submission, user)  # type: ignore[attr-defined]


def reviewed_submission(request: HttpRequest, pk: UUID) -> Submission:
    """The submission with its last revision; 404 for strangers, and while nothing was handed in."""
    found = (
        Submission.objects.visible_to(request.user)
        .filter(revision__isnull=False)
        .select_related("revision__handed_in_by", "revision__version")
        .select_related("connector__publisher", "connector__live_version")
        .defer("revision__version__tree", "connector__live_version__tree", "connector__live_version__facts")
    )
    return get_object_or_404(found, pk=pk)


def page_context(
    request: HttpRequest, submission: Submission, tab: str, talk: Conversation | None = None
) -> dict[str, Any]:
    """Header, tabs and panel. Permission booleans come from the policies that the services ask."""
    user = signed_in_user(request)
    talk = talk or conversation(user, submission)
    counts = {"threads": talk.unresolved}
    tabs = [
        {
            "label": label,
            "url": reverse(name, args=[submission.pk]),
            "active": key == tab,
            "count": counts.get(key),
        }
        for key, label, name in TABS
    ]
    return {
        "submission": submission,
        "revision": submission.revision,
        "talk": talk,
        "tabs": tabs,
        "can_comment": policies.can_comment_submission(user, submission),
        "can_note": policies.can_see_private_notes(user, submission),
        **panel_context(user, submission, talk),
    }


def panel_context(user: User, submission: Submission, talk: Conversation) -> dict[str, Any]:
    """Claim, decision, checklist and findings. Claims, clocks and who is looking are for staff only."""
    is_staff = bool(user.staff_role) and not is_member(user, submission.connector.publisher)
    validation = verdict_on(submission)
    context: dict[str, Any] = {
        "is_staff": is_staff,
        "validation": validation,
        "rule_counts": _rule_counts(counts_by_rule(validation) if validation else []),
        "decisions": submission.decisions.select_related("reviewer", "revision").order_by("-created_at"),
    }
    if not is_staff:
        return context
    context |= {
        "credentials": credential_rows(submission),
        "can_try": policies.can_try_operations(user, submission),
    }
    claim = queries.current_claim(submission)
    may_claim = policies.can_claim_review(user, submission)
    is_mine = bool(claim and claim.reviewer_id == user.pk)
    in_review = submission.state == SubmissionState.IN_REVIEW
    obstacles = _obstacles(user, submission, claim)
    return context | {
        "claim": claim,
        "is_mine": is_mine,
        "can_claim": may_claim and in_review and claim is None,
        "in_review": in_review,
        "deadline": queries.deadline_of(submission) if in_review else None,
        "obstacles": obstacles,
        "approval_blockers": queries.approval_blockers(submission) if in_review else [],
        "decision_form": DecisionForm(initial={"digest": submission.revision.version.digest})
        if submission.revision
        else None,
        "hand_over_form": HandOverForm(submission=submission, user=user) if is_mine else None,
        "lookers": queries.lookers(submission, user),
        "checks": checks(submission, talk),
    }


def _rule_counts(counts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """[{rule, severity, count, title}]"""
    rows = []
    for count in counts:
        info = rule_info(count["rule"])
        rows.append({**count, "title": info.title if info else ""})
    return rows


def _obstacles(user: User, submission: Submission, claim: Any) -> list[str]:
    """Why the reader cannot decide at all, one sentence each."""
    if submission.state != SubmissionState.IN_REVIEW:
        return [f"It is “{submission.get_state_display()}” now: there is nothing to decide."]
    if not policies.can_decide_submission(user, submission):
        return ["Reviewers of other teams decide."]
    revision = submission.revision
    if revision and user.pk in {revision.handed_in_by_id, revision.version.created_by_id}:
        return ["You made or handed in this package: another reviewer decides."]
    if claim is not None and claim.reviewer_id != user.pk:
        return [f"{claim.reviewer.name} holds this review."]
    return []


@dataclass(frozen=True, slots=True)
class Check:
    """A line of the checklist, its evidence filled in by the portal. `tone` is success, warning, danger or
    info."""

    text: str
    detail: str
    tone: str
    url: str = ""


def checks(submission: Submission, talk: Conversation) -> list[Check]:
    """What a reviewer makes sure of before a decision."""
    return [
        *_check_findings(submission),
        _check_credentials(submission),
        _check_threads(submission, talk),
        *_check_script(submission),
    ]


def _check_findings(submission: Submission) -> list[Check]:
    validation = verdict_on(submission)
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
        found.append(
            Check("Waivers", f"{_count(asked, 'waiver')} to decide.", "warning", reverse("review_queue"))
        )
    return found


def _check_credentials(submission: Submission) -> Check:
    count = submission.credentials.count()
    words = f"{_count(count, 'credential')} to test with." if count else "None: it cannot be tried."
    return Check(
        "Test credentials",
        words,
        "success" if count else "warning",
        url_or_empty("credential_list", submission),
    )


def _check_threads(submission: Submission, talk: Conversation) -> Check:
    url = reverse("review_threads", args=[submission.pk])
    if talk.unresolved:
        return Check("Threads", f"{talk.unresolved} not resolved.", "warning", url)
    return Check("Threads", "All resolved." if talk.public else "None opened.", "success", url)


def _check_script(submission: Submission) -> list[Check]:
    facts = submission.revision.version.facts if submission.revision else {}
    if not facts.get("has_script"):
        return []
    url = f"{reverse('review_source', args=[submission.pk])}?file=script.csx"
    return [Check("Custom code", "script.csx runs in every call: read it.", "info", url)]


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number or 'no'} {noun}s"


def url_or_empty(name: str, submission: Submission) -> str:
    """The address of another room's page; "" where it is not installed."""
    try:
        return reverse(name, args=[submission.pk])
    except NoReverseMatch:
        return ""
