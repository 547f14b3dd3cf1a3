"""Messages of calls, stored in English, in the language of whoever reads."""

from __future__ import annotations

from connectors import call_words
from portal.shared.words import reader_language


def told_call(text: str) -> str:
    """What was refused, what failed, or what differs from the definition."""
    return call_words.told_in(reader_language(), text)
