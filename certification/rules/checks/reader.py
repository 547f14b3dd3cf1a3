"""What the reader of packages found and no other rule judges: nothing it saw is lost in a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from certification.rules.checks.encoding import hit_of
from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import CANONICAL_NAMES, KINDS, Role
from connectors.definitions.problems import Problem

_REPORTED_HERE = {
    "remote-reference": "ENG-010",
    "nul-character": "ENG-011",
    "lone-surrogate": "ENG-012",
    "json-number": "ENG-013",
    "file-name": "ENG-014",
    "more-problems": "ENG-015",
    "icon-too-many-pixels": "ENG-017",
    "icon-trailing-data": "ENG-018",
    "picture-not-readable": "ENG-019",
    "bom": "ENG-020",
}
_REPORTED_ELSEWHERE = {
    "case-clash": ("PKG-017",),
    "unicode-clash": ("PKG-017",),
    "wrapped-folder": ("PKG-015",),
    "junk-entry": ("PKG-016",),
    "extra-entry": ("PKG-004", "PKG-006"),
    "several-definitions": ("PKG-005",),
    "several-scripts": ("PKG-038",),
    "bom": ("PKG-010",),
    "not-utf8": ("PKG-011", "DOC-004"),
    "icon-not-png": ("ICN-003",),
    "icon-too-many-pixels": ("ICN-006",),
    "json-syntax": ("PKG-012",),
    "json-constant": ("PKG-012",),
    "json-too-deep": ("PKG-012",),
    "duplicate-key": ("PKG-013",),
    "file-name": ("PKG-003", "PKG-032"),
}
_NAMES_JUDGED_ELSEWHERE = frozenset(
    CANONICAL_NAMES[role] for role in (Role.DEFINITION, Role.PROPERTIES, Role.SCRIPT)
)


def _rules_for(code: str) -> tuple[str, ...]:
    here = (_REPORTED_HERE[code],) if code in _REPORTED_HERE else ()
    return _REPORTED_ELSEWHERE.get(code, () if here else ("PKG-014",)) + here


REPORTED_BY: Mapping[str, tuple[str, ...]] = MappingProxyType({code: _rules_for(code) for code in KINDS})
"""For every code of the reader the rules that report it. Where there are several, each has its own files: one
problem is always one finding."""


def _report(code: str, rule_id: str) -> None:
    @rule(rule_id, on="upload")
    def problem_of_the_reader(package: Node) -> Iterator[Hit]:
        for problem in package.value.problems:
            if problem.code == code and not _is_judged_elsewhere(package, problem):
                yield hit_of(problem, value=problem.message.rstrip("."))


def _is_judged_elsewhere(package: Node, problem: Problem) -> bool:
    if problem.code == "icon-too-many-pixels":
        return not problem.file.startswith("images/")
    if problem.code == "bom":
        return problem.file in package.run.documents
    if problem.code == "file-name" and problem.file in _NAMES_JUDGED_ELSEWHERE:
        # A definition under a name of its own, not only in other letters, is missing to PKG-001 and no more.
        original = package.run.files[problem.file].original_name if problem.file in package.run.files else ""
        return problem.file.endswith(".csx") or original.casefold() == problem.file.casefold()
    return False


for _code, _rule in _REPORTED_HERE.items():
    _report(_code, _rule)
