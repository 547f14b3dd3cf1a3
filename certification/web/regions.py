"""Pages of regions: the list for operators; adding, changing, testing and switching for administrators."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification import policies
from certification.queries import plans as queries
from certification.services import regions as services
from connectors.models import Region
from connectors.policies import can_manage_regions
from portal.shared import audit, history
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user


class RegionForm(forms.Form):
    name = forms.CharField(max_length=60)
    geography = forms.CharField(max_length=60, required=False)
    driver = forms.ChoiceField(
        choices=[(kind, kind.upper()) for kind in services.DRIVER_KINDS], label="Reached by"
    )
    base_url = forms.CharField(
        max_length=300, label="Address", help_text="Where the region serves the region protocol."
    )
    token = forms.CharField(
        max_length=200, required=False, strip=True, label="Token",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Write only: it is stored encrypted and never shown. Empty keeps the one there is.",
    )  # fmt: skip
    is_preview = forms.BooleanField(required=False, label="This is the Preview region")
    paired_with = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label="Backed up by",
        help_text="No wave of a plan holds a region together with one that backs it up.",
    )  # fmt: skip

    def __init__(self, *args: object, region: Region | None = None, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        others = queries.region_choices(without=region.pk if region else "")
        self.fields["paired_with"].choices = others  # type: ignore[attr-defined]

    def draft(self) -> services.RegionDraft:
        data = self.cleaned_data
        names = ("name", "geography", "driver", "base_url", "is_preview")
        return services.RegionDraft(
            **{name: data[name] for name in names}, paired_with=tuple(data["paired_with"])
        )


class NewRegionForm(RegionForm):
    code = forms.SlugField(max_length=40, help_text="As plans and telemetry name it; it never changes.")
    field_order = ("code", "name")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["token"].required = True
        self.fields["token"].help_text = "Write only: it is stored encrypted and never shown."


@require_safe
@login_required
def region_list(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    require(policies.can_see_operations, user, None)
    context = {
        "regions": queries.regions(),
        "unplaced": queries.unplaced_regions(),
        "can_manage": can_manage_regions(user),
    }
    return render(request, "certification/region_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def region_create(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    require(can_manage_regions, user, None)
    form = NewRegionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            region = services.add_region(data["code"], form.draft(), token=data["token"], actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            text = "The region is added. Test it, activate it, then place it in the plan."
            return done(request, text, _address(region))
    return render(request, "certification/region_form.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def region_detail(request: HttpRequest, code: str) -> HttpResponse:
    user = signed_in_user(request)
    require(policies.can_see_operations, user, None)
    region = get_object_or_404(queries.every_region(), pk=code)
    can_manage = can_manage_regions(user, region)
    form = RegionForm(request.POST or None, region=region, initial=_initial(region)) if can_manage else None
    if request.method == "POST":
        require(can_manage_regions, user, region)
    if form and request.method == "POST" and form.is_valid():
        try:
            services.change_region(region, form.draft(), token=form.cleaned_data["token"], actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(request, "The region is changed.", _address(region))
    context = {
        "region": region, "form": form, "can_manage": can_manage,
        "pairs": region.paired_with.all(), "history": history.entries(audit.history(region)[:20]),
    }  # fmt: skip
    return render(request, "certification/region_detail.html", context)


def _initial(region: Region) -> dict[str, Any]:
    names = ("name", "geography", "driver", "base_url", "is_preview")
    pairs = list(region.paired_with.values_list("code", flat=True))
    return {**{name: getattr(region, name) for name in names}, "paired_with": pairs}


def _address(region: Region) -> str:
    return reverse("region_detail", args=[region.pk])


@require_POST
@login_required
def region_test(request: HttpRequest, code: str) -> HttpResponse:
    """Call the region now and say what it answered."""
    region = get_object_or_404(queries.every_region(), pk=code)
    contact = services.contact_region(region, actor=signed_in_user(request))
    if contact.health is None:
        messages.error(request, f"{region} {contact.problem}")
        return redirect(_address(region))
    health = contact.health
    text = f"{region} answers: agent {health.version}, {health.deployed_connectors} connectors deployed"
    if not health.ok:
        messages.warning(request, f"{text}, but says that it is not well. {health.message}")
        return redirect(_address(region))
    return done(request, f"{text}, {health.running_operations} deployments running.", _address(region))


@require_POST
@login_required
def region_switch(request: HttpRequest, code: str) -> HttpResponse:
    region = get_object_or_404(queries.every_region(), pk=code)
    is_active = request.POST.get("active") == "yes"
    services.set_region_active(
        region, is_active=is_active, reason=request.POST.get("reason", ""), actor=signed_in_user(request)
    )
    text = (
        "The region is active: place it in the plan." if is_active else "The region is not active any more."
    )
    return done(request, text, _address(region))


@require_POST
@login_required
def region_telemetry_token(request: HttpRequest, code: str) -> HttpResponse:
    """Make a new telemetry token and show it this once; nothing keeps it."""
    region = get_object_or_404(queries.every_region(), pk=code)
    token = services.renew_telemetry_token(region, actor=signed_in_user(request))
    response = render(request, "certification/region_token.html", {"region": region, "token": token.reveal()})
    response["Cache-Control"] = "no-store"
    return response


urlpatterns = [
    path("regions/", region_list, name="region_list"),
    path("regions/new/", region_create, name="region_create"),
    path("regions/<slug:code>/", region_detail, name="region_detail"),
    path("regions/<slug:code>/test/", region_test, name="region_test"),
    path("regions/<slug:code>/switch/", region_switch, name="region_switch"),
    path("regions/<slug:code>/telemetry-token/", region_telemetry_token, name="region_telemetry_token"),
]
