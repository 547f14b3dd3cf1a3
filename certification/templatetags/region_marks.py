"""The icon inside of a region's mark on the map, whose outline is drawn already."""

from __future__ import annotations

from django import template

from portal.shared.templatetags.states import look_of_state

register = template.Library()

_INNER = {"circle-check": "check", "circle-x": "x", "circle-dashed": "clock", "circle-minus": "minus"}


@register.filter
def mark_icon(state: str) -> str:
    """The state's icon, without the circle that some of them bring."""
    icon = look_of_state(state).icon
    return _INNER.get(icon, icon)
