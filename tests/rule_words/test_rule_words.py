"""Every rule speaks every language of the portal, and a stored finding is told in each of them with its values."""

from __future__ import annotations

import re
from collections import Counter
from string import Formatter

import pytest
from django.conf import settings

from certification import rule_words
from certification.rules.registry import metadata
from certification.rules.rulebook import catalogue

_PLACEHOLDER_WORDS = re.compile(r"\b(?:TODO|FIXME|XXX)\b")
_FIELD = re.compile(r"\{\w+\}")
# Sentences that are English and of the other language at once.
ALIKE = {"de": {("OPR-060", "title"), ("OPR-061", "title")}}
every_language = pytest.mark.parametrize("language", rule_words.LANGUAGES)


def _fields(template: str) -> Counter[str]:
    return Counter(field for _, field, _, _ in Formatter().parse(template) if field is not None)


def test_every_language_of_the_portal_is_there():
    assert {code for code, _ in settings.LANGUAGES} == {"en", *rule_words.LANGUAGES}


@every_language
def test_no_rule_is_left_out_and_none_is_made_up(language):
    assert set(rule_words.words_in(language)) == set(metadata())


@every_language
def test_every_text_is_there_and_is_not_the_english_one(language):
    same = []
    for rule, words in rule_words.words_in(language).items():
        about = metadata()[rule]
        for name in ("title", "condition", "message", "fix"):
            text, english = getattr(words, name), getattr(about, name)
            assert bool(text.strip()) == bool(english.strip()), (rule, name)
            assert not _PLACEHOLDER_WORDS.search(text) or _PLACEHOLDER_WORDS.search(english), (rule, name)
            # A condition may be a formula, and single words are the same in many languages.
            if text == english and name != "condition" and " " in _FIELD.sub("", english).strip():
                same.append((rule, name))
    assert set(same) == ALIKE[language]


@every_language
def test_messages_and_fixes_have_the_fields_of_the_english_ones(language):
    other = {
        (rule, name)
        for rule, words in rule_words.words_in(language).items()
        for name in ("message", "fix")
        if set(_fields(getattr(words, name))) != set(_fields(getattr(metadata()[rule], name)))
    }
    assert other == set()


@every_language
@pytest.mark.parametrize("name", ["message", "fix"])
def test_a_finding_of_every_rule_is_told_with_its_values(language, name):
    tell = rule_words.message_in if name == "message" else rule_words.fix_in
    for rule, words in rule_words.words_in(language).items():
        template = getattr(metadata()[rule], name)
        values = {field: f"<{field}-7>" for field in _fields(template)}
        told = tell(language, rule, template.format_map(values))
        assert told == getattr(words, name).format_map(values), (rule, name)


def test_what_can_be_read_in_two_ways_stays_english():
    template = metadata()["PKG-003"].message
    assert template == "{value} is spelt in another letter case than {expected}."
    between = " is spelt in another letter case than "
    text = template.format(value=f"a{between}b", expected="c")
    assert rule_words.message_in("de", "PKG-003", text) == text


def test_a_sentence_of_older_rules_stays_as_it_is():
    assert rule_words.message_in("de", "PKG-003", "Rename it.") == "Rename it."
    assert rule_words.message_in("de", "OLD-001", "Gone.") == "Gone."


def test_a_language_without_texts_is_english():
    assert rule_words.catalogue_in("en") == catalogue()
    assert rule_words.message_in("fr", "PKG-003", "a is spelt.") == "a is spelt."


def test_the_catalogue_changes_its_words_and_nothing_else():
    ours = rule_words.catalogue_in("de")
    assert [rule.id for rule in ours] == [rule.id for rule in catalogue()]
    for german, english in zip(ours, catalogue(), strict=True):
        assert german.severity == english.severity
        assert german.applies_to == english.applies_to
        assert german.title != english.title or german.condition != english.condition
    assert {rule.family_title for rule in ours if rule.family == "PRM"} == {"Parameter"}
