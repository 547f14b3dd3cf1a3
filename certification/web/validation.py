"""Pages of findings and of their answers: notes on warnings, and waivers."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from certification import policies
from certification.lifecycle import SUBMISSION
from certification.models import Submission, Waiver
from certification.queries import validation as queries
from certification.queries.rulebook import rule_info
from certification.queries.usage import impact_of
from certification.services import receipts
from certification.services import waivers as services
from certification.web.submission_pages import page_context, submission_url, visible_submission
from portal.shared.errors import InvalidInput
from portal.shared.web import done, signed_in_user
from portal.shared.words import lazy as _lazy


@require_safe
@login_required
def finding_list(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _findings(request, visible_submission(request, pk))


def _findings(request: HttpRequest, submission: Submission, status: int = 200, **extra: Any) -> HttpResponse:
    names = ("severity", "change", "file", "family", "rule", "q")
    asked = queries.FindingFilter(**{name: request.GET.get(name, "")[:260] for name in names})
    user = signed_in_user(request)
    version = queries.shown_version(submission)
    validation = queries.known_validation(submission, version) if version else None
    is_open = submission.state not in SUBMISSION.terminal
    context = page_context(request, submission, "findings") | {
        "version": version,
        "validation": validation,
        "found": queries.findings_page(submission, validation, asked) if validation else None,
        "asked": asked,
        "is_checking": submission.state in {"submitted", "validating"}
        or queries.is_being_checked(submission),
        "can_answer": policies.can_answer_findings(user, submission) and is_open,
        "can_decide": policies.can_decide_submission(user, submission) and is_open,
        "impact": impact_of(submission, version, validation),
        "presented": queries.receipt_of_verdict(submission, version),
        "receipts_are_signed": receipts.signing_key() is not None,
        "shortest_reason": services.SHORTEST_REASON,
        **extra,
    }
    return render(request, "certification/finding_list.html", context, status=status)


def refused_on_findings(request: HttpRequest, submission: Submission, error: InvalidInput) -> HttpResponse:
    """The findings page with what was wrong with something that was sent to it."""
    return _findings(request, submission, 400, refused=_refused(error, "", ""))


@require_safe
@login_required
def finding_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Asked by the page while a check runs: reloads it when the verdict is there."""
    submission = visible_submission(request, pk)
    waits = submission.state in {"submitted", "validating"} or queries.is_being_checked(submission)
    if not waits:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return render(request, "certification/_finding_progress.html", {"submission": submission})


@require_POST
@login_required
def finding_note(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = visible_submission(request, pk)
    rule, note = request.POST.get("rule", ""), request.POST.get("note", "")
    try:
        services.note_warning(submission, rule=rule, note=note, actor=signed_in_user(request))
    except InvalidInput as error:
        return _findings(request, submission, 400, refused=_refused(error, rule, note))
    return done(request, _("Your note on %(rule)s is saved.") % {"rule": rule}, _at_rule(submission, rule))


@require_POST
@login_required
def waiver_request(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = visible_submission(request, pk)
    rule, reason = request.POST.get("rule", ""), request.POST.get("reason", "")
    try:
        services.request_waiver(
            submission,
            rule=rule,
            fingerprint=request.POST.get("fingerprint", "")[:64],
            reason=reason,
            actor=signed_in_user(request),
        )
    except InvalidInput as error:
        return _findings(request, submission, 400, refused=_refused(error, rule, reason))
    what = "acknowledgement" if queries.is_acknowledgeable(rule) else "waiver"
    return done(
        request,
        _("A reviewer decides about the %(what)s of %(rule)s.") % {"what": what, "rule": rule},
        _at_rule(submission, rule),
    )


def _refused(error: InvalidInput, rule: str, text: str) -> dict[str, str]:
    details = " ".join(each for texts in error.fields.values() for each in texts)
    return {"rule": rule, "text": text, "message": f"{error.message} {details}".strip()}


def _at_rule(submission: Submission, rule: str) -> str:
    return f"{submission_url(submission, 'finding_list')}#rule-{rule}"


class WaiverForm(forms.Form):
    reason = forms.CharField(
        min_length=services.SHORTEST_NOTE,
        max_length=services.LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_lazy("The team reads it."),
    )
    expires_on = forms.DateField(
        label=_lazy("Valid until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_lazy("Empty: for as long as this submission lasts."),
    )


def _waiver(request: HttpRequest, pk: UUID) -> Waiver:
    found = Waiver.objects.filter(submission__in=Submission.objects.visible_to(request.user))
    related = ("submission__connector__publisher", "requested_by", "decided_by")
    return get_object_or_404(found.select_related(*related), pk=pk)


@require_safe
@login_required
def waiver_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _waiver_page(request, _waiver(request, pk), WaiverForm())


def _waiver_page(request: HttpRequest, waiver: Waiver, form: WaiverForm, status: int = 200) -> HttpResponse:
    user = signed_in_user(request)
    submission = visible_submission(request, waiver.submission_id)
    context = page_context(request, submission, "findings") | {
        "waiver": waiver,
        "info": rule_info(waiver.rule),
        "form": form,
        "places": queries.places_of(submission, waiver),
        "can_decide": policies.can_decide_waiver(user, waiver) and waiver.state == "requested",
        "can_withdraw_waiver": policies.can_answer_findings(user, submission)
        and waiver.state in {"requested", "approved"},
    }
    return render(request, "certification/waiver_detail.html", context, status=status)


@require_POST
@login_required
def waiver_decide(request: HttpRequest, pk: UUID) -> HttpResponse:
    """`decision` is approve or decline; both with a reason."""
    waiver = _waiver(request, pk)
    form = WaiverForm(request.POST)
    user = signed_in_user(request)
    if not form.is_valid():
        return _waiver_page(request, waiver, form, status=400)
    reason = form.cleaned_data["reason"]
    last_day: date | None = form.cleaned_data["expires_on"]
    try:
        if request.POST.get("decision") == "approve":
            services.approve_waiver(waiver, reason=reason, expires_on=last_day, actor=user)
        else:
            services.decline_waiver(waiver, reason=reason, actor=user)
    except InvalidInput as error:
        form.add_error(None, error.message)
        return _waiver_page(request, waiver, form, status=400)
    return done(
        request,
        _("The waiver of %(rule)s is decided.") % {"rule": waiver.rule},
        reverse("waiver_detail", args=[pk]),
    )


@require_POST
@login_required
def waiver_withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    waiver = _waiver(request, pk)
    services.withdraw_waiver(waiver, actor=signed_in_user(request))
    return done(
        request,
        _("The waiver of %(rule)s is withdrawn.") % {"rule": waiver.rule},
        _at_rule(waiver.submission, waiver.rule),
    )


urlpatterns = [
    path("submissions/<uuid:pk>/findings/", finding_list, name="finding_list"),
    path("submissions/<uuid:pk>/findings/progress/", finding_progress, name="finding_progress"),
    path("submissions/<uuid:pk>/findings/note/", finding_note, name="finding_note"),
    path("submissions/<uuid:pk>/waivers/request/", waiver_request, name="waiver_request"),
    path("waivers/<uuid:pk>/", waiver_detail, name="waiver_detail"),
    path("waivers/<uuid:pk>/decide/", waiver_decide, name="waiver_decide"),
    path("waivers/<uuid:pk>/withdraw/", waiver_withdraw, name="waiver_withdraw"),
]
