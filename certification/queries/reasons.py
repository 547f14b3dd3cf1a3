"""What the portal itself says of rollouts, in the language of whoever reads. Stored, it is English."""

from __future__ import annotations

from django.utils.functional import lazy

from certification import rollout_words
from portal.shared.words import reader_language


def told_reason(text: str, is_own: bool) -> str:
    """Why something was done; `is_own` when the portal did it, so that words of people stay as they are."""
    return rollout_words.reason_in(reader_language(), text, is_own=is_own)


def told_slip(cause: str, text: str, is_own: bool) -> str:
    """Why a date moved."""
    return rollout_words.slip_in(reader_language(), cause, text, is_own=is_own)


def told_region(text: str) -> str:
    """What became of a call to a region."""
    return rollout_words.region_in(reader_language(), text)


def told_gate(text: str) -> str:
    """What a gate says."""
    return rollout_words.gate_in(reader_language(), text)


def told_days(text: str) -> str:
    """What keeps a wave from a day."""
    return rollout_words.days_in(reader_language(), text)


# For mails: composed once, rendered for each reader.
reason_for_readers = lazy(told_reason, str)
slip_for_readers = lazy(told_slip, str)
gate_for_readers = lazy(told_gate, str)
