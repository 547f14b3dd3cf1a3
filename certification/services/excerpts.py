"""The lines around a place, as they are kept beside a finding."""

from __future__ import annotations

from connectors.definitions import SourceFile

_CONTEXT_LINES = 2
_WIDEST_LINE = 300


def excerpt(file: SourceFile | None, line: int) -> tuple[str, int | None]:
    """The text, and the number of its first line; nothing for a place without a line (0) or a file."""
    if file is None or not line:
        return "", None
    first, last = max(line - _CONTEXT_LINES, 1), min(line + _CONTEXT_LINES, file.line_count)
    return "\n".join(file.line_text(number)[:_WIDEST_LINE] for number in range(first, last + 1)), first
