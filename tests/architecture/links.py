"""Where the links of a page lead: a link is a promise that a page is there for who follows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html import unescape

from django.urls import Resolver404, resolve

from tests.architecture.access import TABLE

_LINK = re.compile(rb"""<a\b[^>]*?\shref=["'](/[^"'?#]*)""")
# Served by the web server or by whitenoise, never by a view.
_FILES = ("/static/", "/media/")
# The portal's name leads home, where whoever is not signed in is asked to do that. A message opens for whom it was
# sent to, which the matrix knows of one person only.
_OPENS_FOR_SOME = {"home", "notification_detail"}
# Their links lead to what is theirs, or to the second factor.
_ELSEWHERE = {"stranger", "staff_without_factor"}


@cache
def _name(path: str) -> str:
    """The route that answers an address; empty where none does."""
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""


def dead_ends(body: bytes, role: str) -> Iterator[str]:
    """The links in a page that nothing answers, that are for forms only, or that are closed to the reader."""
    for path in sorted({unescape(found.decode()) for found in _LINK.findall(body)}):
        if path.startswith(_FILES):
            continue
        name = _name(path)
        entry = TABLE.get(name)
        if not name:
            yield f"links to {path}, which nothing answers"
        elif entry and "GET" not in entry.methods:
            yield f"links to {name}, which is for forms"
        elif name in _OPENS_FOR_SOME or role in _ELSEWHERE:
            continue
        elif entry and role not in entry.methods["GET"].allowed:
            yield f"links to {name}, which is closed to this reader"
