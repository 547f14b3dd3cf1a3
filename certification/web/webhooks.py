"""Pages of a team's webhooks: where its programs are told of events, and what became of every message."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification import events
from certification.models import WebhookDelivery, WebhookEndpoint
from certification.policies import can_manage_webhooks
from certification.queries import webhooks as queries
from certification.services import webhooks as services
from certification.services.webhook_sending import message_id
from connectors.models import Publisher
from portal.shared import audit, history
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy

PAGE_SIZE = 25


class EndpointForm(forms.Form):
    url = forms.URLField(
        max_length=500,
        assume_scheme="https",
        label=_lazy("Address"),
        help_text=_lazy("A public https address that takes POST."),
    )
    description = forms.CharField(
        max_length=120, required=False, help_text=_lazy("What it is for, such as “Release channel”.")
    )
    format = forms.ChoiceField(
        choices=WebhookEndpoint.Format.choices,
        label=_lazy("Format"),
        help_text=_lazy("Signed events for programs, or messages for a channel."),
    )
    event_types = forms.MultipleChoiceField(
        choices=[],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_lazy("Events"),
        help_text=_lazy("None ticked: every event of the team."),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        chosen = set((kwargs.get("initial") or {}).get("event_types", []))  # type: ignore[attr-defined]
        choices = [(f"{noun}.*", label) for noun, label in events.LABELS.items()]
        # Single events are chosen through the API; here they stay as they are.
        choices += [(name, name) for name in sorted(chosen - {name for name, _label in choices})]
        self.fields["event_types"].choices = choices  # type: ignore[attr-defined]

    def draft(self) -> services.EndpointDraft:
        return services.EndpointDraft(**self.cleaned_data)


def _team(request: HttpRequest, slug: str) -> Publisher:
    return get_object_or_404(Publisher.objects.visible_to(request.user), slug=slug)


@require_safe
@login_required
def webhook_list(request: HttpRequest, slug: str) -> HttpResponse:
    team = _team(request, slug)
    context = {
        "publisher": team,
        "endpoints": queries.endpoints_of(request.user, team),
        "can_manage": can_manage_webhooks(request.user, team),
    }
    return render(request, "certification/webhook_list.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def webhook_create(request: HttpRequest, slug: str) -> HttpResponse:
    team, user = _team(request, slug), signed_in_user(request)
    require(can_manage_webhooks, user, team)
    form = EndpointForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            endpoint, secret = services.create_endpoint(team, form.draft(), actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            context = {"endpoint": endpoint, "secret": secret.reveal(), "is_new": True}
            return render(request, "certification/webhook_secret.html", context)
    context = {"publisher": team, "form": form, "endpoint": None}
    return render(request, "certification/webhook_form.html", context)


def _endpoint(request: HttpRequest, pk: UUID) -> WebhookEndpoint:
    return get_object_or_404(queries.endpoints_of(request.user), pk=pk)


@require_safe
@login_required
def webhook_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    endpoint = _endpoint(request, pk)
    found = queries.deliveries_of(request.user).filter(endpoint=endpoint)
    state = request.GET.get("state", "")
    if state in WebhookDelivery.State.values:
        found = found.filter(state=state)
    context = {
        "endpoint": endpoint,
        "publisher": endpoint.publisher,
        "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
        "states": WebhookDelivery.State.choices,
        "asked": state,
        "can_manage": can_manage_webhooks(request.user, endpoint.publisher),
        "history": history.entries(audit.history(endpoint)[:20]),
    }
    return render(request, "certification/webhook_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def webhook_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    endpoint, user = _endpoint(request, pk), signed_in_user(request)
    require(can_manage_webhooks, user, endpoint.publisher)
    now = {name: getattr(endpoint, name) for name in ("url", "description", "format", "event_types")}
    form = EndpointForm(request.POST or None, initial=now)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_endpoint(endpoint, form.draft(), actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(request, _("The webhook is changed."), reverse("webhook_detail", args=[pk]))
    context = {"publisher": endpoint.publisher, "form": form, "endpoint": endpoint}
    return render(request, "certification/webhook_form.html", context)


@require_POST
@login_required
def webhook_switch(request: HttpRequest, pk: UUID) -> HttpResponse:
    endpoint, is_active = _endpoint(request, pk), request.POST.get("active") == "yes"
    services.switch_endpoint(endpoint, is_active=is_active, actor=signed_in_user(request))
    words = _("It is told of events from now on.") if is_active else _("It is told of nothing any more.")
    return done(request, words, reverse("webhook_detail", args=[pk]))


@require_POST
@login_required
def webhook_test(request: HttpRequest, pk: UUID) -> HttpResponse:
    services.send_test(_endpoint(request, pk), actor=signed_in_user(request))
    words = _("A test is on its way: reload the page to see what was answered.")
    return done(request, words, reverse("webhook_detail", args=[pk]))


@never_cache
@require_POST
@login_required
def webhook_rotate(request: HttpRequest, pk: UUID) -> HttpResponse:
    endpoint = _endpoint(request, pk)
    secret = services.rotate_secret(endpoint, actor=signed_in_user(request))
    context = {"endpoint": endpoint, "secret": secret.reveal(), "hours": services.OLD_SECRET_HOURS}
    return render(request, "certification/webhook_secret.html", context)


@require_POST
@login_required
def webhook_remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    endpoint = _endpoint(request, pk)
    services.remove_endpoint(endpoint, actor=signed_in_user(request))
    target = reverse("webhook_list", args=[endpoint.publisher.slug])
    return done(request, _("The webhook and its log are gone."), target)


def _delivery(request: HttpRequest, pk: UUID) -> WebhookDelivery:
    return get_object_or_404(queries.deliveries_of(request.user), pk=pk)


@require_safe
@login_required
def webhook_message(request: HttpRequest, pk: UUID) -> HttpResponse:
    delivery = _delivery(request, pk)
    context: dict[str, Any] = {
        "delivery": delivery,
        "endpoint": delivery.endpoint,
        "publisher": delivery.endpoint.publisher,
        "message_id": message_id(delivery),
        "body": json.dumps(json.loads(delivery.body), indent=2, ensure_ascii=False),
        "attempts": queries.attempts_of(delivery),
        "can_manage": can_manage_webhooks(request.user, delivery.endpoint.publisher),
    }
    return render(request, "certification/webhook_message.html", context)


@require_POST
@login_required
def webhook_redeliver(request: HttpRequest, pk: UUID) -> HttpResponse:
    services.redeliver(_delivery(request, pk), actor=signed_in_user(request))
    words = _("It is sent once more under its own id.")
    return done(request, words, reverse("webhook_message", args=[pk]))


urlpatterns = [
    path("publishers/<slug:slug>/webhooks/", webhook_list, name="webhook_list"),
    path("publishers/<slug:slug>/webhooks/new/", webhook_create, name="webhook_create"),
    path("webhooks/<uuid:pk>/", webhook_detail, name="webhook_detail"),
    path("webhooks/<uuid:pk>/edit/", webhook_edit, name="webhook_edit"),
    path("webhooks/<uuid:pk>/switch/", webhook_switch, name="webhook_switch"),
    path("webhooks/<uuid:pk>/test/", webhook_test, name="webhook_test"),
    path("webhooks/<uuid:pk>/secret/", webhook_rotate, name="webhook_rotate"),
    path("webhooks/<uuid:pk>/remove/", webhook_remove, name="webhook_remove"),
    path("webhooks/messages/<uuid:pk>/", webhook_message, name="webhook_message"),
    path("webhooks/messages/<uuid:pk>/redeliver/", webhook_redeliver, name="webhook_redeliver"),
]
