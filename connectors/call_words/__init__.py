"""What the portal says of calls of operations, in other languages: what was refused, failed, or differs.

A language is a file of English templates, each with its own. Messages are stored and sent over the API in
English with their values filled in; the values are read out of them and put into the other sentence. What a
service or a library said in its own words stays, and so does a sentence without a translation. Nothing here
knows Django.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from importlib import resources

from connectors.problem_words.refilling import values_of

LANGUAGES = ("de",)

# What a field may hold where a sentence could be read in two ways.
_PATTERNS = tuple(
    {
        "operation": r"\S+",
        "address": r"[0-9a-fA-F:.%]+",
        "pointer": r"/\S*",
        **dict.fromkeys(("status", "number", "given", "least"), r"\d+"),
        **dict.fromkeys(("host", "name", "media", "template"), r"[^“”]*"),
    }.items()
)
# Values that are words of the portal: they are told, too, or the sentence stays.
_PHRASES = frozenset({"which", "why", "note", "where", "remedy"})
_SENTENCES = frozenset({"problem"})


def told_in(language: str, text: str) -> str:
    """A message of a call in the other language; as it is where it is not the portal's own."""
    return _told(language, "sentences", text) or _told(language, "phrases", text) or text


@functools.lru_cache(maxsize=4096)
def _told(language: str, part: str, text: str) -> str | None:
    templates = _parts(language)[part]
    if text in templates and "{" not in text:
        return templates[text]
    for template, other in templates.items():
        values = values_of(template, text, fields=_PATTERNS) if "{" in template else None
        if values is None:
            continue
        told = {name: _value(language, name, value) for name, value in values.items()}
        if None not in told.values():
            return other.format_map(told)
    return None


def _value(language: str, name: str, value: str) -> str | None:
    if name in _PHRASES:
        return _told(language, "phrases", value)
    if name in _SENTENCES:
        return _told(language, "sentences", value) or value
    if name == "kinds":
        return ", ".join(_told(language, "phrases", kind) or kind for kind in value.split(", "))
    if name == "named":
        return "; ".join(_named(language, each) for each in value.split("; "))
    return value


def _named(language: str, text: str) -> str:
    """An input's name and what is wrong with it."""
    name, colon, problem = text.partition(": ")
    return f"{name}{colon}{_told(language, 'sentences', problem) or problem}"


@functools.cache
def _parts(language: str) -> Mapping[str, Mapping[str, str]]:
    if language not in LANGUAGES:
        return {"sentences": {}, "phrases": {}}
    text = resources.files(__name__).joinpath(f"{language}.json").read_text("utf-8")
    parts: dict[str, dict[str, str]] = json.loads(text)
    return parts
