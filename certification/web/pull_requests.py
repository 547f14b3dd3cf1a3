"""Pages of pull requests: those that touch a connector, what one of them does to it, and who is told."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification.models import PullRequestCheck
from certification.queries import pull_requests as queries
from certification.queries.repositories import binding_of
from certification.queries.required_checks import required_checks
from certification.services import forges
from certification.services import pull_requests as services
from connectors.models import Connector, RepositoryBinding
from connectors.policies import can_bind_repository
from connectors.queries import connectors as connector_queries
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy

PAGE_SIZE = 25


class ForgeForm(forms.Form):
    api_url = forms.URLField(
        max_length=300,
        assume_scheme="https",
        label=_lazy("REST address"),
        help_text=_lazy("Of github.com https://api.github.com; of your own server https://…/api/v3."),
    )
    token = forms.CharField(
        max_length=400, required=False, label=_lazy("Token"),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_lazy(
            "May read pull requests and write commit statuses and comments; an app's may write checks. Left "
            "empty, the one stored for this address stays."
        ),
    )  # fmt: skip
    app_id = forms.CharField(
        max_length=20, required=False, label=_lazy("App id"),
        help_text=_lazy("Instead of a token: of a GitHub App, which can make check runs."),
    )  # fmt: skip
    installation_id = forms.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, label=_lazy("Installation id"),
        help_text=_lazy("The number at the end of the address of its installation."),
    )  # fmt: skip
    private_key = forms.CharField(
        max_length=8000, required=False, strip=False, label=_lazy("Private key of the app"),
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text=_lazy("The whole .pem file. Left empty, the one stored for this app stays."),
    )  # fmt: skip

    def draft(self) -> forges.ForgeDraft:
        return forges.ForgeDraft(**self.cleaned_data)


def _connector(request: HttpRequest, pk: UUID) -> Connector:
    return get_object_or_404(connector_queries.for_page(request.user), pk=pk)


def _binding(request: HttpRequest, pk: UUID) -> RepositoryBinding:
    """Of a connector that the person may bind."""
    connector = _connector(request, pk)
    require(can_bind_repository, signed_in_user(request), connector)
    binding = binding_of(connector, request.user)
    if binding is None:
        raise Http404
    return binding


def _check(request: HttpRequest, pk: UUID, pull: UUID) -> PullRequestCheck:
    check = queries.check_for(_connector(request, pk), pull, request.user)
    if check is None:
        raise Http404
    return check


@require_safe
@login_required
def pull_request_list(request: HttpRequest, pk: UUID) -> HttpResponse:
    connector = _connector(request, pk)
    found = Paginator(queries.pull_requests_of(connector, request.user), PAGE_SIZE)
    context = {
        "connector": connector,
        "tab": "repository",
        "page": found.get_page(request.GET.get("page")),
    }
    return render(request, "certification/pull_request_list.html", context)


@require_safe
@login_required
def pull_request_detail(request: HttpRequest, pk: UUID, pull: UUID) -> HttpResponse:
    check = _check(request, pk, pull)
    connector = _connector(request, pk)
    context: dict[str, Any] = {
        "connector": connector,
        "tab": "repository",
        "check": check,
        "pull": check.pull_request,
        "is_current": check.head_sha == check.pull_request.head_sha and check.pull_request.is_checked,
        "sections": queries.finding_sections(check),
        "changes": queries.change_classes(check),
        "required": required_checks(check.pull_request),
        "can_check": can_bind_repository(request.user, connector),
    }
    return render(request, "certification/pull_request_detail.html", context)


@require_POST
@login_required
def pull_request_check(request: HttpRequest, pk: UUID, pull: UUID) -> HttpResponse:
    check = _check(request, pk, pull)
    services.check_again(check, actor=signed_in_user(request))
    address = reverse("pull_request_detail", args=[pk, pull])
    return done(request, _("It is being checked again: reload in a few seconds."), address)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def repository_forge(request: HttpRequest, pk: UUID) -> HttpResponse:
    binding = _binding(request, pk)
    forge = queries.forge_of(binding)
    known = forge.api_url if forge else ""
    form = ForgeForm(
        request.POST or None,
        initial={
            "api_url": known or forges.suggested_api_url(binding.repository),
            "app_id": forge.app_id if forge else "",
            "installation_id": forge.installation_id if forge else None,
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            forges.connect_forge(binding, form.draft(), actor=signed_in_user(request))
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(request, _("Pull requests are answered on GitHub."), _page(pk))
    context = {"connector": binding.connector, "forge": forge, "form": form, "tab": "repository"}
    return render(request, "certification/repository_forge.html", context)


@require_POST
@login_required
def repository_forge_remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    forges.disconnect_forge(_binding(request, pk), actor=signed_in_user(request))
    return done(request, _("The token is forgotten. Pull requests are shown here alone."), _page(pk))


def _page(pk: UUID) -> str:
    return reverse("connector_repository", args=[pk])


_ROOT = "connectors/<uuid:pk>/repository/"
urlpatterns = [
    path(f"{_ROOT}pull-requests/", pull_request_list, name="pull_request_list"),
    path(f"{_ROOT}pull-requests/<uuid:pull>/", pull_request_detail, name="pull_request_detail"),
    path(f"{_ROOT}pull-requests/<uuid:pull>/check/", pull_request_check, name="pull_request_check"),
    path(f"{_ROOT}forge/", repository_forge, name="repository_forge"),
    path(f"{_ROOT}forge/remove/", repository_forge_remove, name="repository_forge_remove"),
]
