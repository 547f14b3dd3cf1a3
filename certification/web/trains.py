"""Pages of trains: the list, one train with who is on board, and the form that shows what a change moves."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from certification import policies
from certification.models import Lane
from certification.planning.trains import Timetable
from certification.queries import trains as queries
from certification.services import trains as services
from certification.web.plans import WEEKDAYS
from certification.web.rollout_forms import ReasonForm
from portal.shared import audit, history
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy

_WEEKS = dt.timedelta(weeks=8)


class TrainForm(forms.Form):
    name = forms.CharField(max_length=80, help_text=_lazy("As publishers will read it: “Friday train”."))
    description = forms.CharField(required=False, max_length=1_000, widget=forms.Textarea(attrs={"rows": 2}))
    weekdays = forms.MultipleChoiceField(
        choices=WEEKDAYS, widget=forms.CheckboxSelectMultiple, label=_lazy("Leaves on")
    )
    departs_at = forms.TimeField(widget=forms.TimeInput(attrs={"type": "time"}), label="At")
    time_zone = forms.CharField(max_length=60, help_text=_lazy("A name such as America/Los_Angeles."))
    cutoff_hours = forms.IntegerField(
        min_value=0,
        max_value=336,
        label=_lazy("Boarding closes"),
        help_text=_lazy("Hours before the departure."),
    )
    capacity = forms.IntegerField(min_value=1, max_value=1_000, label=_lazy("Places"))
    per_publisher = forms.IntegerField(
        min_value=0,
        max_value=1_000,
        label=_lazy("Places for one publisher"),
        help_text=_lazy("0: as many as there are."),
    )
    lanes = forms.MultipleChoiceField(
        choices=Lane.choices, required=False, widget=forms.CheckboxSelectMultiple,
        label=_lazy("Who may board"), help_text=_lazy("None ticked: every lane."),
    )  # fmt: skip

    def draft(self) -> services.TrainDraft:
        data = dict(self.cleaned_data)
        description = data.pop("description")
        data.pop("reason", None)
        data["weekdays"] = frozenset(int(day) for day in data["weekdays"])
        data["lanes"] = frozenset(data["lanes"])
        return services.TrainDraft(Timetable(**data), description)


class TrainChangeForm(TrainForm):
    reason = forms.CharField(
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_lazy("Publishers whose dates move read it."),
    )


def _initial(draft: services.TrainDraft) -> dict[str, Any]:
    timetable = draft.timetable
    return {
        "name": timetable.name,
        "description": draft.description,
        "weekdays": [str(day) for day in sorted(timetable.weekdays)],
        "departs_at": timetable.departs_at.strftime("%H:%M"),
        "time_zone": timetable.time_zone,
        "cutoff_hours": timetable.cutoff_hours,
        "capacity": timetable.capacity,
        "per_publisher": timetable.per_publisher,
        "lanes": sorted(timetable.lanes),
    }


@require_safe
@login_required
def train_list(request: HttpRequest) -> HttpResponse:
    """Everybody who is signed in sees when trains leave; names on board only as far as they see rollouts."""
    user, now = signed_in_user(request), timezone.now()
    context = {
        "departures": queries.departures(queries.trains(), user, start=now, end=now + _WEEKS),
        "trains": queries.trains(),
        "can_manage": policies.can_manage_plans(user),
    }
    return render(request, "certification/train_list.html", context)


@require_safe
@login_required
def train_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    user, now = signed_in_user(request), timezone.now()
    train = get_object_or_404(queries.every_train(), pk=pk)
    can_manage = policies.can_manage_plans(user)
    context = {
        "train": train,
        "departures": queries.departures([train], user, start=now - dt.timedelta(days=7), end=now + _WEEKS),
        "facts": queries.train_words(train),
        "plans": queries.plans_on(train),
        "can_manage": can_manage,
        "history": history.entries(audit.history(train)[:20]) if can_manage else [],
    }
    return render(request, "certification/train_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def train_create(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    require(policies.can_manage_plans, user, None)
    form = TrainForm(request.POST or None, initial=_initial(services.TrainDraft(Timetable(""))))
    if request.method == "POST" and form.is_valid():
        try:
            train = services.create_train(form.draft(), actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(
                request,
                _("%(train)s runs now. Plans board it once they name it.") % {"train": train},
                _address(train.pk),
            )
    return render(request, "certification/train_form.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def train_change(request: HttpRequest, pk: UUID) -> HttpResponse:
    """ "Show what moves" computes; "Save" saves. Both keep what was typed."""
    user = signed_in_user(request)
    require(policies.can_manage_plans, user, None)
    train = get_object_or_404(queries.trains(), pk=pk)
    form, moves = TrainChangeForm(request.POST or None, initial=_initial(services.draft_of(train))), None
    if request.method == "POST" and form.is_valid():
        try:
            if "save" in request.POST:
                reason = form.cleaned_data["reason"]
                moved = services.change_train(train, form.draft(), reason=reason, actor=user)
                return done(
                    request,
                    _("%(train)s is changed; %(moved)s rollouts moved.") % {"train": train, "moved": moved},
                    _address(train.pk),
                )
            services.check_train(form.draft(), instead_of=train)
            moves = services.preview_train(train, form.draft())
        except InvalidInput as error:
            add_errors(form, error)
    return render(request, "certification/train_form.html", {"train": train, "form": form, "moves": moves})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def train_retire(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = signed_in_user(request)
    require(policies.can_manage_plans, user, None)
    train = get_object_or_404(queries.trains(), pk=pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.retire_train(train, reason=form.cleaned_data["reason"], actor=user)
        return done(request, _("%(train)s does not run any more.") % {"train": train}, reverse("train_list"))
    context = {"train": train, "form": form, "plans": queries.plans_on(train)}
    return render(request, "certification/train_retire.html", context)


def _address(pk: UUID) -> str:
    return reverse("train_detail", args=[pk])


urlpatterns = [
    path("trains/", train_list, name="train_list"),
    path("trains/new/", train_create, name="train_create"),
    path("trains/<uuid:pk>/", train_detail, name="train_detail"),
    path("trains/<uuid:pk>/change/", train_change, name="train_change"),
    path("trains/<uuid:pk>/retire/", train_retire, name="train_retire"),
]
