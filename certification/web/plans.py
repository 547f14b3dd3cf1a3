"""Pages of plans: list, one plan with its revisions, and the form that makes the next revision."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification import policies
from certification.models import Lane, RolloutPlan
from certification.planning.coverage import WaveDraft
from certification.queries import plans as queries
from certification.queries import trains as train_queries
from certification.services import plan_changes
from certification.services import plans as services
from certification.web import plan_gates
from portal.shared import audit, history
from portal.shared.errors import InvalidInput
from portal.shared.numbers import small_number
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy

WEEKDAYS = [(str(number), f"{dt.date(2024, 1, 1 + number):%A}") for number in range(7)]
MAX_WAVES = 20


class PlanForm(forms.Form):
    """The calendar of a plan. Its waves are the rows below, read by `waves_from`."""

    name = forms.CharField(max_length=80)
    lane = forms.ChoiceField(
        choices=Lane.choices, help_text=_lazy("What kind of version travels by this plan.")
    )
    description = forms.CharField(required=False, max_length=1_000, widget=forms.Textarea(attrs={"rows": 2}))
    time_zone = forms.CharField(
        max_length=60, help_text=_lazy("A name such as Europe/Berlin: days and the start are local to it.")
    )
    start_time = forms.TimeField(
        widget=forms.TimeInput(attrs={"type": "time"}), label=_lazy("Waves start at")
    )
    days_between_waves = forms.IntegerField(
        min_value=0, max_value=20, label=_lazy("Business days between waves")
    )
    hours_between_waves = forms.IntegerField(
        min_value=0, max_value=services.MAX_HOURS_BETWEEN_WAVES, required=False,
        label=_lazy("Or hours between waves"), help_text=_lazy("0: waves are spaced in business days."),
    )  # fmt: skip
    holiday_countries = forms.CharField(
        max_length=60, required=False, label=_lazy("Public holidays of"),
        help_text=_lazy("Country codes such as US, IN; a holiday of any of them closes the day. "
            "Empty for none."),
    )  # fmt: skip
    weekend = forms.MultipleChoiceField(choices=WEEKDAYS, required=False, widget=forms.CheckboxSelectMultiple)
    train = forms.ModelChoiceField(
        queryset=None, required=False, empty_label=_lazy("None: the calendar alone decides"),
        help_text=_lazy("The first wave leaves with it."),
    )  # type: ignore[var-annotated]  # fmt: skip
    opt_in_train = forms.ModelChoiceField(
        queryset=None, required=False, empty_label=_lazy("None: the calendar alone decides"),
        label=_lazy("Train of the opt-in waves"),
    )  # type: ignore[var-annotated]  # fmt: skip
    is_default = forms.BooleanField(required=False, label=_lazy("Use it for new rollouts of its lane"))

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for name in ("train", "opt_in_train"):
            self.fields[name].queryset = train_queries.trains()  # type: ignore[attr-defined]
        plan_gates.add_fields(self)

    @property
    def calendar_fields(self) -> list[forms.BoundField]:
        return [field for field in self if field.name != "reason" and not plan_gates.is_gate(field.name)]

    @property
    def gate_fields(self) -> list[forms.BoundField]:
        return [field for field in self if plan_gates.is_gate(field.name)]

    def draft(self, waves: list[WaveDraft]) -> services.PlanDraft:
        data = self.cleaned_data
        return services.PlanDraft(
            name=data["name"],
            waves=tuple(waves),
            description=data["description"],
            time_zone=data["time_zone"],
            weekend=tuple(int(day) for day in data["weekend"]),
            holiday_countries=tuple(data["holiday_countries"].upper().replace(",", " ").split()),
            start_time=data["start_time"],
            days_between_waves=data["days_between_waves"],
            hours_between_waves=data["hours_between_waves"] or 0,
            lane=data["lane"],
            train=data["train"],
            opt_in_train=data["opt_in_train"],
            gate_thresholds=plan_gates.thresholds_from(data),
            is_default=data["is_default"],
        )


class RevisionForm(PlanForm):
    reason = forms.CharField(
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_lazy("Kept in the history of the plan."),
    )


def waves_from(data: QueryDict) -> list[WaveDraft]:
    """The waves as typed: `wave-<n>-name`, `-stage`, `-bake` and `-work` (hours), `-calls`, and for each
    region `region-<code>` = n.
    """
    places: dict[int, list[str]] = {}
    for key, typed in data.items():
        if key.startswith("region-") and (place := small_number(str(typed))):
            places.setdefault(place, []).append(key.removeprefix("region-"))
    drafts = []
    for number in range(1, MAX_WAVES + 1):
        name = str(data.get(f"wave-{number}-name", "")).strip()
        if name or number in places:
            stage = data.get(f"wave-{number}-stage", "")
            drafts.append(
                WaveDraft(
                    name,
                    tuple(sorted(places.get(number, ()))),
                    before_sign_off=stage == "preview",
                    is_opt_in=stage == "opt-in",
                    bake_seconds=_hours_from(data.get(f"wave-{number}-bake")),
                    bake_business_seconds=_hours_from(data.get(f"wave-{number}-work")),
                    bake_calls=_number_from(data.get(f"wave-{number}-calls"), services.MAX_BAKE_CALLS),
                )
            )
    return drafts


def _hours_from(typed: object) -> int:
    return _number_from(typed, services.MAX_BAKE_SECONDS // 3600) * 3600


def _number_from(typed: object, most: int) -> int:
    """What the browser's number field lets through; anything else is one more than allowed and is told."""
    found = small_number(str(typed or "0").strip())
    return most + 1 if found is None else min(found, most + 1)


