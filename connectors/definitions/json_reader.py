"""The one JSON reader for every file of a package.

The usual file is read by the C scanner of the standard library under guards that notice what it would let
pass. Anything odd sends the same text through `json_recovery`, which finds the exact place and repairs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import isinf
from typing import Any, NoReturn

from connectors.definitions.json_positions import Node, Scan, SpanIndex, read_root
from connectors.definitions.json_recovery import recover
from connectors.definitions.problems import Limits, Problem
from connectors.definitions.sources import SourceFile

LARGEST_SAFE_INTEGER = 2**53
_SAFE_DIGITS = 15

_KEPT = b'{}[]"'
_DROPPED = bytes(byte for byte in range(256) if byte not in _KEPT)
_AS_SQUARE = bytes.maketrans(b"{}", b"[]")


@dataclass(frozen=True, slots=True)
class Reading:
    """What `read_json` found; `index` knows the places of the values in the text."""

    value: Any
    problems: tuple[Problem, ...]
    index: SpanIndex


class _OddError(ValueError):
    """The text is JSON to the C scanner, but not fit to be passed on unseen."""


def read_json(file: SourceFile, limits: Limits) -> Reading:
    """Parse one file; whatever is wrong with it becomes a problem."""
    text = file.text
    content = file.content if file.encoding == "utf-8" else text.encode()
    has_nul = "\\u" in text and "\\u0000" in text
    if _is_modest(content, limits) and not has_nul:
        try:
            value, root = _load(text)
        except ValueError:
            pass
        else:
            return Reading(value, (), SpanIndex(text, root))
    value, problems, root = recover(file, limits)
    return Reading(value, problems, SpanIndex(text, root, complete=True))


def _is_modest(content: bytes, limits: Limits) -> bool:
    """Nested within the limit, and with fewer values than the limit even if every mark stands for one."""
    depth = nesting(content, most=limits.json_depth)
    if depth is None or depth > limits.json_depth:
        return False
    marks = len(content)
    if marks >= limits.json_values:
        marks = content.count(b",") + content.count(b"{") + content.count(b"[")
    return marks < limits.json_values


def nesting(content: bytes, *, most: int) -> int | None:
    """How deep arrays and objects are nested, not counted beyond `most` + 1; None when they do not balance.

    Done with byte-wise C operations only, before any parser sees the text: a parser may recurse. Escapes go
    first, so that every quote left opens or closes a string; two neighbouring quotes then enclose or separate
    nothing and go too; of what is left, every second stretch between quotes is outside of strings. Peeling
    empty pairs off the brackets removes exactly one level per round.
    """
    if b"\\" in content:
        content = content.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = content.translate(_AS_SQUARE, _DROPPED).replace(b'""', b"")
    brackets = b"".join(marks.split(b'"')[::2]) if b'"' in marks else marks
    depth = 0
    while brackets:
        peeled = brackets.replace(b"[]", b"")
        if len(peeled) == len(brackets):
            return None
        brackets, depth = peeled, depth + 1
        if depth > most:
            break
    return depth


def _load(text: str) -> tuple[Any, Node]:
    """Raises ValueError when the recovering parser has to look at the text."""
    value, root = read_root(text, _SCAN)
    if "\\u" in text and ("\\ud" in text or "\\uD" in text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise _OddError from None
    return value, root


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _OddError
    return members


def _integer(digits: str) -> int:
    if len(digits) > _SAFE_DIGITS and (len(digits) > 20 or abs(int(digits)) > LARGEST_SAFE_INTEGER):
        raise _OddError
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        raise _OddError
    return number


def _constant(_name: str) -> NoReturn:
    raise _OddError


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
_SCAN: Scan = vars(_DECODER)["scan_once"]
