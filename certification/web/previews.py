"""Pages of Previews: what is deployed, what to test, sign-off and refusal, more time."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from certification import policies
from certification.data.products import PRODUCTS
from certification.lifecycle import PREVIEW
from certification.models import ClockPause, Preview, Submission
from certification.queries import previews as queries
from certification.queries import rehearsals as rehearsal_queries
from certification.queries import testers as tester_queries
from certification.queries.rollouts import milestones
from certification.services import previews as services
from certification.services import rehearsals
from certification.services.pauses import open_pauses
from certification.web.tester_forms import GuestForm
from portal.accounts.models import User
from portal.shared.errors import InvalidInput
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy


class SignOffForm(forms.Form):
    checked = forms.MultipleChoiceField(
        choices=queries.CHECKLIST, required=False, widget=forms.CheckboxSelectMultiple,
        label=_lazy("What you tested"), help_text=_lazy("What stays unticked is shown to the "
            "operators as not tested."),
    )  # fmt: skip
    note = forms.CharField(max_length=2_000, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    knows_untested = forms.BooleanField(
        required=False, label=_lazy("I sign off although not everything was tested")
    )

    def name_untested(self, untested: list[str]) -> None:
        """Ask for the confirmation only when there is something to own up to, and say what it is."""
        if not untested:
            del self.fields["knows_untested"]
            return
        shown = ", ".join(untested[:6])
        if len(untested) > 6:
            shown = _("%(first)s and %(more)s more") % {"first": shown, "more": len(untested) - 6}
        self.fields["knows_untested"].help_text = escape(
            _("Fewer than ten successful calls: %(shown)s.") % {"shown": shown}
        )


class RefusalForm(forms.Form):
    reasons = forms.CharField(
        max_length=4_000, widget=forms.Textarea(attrs={"rows": 4}), label=_lazy("What did not work"),
        help_text=_lazy("Name the operation, what you did and what happened."),
    )  # fmt: skip


class ExtensionForm(forms.Form):
    business_days = forms.IntegerField(
        min_value=1,
        max_value=services.MAX_EXTENSION_BUSINESS_DAYS,
        initial=2,
        label=_lazy("Business days more"),
    )
    reason = forms.CharField(max_length=1_000, widget=forms.Textarea(attrs={"rows": 2}))


def _visible(request: HttpRequest, pk: UUID) -> Preview:
    return get_object_or_404(queries.previews_for(request.user), pk=pk)


def _address(preview: Preview) -> str:
    return reverse("preview_detail", args=[preview.pk])


def _context(request: HttpRequest, preview: Preview, **bound: forms.Form) -> dict[str, Any]:
    user = signed_in_user(request)
    can_decide = policies.can_sign_off_preview(user, preview)
    view = queries.view_of(preview)
    sign_off = bound.get("sign_off", SignOffForm())
    if isinstance(sign_off, SignOffForm):
        sign_off.name_untested(view.coverage.untested)
    return {
        "preview": preview,
        "view": view,
        "can_try": policies.can_try_operations(user, preview.submission) and preview.state == "testing",
        "sign_off_form": sign_off,
        "refusal_form": bound.get("refusal", RefusalForm()),
        "extension_form": bound.get("extension", ExtensionForm()),
        "can_decide": can_decide and PREVIEW.can("sign_off", preview.state),
        "can_reopen": can_decide and PREVIEW.can("reopen", preview.state),
        "pause": open_pauses(preview).first(),
        "can_pause": policies.can_pause_clock(user, preview) and preview.state == "testing",
        "can_resume": policies.can_resume_clock(user, preview),
        "pause_kinds": ClockPause.Kind.choices,
        "can_extend": policies.can_extend_preview(user, preview) and preview.state == "testing",
        "can_retry": policies.can_retry_preview(user, preview) and PREVIEW.can("retry", preview.state),
        "rehearsal": rehearsal_queries.of_preview(preview),
        "can_rehearse": policies.can_retry_preview(user, preview),
        **_guests(user, preview, bound.get("guest")),
    }


def _guests(user: User, preview: Preview, form: forms.Form | None) -> dict[str, Any]:
    """Who tests from outside, and what everybody found product by product."""
    guests = list(tester_queries.guests_of(preview.submission))
    can_invite = policies.can_invite_tester(user, preview.submission)
    is_running = preview.state not in PREVIEW.terminal
    standing = [guest for guest in guests if guest.is_standing]
    return {
        "guests": guests,
        "product_checks": tester_queries.checks_of(preview, standing),
        "products": PRODUCTS,
        "can_invite": can_invite,
        "can_check": policies.can_check_products(user, preview) and preview.state == "testing",
        "guest_form": (form or GuestForm()) if can_invite and is_running else None,
    }


@require_safe
@login_required
def preview_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    return show_preview(request, _visible(request, pk))


def show_preview(
    request: HttpRequest, preview: Preview, *, status: int = 200, **bound: forms.Form
) -> HttpResponse:
    """The whole page; `bound` are forms that came back with faults: sign_off, refusal, extension, guest."""
    context = _context(request, preview, **bound)
    context["history"] = milestones(preview)
    return render(request, "certification/preview_detail.html", context, status=status)


@require_safe
@login_required
def preview_live(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What moves while the regions deploy; when it is open the whole page is wanted."""
    preview = _visible(request, pk)
    if preview.state != "deploying":
        return HttpResponse(status=204, headers={"HX-Redirect": _address(preview)})
    return render(request, "certification/_preview_live.html", _context(request, preview))


