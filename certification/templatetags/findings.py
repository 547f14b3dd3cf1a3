"""Stored findings in the language of whoever reads."""

from __future__ import annotations

from django import template

from certification.models import Finding
from certification.queries.rulebook import told_message

register = template.Library()


@register.filter(name="told_message")
def message_of(finding: Finding) -> str:
    """What the finding says."""
    return told_message(finding.rule, finding.message)
