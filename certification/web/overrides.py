"""Pages of exceptions: what is asked for, who agreed, and the forms to ask."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification import policies
from certification.models import OverrideRequest, Rollout, Submission
from certification.queries import overrides as queries
from certification.queries.blast_radius import override_radius, waiting_radius
from certification.queries.wave_order import order_version
from certification.services import overrides as services
from certification.services.wave_order import OrderChanged
from certification.web.rollout_forms import ReasonForm
from portal.accounts.models import User
from portal.shared import audit, history
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy

_PAGE = 25
_SAID = {
    "half_approved": _lazy("You agreed; one more person has to."),
    "declined": _lazy("Declined; who asked was told."),
}


class ExceptionForm(ReasonForm):
    """What to ask for: the next wave early, or one of the freezes to pass."""

    asks = forms.ChoiceField(widget=forms.RadioSelect, label=_lazy("Exception"))
    seen = forms.CharField(widget=forms.HiddenInput, max_length=40, required=False)
    field_order = ("asks", "reason")

    def __init__(self, *args: object, choices: list[tuple[str, str]], version: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.version = version
        self.fields["asks"].choices = choices  # type: ignore[attr-defined]
        self.fields["seen"].initial = version

    def look_again(self, error: OrderChanged) -> None:
        """Keep what was typed, over the order as it is now."""
        self.add_error(None, error.message)
        self.data = {**self.data.dict(), "seen": self.version}  # type: ignore[attr-defined]


@require_safe
@login_required
def override_list(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    group = request.GET.get("group", "open")
    page = Paginator(queries.in_group(user, group), _PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "group": group, "groups": queries.group_counts(user)}
    return render(request, "certification/override_list.html", context)


@require_safe
@login_required
def override_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = signed_in_user(request)
    found = get_object_or_404(queries.visible_overrides(user), pk=pk)
    context = {
        "override": found,
        "needed": services.APPROVALS.get(found.kind, 1),
        "can_decide": found.is_open and policies.can_decide_override(user, found),
        "can_withdraw": not found.is_over and policies.can_withdraw_override(user, found),
        "history": history.entries(audit.history(found)[:20]),
        "radius": override_radius(found),
    }
    return render(request, "certification/override_detail.html", context)


@require_POST
@login_required
def override_decide(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = signed_in_user(request)
    found = get_object_or_404(queries.visible_overrides(user), pk=pk)
    is_approved = request.POST.get("decision") == "approve"
    reason = request.POST.get("reason", "")[:1_000]
    found = services.decide(found, is_approved=is_approved, reason=reason, actor=user)
    said = {
        "half_approved": _("You agreed; one more person has to."),
        "declined": _("Declined; who asked was told."),
    }
    message = said.get(found.state, _("You agreed; who asked was told."))
    return done(request, message, reverse("override_detail", args=[found.pk]))


@require_POST
@login_required
def override_withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = signed_in_user(request)
    found = get_object_or_404(queries.visible_overrides(user), pk=pk)
    services.withdraw(found, reason=request.POST.get("reason", "")[:1_000], actor=user)
    return done(request, _("The request is taken back."), reverse("override_detail", args=[found.pk]))


def _choices(rollout: Rollout) -> list[tuple[str, str]]:
    wave = queries.next_wave(rollout)
    early = (
        [
            (
                "accelerate",
                _("Start wave %(number)s (%(name)s) now, before its bake and its day")
                % {"number": wave.number, "name": wave.name},
            )
        ]
        if wave
        else []
    )
    return early + [
        (f"freeze:{row.pk}", _("Pass the freeze “%(row)s”") % {"row": row})
        for row in queries.passable_freezes()
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def override_ask(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask for an exception to the rules of one rollout."""
    user = signed_in_user(request)
    rollouts = Rollout.objects.visible_to(user).select_related("submission__connector__publisher", "version")
    rollout = get_object_or_404(rollouts, pk=pk)
    require(policies.can_request_override, user, rollout)
    version = order_version(rollout)
    form = ExceptionForm(request.POST or None, choices=_choices(rollout), version=version)
    if request.method == "POST" and form.is_valid():
        try:
            found = _asked(rollout, form.cleaned_data, user)
        except OrderChanged as error:
            form.look_again(error)
        else:
            message = _("Asked: another operator has to agree.")
            return done(request, message, reverse("override_detail", args=[found.pk]))
    context = {"rollout": rollout, "form": form, "radius": waiting_radius(rollout)}
    return render(request, "certification/override_form.html", context)


def _asked(rollout: Rollout, asked: dict[str, str], user: User) -> OverrideRequest:
    wave, asks, reason = queries.next_wave(rollout), asked["asks"], asked["reason"]
    if asks == "accelerate" and wave:
        return services.request_acceleration(wave, reason=reason, actor=user, seen=asked["seen"])
    freeze = get_object_or_404(queries.passable_freezes(), pk=asks.partition(":")[2])
    return services.request_freeze_pass(rollout, freeze, reason=reason, actor=user)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def hotfix_ask(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask for the hotfix lane."""
    user = signed_in_user(request)
    submission = get_object_or_404(
        Submission.objects.visible_to(user).select_related("connector__publisher"), pk=pk
    )
    require(policies.can_request_hotfix, user, submission)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            found = services.request_hotfix(submission, reason=form.cleaned_data["reason"], actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            message = _("Asked: two operators have to agree.")
            return done(request, message, reverse("override_detail", args=[found.pk]))
    context = {"submission": submission, "form": form, "requests": queries.of_submission(submission)}
    return render(request, "certification/override_form.html", context)


urlpatterns = [
    path("exceptions/", override_list, name="override_list"),
    path("exceptions/<uuid:pk>/", override_detail, name="override_detail"),
    path("exceptions/<uuid:pk>/decide/", override_decide, name="override_decide"),
    path("exceptions/<uuid:pk>/withdraw/", override_withdraw, name="override_withdraw"),
    path("rollouts/<uuid:pk>/exception/", override_ask, name="override_ask"),
    path("submissions/<uuid:pk>/hotfix/", hotfix_ask, name="hotfix_ask"),
]
