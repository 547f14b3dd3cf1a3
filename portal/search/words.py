"""A question as the finders need it, and the database functions that search stands on (connectors 0011)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import Func, TextField

LONGEST = 100
_MOST_WORDS = 8
_WORD = re.compile(r"[^\W_]+")
_REFERENCE = re.compile(r"(?:s-?)?(\d{1,12})", re.I)
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.I)
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{8,64})", re.I)


class Plain(Func):
    """A text without case and accents."""

    function = "connectors_plain"
    arity = 1
    output_field = TextField()


class ConnectorWords(Func):
    function = "connectors_words"
    arity = 3
    output_field = SearchVectorField()


class OperationWords(Func):
    function = "connectors_operation_words"
    arity = 1
    output_field = SearchVectorField()


def plain(text: str) -> str:
    """What `Plain` makes of nearly every text."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


@dataclass(frozen=True, slots=True)
class Question:
    """`words` are plain; `reference`, `uuid` and `digest` are "" unless the whole text has that shape."""

    text: str
    words: tuple[str, ...]
    reference: str = ""
    uuid: str = ""
    digest: str = ""

    @property
    def plain(self) -> str:
        return " ".join(self.words)

    @property
    def prefixes(self) -> SearchQuery:
        """Every word, each as the beginning of one. Only for questions that have words."""
        every = " & ".join(f"{word}:*" for word in self.words)
        return SearchQuery(every, search_type="raw", config="simple")

    def is_in(self, text: str) -> bool:
        """Whether `text` has every word somewhere."""
        found = plain(text)
        return all(word in found for word in self.words)


def question(text: str) -> Question:
    """Any text a person or program may send, tidied and cut."""
    tidy = " ".join(text.replace("\0", "").split())[:LONGEST]
    reference = _REFERENCE.fullmatch(tidy)
    digest = _DIGEST.fullmatch(tidy)
    return Question(
        tidy,
        tuple(_WORD.findall(plain(tidy)))[:_MOST_WORDS],
        reference=f"S-{reference[1]}" if reference else "",
        uuid=tidy.lower() if _UUID.fullmatch(tidy) else "",
        digest=digest[1].lower() if digest else "",
    )


def nearness(word: str, text: str) -> float:
    """How much of `word`'s letter triples the nearest word of `text` shares, from 0 to 1."""
    wanted = _triples(word)
    shares = (
        len(wanted & _triples(each)) / len(wanted | _triples(each)) for each in _WORD.findall(plain(text))
    )
    return max(shares, default=0.0)


def _triples(word: str) -> set[str]:
    padded = f"  {word} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}
