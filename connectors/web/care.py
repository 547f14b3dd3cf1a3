"""Pages of what a team tells of its connector in use: known issues, and the scorecard of availability."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connectors import policies
from connectors.models import AvailabilityRequest, Connector, KnownIssue
from connectors.queries import care as queries
from connectors.queries import connectors as connector_queries
from connectors.queries import health_scorecard
from connectors.services import availability, known_issues
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy


class IssueForm(forms.Form):
    status = forms.IntegerField(
        required=False, label=_lazy("Error code"), min_value=400, max_value=599,
        help_text=_lazy("When this explains one code; empty for anything else."),
    )  # fmt: skip
    title = forms.CharField(max_length=120, help_text=_lazy("What a user sees happen, in a few words."))
    text = forms.CharField(
        max_length=4000, label=_lazy("What to do"), widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_lazy("Markdown. The page is public and changes at once, without a release."),
    )  # fmt: skip

    def draft(self) -> known_issues.IssueDraft:
        return known_issues.IssueDraft(**self.cleaned_data)


class AvailabilityForm(forms.Form):
    support_hours = forms.CharField(
        max_length=200,
        label=_lazy("Support hours"),
        help_text=_lazy("As for the backend: “every day, 0 to 24 UTC”."),
    )
    note = forms.CharField(
        required=False, max_length=2000, label=_lazy("Anything the operators should know"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def connector_issues(request: HttpRequest, pk: str) -> HttpResponse:
    user = signed_in_user(request)
    connector = get_object_or_404(connector_queries.for_page(user), pk=pk)
    can_tell = policies.can_tell_known_issue(user, connector)
    form = IssueForm(request.POST or None, initial={"status": request.GET.get("status", "")[:3]})
    if request.method == "POST":
        require(policies.can_tell_known_issue, user, connector)
    if request.method == "POST" and form.is_valid():
        try:
            known_issues.tell(connector, form.draft(), actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(request, _("It is published."), _issues(connector))
    context = {"connector": connector, "tab": "health", "form": form, "can_tell": can_tell}
    context |= {
        "issues": queries.issues(connector, is_open=True),
        "past": queries.issues(connector, is_open=False),
    }
    return render(request, "connectors/issue_list.html", context)


def _issues(connector: Connector) -> str:
    return reverse("connector_issues", args=[connector.pk])


def _issue(request: HttpRequest, pk: str) -> KnownIssue:
    found = KnownIssue.objects.visible_to(signed_in_user(request)).select_related("connector__publisher")
    issue: KnownIssue = get_object_or_404(found, pk=pk)
    return issue


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def issue_edit(request: HttpRequest, pk: str) -> HttpResponse:
    user, issue = signed_in_user(request), _issue(request, pk)
    require(policies.can_tell_known_issue, user, issue.connector)
    initial = {"status": issue.status, "title": issue.title, "text": issue.text}
    form = IssueForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            known_issues.change(issue, form.draft(), actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(request, _("It is changed, and published."), _issues(issue.connector))
    context = {"issue": issue, "connector": issue.connector, "form": form, "tab": "health"}
    return render(request, "connectors/issue_form.html", context)


@require_POST
@login_required
def issue_resolve(request: HttpRequest, pk: str) -> HttpResponse:
    issue = _issue(request, pk)
    known_issues.resolve(issue, actor=signed_in_user(request))
    return done(request, _("It is resolved and off the public page."), _issues(issue.connector))


@require_safe
def public_issues(request: HttpRequest, slug: str) -> HttpResponse:
    """For users of the connector: what errors mean and what is known. Only of connectors that are live."""
    connector = get_object_or_404(queries.published_connectors(), slug=slug)
    context = {"connector": connector, **queries.published(connector)}
    return render(request, "connectors/issue_public.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def connector_scorecard(request: HttpRequest, pk: str) -> HttpResponse:
    """The criteria as they stand; sending the form asks for general availability."""
    user = signed_in_user(request)
    connector = get_object_or_404(connector_queries.for_page(user), pk=pk)
    form = AvailabilityForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            availability.request(connector, **form.cleaned_data, actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(request, _("It is asked for: operators decide and you get a mail."), _card(connector))
    elif request.method == "POST":
        require(policies.can_request_availability, user, connector)
    context = {"connector": connector, "tab": "health", "form": form, **_card_context(connector, user)}
    return render(request, "connectors/health_scorecard.html", context)


def _card_context(connector: Connector, user: Any) -> dict[str, Any]:
    return {
        "card": health_scorecard.scorecard(connector),
        "open_request": health_scorecard.open_request(connector),
        "requests": health_scorecard.requests_of(connector),
        "can_request": policies.can_request_availability(user, connector),
        "can_decide": policies.can_decide_availability(user, connector),
    }


def _card(connector: Connector) -> str:
    return reverse("connector_scorecard", args=[connector.pk])


def _request_of(request: HttpRequest, pk: str) -> AvailabilityRequest:
    found = AvailabilityRequest.objects.visible_to(signed_in_user(request))
    made: AvailabilityRequest = get_object_or_404(found.select_related("connector__publisher"), pk=pk)
    return made


@require_POST
@login_required
def availability_decide(request: HttpRequest, pk: str) -> HttpResponse:
    made = _request_of(request, pk)
    grant = request.POST.get("decision") == "grant"
    reasons = request.POST.get("reasons", "")[:2000]
    availability.decide(made, grant=grant, reasons=reasons, actor=signed_in_user(request))
    text = _("The connector is generally available.") if grant else _("Declined; the team is told why.")
    return done(request, text, _card(made.connector))


@require_POST
@login_required
def availability_withdraw(request: HttpRequest, pk: str) -> HttpResponse:
    made = _request_of(request, pk)
    availability.withdraw(made, actor=signed_in_user(request))
    return done(request, _("The request is withdrawn."), _card(made.connector))


urlpatterns = [
    path("connectors/<uuid:pk>/health/issues/", connector_issues, name="connector_issues"),
    path("health/issues/<uuid:pk>/", issue_edit, name="issue_edit"),
    path("health/issues/<uuid:pk>/resolve/", issue_resolve, name="issue_resolve"),
    path("known-issues/<slug:slug>/", public_issues, name="public_issues"),
    path("connectors/<uuid:pk>/health/scorecard/", connector_scorecard, name="connector_scorecard"),
    path("health/availability/<uuid:pk>/decide/", availability_decide, name="availability_decide"),
    path("health/availability/<uuid:pk>/withdraw/", availability_withdraw, name="availability_withdraw"),
]
