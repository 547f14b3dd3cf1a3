"""What all pages of one submission share: finding it, its header with whose turn it is, and its tabs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from certification import policies
from certification.lifecycle import SUBMISSION, Turn
from certification.models import Submission
from certification.queries import submissions as queries
from certification.queries.readiness import Blocker, Place
from connectors.policies import is_member
from portal.accounts.models import User
from portal.shared.web import signed_in_user

# Part of the form -> (URL name, anchor) where it is corrected.
_PLACES: dict[str, tuple[str, str]] = {
    Place.PACKAGE: ("submission_edit", "package"),
    Place.KIND: ("submission_edit", "kind"),
    Place.CONTACTS: ("submission_edit", "contacts"),
    Place.CATEGORIES: ("submission_edit", "categories"),
    Place.NOTES: ("submission_edit", "notes"),
    Place.INTRO: ("submission_edit", "intro"),
    Place.CREDENTIALS: ("credential_list", ""),
    Place.FINDINGS: ("finding_list", ""),
}


# Nothing was approved yet, or it never was.
_UNDECIDED = frozenset(
    {"draft", "submitted", "validating", "validation_failed", "in_review", "changes_requested", "rejected"}
)


def visible_submission(request: HttpRequest, pk: UUID) -> Submission:
    """The submission with what pages need of it; 404 for strangers."""
    return get_object_or_404(Submission.objects.visible_to(request.user).with_page_data(), pk=pk)


def asked_submissions(request: HttpRequest) -> queries.ListFilter:
    """What the list, or its file, was asked for."""
    return queries.ListFilter(
        group=request.GET.get("state", ""),
        turn=request.GET.get("turn", ""),
        publisher=request.GET.get("publisher", ""),
        text=request.GET.get("q", "").replace("\0", "").strip()[:80],
    )


def submission_url(submission: Submission, name: str = "submission_detail") -> str:
    return reverse(name, args=[submission.pk])


def place_url(submission: Submission, blocker: Blocker) -> str:
    """The address of the field that removes the blocker."""
    name, anchor = _PLACES.get(blocker.place, ("submission_detail", ""))
    if blocker.place == Place.AGREEMENT:
        return reverse("agreement")
    if blocker.code == "credential-missing":
        # Straight to the form: the list would only offer to add one.
        name = "credential_create"
    return submission_url(submission, name) + (f"#{anchor}" if anchor else "")


def blocker_rows(submission: Submission, blockers: list[Blocker]) -> list[dict[str, str]]:
    return [{"text": blocker.text, "url": place_url(submission, blocker)} for blocker in blockers]


def is_turn_of(user: User, submission: Submission) -> bool:
    """Whether this reader can take the next step."""
    turn = submission.turn
    if turn == Turn.PUBLISHER:
        if policies.can_edit_submission(user, submission):
            return True
        return (
            submission.state == "preview_testing"
            and policies.can_comment_submission(user, submission)
            and (is_member(user, submission.publisher))
        )
    if turn == Turn.REVIEWER:
        return policies.can_decide_submission(user, submission)
    return turn == Turn.OPERATOR and user.is_operator


def page_context(request: HttpRequest, submission: Submission, tab: str) -> dict[str, Any]:
    """The context of submission_base.html: `tab` names the current one."""
    user = signed_in_user(request)
    progress = queries.progress(submission)
    can_edit = policies.can_edit_submission(user, submission)
    return {
        "submission": submission,
        "progress": progress,
        "is_my_turn": is_turn_of(user, submission),
        "is_member": is_member(user, submission.publisher),
        "can_edit": can_edit and submission.is_editable,
        "can_submit": policies.can_submit_submission(user, submission) and submission.is_editable,
        "can_withdraw": policies.can_withdraw_submission(user, submission)
        and SUBMISSION.can("withdraw", submission.state),
        "can_start_again": can_edit and submission.state in SUBMISSION.terminal,
        "can_review": policies.can_decide_submission(user, submission) and submission.state == "in_review",
        "tabs": _tabs(
            submission,
            tab,
            can_edit=can_edit and submission.is_editable,
            can_try=policies.can_try_operations(user, submission),
        ),
        "urls": _panel_urls(submission),
    }


def linked_steps(
    submission: Submission, steps: list[queries.Step], urls: dict[str, str]
) -> list[queries.Step]:
    """The strip with each step that was reached leading to what it is about."""
    anchors = {"Preview": "#preview", "Sign-off": "#preview", "Rollout": "#rollout"}
    pages = {
        "Draft": submission_url(submission, "submission_package"),
        "Submitted": submission_url(submission, "submission_history"),
        "Validated": submission_url(submission, "finding_list"),
        "Reviewed": urls["review_threads"],
        "Live": reverse("connector_detail", args=[submission.connector_id]),
    }
    return [
        step if step.state in {"upcoming", "skipped"} else replace(step, url=(pages | anchors)[step.label])
        for step in steps
    ]


def _tabs(submission: Submission, current: str, *, can_edit: bool, can_try: bool) -> list[dict[str, Any]]:
    found = [("overview", _("Overview"), "submission_detail")]
    if can_edit:
        found.append(("edit", _("Form"), "submission_edit"))
    found += [
        ("package", "Package", "submission_package"),
        ("findings", "Findings", "finding_list"),
        *([("threads", "Threads", "review_threads")] if submission.revision_id else []),
        ("credentials", "Credentials", "credential_list"),
    ]
    if can_try:
        found.append(("console", _("Try it"), "console"))
    if submission.state not in _UNDECIDED:
        found.append(("certificates", _("Certificates"), "certificate_list"))
    found += [
        ("time", "Time", "submission_time"),
        ("history", "History", "submission_history"),
    ]
    return [
        {"label": label, "url": submission_url(submission, name), "active": key == current}
        for key, label, name in found
    ]


# Fragments of other rooms, named by address only.
_PANELS = ("review_threads", "review_detail", "preview_panel", "rollout_panel", "submission_mails")


def _panel_urls(submission: Submission) -> dict[str, str]:
    return {name: _address_of(name, submission) for name in _PANELS}


def _address_of(name: str, submission: Submission) -> str:
    try:
        return reverse(name, args=[submission.pk])
    except NoReverseMatch:
        return ""
