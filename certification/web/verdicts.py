"""Appeals against rejections, and the conditions of approvals."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification import policies
from certification.models import Appeal, DecisionCondition, Submission
from certification.queries import verdicts as queries
from certification.services import verdicts as services
from certification.web.review_pages import reviewed_submission
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.web import done, signed_in_user


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def appeal_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say why the rejection of this submission deserves a second look."""
    submission, user = reviewed_submission(request, pk), signed_in_user(request)
    require(policies.can_appeal_decision, user, submission)
    decision = get_object_or_404(
        submission.decisions.select_related("reviewer", "revision"), verdict="reject"
    )
    decision.submission = submission
    text, error = request.POST.get("text", ""), ""
    if request.method == "POST":
        try:
            found = services.appeal(decision, text=text, actor=user)
        except InvalidInput as refused:
            error = refused.message
        else:
            words = _("Your appeal is with the administrators.")
            return done(request, words, reverse("appeal_detail", args=[found.pk]))
    context = {"submission": submission, "decision": decision, "text": text, "error": error}
    return render(request, "certification/appeal_form.html", context, status=400 if error else 200)


@require_safe
@login_required
def appeal_list(request: HttpRequest) -> HttpResponse:
    """All appeals, those that wait first."""
    user = signed_in_user(request)
    require(policies.can_see_queue, user, None, otherwise=_("The list of appeals is for staff."))
    found = sorted(queries.appeals_for(user)[:200], key=lambda each: each.state != "open")
    return render(request, "certification/appeal_list.html", {"appeals": found})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def appeal_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The appeal beside the reasons of the rejection; POST decides ("uphold", "overturn") or withdraws it."""
    user = signed_in_user(request)
    found = get_object_or_404(queries.appeals_for(user), pk=pk)
    answer, error = request.POST.get("answer", ""), ""
    if request.method == "POST":
        try:
            return done(request, _decided(found, request, answer), reverse("appeal_detail", args=[pk]))
        except InvalidInput as refused:
            error = refused.message
    context = {
        "appeal": found,
        "submission": found.decision.submission,
        "answer": answer,
        "error": error,
        "can_decide": found.state == "open" and policies.can_decide_appeal(user, found),
        "can_withdraw": found.state == "open"
        and policies.can_appeal_decision(user, found.decision.submission),
    }
    return render(request, "certification/appeal_detail.html", context, status=400 if error else 200)


def _decided(found: Appeal, request: HttpRequest, answer: str) -> str:
    user, verdict = signed_in_user(request), request.POST.get("verdict", "")
    if verdict == "withdraw":
        services.withdraw_appeal(found, actor=user)
        return _("The appeal is withdrawn.")
    require(policies.can_decide_appeal, user, found)
    if verdict not in {"uphold", "overturn"}:
        raise InvalidInput(_("Choose what becomes of the rejection."))
    services.decide_appeal(found, is_overturned=verdict == "overturn", answer=answer, actor=user)
    return _("Decided: the team is told.")


@require_POST
@login_required
def condition_settle(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Met, or (`drop`, with a note) not asked for any more."""
    found = get_object_or_404(
        DecisionCondition.objects.select_related("decision__submission__connector__publisher").filter(
            decision__submission__in=Submission.objects.visible_to(request.user)
        ),
        pk=pk,
    )
    is_met, note = not request.POST.get("drop"), request.POST.get("note", "")
    services.settle_condition(found, is_met=is_met, note=note, actor=signed_in_user(request))
    words = _("Met.") if is_met else _("Not asked for any more.")
    return done(request, words, reverse("review_detail", args=[found.decision.submission_id]))


urlpatterns = [
    path("submissions/<uuid:pk>/appeal/", appeal_new, name="appeal_new"),
    path("reviews/appeals/", appeal_list, name="appeal_list"),
    path("appeals/<uuid:pk>/", appeal_detail, name="appeal_detail"),
    path("conditions/<uuid:pk>/settle/", condition_settle, name="condition_settle"),
]
