"""Pages of rollouts: the board, the rollout with its matrix, single regions, and every deed with its
reason.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification import policies
from certification.lifecycle import DEPLOYMENT, GONE_ROLLOUT_STATES, MOVABLE_ROLLOUT_STATES
from certification.models import Lane, RegionDeployment, Rollout, RolloutPlan, Submission
from certification.queries import blast_radius, forecasts, region_map, rehearsals, rollout_axis, rollout_queue
from certification.queries import overrides as override_queries
from certification.queries import plans as plan_queries
from certification.queries import rollouts as queries
from certification.queries import trains as train_queries
from certification.queries.lanes import lane_of
from certification.queries.plans import calendar_of
from certification.services import forecasts as forecast_services
from certification.services import overrides, plans, rollouts, schedule
from certification.services.clock import database_now
from certification.web import rollout_deeds
from certification.web.rollout_forms import (
    DatesForm,
    OptInForm,
    PlanChoiceForm,
    ReasonForm,
    RegionsForm,
    RescheduleForm,
)
from portal.shared import audit, history
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.live import stamp_of_everything, unchanged
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import in_sentence

_PAGE = 25


def visible_rollout(request: HttpRequest, pk: UUID) -> Rollout:
    """The rollout with what pages need of it; 404 for strangers."""
    found = Rollout.objects.visible_to(request.user).select_related(
        "connector__publisher",
        "submission__connector__publisher",
        "version",
        "previous_version",
        "plan",
        "halted_by",
    )
    return get_object_or_404(found, pk=pk)


def _address(rollout: Rollout) -> str:
    return reverse("rollout_detail", args=[rollout.pk])


@require_safe
@login_required
def rollout_list(request: HttpRequest) -> HttpResponse:
    is_fragment = request.headers.get("HX-Target") == "board"
    stamp = stamp_of_everything()
    same = unchanged(request, stamp) if is_fragment else None
    if same:
        return same
    group = request.GET.get("group", "active")
    page = Paginator(queries.board(request.user, group), _PAGE).get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)
    rollout_queue.mark_places(page.object_list)
    context: dict[str, Any] = {
        "page": page,
        "group": group,
        "groups": queries.group_counts(request.user),
        "stamp": stamp,
    }
    # Regions belong to those who operate: their pages, too, are theirs alone.
    if policies.can_see_operations(request.user) and group != "ended":
        context["world"] = region_map.of_board(request.user, group)
    if is_fragment:
        return render(request, "certification/_rollout_board.html", context | {"oob": True})
    return render(request, "certification/rollout_list.html", context)


def _page_context(request: HttpRequest, rollout: Rollout) -> dict[str, Any]:
    user = signed_in_user(request)
    # The stamp first: what changes while the rest is read is then told the next time.
    stamp = stamp_of_everything()
    waves = queries.matrix_of(rollout)
    return {
        "rollout": rollout,
        "stamp": stamp,
        "waves": waves,
        "world": region_map.of_waves(waves),
        "history": queries.milestones(rollout),
        "is_open": rollout.state not in GONE_ROLLOUT_STATES,
        "is_moving": queries.is_moving(rollout, waves),
        "deeds": rollout_deeds.offered(user, rollout),
        "outlook": forecasts.outlook(rollout),
        "slips": forecasts.slips(rollout),
        "axis": rollout_axis.axis_of(rollout),
        "line": rollout_queue.line_of(rollout.connector_id),
        "has_open_opt_in": queries.has_open_opt_in(rollout),
        "rehearsal": rehearsals.of_submission(rollout.submission_id),
        "overrides": [
            (request_, policies.can_decide_override(user, request_))
            for request_ in override_queries.of_rollout(rollout)
        ],
        "can_reschedule": policies.can_run_rollout(user, rollout) and rollout.state in MOVABLE_ROLLOUT_STATES,
    }


@require_safe
@login_required
def rollout_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    rollout = visible_rollout(request, pk)
    context = _page_context(request, rollout)
    context["unreached"] = plan_queries.unreached_by(rollout.plan) if context["is_open"] else []
    return render(request, "certification/rollout_detail.html", context)


@require_safe
@login_required
def rollout_live(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What moves on the page; nothing while nothing has changed. Once it is over, the asking stops."""
    rollout = visible_rollout(request, pk)
    same = unchanged(request, stamp_of_everything())
    if same:
        return same
    context = _page_context(request, rollout) | {"oob": True}
    return render(request, "certification/_rollout_live.html", context)


