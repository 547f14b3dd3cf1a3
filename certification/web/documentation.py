"""Public documentation of connectors, the same before it is public, and what operators do about a page."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe
from redis.exceptions import RedisError

from certification import policies
from certification.models import Documentation, Submission
from certification.queries import documentation as queries
from certification.services import documentation as services
from connectors.definitions.documentation import Document, as_markdown
from connectors.models import Connector
from connectors.queries.care import issues
from connectors.queries.connectors import for_page
from portal.shared.errors import Unavailable
from portal.shared.markdown import render_markdown
from portal.shared.storage import StoredBytesDamaged
from portal.shared.web import done, signed_in_user

FRESH_SECONDS = 300
KEPT_SECONDS = 24 * 3600


def _page(slug: str, number: int | None) -> tuple[Connector, Documentation]:
    connector = get_object_or_404(queries.documented_connectors(), slug=slug)
    page = queries.page_of_version(connector, number) if number else queries.current_page(connector)
    if page is None:
        raise Http404
    return connector, page


def page_context(document: Document) -> dict[str, Any]:
    """What the templates of a document need, public or not."""
    groups = [
        ("triggers", _("Triggers"), document["triggers"]),
        ("actions", _("Actions"), document["actions"]),
    ]
    return {
        "document": document,
        "intro": render_markdown(document["intro"]),
        "groups": [group for group in groups if group[2]],
        "type_names": {each["anchor"]: each["name"] for each in document["types"]},
        "anchors": {each["id"]: each["anchor"] for each in (*document["triggers"], *document["actions"])},
    }


def _body_html(page: Documentation, context: dict[str, Any]) -> SafeString:
    """What comes of the package, rendered once for each language; without the cache it takes a moment."""
    key = f"documentation:{page.body_digest}:{get_language()}"
    try:
        found: str | None = cache.get(key)
    except RedisError:
        found = None
    if found is not None:
        return SafeString(found)
    made = render_to_string("certification/_documentation_body.html", context)
    with suppress(RedisError):
        cache.set(key, str(made), KEPT_SECONDS)
    return made


@require_safe
def documentation_page(request: HttpRequest, slug: str, number: int | None = None) -> HttpResponse:
    """The page of what is live, or at its permanent address that of one version."""
    connector, page = _page(slug, number)
    versions = queries.published_versions(connector)
    document = page_context(queries.body_of(page))
    context = {
        **document,
        "body": _body_html(page, document),
        "connector": connector,
        "page": page,
        "version": page.version,
        "availability": queries.availability_of(connector, page.version),
        "products": queries.products_of(page.version),
        "issues": issues(connector, is_open=True),
        "versions": versions,
        "is_rolled_back": any(each.is_rolled_back for each in versions if each.page.pk == page.pk),
    }
    return render(request, "certification/documentation_page.html", context)


def _same(
    request: HttpRequest, page: Documentation, form: str, write: Callable[[Document], HttpResponse]
) -> HttpResponseBase:
    """A form of the document for programs, or 304 for who has it."""
    etag = quote_etag(f"{form}-{page.body_digest}")
    found = get_conditional_response(request, etag=etag)
    response = found or write(queries.body_of(page))
    response.headers["ETag"] = etag
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@require_safe
@cache_control(public=True, max_age=FRESH_SECONDS)
def documentation_json(request: HttpRequest, slug: str, number: int | None = None) -> HttpResponseBase:
    def write(document: Document) -> HttpResponse:
        return JsonResponse(document, json_dumps_params={"ensure_ascii": False})

    return _same(request, _page(slug, number)[1], "json", write)


@require_safe
@cache_control(public=True, max_age=FRESH_SECONDS)
def documentation_markdown(request: HttpRequest, slug: str, number: int | None = None) -> HttpResponseBase:
    def write(document: Document) -> HttpResponse:
        return HttpResponse(as_markdown(document), content_type="text/markdown; charset=utf-8")

    return _same(request, _page(slug, number)[1], "markdown", write)


@require_safe
@login_required
def submission_documentation(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page that this submission would publish, for its team and the staff."""
    user = signed_in_user(request)
    submission = get_object_or_404(Submission.objects.visible_to(user).with_page_data(), pk=pk)
    try:
        preview = queries.preview_of(submission)
    except (OSError, StoredBytesDamaged) as error:
        raise Unavailable(_("The package cannot be read: an operator has to restore it.")) from error
    context: dict[str, Any] = {"submission": submission, "connector": submission.connector}
    if preview is not None:
        context |= {**page_context(preview.document), "preview": preview, "version": preview.version}
    return render(request, "certification/documentation_preview.html", context)


def _for_team(request: HttpRequest, pk: UUID) -> Connector:
    return get_object_or_404(for_page(signed_in_user(request)), pk=pk)


@require_safe
@login_required
def connector_documentation(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A part of the connector's page: what is published, and whether it says what runs."""
    connector = _for_team(request, pk)
    page = queries.current_page(connector)
    context = {
        "connector": connector,
        "page": page,
        "alert": queries.open_alert(connector),
        "is_public": connector.is_listed and page is not None,
        "can_republish": connector.live_version is not None
        and policies.can_republish_documentation(request.user, connector),
    }
    return render(request, "certification/_connector_documentation.html", context)


@require_POST
@login_required
def documentation_republish(request: HttpRequest, pk: UUID) -> HttpResponse:
    connector = _for_team(request, pk)
    services.republish(connector, reason=request.POST.get("reason", ""), actor=signed_in_user(request))
    target = reverse("connector_detail", args=[connector.pk])
    return done(request, _("The documentation is published again."), target)


_OF_CONNECTOR = "connectors/<uuid:pk>/documentation/"
urlpatterns = [
    path("live/<slug:slug>/docs/", documentation_page, name="documentation_page"),
    path("live/<slug:slug>/docs.json", documentation_json, name="documentation_json"),
    path("live/<slug:slug>/docs.md", documentation_markdown, name="documentation_markdown"),
    path("live/<slug:slug>/docs/<int:number>/", documentation_page, name="documentation_version"),
    path("live/<slug:slug>/docs/<int:number>.json", documentation_json, name="documentation_version_json"),
    path(
        "live/<slug:slug>/docs/<int:number>.md", documentation_markdown, name="documentation_version_markdown"
    ),
    path("submissions/<uuid:pk>/documentation/", submission_documentation, name="submission_documentation"),
    path(_OF_CONNECTOR, connector_documentation, name="connector_documentation"),
    path(f"{_OF_CONNECTOR}republish/", documentation_republish, name="documentation_republish"),
]
