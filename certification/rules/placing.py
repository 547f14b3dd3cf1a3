"""From hits to findings with a line and a column: the only work that grows with what is wrong."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping

from certification.rules.findings import Finding, Hit
from certification.rules.profiles import Profile
from certification.rules.registry import Rule
from connectors.definitions import Document, SourceFile

_Pending = tuple[int, int, Finding]
_BY_START = operator.itemgetter(0)


def place(
    hits: Mapping[Rule, Iterable[Hit]],
    profile: Profile,
    files: Mapping[str, SourceFile],
    documents: Mapping[str, Document],
) -> list[Finding]:
    """A finding for every hit. The places in one text are worked out together, in one pass over it."""
    findings: list[Finding] = []
    pending: dict[str, list[_Pending]] = {}
    for rule, found in hits.items():
        severity = rule.about.severity_for(profile)
        seen: dict[tuple[object, ...], int] = {}
        for hit in found:
            identity = hit.identity
            earlier = seen.get(identity, 0)
            seen[identity] = earlier + 1
            finding = Finding.of_hit(rule.about, severity, hit, earlier)
            findings.append(finding)
            if hit.at is not None:
                finding.line, finding.column, finding.length = hit.at
            else:
                span = hit.span or _span(hit, documents.get(hit.file))
                if span is not None:
                    pending.setdefault(hit.file, []).append((*span, finding))
    for name, spans in pending.items():
        _number_lines(files[name], spans)
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
    if found is not None:
        return found
    span = document.locate(hit.pointer, key=hit.at_key)
    return span.offset, span.offset + span.length


def _number_lines(file: SourceFile, spans: list[_Pending]) -> None:
    spans.sort(key=_BY_START)
    positions = file.positions([start for start, _, _ in spans])
    for (start, end, finding), (line, column) in zip(spans, positions, strict=True):
        finding.line, finding.column, finding.length = line, column, end - start