def _initial(draft: services.PlanDraft) -> dict[str, Any]:
    return {
        "name": draft.name,
        "description": draft.description,
        "time_zone": draft.time_zone,
        "start_time": draft.start_time.strftime("%H:%M"),
        "days_between_waves": draft.days_between_waves,
        "hours_between_waves": draft.hours_between_waves,
        "lane": draft.lane,
        "train": draft.train,
        "opt_in_train": draft.opt_in_train,
        "holiday_countries": ", ".join(draft.holiday_countries),
        "weekend": [str(day) for day in draft.weekend],
        "is_default": draft.is_default,
        **plan_gates.initial_of(draft.gate_thresholds),
    }


@require_safe
@login_required
def plan_list(request: HttpRequest) -> HttpResponse:
    require(policies.can_manage_plans, signed_in_user(request), None)
    return render(request, "certification/plan_list.html", {"plans": queries.plans()})


@require_safe
@login_required
def plan_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    require(policies.can_manage_plans, signed_in_user(request), None)
    plan = get_object_or_404(queries.all_plans(), pk=pk)
    context = {
        "plan": plan,
        "waves": queries.waves_of(plan),
        "revisions": queries.revisions_of(plan),
        "rollouts": queries.rollouts_using(plan),
        "calendar": queries.calendar_words(plan),
        "gates": plan_gates.in_words(plan.gate_thresholds),
        "history": history.entries(audit.history(plan)[:20]),
    }
    return render(request, "certification/plan_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def plan_create(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    require(policies.can_manage_plans, user, None)
    start = services.PlanDraft(name="", waves=()) if services.default_plan() else services.seed_draft()
    form = PlanForm(request.POST or None, initial=_initial(start))
    waves = waves_from(request.POST) if request.method == "POST" else list(start.waves)
    if request.method == "POST" and form.is_valid():
        try:
            plan = services.create_plan(form.draft(waves), actor=user)
        except InvalidInput as error:
            _show(form, error)
        else:
            return done(request, _("The plan is saved."), reverse("plan_detail", args=[plan.pk]))
    context = {"form": form, "rows": queries.form_rows(waves), "regions": queries.form_regions(waves)}
    return render(request, "certification/plan_form.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def plan_revise(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = signed_in_user(request)
    require(policies.can_manage_plans, user, None)
    plan = get_object_or_404(queries.all_plans(), pk=pk)
    start = services.draft_of(plan)
    form = RevisionForm(request.POST or None, initial=_initial(start))
    form.fields["name"].disabled = form.fields["lane"].disabled = True
    waves, moves = waves_from(request.POST) if request.method == "POST" else list(start.waves), None
    if request.method == "POST" and form.is_valid():
        try:
            if "save" in request.POST:
                return _saved(request, plan, form.draft(waves), form.cleaned_data["reason"])
            moves = plan_changes.preview_revision(plan, form.draft(waves), actor=user)
        except InvalidInput as error:
            _show(form, error)
    context = {
        "plan": plan, "form": form, "moves": moves,
        "rows": queries.form_rows(waves), "regions": queries.form_regions(waves),
    }  # fmt: skip
    return render(request, "certification/plan_form.html", context)


def _saved(request: HttpRequest, plan: RolloutPlan, draft: services.PlanDraft, reason: str) -> HttpResponse:
    new, moves = plan_changes.revise_plan(plan, draft, reason=reason, actor=signed_in_user(request))
    said = _("Revision %(revision)s is saved; %(moves)s rollouts that had not started moved.") % {
        "revision": new.revision,
        "moves": len(moves),
    }
    return done(request, said, reverse("plan_detail", args=[new.pk]))


def _show(form: forms.Form, error: InvalidInput) -> None:
    """Problems of the waves are not a field's: they go above the form, all of them."""
    for text in error.fields.pop("waves", []):
        form.add_error(None, text)
    error.fields = plan_gates.field_errors(error.fields)
    if error.fields:
        add_errors(form, error)
    elif not form.errors:
        form.add_error(None, error.message)


@require_POST
@login_required
def plan_make_default(request: HttpRequest, pk: UUID) -> HttpResponse:
    plan = get_object_or_404(queries.all_plans(), pk=pk)
    services.make_default(plan, actor=signed_in_user(request))
    return done(
        request,
        _("%(plan)s is the default plan now.") % {"plan": plan},
        reverse("plan_detail", args=[plan.pk]),
    )


@require_POST
@login_required
def plan_retire(request: HttpRequest, pk: UUID) -> HttpResponse:
    plan = get_object_or_404(queries.all_plans(), pk=pk)
    services.retire_plan(plan, reason=request.POST.get("reason", ""), actor=signed_in_user(request))
    return done(request, _("%(plan)s is not offered any more.") % {"plan": plan}, reverse("plan_list"))


urlpatterns = [
    path("plans/", plan_list, name="plan_list"),
    path("plans/new/", plan_create, name="plan_create"),
    path("plans/<uuid:pk>/", plan_detail, name="plan_detail"),
    path("plans/<uuid:pk>/revise/", plan_revise, name="plan_revise"),
    path("plans/<uuid:pk>/make-default/", plan_make_default, name="plan_make_default"),
    path("plans/<uuid:pk>/retire/", plan_retire, name="plan_retire"),
]
