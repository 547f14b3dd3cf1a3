"""The review queue, claims and the decision."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from certification import policies
from certification.models import Submission
from certification.queries import reviews as queries
from certification.queries.replies import active_replies, offers, reply_text
from certification.queries.threads import conversation
from certification.queries.verdicts import open_appeals
from certification.reviewing.anchors import Anchor
from certification.services import decisions, families, reviews
from certification.web.review_pages import (
    DecisionForm,
    HandOverForm,
    page_context,
    panel_context,
    reviewed_submission,
)
from certification.web.review_places import number
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.live import stamp_of, stamp_of_everything, unchanged
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user, uuid_or_none
from portal.shared.words import lazy as _lazy

_VIEWS = ("", "mine", "unclaimed", "overdue")
_WORDS = {
    "approve": _lazy("Approved: the package goes to the Preview region."),
    "request_changes": _lazy("Changes requested: the team is told."),
    "reject": _lazy("Rejected: the team is told why."),
}


@require_safe
@login_required
def review_queue(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    require(policies.can_see_queue, user, None, otherwise=_("The review queue is for staff."))
    is_fragment = request.headers.get("HX-Target") == "queue-live"
    stamp = stamp_of_everything()
    same = unchanged(request, stamp) if is_fragment else None
    if same:
        return same
    asked = _asked(request)
    context = {
        "asked": asked,
        "stamp": stamp,
        "queue": queries.review_queue(user, asked, page=number(request.GET.get("page"), 1)),
        "waivers": queries.waivers_to_decide(user)[:50] if user.is_reviewer else [],
        "appeals": open_appeals(user)[:50],
        "kinds": Submission.Kind.choices,
        "can_claim": user.is_reviewer,
    }
    template = "_review_queue.html" if is_fragment else "review_queue.html"
    return render(request, f"certification/{template}", context)


def _asked(request: HttpRequest) -> queries.QueueFilter:
    return queries.QueueFilter(
        view=request.GET.get("view", "") if request.GET.get("view", "") in _VIEWS else "",
        kind=request.GET.get("kind", "") if request.GET.get("kind", "") in Submission.Kind.values else "",
        sort="deadline" if request.GET.get("sort") == "deadline" else "",
    )


@require_safe
@login_required
def review_panel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Claim, decision and checklist again when something happened to the submission; else nothing."""
    submission = reviewed_submission(request, pk)
    same = unchanged(request, stamp_of(submission))
    if same:
        return same
    user = signed_in_user(request)
    talk = conversation(user, submission)
    context = {
        "submission": submission,
        "revision": submission.revision,
        "talk": talk,
        "can_note": policies.can_see_private_notes(user, submission),
    }
    context |= panel_context(user, submission, talk)
    response = render(request, "certification/_review_panel_live.html", context)
    response["HX-Trigger"] = "submission-changed"
    return response


