"""The connector's description: rules over `info.description`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from certification.rules import wording
from certification.rules.checks.languages import foreign_words
from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node

_SHORTEST, _LONGEST = 30, 500
_LINK = re.compile(r"https?://[^\s\"'<>)]{0,200}", re.IGNORECASE)


@rule("INF-010", on="info")
def description_missing(info: Node) -> Iterator[Hit]:
    if not info.text("description").strip():
        yield info.hit("description") if "description" in info.value else info.hit()


@rule("INF-011", on="info", key="description")
def description_length(info: Node, key: str) -> Iterator[Hit]:
    text = info.text(key)
    if text.strip() and not _SHORTEST <= len(text) <= _LONGEST:
        yield info.hit(key, length=len(text))


@rule("INF-012", on="info", key="description")
def description_names_product(info: Node, key: str) -> Iterator[Hit]:
    if match := wording.RESTRICTED_PRODUCTS.search(info.text(key)):
        yield info.hit(key, value=match[0])


@rule("INF-012b", on="info", key="description")
def description_names_platform(info: Node, key: str) -> Iterator[Hit]:
    if match := wording.PLATFORM_PRODUCTS.search(info.text(key)):
        yield info.hit(key, value=match[0])


@rule("INF-013", on="info", key="description")
def description_contains_api(info: Node, key: str) -> Iterator[Hit]:
    if match := wording.WORD_API.search(info.text(key)):
        yield info.hit(key, value=match[0])


@rule("INF-014", on="info", key="description")
def description_not_english(info: Node, key: str) -> Iterator[Hit]:
    text = info.text(key)
    if wording.is_other_script(text) or foreign_words(text) > 0:
        yield info.hit(key)


@rule("INF-015", on="info", key="description")
def description_without_full_stop(info: Node, key: str) -> Iterator[Hit]:
    text = info.text(key).rstrip()
    if text and text[-1] not in ".!?":
        yield info.hit(key)


@rule("INF-018", on="info", key="description")
def description_equals_title(info: Node, key: str) -> Iterator[Hit]:
    text = info.text(key).strip()
    if text and text.casefold() == info.text("title").strip().casefold():
        yield info.hit(key)


@rule("INF-025", on="info", key="description")
def description_with_link(info: Node, key: str) -> Iterator[Hit]:
    if match := _LINK.search(info.text(key)):
        yield info.hit(key, value=match[0])
