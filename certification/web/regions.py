"""Pages of regions: the list for operators; adding, changing, testing and switching for administrators."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification import policies
from certification.queries import catch_ups, placements, region_map
from certification.queries import plans as queries
from certification.queries.reasons import told_region
from certification.services import regions as services
from certification.web.region_forms import NewRegionForm, RegionForm, initial_of
from connectors.models import Region
from connectors.policies import can_manage_regions
from portal.shared import audit, history
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user


@require_safe
@login_required
def region_list(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    require(policies.can_see_operations, user, None)
    regions = list(queries.regions())
    context = {
        "regions": regions,
        "world": region_map.of_regions(regions),
        "unreached": queries.unreached(),
        "can_manage": can_manage_regions(user),
        "can_revise": policies.can_manage_plans(user),
    }
    return render(request, "certification/region_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def region_create(request: HttpRequest) -> HttpResponse:
    """First the kind, then what a region of that kind needs to know."""
    user = signed_in_user(request)
    require(can_manage_regions, user, None)
    kind = services.KINDS.get(request.GET.get("kind", ""))
    if kind is None:
        return render(request, "certification/region_kinds.html", {"kinds": services.kinds()})
    form = NewRegionForm(request.POST or None, kind=kind)
    if request.method == "POST" and form.is_valid():
        try:
            region = services.add_region(
                form.cleaned_data["code"], form.draft(), secrets=form.secrets(), actor=user
            )
        except InvalidInput as error:
            add_errors(form, error)
        else:
            text = _("The region is added. Test it, activate it, then place it in the plan.")
            return done(request, text, _address(region))
    return render(request, "certification/region_form.html", {"form": form, "kind": kind})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def region_detail(request: HttpRequest, code: str) -> HttpResponse:
    user = signed_in_user(request)
    require(policies.can_see_operations, user, None)
    region = get_object_or_404(queries.every_region(), pk=code)
    can_manage = can_manage_regions(user, region)
    kind = services.KINDS.get(request.GET.get("kind", ""), services.KINDS[region.driver])
    if request.method == "POST":
        require(can_manage_regions, user, region)
    form = (
        RegionForm(request.POST or None, kind=kind, region=region, initial=initial_of(region))
        if can_manage
        else None
    )
    if form and request.method == "POST" and form.is_valid():
        try:
            services.change_region(region, form.draft(), secrets=form.secrets(), actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(request, _("The region is changed."), _address(region))
    context = {"region": region, "form": form, "can_manage": can_manage, "kind": kind}
    return render(request, "certification/region_detail.html", {**context, **_around(region)})


def _around(region: Region) -> dict[str, object]:
    """What the page of a region shows beside its settings."""
    return {
        "pairs": region.paired_with.all(),
        "knowledge": placements.knowledge_of(region),
        "gap": catch_ups.gap_of(region) if region.is_production and region.is_active else None,
        "catch_up": catch_ups.open_in(region),
        "kinds": services.kinds(),
        "own_kind": services.KINDS[region.driver],
        "shown_settings": services.shown_settings(region),
        "history": history.entries(audit.history(region)[:20]),
    }


def _address(region: Region) -> str:
    return reverse("region_detail", args=[region.pk])


@require_POST
@login_required
def region_test(request: HttpRequest, code: str) -> HttpResponse:
    """Call the region now and say what it answered."""
    region = get_object_or_404(queries.every_region(), pk=code)
    contact = services.contact_region(region, actor=signed_in_user(request))
    if contact.health is None:
        messages.error(request, f"{region}: {told_region(contact.problem)}")
        return redirect(_address(region))
    health = contact.health
    facts = {"region": region, "version": health.version, "connectors": health.deployed_connectors}
    text = _("%(region)s answers: agent %(version)s, %(connectors)s connectors deployed") % facts
    if not health.ok:
        problem = {"text": text, "message": health.message}
        messages.warning(request, _("%(text)s, but says that it is not well. %(message)s") % problem)
        return redirect(_address(region))
    return done(
        request,
        _("%(text)s, %(running_operations)s deployments running.")
        % {"text": text, "running_operations": health.running_operations},
        _address(region),
    )


@require_POST
@login_required
def region_switch(request: HttpRequest, code: str) -> HttpResponse:
    region = get_object_or_404(queries.every_region(), pk=code)
    is_active = request.POST.get("active") == "yes"
    services.set_region_active(
        region, is_active=is_active, reason=request.POST.get("reason", ""), actor=signed_in_user(request)
    )
    text = (
        _("The region is active: place it in the plan.")
        if is_active
        else _("The region is not active any more.")
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
