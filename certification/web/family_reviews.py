"""One review of a family: the common change once, each member's exceptions, and one start for all of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from certification import policies
from certification.models import RolloutPlan, Submission, SubmissionFamily
from certification.queries import family_report as queries
from certification.queries import plans as plan_queries
from certification.queries.reviews import approval_blockers
from certification.services import families as services
from certification.services import plans
from certification.web.families import family_address, visible_family, warn_about
from certification.web.family_forms import (
    MEMBER_VERDICTS,
    FamilyCommentForm,
    FamilyStartForm,
    FamilyVerdictForm,
)
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def family_review(request: HttpRequest, pk: UUID) -> HttpResponse:
    family = visible_family(request, pk)
    require(policies.can_decide_family, signed_in_user(request), family)
    members = [each for each in queries.members_of(family) if each.state == "in_review"]
    form = FamilyVerdictForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _decided(request, family, form, members)
        except InvalidInput as error:
            add_errors(form, error)
    difference = queries.reviewed_difference(members)
    context = {
        "family": family,
        "form": form,
        "common": difference.common,
        "rows": [_row(each, difference, request) for each in members],
        "verdicts": MEMBER_VERDICTS,
        "comment_form": FamilyCommentForm(),
    }
    return render(request, "certification/family_review.html", context)


def _row(submission: Submission, difference: Any, request: HttpRequest) -> dict[str, Any]:
    """`difference` is None where nothing is live: then all of it is new."""
    found = difference.members.get(submission.pk)
    return {
        "submission": submission,
        "difference": found,
        "is_plain": found is not None and found.is_plain,
        "blockers": approval_blockers(submission),
        "verdict": request.POST.get(f"verdict-{submission.pk}", ""),
        "reasons": request.POST.get(f"reasons-{submission.pk}", ""),
    }


def _decided(
    request: HttpRequest, family: SubmissionFamily, form: FamilyVerdictForm, members: list[Submission]
) -> HttpResponse:
    chosen = form.choices(each.pk for each in members)
    outcomes = services.decide_family(family, chosen, actor=signed_in_user(request))
    warn_about(
        request,
        [
            _("%(reference)s was not decided. %(problem)s")
            % {"reference": each.reference, "problem": each.problem}
            for each in outcomes
            if each.problem
        ],
    )
    count = sum(each.decision is not None for each in outcomes)
    words = ngettext("%(count)s connector is decided.", "%(count)s connectors are decided.", count)
    return done(request, words % {"count": count}, family_address(family))


@require_POST
@login_required
def family_comment(request: HttpRequest, pk: UUID) -> HttpResponse:
    family = visible_family(request, pk)
    user = signed_in_user(request)
    chosen = {each.pk for each in queries.members_of(family) if each.state == "in_review"}
    opened = services.comment_family(family, body=request.POST.get("body", ""), members=chosen, actor=user)
    words = ngettext(
        "%(count)s connector has a thread with your comment.",
        "%(count)s connectors have a thread with your comment.",
        len(opened),
    )
    return done(request, words % {"count": len(opened)}, reverse("family_review", args=[family.pk]))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def family_schedule(request: HttpRequest, pk: UUID) -> HttpResponse:
    family = visible_family(request, pk)
    require(policies.can_schedule_family, signed_in_user(request), family)
    form = FamilyStartForm(request.POST or request.GET or None)
    plan = form.cleaned_data["plan"] if form.is_valid() else _usual_plan()
    if plan is None:
        raise Blocked(_("There is no plan yet: an operator makes one first."))
    first = services.propose_family_start(family, plan)
    if request.method == "POST" and form.is_valid():
        return _scheduled(request, family, plan, form.cleaned_data["starts_on"] or first)
    if not form.is_bound:
        form = FamilyStartForm(initial={"plan": plan.pk, "starts_on": first})
    context = {
        "family": family,
        "form": form,
        "plan": plan,
        "first": first,
        "ready": services.ready_to_start(family),
    }
    return render(request, "certification/family_schedule.html", context)


def _usual_plan() -> RolloutPlan | None:
    return plans.default_plan() or plan_queries.choices().first()


def _scheduled(request: HttpRequest, family: SubmissionFamily, plan: RolloutPlan, day: Any) -> HttpResponse:
    starts = services.schedule_family(family, plan, starts_on=day, actor=signed_in_user(request))
    warn_about(
        request,
        [
            _("%(reference)s was not scheduled. %(problem)s")
            % {"reference": each.reference, "problem": each.problem}
            for each in starts
            if each.problem
        ],
    )
    count = sum(each.rollout is not None for each in starts)
    words = ngettext("%(count)s rollout is scheduled.", "%(count)s rollouts are scheduled.", count)
    return done(request, words % {"count": count}, family_address(family))


urlpatterns = [
    path("families/<uuid:pk>/review/", family_review, name="family_review"),
    path("families/<uuid:pk>/comment/", family_comment, name="family_comment"),
    path("families/<uuid:pk>/schedule/", family_schedule, name="family_schedule"),
]
