"""The page of a connector's host: what the daily looks found, and the proof of ownership."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from connectors import policies
from connectors.models import HealthAlert
from connectors.queries import connectors as connector_queries
from connectors.queries import host_watch as queries
from connectors.queries.health_fleet import told_alerts
from connectors.services import host_watch as services
from portal.shared.web import done, signed_in_user


@require_safe
@login_required
def connector_host(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = signed_in_user(request)
    connector = get_object_or_404(connector_queries.for_page(user), pk=pk)
    context = {
        "connector": connector,
        "tab": "health",
        "page": queries.host_page(connector),
        "alerts": told_alerts(user, connector, [*queries.HOST_KINDS, HealthAlert.Kind.DORMANT]),
        "is_watched": services.looks_at(connector),
        "can_edit": policies.can_edit_connector(user, connector),
        "hours": settings.HOST_WATCH_HOURS,
        "certificate_days": settings.HOST_WATCH_CERTIFICATE_DAYS,
        "kept_days": queries.SHOWN_DAYS,
    }
    return render(request, "connectors/health_host.html", context)


@require_POST
@login_required
def connector_host_ownership(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask for the proof, or want it no more."""
    user = signed_in_user(request)
    connector = get_object_or_404(connector_queries.for_page(user), pk=pk)
    target = reverse("connector_host", args=[connector.pk])
    if request.POST.get("proof") == "drop":
        services.drop_ownership(connector, actor=user)
        return done(request, _("No proof is asked for any more."), target)
    services.ask_ownership(connector, actor=user)
    return done(request, _("Add the record now: it is looked for within minutes, then every day."), target)


urlpatterns = [
    path("connectors/<uuid:pk>/health/host/", connector_host, name="connector_host"),
    path(
        "connectors/<uuid:pk>/health/host/ownership/",
        connector_host_ownership,
        name="connector_host_ownership",
    ),
]
