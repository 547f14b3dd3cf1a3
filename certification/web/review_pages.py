"""What all pages of one review share: finding it, its header and tabs, and the panel with claim and
decision."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from certification import policies
from certification.lifecycle import SubmissionState
from certification.models import Decision, DecisionCondition, Submission
from certification.queries import reviews as queries
from certification.queries.credentials import credential_rows
from certification.queries.families import siblings_of
from certification.queries.replies import offers
from certification.queries.review_checks import checklist
from certification.queries.review_mirrors import public_place
from certification.queries.rulebook import rule_info
from certification.queries.threads import Conversation, conversation
from certification.queries.validation import counts_by_rule
from certification.queries.verdicts import conditions_of
from certification.queries.workbench import verdict_on
from certification.reviewing.anchors import Anchor
from certification.services.decisions import LONGEST_REASONS
from certification.services.reviews import LONGEST_NOTE
from certification.services.verdicts import Wanted
from certification.web.review_places import place_of
from connectors.policies import is_member
from portal.accounts.models import User
from portal.shared.live import stamp_of
from portal.shared.web import signed_in_user
from portal.shared.words import lazy as _lazy

TABS = (
    ("definition", _lazy("As makers see it"), "review_detail"),
    ("tree", _lazy("Tree"), "review_tree"),
    ("source", _lazy("Source"), "review_source"),
    ("changes", _lazy("Changes"), "review_changes"),
    ("threads", _lazy("Conversation"), "review_threads"),
)
_VIEWS = ("definition", "tree", "source")
"""The three ways to see a definition: going from one to another keeps the place."""


class DecisionForm(forms.Form):
    """`digest` is of the package that the page showed: a decision about another one is refused."""

    verdict = forms.ChoiceField(choices=Decision.Verdict.choices, required=False)
    reasons = forms.CharField(
        required=False, max_length=LONGEST_REASONS, widget=forms.Textarea(attrs={"rows": 4})
    )
    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)
    conditions = forms.CharField(required=False, max_length=5_000)
    due = forms.ChoiceField(choices=DecisionCondition.Due.choices, required=False)

    def decision(self) -> dict[str, Any]:
        """The arguments of `decide`: every line of the conditions is one."""
        given = self.cleaned_data
        lines = given["conditions"].splitlines()
        wanted = [Wanted(line, given["due"] or DecisionCondition.Due.ROLLOUT) for line in lines]
        return {name: given[name] for name in ("verdict", "reasons", "digest")} | {"conditions": wanted}


class HandOverForm(forms.Form):
    to = forms.ModelChoiceField(
        queryset=User.objects.none(), label="To", empty_label=_lazy("Choose a reviewer")
    )
    note = forms.CharField(
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_lazy("What was done, what is left. Only staff read it."),
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
    place = place_of(request, submission)
    counts = {"threads": talk.unresolved}
    tabs = [
        {
            "label": label,
            "url": f"{reverse(name, args=[submission.pk])}{place.query if key in _VIEWS else ''}",
            "keeps_place": key in _VIEWS,
            "active": key == tab,
            "count": counts.get(key),
            "key": str(number),
        }
        for number, (key, label, name) in enumerate(TABS, start=1)
    ]
    return {
        "submission": submission,
        "revision": submission.revision,
        "talk": talk,
        "tabs": tabs,
        "place": place,
        "can_comment": policies.can_comment_submission(user, submission),
        "can_note": policies.can_see_private_notes(user, submission),
        "public_place": public_place(submission),
        **panel_context(user, submission, talk),
    }


def panel_context(user: User, submission: Submission, talk: Conversation) -> dict[str, Any]:
    """Claim, decision, checklist and findings. Claims, clocks and who is looking are for staff only."""
    # The stamp first: what changes while the rest is read is then told the next time.
    stamp = stamp_of(submission)
    is_staff = bool(user.staff_role) and not is_member(user, submission.connector.publisher)
    validation = verdict_on(submission)
    context: dict[str, Any] = {
        "stamp": stamp,
        "is_staff": is_staff,
        "validation": validation,
        "rule_counts": _rule_counts(counts_by_rule(validation) if validation else []),
        "decisions": submission.decisions.select_related("reviewer", "revision", "appeal").order_by(
            "-created_at"
        ),
        "conditions": conditions_of(submission),
        "can_settle": policies.can_claim_review(user, submission),
        "can_appeal": submission.state == SubmissionState.REJECTED
        and policies.can_appeal_decision(user, submission),
    }
    if not is_staff:
        return context
    credentials = credential_rows(submission)
    context |= {
        "credentials": credentials,
        "can_try": policies.can_try_operations(user, submission),
    }
    claim = queries.current_claim(submission)
    may_claim = policies.can_claim_review(user, submission)
    is_mine = bool(claim and claim.reviewer_id == user.pk)
    in_review = submission.state == SubmissionState.IN_REVIEW
    deadline = queries.deadline_of(submission) if in_review else None
    obstacles = _obstacles(user, submission, claim)
    return context | {
        "claim": claim,
        "is_mine": is_mine,
        "can_claim": may_claim and in_review and claim is None,
        "in_review": in_review,
        "deadline": deadline,
        "is_overdue": deadline is not None and deadline < timezone.now(),
        "obstacles": obstacles,
        "approval_blockers": queries.approval_blockers(submission) if in_review else [],
        "decision_form": DecisionForm(initial={"digest": submission.revision.version.digest})
        if submission.revision
        else None,
        "hand_over_form": HandOverForm(submission=submission, user=user) if is_mine else None,
        "replies": offers(submission, Anchor()) if in_review and not obstacles else [],
        "siblings": siblings_of(submission) if in_review and not obstacles else [],
        "lookers": queries.lookers(submission, user),
        "checklist": checklist(submission, user, talk, credentials, validation),
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
        return [
            _("It is “%(get_state_display)s” now: there is nothing to decide.")
            % {"get_state_display": submission.get_state_display()}
        ]
    if not policies.can_decide_submission(user, submission):
        return [_("Reviewers of other teams decide.")]
    revision = submission.revision
    if revision and user.pk in {revision.handed_in_by_id, revision.version.created_by_id}:
        return [_("You made or handed in this package: another reviewer decides.")]
    if claim is not None and claim.reviewer_id != user.pk:
        return [_("%(name)s holds this review.") % {"name": claim.reviewer.name}]
    return []
