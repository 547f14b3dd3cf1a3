"""Pages of freezes: the calendar of what stands still, and what would move before it is saved."""

from __future__ import annotations

import datetime as dt
import zoneinfo
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
from certification.models import Freeze
from certification.queries import plans as queries
from certification.services import freezes as services
from certification.web.rollout_forms import ReasonForm
from connectors.package_records import SIGN_INS
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy

KINDS = (
    ("freeze", _lazy("Freeze: no wave starts")),
    ("opening", _lazy("Extra working days: weekends and holidays inside count as working days")),
)

AUTH_KINDS = tuple(
    (kind, SIGN_INS[kind]) for kind in ("oauth2", "api_key", "basic", "windows", "certificate", "none")
)


def _moment(label: str) -> forms.DateTimeField:
    return forms.DateTimeField(label=label, widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))


class FreezeForm(forms.Form):
    kind = forms.ChoiceField(choices=KINDS, widget=forms.RadioSelect, initial="freeze", label=_lazy("Kind"))
    name = forms.CharField(
        max_length=80, label=_lazy("Name"), help_text=_lazy("As publishers will read it: “Year-end freeze”.")
    )
    starts_at = _moment(_lazy("From"))
    ends_at = _moment(_lazy("Until"))
    regions = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_lazy("Regions"),
        help_text=_lazy("None ticked: every region."),
    )
    auth_kinds = forms.MultipleChoiceField(
        required=False,
        choices=AUTH_KINDS,
        widget=forms.CheckboxSelectMultiple,
        label=_lazy("Only connectors that sign in with"),
        help_text=_lazy("None ticked: every connector."),
    )
    reason = forms.CharField(
        max_length=1_000, widget=forms.Textarea(attrs={"rows": 3}), label=_lazy("Reason")
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        choices = queries.region_choices(active_only=True)
        self.fields["regions"].choices = choices  # type: ignore[attr-defined]

    def draft(self) -> services.FreezeDraft:
        data = self.cleaned_data
        return services.FreezeDraft(
            name=data["name"],
            reason=data["reason"],
            starts_at=data["starts_at"],
            ends_at=data["ends_at"],
            regions=tuple(data["regions"]),
            opens=data["kind"] == "opening",
            auth_kinds=tuple(data["auth_kinds"]),
        )


@require_safe
@login_required
def freeze_list(request: HttpRequest) -> HttpResponse:
    require(policies.can_manage_plans, signed_in_user(request), None)
    context = {
        "freezes": queries.placed(queries.freezes()),
        "past": queries.placed(queries.past_freezes()),
    }
    return render(request, "certification/freeze_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def freeze_create(request: HttpRequest) -> HttpResponse:
    """ "Show what moves" computes; "Save" saves. Both keep what was typed."""
    user = signed_in_user(request)
    require(policies.can_manage_plans, user, None)
    form, moves = FreezeForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            services.check_freeze(form.draft())
            if "save" in request.POST:
                freeze, moved = services.create_freeze(form.draft(), actor=user)
                return done(
                    request,
                    _("%(freeze)s is saved; %(moved)s rollouts moved.") % {"freeze": freeze, "moved": moved},
                    reverse("freeze_list"),
                )
            moves = services.preview_freeze(form.draft())
        except InvalidInput as error:
            add_errors(form, error)
    context = {"form": form, "moves": moves, "zone": _zone_name(user.time_zone)}
    return render(request, "certification/freeze_form.html", context)


def _zone_name(name: str) -> str:
    return name if name in zoneinfo.available_timezones() else "UTC"


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def freeze_change(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = signed_in_user(request)
    require(policies.can_manage_plans, user, None)
    freeze = get_object_or_404(queries.open_freezes(), pk=pk)
    form, moves = FreezeForm(request.POST or None, initial=_initial(freeze)), None
    if request.method == "POST" and form.is_valid():
        try:
            services.check_freeze(form.draft())
            if "save" in request.POST:
                moved = services.change_freeze(freeze, form.draft(), actor=user)
                return done(
                    request,
                    _("%(freeze)s is changed; %(moved)s rollouts moved.")
                    % {"freeze": freeze, "moved": moved},
                    reverse("freeze_list"),
                )
            moves = services.preview_freeze(form.draft(), instead_of=freeze)
        except InvalidInput as error:
            add_errors(form, error)
    context = {"freeze": freeze, "form": form, "moves": moves, "zone": _zone_name(user.time_zone)}
    return render(request, "certification/freeze_form.html", context)


def _initial(freeze: Freeze) -> dict[str, Any]:
    def local(moment: dt.datetime) -> str:
        return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")

    return {
        "kind": "opening" if freeze.opens else "freeze",
        "name": freeze.name,
        "starts_at": local(freeze.starts_at),
        "ends_at": local(freeze.ends_at),
        "regions": freeze.regions,
        "auth_kinds": freeze.auth_kinds,
        "reason": freeze.reason,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def freeze_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = signed_in_user(request)
    require(policies.can_manage_plans, user, None)
    freeze = get_object_or_404(queries.open_freezes(), pk=pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        moved = services.cancel_freeze(freeze, reason=form.cleaned_data["reason"], actor=user)
        return done(
            request,
            _("%(freeze)s is taken back; %(moved)s rollouts moved.") % {"freeze": freeze, "moved": moved},
            reverse("freeze_list"),
        )
    context = {"freeze": freeze, "form": form, "moves": services.preview_cancellation(freeze)}
    return render(request, "certification/freeze_cancel.html", context)


urlpatterns = [
    path("freezes/", freeze_list, name="freeze_list"),
    path("freezes/new/", freeze_create, name="freeze_create"),
    path("freezes/<uuid:pk>/change/", freeze_change, name="freeze_change"),
    path("freezes/<uuid:pk>/cancel/", freeze_cancel, name="freeze_cancel"),
]
