"""Encoding and syntax of the files, as the reader of packages found them."""

from __future__ import annotations

from collections.abc import Iterator

from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import CANONICAL_NAMES, Role, pointers
from connectors.definitions.problems import Problem

_DOCUMENTS = frozenset((CANONICAL_NAMES[Role.README], CANONICAL_NAMES[Role.INTRO]))
# What makes a strict parser fail; a document nested beyond the reader's limit is not read to its end either.
_BROKEN_JSON = frozenset(("json-syntax", "json-constant", "json-too-deep"))


@rule("PKG-010", on="json-file")
def byte_order_mark(file: Node) -> Iterator[Hit]:
    return _hits(file, frozenset(("bom",)))


@rule("PKG-011", on="file")
def not_utf8(file: Node) -> Iterator[Hit]:
    """A readme or an introduction in another encoding is a warning of its own."""
    if file.file not in _DOCUMENTS:
        yield from _hits(file, frozenset(("not-utf8",)))


@rule("PKG-012", on="json-file")
def invalid_json(file: Node) -> Iterator[Hit]:
    return _hits(file, _BROKEN_JSON)


@rule("PKG-013", on="json-file")
def duplicate_key(file: Node) -> Iterator[Hit]:
    for problem in file.run.problems_of(file.file):
        if problem.code == "duplicate-key":
            yield hit_of(problem, value=f'"{problem.pointer.rpartition("/")[2]}"')


def _hits(file: Node, codes: frozenset[str]) -> Iterator[Hit]:
    for problem in file.run.problems_of(file.file):
        if problem.code in codes:
            yield hit_of(problem, value=problem.message.rstrip("."))


def hit_of(problem: Problem, value: str) -> Hit:
    """The hit at the place where the reader found a problem."""
    place = (problem.line or 0, problem.column or 0, problem.length or 0)
    return Hit(problem.file, tuple(pointers.split(problem.pointer)), value, at=place)
