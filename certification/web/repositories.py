"""Pages of a connector's repository: binding it, its newest commits, and taking one into a submission."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification.policies import can_create_submission
from certification.queries import pull_requests
from certification.queries import repositories as queries
from certification.services import certification_tags, commits
from certification.web.submission_pages import submission_url
from connectors.models import Connector, RepositoryBinding
from connectors.policies import can_bind_repository
from connectors.queries import connectors as connector_queries
from connectors.repository_words import failure_of
from connectors.services import repositories as services
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, error_page, signed_in_user
from portal.shared.words import lazy as _lazy

PAGE_SIZE = 10


class BindingForm(forms.Form):
    address = forms.CharField(
        max_length=500,
        label=_lazy("Address"),
        help_text=_lazy("As for cloning: https://… or git@host:path. It has to be reachable publicly."),
    )
    branch = forms.CharField(max_length=200, label=_lazy("Branch"), help_text=_lazy("Such as dev."))
    folder = forms.CharField(
        max_length=400,
        required=False,
        label=_lazy("Folder"),
        help_text=_lazy("Where its files lie, such as certified-connectors/Tides. Empty: the root."),
    )
    user = forms.CharField(
        max_length=120, required=False, label=_lazy("User name"),
        help_text=_lazy("Where a token alone is not enough."),
    )  # fmt: skip
    token = forms.CharField(
        max_length=400, required=False, label=_lazy("Token"),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_lazy("For https. Reading is enough."),
    )  # fmt: skip
    private_key = forms.CharField(
        max_length=8000, required=False, strip=False, label=_lazy("Private key"),
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text=_lazy("For ssh, without a passphrase: best a deploy key of this repository alone."),
    )  # fmt: skip

    def draft(self) -> services.BindingDraft:
        return services.BindingDraft(**self.cleaned_data)


def _connector(request: HttpRequest, pk: str) -> Connector:
    return get_object_or_404(connector_queries.for_page(request.user), pk=pk)


def _binding(request: HttpRequest, pk: str) -> RepositoryBinding:
    binding = queries.binding_of(_connector(request, pk), request.user)
    if binding is None:
        require(can_bind_repository, signed_in_user(request), _connector(request, pk))
        raise Http404
    return binding


def _page(pk: object) -> str:
    return reverse("connector_repository", args=[pk])


@require_safe
@login_required
def connector_repository(request: HttpRequest, pk: str) -> HttpResponse:
    connector = _connector(request, pk)
    binding = queries.binding_of(connector, request.user)
    context: dict[str, Any] = {
        "connector": connector,
        "tab": "repository",
        "binding": binding,
        "failure": failure_of(binding.repository) if binding else "",
        "commits": queries.shown_commits(binding) if binding else [],
        "tags": queries.shown_tags(binding) if binding else [],
        "can_bind": can_bind_repository(request.user, connector),
        "can_take": can_create_submission(request.user, connector),
        "poll_minutes": max(1, settings.REPOSITORY_POLL_SECONDS // 60),
    }
    if binding:
        found = Paginator(queries.deliveries_of(binding), PAGE_SIZE)
        found.__dict__["count"] = vars(binding)["delivery_count"]
        context["page"] = found.get_page(request.GET.get("page"))
        pulls = list(pull_requests.pull_requests_of(connector, request.user)[: PAGE_SIZE + 1])
        context |= {"pulls": pulls[:PAGE_SIZE], "has_more_pulls": len(pulls) > PAGE_SIZE}
        context["forge"] = pull_requests.forge_of(binding)
    return render(request, "certification/repository_detail.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def repository_bind(request: HttpRequest, pk: str) -> HttpResponse:
    connector, user = _connector(request, pk), signed_in_user(request)
    require(can_bind_repository, user, connector)
    binding = queries.binding_of(connector, user)
    form = BindingForm(request.POST or None, initial=_initial(binding))
    if request.method == "POST" and form.is_valid():
        try:
            services.bind_connector(connector, form.draft(), actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(request, _("It is bound: its commits are being read."), _page(pk))
    context = {"connector": connector, "binding": binding, "form": form, "tab": "repository"}
    return render(request, "certification/repository_form.html", context)


def _initial(binding: RepositoryBinding | None) -> dict[str, str]:
    if binding is None:
        return {"branch": "main"}
    repository = binding.repository
    return {
        "address": repository.address,
        "branch": binding.branch,
        "folder": binding.folder,
    }


@require_POST
@login_required
def repository_fetch(request: HttpRequest, pk: str) -> HttpResponse:
    services.fetch_now(_binding(request, pk), actor=signed_in_user(request))
    return done(request, _("The portal looks for new commits now: reload in a few seconds."), _page(pk))


@require_POST
@login_required
def repository_automation(request: HttpRequest, pk: str) -> HttpResponse:
    services.choose_automation(
        _binding(request, pk),
        submits_commits="submits_commits" in request.POST,
        tags_certified="tags_certified" in request.POST,
        mirrors_threads="mirrors_threads" in request.POST,
        actor=signed_in_user(request),
    )
    return done(request, _("The choice is saved."), _page(pk))


@require_POST
@login_required
def certification_tag_again(request: HttpRequest, pk: str, tag_pk: str) -> HttpResponse:
    binding = _binding(request, pk)
    row = get_object_or_404(queries.tags_of(binding), pk=tag_pk)
    certification_tags.push_again(row, actor=signed_in_user(request))
    return done(request, _("The tag is being pushed again: reload in a few seconds."), _page(pk))


@require_POST
@login_required
def repository_unbind(request: HttpRequest, pk: str) -> HttpResponse:
    services.unbind_connector(_binding(request, pk), actor=signed_in_user(request))
    return done(request, _("The connector is bound to no repository any more."), _page(pk))


@never_cache
@require_POST
@login_required
def repository_secret(request: HttpRequest, pk: str) -> HttpResponse:
    binding = _binding(request, pk)
    secret = services.rotate_hook_secret(binding, actor=signed_in_user(request))
    context = {
        "connector": binding.connector,
        "binding": binding,
        "secret": secret.reveal(),
        "address": queries.hook_address(binding),
    }
    return render(request, "certification/repository_secret.html", context)


@require_POST
@login_required
def commit_take(request: HttpRequest, pk: str) -> HttpResponse:
    binding = _binding(request, pk)
    try:
        submission = commits.take_commit(
            binding, request.POST.get("commit", ""), actor=signed_in_user(request)
        )
    except InvalidInput as error:
        return error_page(request, error)
    return done(
        request,
        _("The package of this commit is in the form."),
        submission_url(submission, "submission_edit"),
    )


urlpatterns = [
    path("connectors/<uuid:pk>/repository/", connector_repository, name="connector_repository"),
    path("connectors/<uuid:pk>/repository/bind/", repository_bind, name="repository_bind"),
    path("connectors/<uuid:pk>/repository/fetch/", repository_fetch, name="repository_fetch"),
    path("connectors/<uuid:pk>/repository/automation/", repository_automation, name="repository_automation"),
    path(
        "connectors/<uuid:pk>/repository/tags/<uuid:tag_pk>/again/",
        certification_tag_again,
        name="certification_tag_again",
    ),
    path("connectors/<uuid:pk>/repository/unbind/", repository_unbind, name="repository_unbind"),
    path("connectors/<uuid:pk>/repository/secret/", repository_secret, name="repository_secret"),
    path("connectors/<uuid:pk>/repository/take/", commit_take, name="commit_take"),
]