@require_safe
@login_required
def preview_panel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The Preview on its submission's page."""
    submission = get_object_or_404(Submission.objects.visible_to(request.user), pk=pk)
    preview = queries.latest_preview(submission.pk)
    context = {
        "submission": submission,
        "preview": preview,
        "view": queries.view_of(preview) if preview else None,
    }
    return render(request, "certification/_preview_panel.html", context)


@require_POST
@login_required
def preview_sign_off(request: HttpRequest, pk: UUID) -> HttpResponse:
    preview, form = _visible(request, pk), SignOffForm(request.POST)
    if not form.is_valid():
        return show_preview(request, preview, status=422, sign_off=form)
    try:
        services.sign_off_preview(preview, **form.cleaned_data, actor=signed_in_user(request))
    except InvalidInput as error:
        add_errors(form, error)
        return show_preview(request, preview, status=422, sign_off=form)
    return done(request, _("Signed off. An operator plans the rollout."), _address(preview))


@require_POST
@login_required
def preview_refuse(request: HttpRequest, pk: UUID) -> HttpResponse:
    preview, form = _visible(request, pk), RefusalForm(request.POST)
    if not form.is_valid():
        return show_preview(request, preview, status=422, refusal=form)
    services.refuse_preview(preview, reasons=form.cleaned_data["reasons"], actor=signed_in_user(request))
    return done(request, _("Refused. Correct the package and hand it in again."), _address(preview))


@require_POST
@login_required
def preview_extend(request: HttpRequest, pk: UUID) -> HttpResponse:
    preview, form = _visible(request, pk), ExtensionForm(request.POST)
    if form.is_valid():
        try:
            services.extend_preview(preview, **form.cleaned_data, actor=signed_in_user(request))
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(request, _("The team has more time."), _address(preview))
    return show_preview(request, preview, status=422, extension=form)


@require_POST
@login_required
def preview_reopen(request: HttpRequest, pk: UUID) -> HttpResponse:
    preview = _visible(request, pk)
    services.reopen_preview(preview, actor=signed_in_user(request))
    return done(request, _("The Preview is open again."), _address(preview))


@require_POST
@login_required
def preview_retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    preview = _visible(request, pk)
    services.retry_preview(preview, reason=request.POST.get("reason", ""), actor=signed_in_user(request))
    return done(request, _("The Preview is deployed again."), _address(preview))


@require_POST
@login_required
def preview_rehearse(request: HttpRequest, pk: UUID) -> HttpResponse:
    preview = _visible(request, pk)
    rehearsals.rehearse_again(preview, reason=request.POST.get("reason", ""), actor=signed_in_user(request))
    return done(request, _("The rollback is rehearsed again."), _address(preview))


urlpatterns = [
    path("previews/<uuid:pk>/rehearse/", preview_rehearse, name="preview_rehearse"),
    path("previews/<uuid:pk>/", preview_detail, name="preview_detail"),
    path("previews/<uuid:pk>/live/", preview_live, name="preview_live"),
    path("previews/<uuid:pk>/sign-off/", preview_sign_off, name="preview_sign_off"),
    path("previews/<uuid:pk>/refuse/", preview_refuse, name="preview_refuse"),
    path("previews/<uuid:pk>/extend/", preview_extend, name="preview_extend"),
    path("previews/<uuid:pk>/reopen/", preview_reopen, name="preview_reopen"),
    path("previews/<uuid:pk>/retry/", preview_retry, name="preview_retry"),
    path("submissions/<uuid:pk>/preview/", preview_panel, name="preview_panel"),
]
