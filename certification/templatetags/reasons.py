"""Stored sentences of the portal about rollouts, in the language of whoever reads."""

from __future__ import annotations

from django import template

from certification.queries import reasons

register = template.Library()


@register.filter
def told_reason(text: str, is_own: object = False) -> str:
    """Why something was done; `is_own` is true when no person did it."""
    return reasons.told_reason(text, bool(is_own))


@register.filter
def told_region(text: str) -> str:
    """What became of a call to a region."""
    return reasons.told_region(text)


@register.filter
def told_gate(text: str) -> str:
    """What a gate says."""
    return reasons.told_gate(text)


@register.filter
def told_days(text: str) -> str:
    """What keeps a wave from a day."""
    return reasons.told_days(text)
