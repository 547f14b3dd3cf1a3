"""The texts of the rule catalogue in other languages, and findings told in them.

A language is a folder with a file for each file of `certification/rules/metadata`: {rule: {title, condition,
message, fix}}, and the family's title under "families". Findings are stored in English, with their values
filled in; the values are read out of a stored sentence by the English template and put into the other one.
Nothing here knows Django.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from string import Formatter

from certification.rules.registry import metadata
from certification.rules.rulebook import RuleInfo, catalogue, without_fields

LANGUAGES = ("de",)


@dataclass(frozen=True, slots=True)
class Words:
    """A rule's texts in one language. `message` and `fix` are format strings over the English fields."""

    title: str
    condition: str
    message: str
    fix: str


@functools.cache
def words_in(language: str) -> Mapping[str, Words]:
    """Rule -> its texts; empty for a language that has none, English among them."""
    return {
        rule: Words(texts["title"], texts["condition"], texts["message"], texts.get("fix", ""))
        for part in _parts(language)
        for rule, texts in part.items()
        if rule != "families"
    }


@functools.cache
def catalogue_in(language: str) -> tuple[RuleInfo, ...]:
    """All rules in the order of the catalogue; a text without a translation stays English."""
    words, families = words_in(language), _families_in(language)
    return tuple(
        replace(
            rule,
            title=words[rule.id].title,
            condition=words[rule.id].condition,
            fix=without_fields(words[rule.id].fix),
            family_title=families.get(rule.family, rule.family_title),
        )
        if rule.id in words
        else rule
        for rule in catalogue()
    )


def rule_in(language: str, rule_id: str) -> RuleInfo | None:
    """The rule of this id, in whatever letter case; None when there is none."""
    return _by_id(language).get(rule_id.casefold())


def message_in(language: str, rule: str, text: str) -> str:
    """A finding's message in another language; as it is where the English one is read in two ways."""
    words, about = words_in(language).get(rule), metadata().get(rule)
    return _refilled(about.message, words.message, text) if words and about else text


def fix_in(language: str, rule: str, text: str) -> str:
    """As `message_in`, of what is to be done."""
    words, about = words_in(language).get(rule), metadata().get(rule)
    return _refilled(about.fix, words.fix, text) if words and words.fix and about else text


def _refilled(source: str, target: str, text: str) -> str:
    short, long = _patterns(source)
    found = short.fullmatch(text)
    # Two ways to read it: rather the English sentence than values in each other's place.
    again = long.fullmatch(text)
    if found is None or again is None or found.groupdict() != again.groupdict():
        return text
    return target.format_map(found.groupdict())


@functools.lru_cache(maxsize=2048)
def _patterns(template: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The template as patterns that give each field as little, and as much, as can be."""
    return _pattern(template, ".*?"), _pattern(template, ".*")


def _pattern(template: str, anything: str) -> re.Pattern[str]:
    parts, seen = [], set[str]()
    for literal, field, _spec, _conversion in Formatter().parse(template):
        parts.append(re.escape(literal))
        if field is not None:
            parts.append(f"(?P={field})" if field in seen else f"(?P<{field}>{anything})")
            seen.add(field)
    return re.compile("".join(parts), re.DOTALL)


@functools.cache
def _by_id(language: str) -> Mapping[str, RuleInfo]:
    return {rule.id.casefold(): rule for rule in catalogue_in(language)}


def _families_in(language: str) -> dict[str, str]:
    return {family: title for part in _parts(language) for family, title in part.get("families", {}).items()}


@functools.cache
def _parts(language: str) -> tuple[dict[str, dict[str, str]], ...]:
    if language not in LANGUAGES:
        return ()
    folder = resources.files(__name__).joinpath(language)
    files = sorted(
        (each for each in folder.iterdir() if each.name.endswith(".json")), key=lambda each: each.name
    )
    return tuple(json.loads(each.read_text("utf-8")) for each in files)
