"""Whole numbers out of what people and programs send."""

from __future__ import annotations

_MOST_DIGITS = 9


def small_number(text: str | None) -> int | None:
    """Of up to nine ASCII digits, so that it fits every column; None for anything else, such as ten thousand
    digits, which Python refuses to read."""
    if text and text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        return int(text)
    return None
