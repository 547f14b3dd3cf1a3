"""/api/v1/: one router for every noun, and the documentation page of its schema."""

from __future__ import annotations

from importlib import import_module

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver
from django.views.decorators.http import require_safe
from rest_framework.routers import SimpleRouter

_ROOMS = (
    "connectors.api.publishers",
    "connectors.api.connectors",
    "connectors.api.versions",
    "connectors.api.health",
    "certification.api.submissions",
    "certification.api.validation",
    "certification.api.reviews",
    "certification.api.previews",
    "certification.api.rollouts",
    "certification.api.notifications",
)

router = SimpleRouter()
urlpatterns: list[URLPattern | URLResolver] = []
for _room in _ROOMS:
    _module = import_module(_room)
    _module.register(router)
    # Addresses that are no collection of objects, such as the intake of telemetry.
    urlpatterns += getattr(_module, "urlpatterns", [])
urlpatterns += router.urls


@require_safe
def documentation(request: HttpRequest) -> HttpResponse:
    from drf_spectacular.generators import SchemaGenerator

    schema = SchemaGenerator().get_schema(request=None, public=True)
    return render(request, "api_docs.html", {"schema": schema})
