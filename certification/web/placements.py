"""The page of a connector's regions: planned, reported and verified, side by side with their ages."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.views.decorators.http import require_safe

from certification.queries import placements as queries
from connectors.models import Connector
from portal.shared.web import signed_in_user


@require_safe
@login_required
def connector_regions(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = signed_in_user(request)
    visible = Connector.objects.visible_to(user).select_related("publisher", "live_version")
    connector = get_object_or_404(visible, pk=pk)
    context = {"connector": connector, "truths": queries.truths_of(connector.pk), "tab": "regions"}
    return render(request, "certification/connector_regions.html", context)


urlpatterns = [path("connectors/<uuid:pk>/regions/", connector_regions, name="connector_regions")]
