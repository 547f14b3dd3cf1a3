"""Texts and names of a package, fit for a database, a page and an address."""

from __future__ import annotations

import re
from typing import Any

LONGEST_TEXT, LONGEST_NAME, LONGEST_INTRO = 4_000, 200, 100_000
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_NO_ANCHOR = re.compile(r"[^A-Za-z0-9_-]+")


def clean(value: Any, longest: int = LONGEST_TEXT) -> str:
    """A text without what PostgreSQL, XML or the eye cannot bear; "" for anything but a text."""
    if not isinstance(value, str):
        return ""
    text = _UNFIT.sub("\ufffd", value.replace("\r\n", "\n").replace("\r", "\n")).strip()
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def line(value: Any, longest: int = LONGEST_NAME) -> str:
    """The same on one line."""
    return " ".join(clean(value, longest).split())


def shown(value: Any) -> str:
    """A default or a choice as people write it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return line(value if isinstance(value, str) else repr(value)[: LONGEST_NAME * 2])


class Anchors:
    """Names of places on one page: readable, and none twice."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, prefix: str, name: str) -> str:
        stem = f"{prefix}-{_NO_ANCHOR.sub('-', name).strip('-')[:80] or 'unnamed'}"
        found, count = stem, 1
        while found.lower() in self._taken:
            count += 1
            found = f"{stem}-{count}"
        self._taken.add(found.lower())
        return found
