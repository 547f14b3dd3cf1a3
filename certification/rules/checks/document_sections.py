"""The sections of the readme, as the official templates order them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from certification.rules.checks.documents import document_of
from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node

_ATX = re.compile(r" {0,3}#{1,6}(?!#)[ \t]*+(?P<text>[^\n]*)")
_BOLD = re.compile(r" {0,3}(?P<mark>\*\*|__)(?P<text>[^\n]+)(?P=mark)[ \t:]*+")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*+")
_FENCE = re.compile(r" {0,3}(?P<mark>`{3,}+(?=[^`]*+$)|~{3,}+)(?P<rest>.*+)")
# Only lines that begin with one of these are looked at closely.
_BEGINNINGS = frozenset("#*_=-`~")

# Rule to what a heading of its section contains.
_SECTIONS = {
    "DOC-010": r"publisher",
    "DOC-011": r"pre[- ]?requisite",
    "DOC-012": r"operations|actions|triggers",
    "DOC-013": r"credential|authentication|authorization|api.?key|obtain",
    "DOC-014": r"known issues|limitations",
    "DOC-015": r"deploy",
    "DOC-016": r"getting started",
    "DOC-017": r"faq|frequently asked",
}


@rule("DOC-006", on="package")
def no_headings(package: Node) -> Iterator[Hit]:
    document = document_of(package.value)
    if document is not None and not _headings(package):
        yield Hit(document.name)


def _demand(rule_id: str, pattern: re.Pattern[str]) -> None:
    @rule(rule_id, on="package")
    def section_missing(package: Node) -> Iterator[Hit]:
        document = document_of(package.value)
        if document is not None and not any(pattern.search(heading) for heading in _headings(package)):
            yield Hit(document.name)


for _rule, _pattern in _SECTIONS.items():
    _demand(_rule, re.compile(_pattern, re.IGNORECASE))


def _headings(package: Node) -> list[str]:
    """The headings of the document: lines after #, underlined lines, and lines that are bold as a whole."""
    cache: dict[str, Any] = package.run.cache
    if "headings" not in cache:
        document = document_of(package.value)
        cache["headings"] = _headings_of(document.text if document else "")
    found: list[str] = cache["headings"]
    return found


def _headings_of(text: str) -> list[str]:
    found: list[str] = []
    before, fence, found_before_fence = "", "", 0
    for line in text.splitlines():
        if line.lstrip(" ")[:1] not in _BEGINNINGS:
            before = line.strip()
            continue
        mark = _FENCE.fullmatch(line)
        if fence and mark and mark["mark"].startswith(fence) and not mark["rest"].strip():
            # What stood in a block of code is none of the document's; a block that never ends is none.
            del found[found_before_fence:]
            fence = before = ""
        elif mark and not fence:
            fence, found_before_fence, before = mark["mark"], len(found), ""
        elif match := _ATX.fullmatch(line) or _bold(line):
            before = ""
            if match["text"].strip(" \t#*_"):
                found.append(match["text"])
        elif before and _UNDERLINE.fullmatch(line):
            found.append(before)
            before = ""
        else:
            before = line.strip()
    return found


def _bold(line: str) -> re.Match[str] | None:
    match = _BOLD.fullmatch(line)
    return match if match and match["mark"] not in match["text"] else None
