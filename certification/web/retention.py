"""What the portal keeps for how long, for administrators."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from certification.policies import can_see_retention
from certification.queries.retention import last_runs
from certification.services.retention import RULES
from portal.shared.web import signed_in_user


@require_safe
@login_required
def retention(request: HttpRequest) -> HttpResponse:
    if not can_see_retention(signed_in_user(request)):
        raise Http404
    runs = last_runs()
    lines = [{"rule": rule, "days": rule.days(), "run": runs.get(rule.key)} for rule in RULES]
    context = {"lines": lines, "health": settings.HEALTH_KEEP_DAYS}
    return render(request, "certification/retention.html", context)


urlpatterns = [path("operations/retention/", retention, name="retention")]
