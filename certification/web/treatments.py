"""Pages of treatments: how this portal treats rules, what a change would do, and the second person's word."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification import policies
from certification.models import RuleTreatment
from certification.queries import treatments as queries
from certification.queries.rulebook import rule_info
from certification.rules.registry import metadata
from certification.rules.rulebook import RuleInfo
from certification.services import treatments as services
from certification.treating import TreatmentKind, allowed_for
from portal.accounts.models import User
from portal.shared import audit, history
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user

_PAGE = 25
_CHANGES = (
    ("", gettext_lazy("Every submission")),
    ("new", gettext_lazy("New connectors")),
    ("update", gettext_lazy("Updates")),
)
_PUBLISHERS = (
    ("", gettext_lazy("Every publisher")),
    ("verified", gettext_lazy("Verified publishers")),
    ("independent", gettext_lazy("Independent publishers")),
)


class TreatmentForm(forms.Form):
    """How to treat one rule; only what is allowed for it can be chosen."""

    treatment = forms.ChoiceField(widget=forms.RadioSelect, label=gettext_lazy("Treat it as"))
    change_kind = forms.ChoiceField(choices=_CHANGES, required=False, label=gettext_lazy("For"))
    publisher_kind = forms.ChoiceField(choices=_PUBLISHERS, required=False, label=gettext_lazy("Of"))
    starts_on = forms.DateField(
        required=False,
        label=gettext_lazy("From"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Empty: at once. It begins at midnight in your zone."),
    )
    reason = forms.CharField(
        max_length=services.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        label=gettext_lazy("Why"),
        help_text=gettext_lazy("Shown to everybody, on the rule's page and with every finding."),
    )

    def __init__(self, *args: Any, kinds: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(value, label) for value, label in TreatmentKind.choices if value in kinds]
        self.fields["treatment"].choices = choices  # type: ignore[attr-defined]

    def draft(self, rule: str) -> services.TreatmentDraft:
        data = self.cleaned_data
        day = data["starts_on"]
        is_later = day and day > timezone.localdate()
        starts = timezone.make_aware(dt.datetime.combine(day, dt.time())) if day else None
        return services.TreatmentDraft(
            rule=rule,
            treatment=data["treatment"],
            reason=data["reason"],
            change_kind=data["change_kind"],
            publisher_kind=data["publisher_kind"],
            starts_at=starts if is_later or (day and day < timezone.localdate()) else None,
        )


@require_safe
@login_required
def treatment_list(request: HttpRequest) -> HttpResponse:
    """What counts, what is to come, and what was."""
    user = signed_in_user(request)
    require(policies.can_see_administration, user, None)
    found = queries.treatments()
    context = {
        "in_force": [each for each in found.filter(state="in_force") if each.is_exception],
        "to_come": found.filter(state__in=["proposed", "planned"]),
        "page": Paginator(found.exclude(state__in=["in_force", "proposed", "planned"]), _PAGE).get_page(
            request.GET.get("page")
        ),
        "can_manage": policies.can_manage_treatments(user),
    }
    return render(request, "certification/treatment_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def treatment_create(request: HttpRequest, rule_id: str) -> HttpResponse:
    """ "Show the effect" computes; "Save" saves. Both keep what was typed."""
    user = signed_in_user(request)
    require(policies.can_manage_treatments, user, None)
    rule = _rule(rule_id)
    allowed = allowed_for(metadata()[rule.id])
    form, effect, draft = TreatmentForm(request.POST or None, kinds=allowed.kinds), None, None
    if request.method == "POST" and form.is_valid():
        draft = form.draft(rule.id)
        try:
            services.check(draft)
            if "save" in request.POST:
                return _saved(request, services.propose(draft, actor=user))
            effect = queries.effect_of(draft)
        except InvalidInput as error:
            add_errors(form, error)
    context = {
        "form": form, "rule": rule, "allowed": allowed, "effect": effect,
        "needs_second": effect is not None and draft is not None and services.needs_second(draft),
        "treatments": queries.treatments_of(rule.id),
    }  # fmt: skip
    return render(request, "certification/treatment_form.html", context)


def _rule(rule_id: str) -> RuleInfo:
    rule = rule_info(rule_id)
    if rule is None:
        raise Http404
    return rule


def _saved(request: HttpRequest, made: RuleTreatment) -> HttpResponse:
    said = {
        "proposed": _("Asked: it makes a security rule weaker, so another administrator has to agree."),
        "planned": _("Saved: it begins at its time."),
    }
    message = said.get(made.state, _("Saved: it counts from now on."))
    return done(request, message, reverse("treatment_detail", args=[made.pk]))


@require_safe
@login_required
def treatment_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = signed_in_user(request)
    require(policies.can_see_administration, user, None)
    found = get_object_or_404(queries.treatments(), pk=pk)
    context = {
        "treatment": found,
        "rule": rule_info(found.rule),
        "effect": queries.effect_of(found) if found.is_to_come else None,
        "can_decide": found.state == "proposed" and policies.can_decide_treatment(user, found),
        "can_withdraw": found.is_to_come and policies.can_withdraw_treatment(user, found),
        "can_manage": policies.can_manage_treatments(user),
        "history": history.entries(audit.history(found)[:20]),
    }
    return render(request, "certification/treatment_detail.html", context)


@require_POST
@login_required
def treatment_decide(request: HttpRequest, pk: UUID) -> HttpResponse:
    user, found = _managed(request, pk)
    is_approved = request.POST.get("decision") == "approve"
    services.decide(found, is_approved=is_approved, reason=request.POST.get("reason", ""), actor=user)
    message = _("You agreed; who asked was told.") if is_approved else _("Declined; who asked was told.")
    return done(request, message, reverse("treatment_detail", args=[found.pk]))


@require_POST
@login_required
def treatment_withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    user, found = _managed(request, pk)
    services.withdraw(found, actor=user)
    return done(request, _("It is taken back."), reverse("treatment_detail", args=[found.pk]))


def _managed(request: HttpRequest, pk: UUID) -> tuple[User, RuleTreatment]:
    user = signed_in_user(request)
    require(policies.can_manage_treatments, user, None)
    return user, get_object_or_404(queries.treatments(), pk=pk)


urlpatterns = [
    path("administration/rules/", treatment_list, name="treatment_list"),
    path("administration/rules/<str:rule_id>/treat/", treatment_create, name="treatment_create"),
    path("administration/treatments/<uuid:pk>/", treatment_detail, name="treatment_detail"),
    path("administration/treatments/<uuid:pk>/decide/", treatment_decide, name="treatment_decide"),
    path("administration/treatments/<uuid:pk>/withdraw/", treatment_withdraw, name="treatment_withdraw"),
]
