"""The connector's title and its version: rules over `info.title` and `info.version`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from certification.rules import wording
from certification.rules.findings import Hit, shown
from certification.rules.registry import rule
from certification.rules.walk import Node

SUFFIX = "(Independent Publisher)"
_LONGEST = 30
_VERSION = re.compile(r"[vV]?\d{1,20}(?:\.\d{1,20})*")


@rule("INF-001", on="info")
def title_missing(info: Node) -> Iterator[Hit]:
    if not info.text("title").strip():
        yield info.hit("title") if "title" in info.value else info.hit()


@rule("INF-002", on="info", key="title")
def title_too_long(info: Node, key: str) -> Iterator[Hit]:
    if len(info.text(key)) > _LONGEST:
        yield info.hit(key, length=len(info.text(key)))


@rule("INF-003", on="info", key="title")
def title_too_long_without_suffix(info: Node, key: str) -> Iterator[Hit]:
    name = without_suffix(info.text(key))
    if len(name) > _LONGEST:
        yield info.hit(key, length=len(name))


@rule("INF-004", on="info", key="title")
def title_contains_api(info: Node, key: str) -> Iterator[Hit]:
    if match := wording.WORD_API_OR_APIS.search(info.text(key)):
        yield info.hit(key, value=match[0])


@rule("INF-005", on="info", key="title")
def title_contains_connector(info: Node, key: str) -> Iterator[Hit]:
    if match := wording.WORD_CONNECTOR.search(info.text(key)):
        yield info.hit(key, value=match[0])


@rule("INF-006", on="info", key="title")
def title_contains_product(info: Node, key: str) -> Iterator[Hit]:
    if match := wording.ANY_PRODUCT.search(info.text(key)):
        yield info.hit(key, value=match[0])


@rule("INF-007", on="info", key="title")
def title_ends_with_symbol(info: Node, key: str) -> Iterator[Hit]:
    title = info.text(key)
    if title.strip() and not title[-1].isalnum():
        yield info.hit(key, value=_quoted_end(title))


@rule("INF-007b", on="info", key="title")
def title_ends_with_punctuation(info: Node, key: str) -> Iterator[Hit]:
    title = info.text(key)
    if title.strip() and not title[-1].isalnum() and title[-1] != ")":
        yield info.hit(key, value=_quoted_end(title))


@rule("INF-008", on="info", key="title")
def title_not_english(info: Node, key: str) -> Iterator[Hit]:
    if wording.is_other_script(info.text(key)):
        yield info.hit(key)


@rule("INF-009", on="info", key="title")
def suffix_missing(info: Node, key: str) -> Iterator[Hit]:
    title = info.text(key)
    if title.strip() and SUFFIX.casefold() not in title.casefold():
        yield info.hit(key)


@rule("INF-016", on="info")
def version_missing(info: Node) -> Iterator[Hit]:
    if not info.text("version").strip():
        yield info.hit("version") if "version" in info.value else info.hit()


@rule("INF-019", on="info", key="title")
def title_with_stray_blanks(info: Node, key: str) -> Iterator[Hit]:
    title = info.text(key)
    if not title.strip():
        return
    if "\n" in title or "\r" in title:
        yield info.hit(key, value="a line break")
    elif title != title.strip():
        yield info.hit(key, value="a blank at its beginning or end")
    elif "  " in title:
        yield info.hit(key, value="a double blank")


@rule("INF-024", on="info", key="version")
def version_not_numeric(info: Node, key: str) -> Iterator[Hit]:
    version = info.text(key).strip()
    if version and not _VERSION.fullmatch(version):
        yield info.hit(key)


@rule("INF-040", on="info", key="title")
def title_not_unique(info: Node, key: str) -> Iterator[Hit]:
    title = normal_title(info.text(key))
    if title and title in info.run.context.titles:
        yield info.hit(key)


def without_suffix(title: str) -> str:
    """The title without " (Independent Publisher)" at its end."""
    bare = title.rstrip()
    return bare[: -len(SUFFIX)].rstrip() if bare.casefold().endswith(SUFFIX.casefold()) else title


def normal_title(title: str) -> str:
    """The form in which titles are compared: letter case and blanks do not count."""
    return " ".join(title.split()).casefold()


def _quoted_end(title: str) -> str:
    return "a blank" if title[-1].isspace() else f'"{shown(title[-1])}"'
