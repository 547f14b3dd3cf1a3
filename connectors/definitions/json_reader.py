"""The one JSON reader for every file of a package.

The usual file is read by the C scanner of the standard library under guards that notice what it would let
pass. Anything odd sends the same text through `json_recovery`, which finds the exact place and repairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectors.definitions.json_positions import Node, SpanIndex, read_root
from connectors.definitions.json_recovery import recover
from connectors.definitions.json_strict import (
    OddError,
    has_few_values,
    has_lone_surrogate,
    is_deeper,
    scanner,
)
from connectors.definitions.object_spans import ObjectSpans
from connectors.definitions.problems import Limits, Problem
from connectors.definitions.sources import SourceFile


@dataclass(frozen=True, slots=True)
class Reading:
    """What `read_json` found; `index` knows the places of the values in the text, and of a flawless text
    `spans` those of the objects.
    """

    value: Any
    problems: tuple[Problem, ...]
    index: SpanIndex
    spans: ObjectSpans | None = None


def read_json(file: SourceFile, limits: Limits) -> Reading:
    """Parse one file; whatever is wrong with it becomes a problem."""
    text = file.text
    if has_few_values(text, 0, len(text), limits.json_values):
        try:
            value, root, spans = _load(text)
        except (ValueError, RecursionError):
            pass
        else:
            if spans.depth <= limits.json_depth or not is_deeper(value, limits.json_depth):
                return Reading(value, (), SpanIndex(text, root), spans if spans.is_complete else None)
    value, problems, root = recover(file, limits)
    return Reading(value, problems, SpanIndex(text, root))


def _load(text: str) -> tuple[Any, Node, ObjectSpans]:
    """Raises ValueError or RecursionError when the recovering parser has to look at the text."""
    has_escapes = "\\u" in text
    if has_escapes and "\\u0000" in text:
        raise OddError
    objects: list[dict[str, Any]] = []
    value, root = read_root(text, scanner(objects))
    if value.__class__ is dict:
        objects.append(value)
    if has_escapes and has_lone_surrogate(value, text):
        raise OddError
    return value, root, ObjectSpans(text, objects)
