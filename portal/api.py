"""/api/v1/: one router for every noun, and the page that documents it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from rest_framework.routers import SimpleRouter

from portal.accounts.models import ApiToken
from portal.accounts.sandbox import sandboxed
from portal.shared.conditional import conditional
from portal.shared.deprecation import announced

_ROOMS = (
    "portal.accounts.api",
    "connectors.api.publishers",
    "connectors.api.trusted_publishers",
    "connectors.api.connectors",
    "connectors.api.versions",
    "connectors.api.resumable",
    "connectors.api.health",
    "connectors.api.alerts",
    "connectors.api.care",
    "connectors.api.promises",
    "connectors.api.heartbeats",
    "connectors.api.sources",
    "certification.api.submissions",
    "certification.api.drafting",
    "certification.api.families",
    "certification.api.ownership",
    "certification.api.runs",
    "certification.api.validation",
    "certification.api.documentation",
    "certification.api.treatments",
    "certification.api.agreements",
    "certification.api.erasures",
    "certification.api.reviews",
    "certification.api.review_marks",
    "certification.api.suggestions",
    "certification.api.verdicts",
    "certification.api.replies",
    "certification.api.notices",
    "certification.api.previews",
    "certification.api.testers",
    "certification.api.rollouts",
    "certification.api.regions",
    "certification.api.catch_ups",
    "certification.api.region_tasks",
    "certification.api.mail_texts",
    "certification.api.notifications",
    "certification.api.events",
    "certification.api.webhooks",
    "certification.api.repositories",
    "certification.api.pull_requests",
    "portal.operations_api",
)

router = SimpleRouter()
urlpatterns: list[URLPattern | URLResolver] = []
for _room in _ROOMS:
    _module = import_module(_room)
    # A room has collections of objects, addresses that are none (such as the intake of telemetry), or both.
    if hasattr(_module, "register"):
        _module.register(router)
    urlpatterns += getattr(_module, "urlpatterns", [])
urlpatterns += router.urls
for _pattern in urlpatterns:
    if isinstance(_pattern, URLPattern):
        # Said once for all: no noun can forget it.
        _pattern.callback = sandboxed(conditional(announced(_pattern.callback)))


class ApiTokenScheme(OpenApiAuthenticationExtension):
    """How the schema describes `ApiTokenAuthentication`."""

    target_class = "portal.accounts.tokens.ApiTokenAuthentication"
    name = "apiToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token made under “API tokens”: `Authorization: Bearer ccp_…`.",
        }


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation of the schema, as the documentation page lists it."""

    method: str
    path: str
    summary: str
    parameters: list[str]


@dataclass(frozen=True, slots=True)
class EndpointGroup:
    name: str
    endpoints: list[Endpoint]


_METHODS = ("get", "post", "put", "patch", "delete")
_PREFIX = "/api/v1/"


@lru_cache(maxsize=1)
def endpoint_groups() -> tuple[EndpointGroup, ...]:
    """Every operation by the first word of its path. Computed once: routes do not change while we run."""
    paths: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    groups: dict[str, list[Endpoint]] = {}
    for path, operations in paths.items():
        noun = path.removeprefix(_PREFIX).partition("/")[0].replace("-", " ")
        for method in _METHODS:
            if method in operations:
                groups.setdefault(noun, []).append(_endpoint(method, path, operations[method]))
    return tuple(EndpointGroup(name.capitalize(), groups[name]) for name in sorted(groups))


def _endpoint(method: str, path: str, operation: dict[str, Any]) -> Endpoint:
    summary = (operation.get("summary") or operation.get("description") or "").strip().partition("\n")[0]
    query = [item["name"] for item in operation.get("parameters", []) if item.get("in") == "query"]
    return Endpoint(method.upper(), path, summary, query)


@require_safe
def documentation(request: HttpRequest) -> HttpResponse:
    context = {"groups": endpoint_groups(), "scopes": ApiToken.Scope.choices}
    return render(request, "api_docs.html", context)
