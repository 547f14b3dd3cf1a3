"""Stopping the clock of a Preview, and starting it again."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from certification.models import Preview
from certification.queries.previews import previews_for
from certification.services import pauses as services
from portal.shared.web import done, signed_in_user


def _visible(request: HttpRequest, pk: UUID) -> Preview:
    return get_object_or_404(previews_for(request.user), pk=pk)


@require_POST
@login_required
def preview_pause(request: HttpRequest, pk: UUID) -> HttpResponse:
    services.pause_clock(
        _visible(request, pk),
        kind=request.POST.get("kind", ""),
        reason=request.POST.get("reason", ""),
        actor=signed_in_user(request),
    )
    return done(request, _("The clock stands still."), reverse("preview_detail", args=[pk]))


@require_POST
@login_required
def preview_resume(request: HttpRequest, pk: UUID) -> HttpResponse:
    services.resume_clock(
        _visible(request, pk), reason=request.POST.get("reason", ""), actor=signed_in_user(request)
    )
    return done(request, _("The clock runs again."), reverse("preview_detail", args=[pk]))


urlpatterns = [
    path("previews/<uuid:pk>/pause/", preview_pause, name="preview_pause"),
    path("previews/<uuid:pk>/resume/", preview_resume, name="preview_resume"),
]
