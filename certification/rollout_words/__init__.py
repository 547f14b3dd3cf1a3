"""What the portal itself says of rollouts, in other languages: gates, slips, why it held or stopped one.

A language is a file of parts, each from English templates to its own. Sentences are stored in English with
their values filled in; the values are read out of the stored sentence and put into the other one, so rows of
before are told too. What people typed stays as it is. Nothing here knows Django.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from importlib import resources

from connectors.problem_words.refilling import values_of

LANGUAGES = ("de",)

_PATTERNS = {
    **dict.fromkeys(("calls", "needed", "passed", "all", "number"), r"\d[\d,]*"),
    **dict.fromkeys(("rate", "expected", "least", "share"), r"-?[\d.]+ %"),
    **dict.fromkeys(("points", "lower", "upper"), r"-?[\d.]+ points"),
    **dict.fromkeys(("treated", "old", "limit"), r"unknown|(?:> )?[\d.]+ m?s"),
    **dict.fromkeys(("hours", "times"), r"\d+"),
    "when": r"[A-Z][a-z]{2} \d\d:\d\d",
    # One word, so that a sentence which somebody typed is not taken for the portal's.
    "label": r"\S{1,60}",
}
_FIGURES = frozenset(_PATTERNS) - {"when", "label", "number"}
# Values that are words of the portal themselves: the part that has them, and what stands between several.
_PHRASES = {
    **dict.fromkeys(("told", "fell", "why", "whose", "ways"), ("phrases", "")),
    "codes": ("phrases", ", "),
    "smoke": ("smoke", "; "),
    "message": ("messages", ""),
}
# Of these, an answer of somebody else's service stays in its words.
_FOREIGN = frozenset(("smoke", "message"))
_SENTENCE_END = re.compile(r"[.\w)] (?=[^a-z])")
_FIELD = re.compile(r"\{\w+\}")


def gate_in(language: str, text: str) -> str:
    """What a gate says: the title of a check, its sentence, or several of them one after the other."""
    return _sentences(language, text) or text


def days_in(language: str, text: str) -> str:
    """What keeps a wave from a day: "Freeze: Year end", "Saturday", "Thanksgiving Day", or several of these
    between commas. Holidays that are not known keep their English names.
    """
    return ", ".join(_day(language, part) or part for part in _days(language, text))


def reason_in(language: str, text: str, *, is_own: bool) -> str:
    """Why something was done; `is_own` when the portal did it.

    Of a person's deed only those words are told that nobody types: whole sentences of the portal, and what
    gates and probes find. A pattern that is open at one end is told of the portal's own deeds alone.
    """
    found = _told(language, "findings", text) or _parts(language)["reasons"].get(text)
    return found or (_told(language, "reasons", text) or _region(language, text) if is_own else None) or text


def region_in(language: str, text: str) -> str:
    """What became of a call to a region, with or without what to do about it. A region's own words stay."""
    return reason_in(language, text, is_own=True)


def _region(language: str, text: str) -> str | None:
    for english, advice in _parts(language).get("advice", {}).items():
        said = _told(language, "regions", text.removesuffix(f" {english}"))
        if said and text.endswith(f" {english}"):
            return f"{said} {advice}"
    return _told(language, "regions", text)


def slip_in(language: str, cause: str, text: str, *, is_own: bool) -> str:
    """Why a date moved. Behind it, in brackets, may stand what the calendar added."""
    said, _opening, added = text.rpartition(" (")
    days = list(_days(language, added.removesuffix(")")))
    if said and added.endswith(")") and all(_day(language, day) for day in days):
        return f"{_slip(language, cause, said, is_own=is_own)} ({days_in(language, added[:-1])})"
    return _slip(language, cause, text, is_own=is_own)


def _slip(language: str, cause: str, text: str, *, is_own: bool) -> str:
    around = _told(language, f"slips of {cause}", text)
    if around or not is_own:
        return around or reason_in(language, text, is_own=False)
    told = reason_in(language, text, is_own=True)
    return days_in(language, text) if told == text else told


def _days(language: str, text: str) -> Iterator[str]:
    """The text at its commas; what is no day by itself belongs to the name before it."""
    held = ""
    for part in text.split(", "):
        if held and _day(language, part):
            yield held
            held = part
        else:
            held = f"{held}, {part}" if held else part
    yield held


def _day(language: str, text: str) -> str | None:
    """A closed day's cause; None when it is not known. Two holidays on one day stand between semicolons."""
    told = [_holiday(language, name) for name in text.split("; ")]
    return _told(language, "days", text) or ("; ".join(told) if all(told) else None)  # type: ignore[arg-type]


def _holiday(language: str, text: str) -> str | None:
    names = _parts(language).get("holidays", {})
    if text in names or not text.endswith(")"):
        return names.get(text)
    name, _opening, kind = text.rpartition(" (")
    frame = names.get(f"{{name}} ({kind}")
    return frame.format(name=names[name]) if frame and name in names else None


@functools.lru_cache(maxsize=4096)
def _sentences(language: str, text: str) -> str | None:
    """One sentence of a gate, or several; None as soon as one of them is not known."""
    whole = _told(language, "gates", text)
    if whole:
        return whole
    for end in _SENTENCE_END.finditer(text):
        first = _told(language, "gates", text[: end.end() - 1])
        rest = _sentences(language, text[end.end() :]) if first else None
        if rest:
            return f"{first} {rest}"
    return None


@functools.lru_cache(maxsize=8192)
def _told(language: str, part: str, text: str) -> str | None:
    templates = _parts(language).get(part, {})
    if text in templates and not _FIELD.search(text):
        return templates[text]
    for template, other in templates.items():
        values = values_of(template, text, fields=tuple(_PATTERNS.items())) if "{" in template else None
        if values is None:
            continue
        told = {name: _value(language, name, value) for name, value in values.items()}
        if None not in told.values():
            return other.format_map(told)
    return None


def _value(language: str, name: str, value: str) -> str | None:
    """A value in the other language; None where it has to be words of the portal and is not."""
    if name in _FIGURES:
        return _figure(language, value)
    if name == "found":
        return _sentences(language, value)
    if name == "when":
        return f"{_parts(language)['weekdays'].get(value[:3], value[:3])}{value[3:]}"
    if name not in _PHRASES or not value:
        return value
    part, between = _PHRASES[name]
    parts = value.split(between) if between else [value]
    told = [_told(language, part, one) or (one if name in _FOREIGN else "") for one in parts]
    return between.join(told) if all(told) else None


def _figure(language: str, value: str) -> str:
    figures = _parts(language)["figures"]
    turned = value.translate(str.maketrans(",.", figures[","] + figures["."]))
    for word in ("points", "unknown"):
        turned = turned.replace(word, figures[word])
    return turned


@functools.cache
def _parts(language: str) -> Mapping[str, Mapping[str, str]]:
    if language not in LANGUAGES:
        return {"reasons": {}}
    text = resources.files(__name__).joinpath(f"{language}.json").read_text("utf-8")
    parts: dict[str, dict[str, str]] = json.loads(text)
    return parts
