"""Template tags for a date that is a band: in words, and as a bar between two dates."""

import datetime as dt

from django import template
from django.template.defaultfilters import date as format_date
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()

_NARROWEST = 1.5
"""Per cent of the bar: a band of minutes is still seen."""


@register.simple_tag
def band(early: dt.datetime | None, late: dt.datetime | None) -> str:
    """ "Tue 3 - Thu 5 Mar, usually Tue" in the reader's zone; one date when both ends are on it, "" for
    None.
    """
    if early is None or late is None:
        return ""
    first, last = timezone.localtime(early).date(), timezone.localtime(late).date()
    year = "" if last.year == first.year == timezone.localdate().year else " Y"
    until = format_date(last, f"D j M{year}")
    if first == last:
        return until
    is_near = (first.year, first.month) == (last.year, last.month)
    since = format_date(first, "D j" if is_near else f"D j M{year}")
    usual = format_date(first, "D" if (last - first).days < 7 else "D j")
    return _("%(since)s - %(until)s, usually %(usual)s") % {"since": since, "until": until, "usual": usual}


@register.simple_tag
def band_short(early: dt.datetime, late: dt.datetime) -> str:
    """The two days with a dash, the month once where it is one; one day where both ends are on it."""
    first, last = timezone.localtime(early).date(), timezone.localtime(late).date()
    until = format_date(last, "j M")
    if first == last:
        return until
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}\N{EN DASH}{until}"
    return f"{format_date(first, 'j M')} \N{EN DASH} {until}"


@register.simple_tag
def band_bar(early: dt.datetime, late: dt.datetime, first: dt.datetime, last: dt.datetime) -> SafeString:
    """The band as a bar on a line from `first` to `last`; decoration, since the words say the same."""
    whole = max((last - first).total_seconds(), 1.0)
    start = 100 * min(max((early - first).total_seconds() / whole, 0.0), 1.0)
    width = max(100 * (late - early).total_seconds() / whole, _NARROWEST)
    start = min(start, 100 - _NARROWEST)
    width = min(width, 100 - start)
    return format_html(
        '<svg class="band" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="band__line" x="0" y="3.5" width="100" height="1"></rect>'
        '<rect class="band__bar" x="{}" y="1" width="{}" height="6" rx="1"></rect>'
        '<rect class="band__usual" x="{}" y="0" width="{}" height="8"></rect></svg>',
        f"{start:.2f}", f"{width:.2f}", f"{start:.2f}", f"{_NARROWEST / 2:.2f}",
    )  # fmt: skip


@register.filter
def percent(share: float) -> str:
    """A share from 0 to 1 as "91 %"."""
    return f"{round(100 * share)} %"


@register.filter
def magnitude(value: float) -> float:
    """Without its sign: "2 h" of "2 h earlier"."""
    return abs(value)
