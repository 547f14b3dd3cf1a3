"""Pages of catch-ups: what a region lacks and on which days it would come, one under way, its switches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification import policies
from certification.models import CatchUp
from certification.queries import catch_ups as queries
from certification.queries import plans as plan_queries
from certification.services import catch_ups as services
from certification.web.rollout_forms import REASON_LENGTH, day_field
from connectors.models import Region
from portal.accounts.models import User
from portal.shared import audit, history
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.live import stamp_of_everything, unchanged
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy

PAGE_SIZE = 50
USUAL_PACE = 20
LIVE = "catch-up-live"
"""The part of a page that asks for itself."""


class CatchUpForm(forms.Form):
    per_day = forms.IntegerField(
        min_value=1,
        max_value=services.MOST_A_DAY,
        label=_lazy("Connectors a day"),
        help_text=_lazy("At most so many are planned for one day, and ten are under way at once."),
    )
    starts_on = day_field(label=_lazy("Not before"))
    reason = forms.CharField(
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        label=_lazy("Reason"),
        help_text=_lazy("The teams whose connectors come here read it."),
    )

    def draft(self) -> services.CatchUpDraft:
        return services.CatchUpDraft(**self.cleaned_data)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def region_catch_up(request: HttpRequest, code: str) -> HttpResponse:
    """Look with "Show the days", open it with "Start". Both keep what was typed."""
    user = signed_in_user(request)
    require(policies.can_manage_catch_ups, user, None)
    region = get_object_or_404(plan_queries.every_region(), pk=code)
    usual = {"per_day": USUAL_PACE, "starts_on": timezone.localdate()}
    form = CatchUpForm(request.POST or None, initial=usual)
    # Whoever only looks need not say why.
    form.fields["reason"].required = request.method != "POST" or "start" in request.POST
    asked: dict[str, Any] = usual
    preview, problem = None, ""
    if request.method == "POST" and form.is_valid():
        asked = {name: form.cleaned_data[name] for name in usual}
        if "start" in request.POST and (found := _opened(region, form, user)):
            return done(request, _("The catch-up begins: its dates appear below."), _address(found))
    try:
        preview = services.preview_catch_up(region, **asked, actor=user)
    except Blocked as error:
        problem = error.message
    context = {"region": region, "form": form, "preview": preview, "problem": problem}
    return render(request, "certification/catch_up_form.html", context)


def _opened(region: Region, form: CatchUpForm, user: User) -> CatchUp | None:
    """The catch-up that begins, or None and the reason at the form."""
    try:
        return services.open_catch_up(region, form.draft(), actor=user)
    except InvalidInput as error:
        add_errors(form, error)
    except Blocked as error:
        form.add_error(None, error.message)
    return None


def _address(catch_up: CatchUp) -> str:
    return reverse("catch_up_detail", args=[catch_up.pk])


@require_safe
@login_required
def catch_up_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page, or only the part that moves; that part asks for itself while the catch-up is open."""
    # The stamp first: what changes while the rest is read is then told the next time.
    stamp = stamp_of_everything()
    catch_up = get_object_or_404(queries.visible_to(signed_in_user(request)), pk=pk)
    if request.headers.get("HX-Target") == LIVE:
        return unchanged(request, stamp) or _fragment(request, catch_up, stamp)
    told = audit.history(catch_up).exclude(action="rollout.catch_up")[:20]
    context = {**_what_moves(catch_up, request), "stamp": stamp, "history": history.entries(told)}
    return render(request, "certification/catch_up_detail.html", context)


def _fragment(request: HttpRequest, catch_up: CatchUp, stamp: str) -> HttpResponse:
    context = {**_what_moves(catch_up, request), "stamp": stamp, "oob": True}
    return render(request, "certification/_catch_up_live.html", context)


def _what_moves(catch_up: CatchUp, request: HttpRequest) -> dict[str, Any]:
    is_open = catch_up.state in ("running", "held")
    return {
        "catch_up": catch_up,
        "is_open": is_open,
        "progress": queries.progress_of(catch_up),
        "page": Paginator(queries.waves_of(catch_up), PAGE_SIZE).get_page(request.GET.get("page")),
        "gap": queries.gap_of(catch_up.region) if is_open else None,
    }


_DEEDS: dict[str, Callable[..., CatchUp]] = {
    "hold": services.hold_catch_up,
    "resume": services.resume_catch_up,
    "cancel": services.cancel_catch_up,
}


@require_POST
@login_required
def catch_up_deed(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Hold, resume or cancel, by the button that was pressed."""
    user = signed_in_user(request)
    catch_up = get_object_or_404(queries.visible_to(user), pk=pk)
    act = _DEEDS.get(request.POST.get("deed", ""))
    if act is None:
        raise InvalidInput(_("Choose one of: %(deeds)s.") % {"deeds": ", ".join(_DEEDS)})
    act(catch_up, reason=request.POST.get("reason", "")[:REASON_LENGTH], actor=user)
    return done(request, _("Done: the catch-up is told below."), _address(catch_up))


urlpatterns = [
    path("regions/<slug:code>/catch-up/", region_catch_up, name="region_catch_up"),
    path("catch-ups/<uuid:pk>/", catch_up_detail, name="catch_up_detail"),
    path("catch-ups/<uuid:pk>/deed/", catch_up_deed, name="catch_up_deed"),
]
