"""Pages of health: how a connector is doing, and its summary on other pages."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.views.decorators.http import require_safe

from connectors.models import Connector
from connectors.queries import connectors as connector_queries
from connectors.queries import health as queries


@require_safe
@login_required
def connector_health(request: HttpRequest, pk: str) -> HttpResponse:
    connector = get_object_or_404(connector_queries.for_page(request.user), pk=pk)
    asked = {name: request.GET.get(name, "")[:200] for name in ("region", "operation", "version")}
    # NUL reaches no text column; a filter with one matches nothing, as it should.
    asked = {name: value.replace("\0", "\ufffd") for name, value in asked.items()}
    window = queries.WINDOWS.get(request.GET.get("window", ""), queries.DEFAULT_WINDOW)
    health = queries.health_of(queries.Selection(connector.pk, window, **asked))
    context = {
        "connector": connector,
        "tab": "health",
        "health": health,
        "window": window,
        "windows": queries.WINDOWS.values(),
        "asked": asked,
        "choices": queries.choices(connector, health),
        "uncalled": _uncalled(connector, health),
    }
    return render(request, "connectors/health_detail.html", context)


def _uncalled(connector: Connector, health: queries.Health) -> list[str]:
    """Operations of the live version that nobody called in the window; only said for the unfiltered page."""
    if connector.live_version is None or health.selection.is_filtered or not health.has_data:
        return []
    called = {group.key for group in health.operations}
    listed = connector.live_version.facts.get("operations", [])
    wanted = [each["id"] for each in listed if each["id"] and not each.get("is_deprecated")]
    return [operation for operation in wanted if operation not in called]


@require_safe
@login_required
def connector_health_summary(request: HttpRequest, pk: str) -> HttpResponse:
    """The last 24 hours in a few figures, for the connector's page."""
    connector = get_object_or_404(connector_queries.for_page(request.user), pk=pk)
    health = queries.health_of(queries.Selection(connector.pk))
    return render(request, "connectors/_health_summary.html", {"connector": connector, "health": health})


urlpatterns = [
    path("connectors/<uuid:pk>/health/", connector_health, name="connector_health"),
    path("connectors/<uuid:pk>/health/summary/", connector_health_summary, name="connector_health_summary"),
]
