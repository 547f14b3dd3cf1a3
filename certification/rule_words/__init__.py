"""The texts of the rule catalogue in other languages, and findings told in them.

A language is a folder with a file for each file of `certification/rules/metadata`: {rule: {title, condition,
message, fix}}, and the family's title under "families". Findings are stored in English, with their values
filled in; the values are read out of a stored sentence by the English template and put into the other one.
A value that is itself a phrase of a rule is told by the language's "phrases", one of the reader's sentences
by `connectors.problem_words`. Nothing here knows Django.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources

from certification.rules.registry import metadata
from certification.rules.rulebook import RuleInfo, catalogue, without_fields
from connectors import problem_words
from connectors.problem_words.refilling import values_of

LANGUAGES = ("de",)

# Only where a phrase stands for itself: within a sentence another language would have to bend it.
_STANDS_ALONE = re.compile(r"(?:\A|: )\{value\}(?=[.;]|\Z)").search
_OTHER_KEYS = frozenset(("families", "phrases"))
# Of these the phrase is put together from another one.
_TOLD = ("said", "found")


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
        if rule not in _OTHER_KEYS
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
    if not words or not about:
        return text
    values = values_of(about.message, text)
    if values is None:
        return text
    if "value" in values and _STANDS_ALONE(words.message):
        values["value"] = phrase_in(language, values["value"])
    return words.message.format_map(values)


def fix_in(language: str, rule: str, text: str) -> str:
    """As `message_in`, of what is to be done."""
    words, about = words_in(language).get(rule), metadata().get(rule)
    values = values_of(about.fix, text) if words and words.fix and about else None
    return words.fix.format_map(values) if words and values is not None else text


@functools.lru_cache(maxsize=4096)
def phrase_in(language: str, phrase: str) -> str:
    """What a rule or the reader puts into a message, where it is one of their own phrases."""
    sentence = problem_words.message_in(language, f"{phrase}.")
    if sentence != f"{phrase}.":
        return sentence.removesuffix(".")
    for template, other in _phrases_in(language).items():
        values = values_of(template, phrase)
        if values is not None:
            told = {name: phrase_in(language, values[name]) for name in _TOLD if name in values}
            return other.format_map({**values, **told})
    return phrase


@functools.cache
def _by_id(language: str) -> Mapping[str, RuleInfo]:
    return {rule.id.casefold(): rule for rule in catalogue_in(language)}


@functools.cache
def _phrases_in(language: str) -> Mapping[str, str]:
    return {english: told for part in _parts(language) for english, told in part.get("phrases", {}).items()}


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
