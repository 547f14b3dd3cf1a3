"""Rollout marks for the time axes of health: JSON for the charts, a table for people."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from certification.queries.marks import marks_of
from connectors.models import Connector


@require_safe
@login_required
def connector_health_marks(request: HttpRequest, pk: UUID) -> HttpResponse:
    """When which version reached which regions. `Accept: application/json` gets what charts draw."""
    connector = get_object_or_404(Connector.objects.visible_to(request.user), pk=pk)
    now = timezone.now()
    since = _moment(request.GET.get("since", "")) or now - timedelta(days=30)
    until = _moment(request.GET.get("until", "")) or now
    region = request.GET.get("region", "")[:40].replace("\0", "")
    marks = marks_of(connector, since=since, until=until, region=region)
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"marks": [{"x": mark.at.timestamp(), "label": mark.label} for mark in marks]})
    context = {"connector": connector, "marks": marks, "since": since, "until": until}
    is_fragment = bool(request.headers.get("HX-Request"))
    name = "_health_marks.html" if is_fragment else "health_marks.html"
    return render(request, f"certification/{name}", context)


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text[:40])
    except ValueError:
        return None
    if moment is None or not 1971 <= moment.year <= 2200:
        return None
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


urlpatterns = [
    path("connectors/<uuid:pk>/health/marks/", connector_health_marks, name="connector_health_marks"),
]
