"""Messages of calls in templates."""

from __future__ import annotations

from django import template

from connectors.told_calls import told_call

register = template.Library()
register.filter("told_call", told_call)
