"""Atom feeds (RFC 4287) for feed readers and chat rooms."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.feedgenerator import Atom1Feed

CONTENT_TYPE = "application/atom+xml; charset=utf-8"
_EPOCH = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


class Item(Protocol):
    """One entry: `url` is a path of the portal, `key` names the thing for good."""

    @property
    def key(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def changed_at(self) -> dt.datetime: ...
    @property
    def category(self) -> str: ...


class _Feed(Atom1Feed):
    """Says when the newest entry changed; an empty feed has been the same for ever, not since now."""

    def latest_post_date(self) -> dt.datetime:
        return super().latest_post_date() if self.items else _EPOCH


def feed(items: Sequence[Item], *, title: str, link: str) -> bytes:
    """The feed's bytes: equal entries give equal bytes."""
    host = urlsplit(settings.SITE_URL).hostname
    found = _Feed(title=title, link=f"{settings.SITE_URL}{link}", description="", language="en")
    for item in items:
        found.add_item(
            title=item.title,
            link=item.url if item.url.startswith("http") else f"{settings.SITE_URL}{item.url}",
            description=item.text,
            unique_id=f"tag:{host},2026:{item.key}",
            updateddate=item.changed_at,
            categories=[item.category],
        )
    return found.writeString("utf-8").encode()


def answer(
    request: HttpRequest, items: Sequence[Item], *, title: str, link: str, cache_control: str
) -> HttpResponse:
    """The feed with an ETag; 304 for a reader who has it already."""
    content = feed(items, title=title, link=link)
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    if etag in request.headers.get("If-None-Match", ""):
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(content, content_type=CONTENT_TYPE)
    response["ETag"], response["Cache-Control"] = etag, cache_control
    return response
