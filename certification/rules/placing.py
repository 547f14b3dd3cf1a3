"""From hits to findings with a line and a column: the only work that grows with what is wrong."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence

from certification.rules.findings import Finding, Found, Hit
from certification.rules.profiles import Profile
from certification.rules.registry import Rule
from connectors.definitions import Document, SourceFile

_BY_OFFSET = operator.attrgetter("column")


def place(
    hits: Mapping[Rule, Sequence[Hit]],
    profile: Profile,
    files: Mapping[str, SourceFile],
    documents: Mapping[str, Document],
) -> list[Finding]:
    """A finding for every hit. The places in one text are worked out together, in one pass over it, and
    findings with a place come in the order of their files and places: what is nearly sorted is soon sorted.
    """
    findings: list[Finding] = []
    pending: dict[str, list[Finding]] = {name: [] for name in files}
    for rule, kept in hits.items():
        found = Found(rule.about, rule.about.severity_for(profile), kept)
        for hit in kept:
            finding = Finding.of_hit(found, hit)
            span = hit.span or (_span(hit, documents.get(hit.file)) if hit.at is None else None)
            if span is not None:
                # Until its line is known, the offset stands in the place of the column.
                start, end = span
                finding.column, finding.length = start, end - start
                pending[hit.file].append(finding)
            else:
                if hit.at is not None:
                    finding.line, finding.column, finding.length = hit.at
                findings.append(finding)
    for name, placed in pending.items():
        if placed:
            _number_lines(files[name], placed)
            findings += placed
    return findings


def _span(hit: Hit, document: Document | None) -> tuple[int, int] | None:
    if document is None:
        return None
    if hit.frame is not None:
        found = document.place(hit.frame[0], hit.keys, key=hit.at_key)
    elif hit.path is not None:
        found = document.place(document.value, hit.path, key=hit.at_key)
    else:
        return None
    return found or document.extent(hit.pointer, key=hit.at_key)


def _number_lines(file: SourceFile, placed: list[Finding]) -> None:
    placed.sort(key=_BY_OFFSET)
    positions = file.positions(list(map(_BY_OFFSET, placed)))
    for finding, position in zip(placed, positions, strict=True):
        finding.line, finding.column = position