@require_POST
@login_required
def review_claim(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = reviewed_submission(request, pk)
    reviews.claim(submission, actor=signed_in_user(request))
    return done(request, _("You hold this review for four hours."), _address(submission))


@require_POST
@login_required
def review_extend(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = reviewed_submission(request, pk)
    reviews.extend(submission, actor=signed_in_user(request))
    return done(request, _("You hold this review for another four hours."), _address(submission))


@require_POST
@login_required
def review_release(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = reviewed_submission(request, pk)
    reviews.release(submission, actor=signed_in_user(request))
    return done(request, _("The review is free again. It kept its place."), reverse("review_queue"))


@require_POST
@login_required
def review_hand_over(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = reviewed_submission(request, pk)
    user = signed_in_user(request)
    require(policies.can_claim_review, user, submission)
    form = HandOverForm(request.POST, submission=submission, user=user)
    if form.is_valid():
        try:
            reviews.hand_over(submission, **form.cleaned_data, actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(
                request,
                _("Handed over to %(name)s.") % {"name": form.cleaned_data["to"].name},
                reverse("review_queue"),
            )
    context = page_context(request, submission, "") | {"hand_over_form": form}
    return render(request, "certification/review_hand_over.html", context, status=400)


@require_POST
@login_required
def review_decide(request: HttpRequest, pk: UUID) -> HttpResponse:
    """`also` ("id:digest") names siblings with the same change that get the same verdict."""
    submission = reviewed_submission(request, pk)
    user = signed_in_user(request)
    require(policies.can_decide_submission, user, submission)
    form = DecisionForm(request.POST)
    if form.is_valid():
        try:
            words = _decide(request, submission, form)
        except (InvalidInput, Blocked) as error:
            if isinstance(error, InvalidInput):
                add_errors(form, error)
            else:
                for blocker in error.blockers:
                    form.add_error(None, blocker)
        else:
            return done(request, words, reverse("review_queue"))
    context = page_context(request, submission, "") | {"decision_form": form}
    return render(request, "certification/decision_form.html", context, status=400)


@require_POST
@login_required
def review_reasons(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The form again with a canned reply below the reasons; nothing is decided. For htmx only the field."""
    submission = reviewed_submission(request, pk)
    user = signed_in_user(request)
    require(policies.can_decide_submission, user, submission)
    given = request.POST.dict()
    known = uuid_or_none(given.get("reply", ""))
    reply = get_object_or_404(active_replies(), pk=known)
    words = [given.get("reasons", "").strip(), reply_text(reply, submission, Anchor(), user)]
    form = DecisionForm(initial=given | {"reasons": "\n\n".join(filter(None, words))})
    context = {"submission": submission, "decision_form": form, "is_filled": True}
    if request.headers.get("HX-Request"):
        return render(
            request,
            "certification/_decision_reasons.html",
            context | {"replies": offers(submission, Anchor())},
        )
    return render(
        request, "certification/decision_form.html", page_context(request, submission, "") | context
    )


def _decide(request: HttpRequest, submission: Submission, form: DecisionForm) -> str:
    user, given, also = signed_in_user(request), form.decision(), _chosen(request.POST.getlist("also"))
    if also:
        families.check_siblings(submission, also)
    decisions.decide(submission, **given, actor=user)
    words = _WORDS[given["verdict"]]
    if not also:
        return words
    shared = {"verdict": given["verdict"], "reasons": given["reasons"]}
    outcomes = families.decide_siblings(also, **shared, actor=user)
    for outcome in outcomes:
        if outcome.problem:
            messages.warning(
                request,
                _("%(reference)s was not decided. %(problem)s")
                % {"reference": outcome.reference, "problem": outcome.problem},
            )
    count = sum(outcome.decision is not None for outcome in outcomes)
    return _("%(words)s The same for %(count)s of %(outcomes)s siblings.") % {
        "words": words,
        "count": count,
        "outcomes": len(outcomes),
    }


def _chosen(values: list[str]) -> dict[UUID, str]:
    found = {}
    for value in values[:50]:
        name, _, digest = value.partition(":")
        with suppress(ValueError):
            found[UUID(name)] = digest
    return found


@require_POST
@login_required
def review_looking(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A sign of life from an open page; answers with who else is there."""
    submission = reviewed_submission(request, pk)
    user = signed_in_user(request)
    require(policies.can_see_private_notes, user, submission)
    reviews.note_visit(submission, actor=user)
    context = {"lookers": queries.lookers(submission, user)}
    return render(request, "certification/_review_lookers.html", context)


def _address(submission: Submission) -> str:
    return reverse("review_detail", args=[submission.pk])


urlpatterns = [
    path("reviews/", review_queue, name="review_queue"),
    path("submissions/<uuid:pk>/review/panel/", review_panel, name="review_panel"),
    path("submissions/<uuid:pk>/review/claim/", review_claim, name="review_claim"),
    path("submissions/<uuid:pk>/review/extend/", review_extend, name="review_extend"),
    path("submissions/<uuid:pk>/review/release/", review_release, name="review_release"),
    path("submissions/<uuid:pk>/review/hand-over/", review_hand_over, name="review_hand_over"),
    path("submissions/<uuid:pk>/review/decide/", review_decide, name="review_decide"),
    path("submissions/<uuid:pk>/review/reasons/", review_reasons, name="review_reasons"),
    path("submissions/<uuid:pk>/review/looking/", review_looking, name="review_looking"),
]
