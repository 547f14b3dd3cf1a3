"""The pages of a connector's heartbeat: how the backend reports, what is expected, and a token for it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from connectors import policies
from connectors.heartbeats import LONGEST_MINUTES
from connectors.lifecycle import CONNECTOR
from connectors.models import Connector, HealthAlert, Heartbeat
from connectors.queries import connectors as connector_queries
from connectors.queries import heartbeats as queries
from connectors.queries.health_fleet import told_alerts
from connectors.services import heartbeats as services
from portal.accounts.models import User
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy

_ALERTS = (HealthAlert.Kind.HEARTBEAT, HealthAlert.Kind.DORMANT)
_DAY, _HOUR, _MINUTE = 24 * 60, 60, 1
_UNITS = [(_MINUTE, _lazy("minutes")), (_HOUR, _lazy("hours")), (_DAY, _lazy("days"))]


class HeartbeatForm(forms.Form):
    """Each span as a number and its unit."""

    period = forms.IntegerField(label=_lazy("Period"), min_value=1, max_value=LONGEST_MINUTES, initial=1)
    period_unit = forms.TypedChoiceField(label=_lazy("Unit"), coerce=int, choices=_UNITS, initial=_HOUR)
    grace = forms.IntegerField(label=_lazy("Grace"), min_value=1, max_value=LONGEST_MINUTES, initial=15)
    grace_unit = forms.TypedChoiceField(label=_lazy("Unit"), coerce=int, choices=_UNITS, initial=_MINUTE)

    def draft(self) -> services.RhythmDraft:
        given = self.cleaned_data
        return services.RhythmDraft(
            given["period"] * given["period_unit"], given["grace"] * given["grace_unit"]
        )

    def add_refusal(self, error: InvalidInput) -> None:
        """The service names minutes; here a number stands beside its unit."""
        fields = {name.removesuffix("_minutes"): words for name, words in error.fields.items()}
        add_errors(self, InvalidInput(error.message, fields=fields))


class HeartbeatTokenForm(forms.Form):
    days = forms.IntegerField(min_value=1, max_value=366, initial=366, label=_lazy("Days until it expires"))


def _initial(row: Heartbeat | None) -> dict[str, int]:
    if row is None:
        return {}
    found: dict[str, int] = {}
    for name, minutes in (("period", row.period_minutes), ("grace", row.grace_minutes)):
        unit = next(length for length in (_DAY, _HOUR, _MINUTE) if minutes % length == 0)
        found |= {name: minutes // unit, f"{name}_unit": unit}
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def connector_heartbeat(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How the backend reports; POST turns heartbeats on or changes their rhythm."""
    user = signed_in_user(request)
    connector = get_object_or_404(connector_queries.for_page(user), pk=pk)
    page = queries.heartbeat_page(connector)
    form = HeartbeatForm(request.POST or None, initial=_initial(page.row))
    if request.method == "POST":
        require(policies.can_edit_connector, user, connector)
    if request.method == "POST" and form.is_valid():
        try:
            services.expect(connector, form.draft(), actor=user)
        except InvalidInput as error:
            form.add_refusal(error)
        else:
            return done(request, _("A heartbeat is expected from now on."), _address(connector))
    context = _context(user, connector, page)
    status = 400 if form.errors else 200
    return render(request, "connectors/health_heartbeat.html", {**context, "form": form}, status=status)


def _context(user: User, connector: Connector, page: queries.HeartbeatPage) -> dict[str, Any]:
    return {
        "connector": connector,
        "tab": "health",
        "page": page,
        "alerts": told_alerts(user, connector, _ALERTS),
        "can_edit": policies.can_edit_connector(user, connector),
        "is_closed": connector.state in CONNECTOR.terminal,
        "sending": _sending(connector),
    }


def _sending(connector: Connector) -> dict[str, str]:
    """The exact line, with the name of a variable for the token: no page shows one."""
    parts = (
        "curl -fsS -m 10 --retry 5 -X POST",
        '-H "Authorization: Bearer $HEARTBEAT_TOKEN"',
        f"{settings.SITE_URL}{reverse('api:connector_heartbeats', args=[connector.slug])}",
    )
    return {
        "line": " ".join(parts),
        "shown": " \\\n  ".join(parts),
        "failing": '-d status=failing --data-urlencode "message=Queue is full"',
    }


def _address(connector: Connector) -> str:
    return reverse("connector_heartbeat", args=[connector.pk])


@require_POST
@login_required
def connector_heartbeat_off(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = signed_in_user(request)
    connector = get_object_or_404(connector_queries.for_page(user), pk=pk)
    services.drop(connector, actor=user)
    return done(request, _("No heartbeat is expected any more."), _address(connector))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required
@never_cache
def connector_heartbeat_token(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A token that only sends heartbeats of this connector, shown on the answer to the POST, once."""
    user = signed_in_user(request)
    connector = get_object_or_404(connector_queries.for_page(user), pk=pk)
    require(policies.can_send_heartbeat, user, connector)
    form = HeartbeatTokenForm(request.POST or None)
    token, text = None, ""
    if request.method == "POST" and form.is_valid():
        token, secret = services.make_token(connector, **form.cleaned_data, actor=user)
        text = secret.reveal()
    context = {"connector": connector, "tab": "health", "form": form, "made": token, "made_text": text}
    return render(request, "connectors/heartbeat_token.html", context, status=400 if form.errors else 200)


urlpatterns = [
    path("connectors/<uuid:pk>/health/heartbeat/", connector_heartbeat, name="connector_heartbeat"),
    path(
        "connectors/<uuid:pk>/health/heartbeat/off/", connector_heartbeat_off, name="connector_heartbeat_off"
    ),
    path(
        "connectors/<uuid:pk>/health/heartbeat/token/",
        connector_heartbeat_token,
        name="connector_heartbeat_token",
    ),
]
