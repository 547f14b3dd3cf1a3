"""What the reader of packages says, in other languages.

A language is a file: titles by the code of the problem, fixes and messages by the English template, in which
a value stands as a field. Problems are stored in English with their values filled in; the values are read out
of the stored sentence and put into the other one. A sentence without a translation stays as it is. Nothing
here knows Django.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from importlib import resources

from connectors.definitions.problems import KINDS
from connectors.problem_words.refilling import values_of

LANGUAGES = ("de",)

# Words of the reader itself, told in the other language too: with other words in them it is another sentence.
_TOLD = frozenset({"what", "where", "reason", "role", "kind"})
# Foreign text is quoted by the reader: where the quotes end, the sentence goes on.
_QUOTED = tuple((field, "“.*?”") for field in ("name", "target", "key"))
_FIELD = re.compile(r"\{\w+\}")


def title_in(language: str, code: str) -> str:
    """What all problems of a code are called."""
    return _words_in(language)["titles"].get(code, KINDS[code].title)


def message_in(language: str, text: str) -> str:
    """The message of a problem, or the reason why a file of a package is not used."""
    return _told(language, "messages", text) or _titles_as_reasons(language).get(text) or text


def fix_in(language: str, text: str) -> str:
    """What is to be done about a problem."""
    return _told(language, "fixes", text) or text


@functools.lru_cache(maxsize=4096)
def _told(language: str, part: str, text: str) -> str | None:
    sentences = _words_in(language)[part]
    if text in sentences and not _FIELD.search(text):
        return sentences[text].format()
    for template, other in sentences.items():
        values = values_of(template, text, fields=_QUOTED)
        if values is None:
            continue
        told = {name: _word(language, part, name, value) for name, value in values.items()}
        if None not in told.values():
            return other.format_map(told)
    return None


def _word(language: str, part: str, name: str, value: str) -> str | None:
    if name not in _TOLD or not value:
        return value
    return _told(language, part, value) or _titles_as_reasons(language).get(value)


@functools.cache
def _titles_as_reasons(language: str) -> Mapping[str, str]:
    """A title in small letters is the reader's reason for leaving a picture out."""
    return {KINDS[code].title.lower(): title for code, title in _words_in(language)["titles"].items()}


@functools.cache
def _words_in(language: str) -> Mapping[str, Mapping[str, str]]:
    if language not in LANGUAGES:
        return {"titles": {}, "fixes": {}, "messages": {}}
    text = resources.files(__name__).joinpath(f"{language}.json").read_text("utf-8")
    words: dict[str, dict[str, str]] = json.loads(text)
    return words
