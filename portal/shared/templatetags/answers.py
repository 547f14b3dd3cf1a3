"""Answers of strangers' services on our pages: escaped first, then coloured."""

from __future__ import annotations

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

_PART = re.compile(
    r"""(?P<key>"(?:[^"\\\n]|\\.)*")(?=\s*:)|(?P<text>"(?:[^"\\\n]|\\.)*")"""
    r"""|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<word>\b(?:true|false|null)\b)"""
)


@register.filter
def coloured_json(text: str) -> SafeString:
    """JSON with its keys, texts, numbers and words marked. Whatever it is, every part of it is escaped."""
    pieces: list[str] = []
    at = 0
    for match in _PART.finditer(text):
        pieces.append(escape(text[at : match.start()]))
        pieces.append(f'<span class="json-{match.lastgroup}">{escape(match[0])}</span>')
        at = match.end()
    pieces.append(escape(text[at:]))
    return mark_safe("".join(pieces))  # noqa: S308 - every piece went through escape()


@register.filter
def status_tone(status: int | None) -> str:
    """The tone of an HTTP status."""
    if status is None:
        return "danger"
    return "success" if status < 300 else "info" if status < 400 else "warning" if status < 500 else "danger"
