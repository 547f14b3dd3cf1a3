"""From hits to findings with a line and a column: the only work that grows with what is wrong."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence

from certification.rules.findings import Finding, Found, Hit
from certification.rules.profiles import Profile
from certification.rules.registry import Rule
from connectors.definitions import Document, SourceFile

_Pending = tuple[int, int, Finding]
_BY_START = operator.itemgetter(0)


def place(
    hits: Mapping[Rule, Sequence[Hit]],
    profile: Profile,
    files: Mapping[str, SourceFile],
    documents: Mapping[str, Document],
) -> list[Finding]:
    """A finding for every hit. The places in one text are worked out together, in one pass over it."""
    findings: list[Finding] = []
    pending: dict[str, list[_Pending]] = {name: [] for name in files}
    for rule, kept in hits.items():
        found = Found(rule.about, rule.about.severity_for(profile), kept)
        for hit in kept:
            finding = Finding.of_hit(found, hit)
            findings.append(finding)
            if hit.at is not None:
                finding.line, finding.column, finding.length = hit.at
            else:
                span = hit.span or _span(hit, documents.get(hit.file))
                if span is not None:
                    pending[hit.file].append((span[0], span[1], finding))
    for name, spans in pending.items():
        if spans:
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
    return found or document.extent(hit.pointer, key=hit.at_key)


def _number_lines(file: SourceFile, spans: list[_Pending]) -> None:
    spans.sort(key=_BY_START)
    positions = file.positions([start for start, _, _ in spans])
    for (start, end, finding), (line, column) in zip(spans, positions, strict=True):
        finding.line, finding.column, finding.length = line, column, end - start