@require_safe
@login_required
def rollout_panel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The rollout on its submission's page, or the way to schedule one."""
    submission = get_object_or_404(Submission.objects.visible_to(request.user), pk=pk)
    rollout = queries.rollouts_of_submission(submission.pk)
    context = {
        "submission": submission,
        "rollout": rollout,
        "line": rollout_queue.line_of(submission.connector_id),
        "waves": queries.matrix_of(rollout) if rollout else [],
        "outlook": forecasts.outlook(rollout) if rollout else None,
        "slips": forecasts.slips(rollout, limit=1) if rollout else [],
        "waves_ahead": [] if rollout else forecast_services.bands_of_submission(submission),
        "boardings": train_queries.boardings_of(rollout) if rollout else [],
        "exceptions": override_queries.standing_of(submission),
        "can_ask_hotfix": submission.kind == Submission.Kind.HOTFIX
        and not rollout
        and policies.can_request_hotfix(request.user, submission),
        "can_schedule": submission.state == "signed_off"
        and policies.can_schedule_rollout(request.user, submission),
    }
    return render(request, "certification/_rollout_panel.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def rollout_schedule(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Plan, first day and days of waves; "Show the dates" fills them in, "Schedule" saves."""
    submission = get_object_or_404(Submission.objects.visible_to(request.user), pk=pk)
    require(policies.can_schedule_rollout, signed_in_user(request), submission)
    lane = lane_of(submission)
    plan = _chosen_plan(request, lane)
    if plan is None:
        raise Blocked(_("There is no plan yet: create one first."))
    form, proposal = _dates_form(request, plan, submission)
    if request.method == "POST" and "save" in request.POST and form.is_valid():
        try:
            rollout = schedule.schedule_rollout(submission, plan, form.dates(), actor=signed_in_user(request))
        except InvalidInput as error:
            add_errors(form, error)
        else:
            message = (
                _("It waits for its turn") if rollout.state == "queued" else _("The rollout is scheduled")
            )
            return done(
                request, _("%(message)s; the team was told.") % {"message": message}, _address(rollout)
            )
    context = {
        "submission": submission, "plan": plan, "lane": lane, "form": form, "proposal": proposal,
        "bands": plan_queries.bands_by_wave(proposal.arrivals) if proposal else [],
        "planned": proposal.waves if proposal else [],
        "plan_form": PlanChoiceForm(initial={"plan": plan.pk}),
        "line": rollout_queue.line_of(submission.connector_id),
        "radius": blast_radius.plan_radius(submission, plan),
        "unreached": plan_queries.unreached_by(plan),
    }  # fmt: skip
    return render(request, "certification/rollout_schedule.html", context)


def _chosen_plan(request: HttpRequest, lane: Lane) -> RolloutPlan | None:
    choice = PlanChoiceForm(request.POST if request.method == "POST" else request.GET)
    if choice.is_valid():
        plan: RolloutPlan = choice.cleaned_data["plan"]
        return plan
    return plans.default_plan(lane) or plan_queries.choices().first()


def _dates_form(
    request: HttpRequest, plan: RolloutPlan, submission: Submission
) -> tuple[DatesForm, schedule.Proposal | None]:
    """The form with the earliest legal dates, or with what was typed; and the dates that would follow."""
    waves, opt_in = plan_queries.wave_choices(plan)
    if request.method == "POST":
        form = DatesForm(request.POST, waves=waves, opt_in=opt_in)
        try:
            return form, schedule.propose(plan, form.dates(), submission) if form.is_valid() else None
        except (InvalidInput, Blocked) as error:
            if isinstance(error, InvalidInput) and "save" not in request.POST:
                add_errors(form, error)
            return form, None
    first = schedule.propose_start(plan, submission)
    proposal = schedule.propose(plan, schedule.Dates(first), submission)
    return DatesForm(initial={"starts_on": first}, waves=waves, opt_in=opt_in), proposal


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def rollout_reschedule(request: HttpRequest, pk: UUID) -> HttpResponse:
    rollout = visible_rollout(request, pk)
    require(policies.can_run_rollout, signed_in_user(request), rollout)
    planned = list(rollout.waves.filter(state="planned").order_by("number"))
    calendar = calendar_of(rollout.plan)
    form = RescheduleForm(
        request.POST or None,
        waves=[(wave.number, wave.name) for wave in planned],
        initial={
            "starts_on": rollout.starts_on,
            **{
                f"wave_{wave.number}": calendar.date_of(wave.planned_at) for wave in planned if wave.chosen_on
            },
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            changes = schedule.reschedule_rollout(
                rollout, form.dates(), reason=form.cleaned_data["reason"], actor=signed_in_user(request)
            )
        except InvalidInput as error:
            add_errors(form, error)
        else:
            message = (
                _("%(changes)s waves have new dates.") % {"changes": len(changes)}
                if changes
                else _("No date changed.")
            )
            return done(request, message, _address(rollout))
    radius = blast_radius.waiting_radius(rollout)
    context = {"rollout": rollout, "form": form, "planned": planned, "radius": radius}
    return render(request, "certification/rollout_reschedule.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def rollout_deed(request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
    """Ask for the reason, show what would be touched, and do it."""
    rollout = visible_rollout(request, pk)
    deed = rollout_deeds.DEEDS.get(verb)
    if deed is None:
        raise Http404
    user = signed_in_user(request)
    require(deed.can, user, rollout)
    radius = blast_radius.blast_radius(rollout, deed.touches(rollout))
    form = _deed_form(request, rollout, deed, radius)
    if request.method == "POST" and form.is_valid():
        try:
            deed.act(rollout, form.cleaned_data, user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(request, deed.done, _address(rollout))
    if request.method != "POST" and not deed.is_possible(rollout):
        raise Blocked(
            _("The rollout is %(lower)s: “%(label)s” is not possible now.")
            % {"lower": in_sentence(rollout.get_state_display()), "label": deed.label}
        )
    line = rollout_queue.line_of(rollout.connector_id)
    context = {"rollout": rollout, "deed": deed, "form": form, "radius": radius, "line": line}
    if verb == "supersede":
        context["ends"] = line.before(rollout)
    return render(request, "certification/rollout_deed.html", context)


def _deed_form(
    request: HttpRequest, rollout: Rollout, deed: rollout_deeds.Deed, radius: blast_radius.Affected
) -> forms.Form:
    data = request.POST if request.method == "POST" else None
    if deed.form is RegionsForm:
        return RegionsForm(data, offered=[(region.code, region.name) for region in radius.regions])
    if deed.form is OptInForm:
        waves = queries.opt_in_choices(rollout)
        return OptInForm(data, offered=[(wave.number, f"{wave.number}: {wave.name}") for wave in waves])
    return deed.form(data)


@require_safe
@login_required
def rollout_region(request: HttpRequest, pk: UUID, code: str) -> HttpResponse:
    rollout = visible_rollout(request, pk)
    acts = queries.region_history(rollout, code)
    if not acts:
        raise Http404
    context = {
        "rollout": rollout,
        "region": acts[0].region,
        "acts": [_act(request, act) for act in acts],
        "placement": queries.placement_of(rollout.connector_id, code),
        "form": ReasonForm(),
        "radius": blast_radius.blast_radius(rollout, acts[:1]),
        "now": database_now(),
    }
    return render(request, "certification/rollout_region.html", context)


def _act(request: HttpRequest, deployment: RegionDeployment) -> dict[str, Any]:
    user = signed_in_user(request)
    assert deployment.rollout is not None
    runs = policies.can_run_rollout(user, deployment.rollout)
    return {
        "deployment": deployment,
        "history": history.entries(audit.history(deployment)[:30]),
        "can_retry": runs and DEPLOYMENT.can("retry", deployment.state),
        "can_skip": policies.can_request_skip(user, deployment)
        and deployment.action == "deploy"
        and DEPLOYMENT.can("skip", deployment.state),
    }


def _deployment(request: HttpRequest, pk: UUID) -> RegionDeployment:
    found = RegionDeployment.objects.filter(rollout__in=Rollout.objects.visible_to(request.user))
    related = found.select_related(
        "rollout__submission__connector__publisher", "connector", "region", "preview"
    )
    return get_object_or_404(related, pk=pk)


@require_POST
@login_required
def deployment_retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    deployment = _deployment(request, pk)
    rollouts.retry_deployment(
        deployment, reason=request.POST.get("reason", ""), actor=signed_in_user(request)
    )
    return done(
        request, _("%(region)s is tried again.") % {"region": deployment.region}, _region_address(deployment)
    )


@require_POST
@login_required
def deployment_skip(request: HttpRequest, pk: UUID) -> HttpResponse:
    deployment = _deployment(request, pk)
    overrides.request_skip(deployment, reason=request.POST.get("reason", ""), actor=signed_in_user(request))
    return done(request, _("Asked: another operator has to agree."), _region_address(deployment))


def _region_address(deployment: RegionDeployment) -> str:
    return reverse("rollout_region", args=[deployment.rollout_id, deployment.region_id])


@require_safe
@login_required
def submission_rollout(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The rollout of a submission, by the submission's address."""
    submission = get_object_or_404(Submission.objects.visible_to(request.user), pk=pk)
    rollout = queries.rollouts_of_submission(submission.pk)
    if rollout is None:
        raise Http404
    return redirect(_address(rollout))


urlpatterns = [
    path("rollouts/", rollout_list, name="rollout_list"),
    path("rollouts/<uuid:pk>/", rollout_detail, name="rollout_detail"),
    path("rollouts/<uuid:pk>/live/", rollout_live, name="rollout_live"),
    path("rollouts/<uuid:pk>/reschedule/", rollout_reschedule, name="rollout_reschedule"),
    path("rollouts/<uuid:pk>/do/<slug:verb>/", rollout_deed, name="rollout_deed"),
    path("rollouts/<uuid:pk>/regions/<slug:code>/", rollout_region, name="rollout_region"),
    path("rollouts/deployments/<uuid:pk>/retry/", deployment_retry, name="deployment_retry"),
    path("rollouts/deployments/<uuid:pk>/skip/", deployment_skip, name="deployment_skip"),
    path("submissions/<uuid:pk>/schedule/", rollout_schedule, name="rollout_schedule"),
    path("submissions/<uuid:pk>/rollout/", submission_rollout, name="submission_rollout"),
    path("submissions/<uuid:pk>/rollout/panel/", rollout_panel, name="rollout_panel"),
]
