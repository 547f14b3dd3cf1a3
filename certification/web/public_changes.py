"""Public pages of what changes in a connector: page, feeds, and the status page and badge a team asks for."""

from __future__ import annotations

import json
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import linebreaks
from django.utils.http import http_date, quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from certification.queries import public_changes as queries
from certification.queries import public_status as status_queries
from certification.queries.public import public_connectors
from connectors.models import Connector
from connectors.queries.health import last_report
from portal.shared.markdown import render_markdown

FRESH_SECONDS = 300


def _connector(slug: str) -> Connector:
    return get_object_or_404(public_connectors(), slug=slug)


def _absolute(name: str, *args: str) -> str:
    return f"{settings.SITE_URL}{reverse(name, args=args)}"


@require_safe
def public_changes(request: HttpRequest, slug: str) -> HttpResponse:
    connector = _connector(slug)
    found = [(entry, render_markdown(entry.changelog)) for entry in queries.changes_of(connector)]
    context = {"connector": connector, "entries": found}
    return render(request, "certification/public_changes.html", context)


@require_safe
@cache_control(public=True, max_age=FRESH_SECONDS)
def public_changes_atom(request: HttpRequest, slug: str) -> HttpResponseBase:
    return _feed(request, slug, "application/atom+xml; charset=utf-8", _atom)


@require_safe
@cache_control(public=True, max_age=FRESH_SECONDS)
def public_changes_json(request: HttpRequest, slug: str) -> HttpResponseBase:
    """JSON Feed 1.1; `_change` of an item is ours: kind, is_breaking, effective_on."""
    return _feed(request, slug, "application/feed+json", _json)


def _feed(
    request: HttpRequest,
    slug: str,
    content_type: str,
    write: Callable[[Connector, list[queries.Entry]], str],
) -> HttpResponseBase:
    """The whole feed, or 304 for a reader who has it."""
    connector = _connector(slug)
    entries = queries.changes_of(connector)
    response = HttpResponse(write(connector, entries), content_type=content_type)
    etag, modified = quote_etag(queries.version_mark(entries)), int(queries.latest(entries).timestamp())
    response.headers["ETag"], response.headers["Last-Modified"] = etag, http_date(modified)
    response.headers["Access-Control-Allow-Origin"] = "*"
    found = get_conditional_response(request, etag=etag, last_modified=modified, response=response)
    return found or response


def _atom(connector: Connector, entries: list[queries.Entry]) -> str:
    page = _absolute("public_changes", connector.slug)
    feed = Atom1Feed(
        title=_("%(name)s: changes") % {"name": connector.name},
        link=page,
        description=connector.summary,
        author_name=connector.publisher.name,
        feed_url=_absolute("public_changes_atom", connector.slug),
        feed_guid=f"urn:uuid:{connector.pk}",
    )
    for entry in entries:
        feed.add_item(
            title=entry.title,
            link=f"{page}#{entry.key}",
            # Readers take a summary for HTML.
            description=linebreaks(_plain(entry), autoescape=True),
            unique_id=f"{page}#{entry.key}",
            pubdate=entry.at,
            updateddate=entry.updated_at,
            categories=[entry.kind, *(["breaking"] if entry.is_breaking else [])],
        )
    return feed.writeString("utf-8")


def _json(connector: Connector, entries: list[queries.Entry]) -> str:
    page = _absolute("public_changes", connector.slug)
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": _("%(name)s: changes") % {"name": connector.name},
        "home_page_url": page,
        "feed_url": _absolute("public_changes_json", connector.slug),
        "description": connector.summary,
        "authors": [{"name": connector.publisher.name}],
        "items": [
            {
                "id": f"{page}#{entry.key}",
                "url": f"{page}#{entry.key}",
                "title": entry.title,
                "content_text": _plain(entry),
                "date_published": entry.at.isoformat(timespec="seconds"),
                "date_modified": entry.updated_at.isoformat(timespec="seconds"),
                "tags": [entry.kind, *(["breaking"] if entry.is_breaking else [])],
                "_change": {
                    "kind": entry.kind,
                    "is_breaking": entry.is_breaking,
                    "effective_on": entry.effective_on.isoformat() if entry.effective_on else None,
                },
            }
            for entry in entries
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1)


def _plain(entry: queries.Entry) -> str:
    return f"{entry.text}\n\n{entry.changelog}".strip()


@require_safe
def public_status(request: HttpRequest, slug: str) -> HttpResponse:
    """Only where the team asked for it; else there is nothing."""
    connector = get_object_or_404(status_queries.connectors_with_status(), slug=slug)
    context = {
        "connector": connector,
        "status": status_queries.status_of(connector),
        "badge_url": _absolute("public_badge", slug),
        "page_url": _absolute("public_status", slug),
    }
    return render(request, "certification/public_status.html", context)


@require_safe
@cache_control(public=True, max_age=FRESH_SECONDS)
def public_badge(request: HttpRequest, slug: str) -> HttpResponse:
    """A picture for a readme: the version that is live, and how it does."""
    connector = get_object_or_404(status_queries.connectors_with_status(), slug=slug)
    last_at = last_report(connector.pk, now=timezone.now())
    key, words, _ = status_queries.standing_of(connector, last_at)
    version = connector.live_version.label if connector.live_version else ""
    text = f"{version} · {words.lower()}" if version else words.lower()
    context = {"label": connector.name[:40], "text": text, "key": key, **_widths(connector.name[:40], text)}
    return HttpResponse(
        render_to_string("certification/public_badge.svg", context), content_type="image/svg+xml"
    )


def _widths(label: str, text: str) -> dict[str, int]:
    """In pixels, at about 6.2 for a character of 11 px; `textLength` makes it exact."""
    left, right = 62 * len(label) // 10 + 12, 62 * len(text) // 10 + 12
    return {
        "left": left, "right": right, "width": left + right, "left_text": left - 12, "right_text": right - 12,
        "left_middle": left // 2, "right_middle": left + right // 2,
    }  # fmt: skip


urlpatterns = [
    path("live/<slug:slug>/changes/", public_changes, name="public_changes"),
    path("live/<slug:slug>/changes.atom", public_changes_atom, name="public_changes_atom"),
    path("live/<slug:slug>/changes.json", public_changes_json, name="public_changes_json"),
    path("live/<slug:slug>/status/", public_status, name="public_status"),
    path("live/<slug:slug>/badge.svg", public_badge, name="public_badge"),
]
