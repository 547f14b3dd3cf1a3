"""Finds every `$ref` that leads out of its document, so that no library ever gets to follow one."""

from __future__ import annotations

import re
from typing import Any

from connectors.definitions import pointers
from connectors.definitions.documents import Document
from connectors.definitions.problems import Limits, Problem, problem, shown

_INWARD = re.compile(r'"\$ref"[ \t\r\n]*+:[ \t\r\n]*+"#/')
_ESCAPED_ASCII = re.compile(r"\\u00[2-7]")


def outward_references(document: Document, limits: Limits | None = None) -> tuple[Problem, ...]:
    """A problem for each `$ref` string that does not start with "#/", wherever in the document it stands."""
    limits = limits or Limits()
    if not _may_lead_out(document):
        return ()
    found: list[Problem] = []
    for pointer, target in _references(document.value):
        if target.startswith("#/"):
            continue
        if len(found) >= limits.problems_per_file:
            found.append(
                problem("more-problems", "More references lead out of the file.", document.file.name)
            )
            break
        found.append(_outward(document, pointer, target))
    return tuple(found)


def _may_lead_out(document: Document) -> bool:
    """False when every mention of "$ref", however broken the text is, is the name of an inward reference."""
    if document.objects is not None:
        targets = [one["$ref"] for one in document.objects if "$ref" in one]
        return not all(target.__class__ is str and target.startswith("#/") for target in targets)
    text = document.file.text
    is_escaped = "\\u00" in text and _ESCAPED_ASCII.search(text) is not None
    return is_escaped or text.count("$ref") != len(_INWARD.findall(text))


def _outward(document: Document, pointer: str, target: str) -> Problem:
    span = document.locate(pointer)
    what = "does not name a place in this file" if target.startswith("#") else "leads out of this file"
    return problem(
        "remote-reference", f"The reference {shown(target)} {what}.", document.file.name,
        pointer=pointer, line=span.line, column=span.column, length=span.length,
    )  # fmt: skip


def _references(value: Any) -> list[tuple[str, str]]:
    """Pointer and target of every `$ref` whose value is a string, in document order."""
    found: list[tuple[str, str]] = []
    pending: list[tuple[Any, tuple[Any, ...] | None]] = [(value, None)]
    while pending:
        current, path = pending.pop()
        if isinstance(current, dict):
            target = current.get("$ref")
            if isinstance(target, str):
                found.append((_pointer(("$ref", path)), target))
            pending.extend((member, (name, path)) for name, member in reversed(current.items()))
        elif isinstance(current, list):
            pending.extend((current[at], (at, path)) for at in range(len(current) - 1, -1, -1))
    return found


def _pointer(path: tuple[Any, ...] | None) -> str:
    tokens: list[str | int] = []
    while path is not None:
        token, path = path
        tokens.append(token)
    return pointers.build(reversed(tokens))
