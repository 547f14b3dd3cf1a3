"""Source lines with their tokens marked: JSON and C#, one line at a time, everything escaped."""

from __future__ import annotations

import re

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

_JSON = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)')
_KEYWORDS = (
    "abstract as async await base bool break byte case catch char class const continue decimal default do "
    "double else enum false finally float for foreach if in int internal interface is lock long namespace "
    "new null object out override params private protected public readonly ref return sealed short static "
    "string struct switch this throw true try typeof uint using var virtual void while"
)
_CSHARP = re.compile(
    r'(?P<comment>//.*)|(?P<string>[$@]{0,2}"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)\')'
    rf"|\b(?P<key>{'|'.join(_KEYWORDS.split())})\b|(?P<literal>\b\d+(?:\.\d+)?\b)"
)


def coloured(text: str, file: str) -> SafeString:
    """One line of a file, escaped; keys, words, strings, numbers and comments get a class each."""
    name = file.lower()
    if name.endswith(".json"):
        return _json(text)
    if name.endswith((".csx", ".cs")):
        return _csharp(text)
    return mark_safe(escape(text))  # noqa: S308 - escaped here


def _json(text: str) -> SafeString:
    parts, end = [], 0
    for match in _JSON.finditer(text):
        parts.append(escape(text[end : match.start()]))
        string, colon, word, number = match.groups()
        if string is not None:
            css = "tok-key" if colon else "tok-string"
            parts.append(format_html('<span class="{}">{}</span>{}', css, string, colon or ""))
        else:
            parts.append(format_html('<span class="tok-literal">{}</span>', word or number))
        end = match.end()
    parts.append(escape(text[end:]))
    return mark_safe("".join(parts))  # noqa: S308 - every part is escaped above


def _csharp(text: str) -> SafeString:
    parts, end = [], 0
    for match in _CSHARP.finditer(text):
        parts.append(escape(text[end : match.start()]))
        parts.append(format_html('<span class="tok-{}">{}</span>', match.lastgroup or "", match[0]))
        end = match.end()
    parts.append(escape(text[end:]))
    return mark_safe("".join(parts))  # noqa: S308 - every part is escaped above
