"""Where servers of repositories tell of pushes."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from certification.services import repository_hooks as services
from portal.shared.errors import PortalError


@csrf_exempt
@require_POST
def repository_hook(request: HttpRequest, pk: UUID) -> HttpResponse:
    """2xx: taken. 401: not signed with this repository's secret, or no such repository. 409: taken before."""
    try:
        outcome = services.receive(pk, request.headers, request.body)
    except PortalError as error:
        return JsonResponse({"detail": error.message}, status=error.status)
    return JsonResponse({"outcome": outcome}, status=202)


urlpatterns = [path("hooks/repositories/<uuid:pk>/", repository_hook, name="repository_hook")]
