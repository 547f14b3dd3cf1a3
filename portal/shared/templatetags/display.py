"""Template tags for the small things every page shows: icons, times, states, turns, people, digests."""

import datetime as dt
import zlib
from typing import Any

from django import template
from django.template.defaultfilters import date as format_date
from django.templatetags.static import static
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from portal.shared.templatetags.states import Look, look_of_state, look_of_turn
from portal.shared.words import counted, in_sentence

register = template.Library()

MINUTE, HOUR, DAY = 60, 3600, 86400
# Past this age "43 d ago" says less than the date itself.
RELATIVE_LIMIT_DAYS = 30
AVATAR_TONES = 6
EMPTY = mark_safe('<span class="faint">&ndash;</span>')


# Symbols that point along the line of writing; they turn round where it runs from right to left.
ALONG = frozenset(
    {
        "arrow-back-up", "arrow-left", "arrow-right", "chevron-left", "chevron-right", "external-link",
        "list-check", "logout", "player-skip-forward", "send", "trending-up",
    }
)  # fmt: skip


@register.simple_tag
def icon(name: str, size: str = "", label: str = "", extra: str = "") -> SafeString:
    """One symbol of the sprite. Decorative unless `label` is given; `size` is "sm" or "lg"."""
    classes = " ".join(
        filter(None, ["icon", size and f"icon--{size}", "icon--along" if name in ALONG else "", extra])
    )
    href = f"{static('icons/sprite.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"></use></svg>', classes, label, href
        )
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"></use></svg>', classes, href)


def relative_text(moment: dt.datetime, now: dt.datetime) -> str:
    """`moment` as seen from `now`: "just now", "5 min ago", "in 3 d". Both are aware datetimes."""
    seconds = round((moment - now).total_seconds())
    size = abs(seconds)
    if size < 45:
        return _("just now")
    past = seconds < 0
    if size < HOUR - 30:
        text = _("%(n)s min ago") if past else _("in %(n)s min")
        return text % {"n": round(size / MINUTE)}
    if size < DAY:
        text = _("%(n)s h ago") if past else _("in %(n)s h")
        return text % {"n": round(size / HOUR)}
    text = _("%(n)s d ago") if past else _("in %(n)s d")
    return text % {"n": round(size / DAY)}


def absolute_text(moment: dt.datetime, now: dt.datetime) -> str:
    """Date and time in the reader's zone; the year only when it is not this one."""
    local = timezone.localtime(moment)
    pattern = "j M, H:i" if local.year == timezone.localtime(now).year else "j M Y, H:i"
    return format_date(local, pattern)


def _day(moment: dt.date, now: dt.datetime) -> str:
    return format_date(moment, "D j M" if moment.year == timezone.localtime(now).year else "D j M Y")


@register.simple_tag
def when(moment: dt.datetime | dt.date | None, style: str = "relative") -> SafeString:
    """A `<time>`: `style` is "relative" (default), "absolute", "both" or "date"; the full time is its title.

    Relative times older than a month are written as dates. Naive datetimes are refused by Django's own
    `localtime` with ValueError; a plain date is shown as a day; None as a dash.
    """
    if moment is None or moment == "":
        return EMPTY
    now = timezone.now()
    if not isinstance(moment, dt.datetime):
        return format_html('<time datetime="{}">{}</time>', moment.isoformat(), _day(moment, now))
    local = timezone.localtime(moment)
    title = f"{format_date(local, 'l, j F Y, H:i:s')} {local.tzname()}"
    machine = moment.astimezone(dt.UTC).isoformat(timespec="seconds")
    near = abs(now - moment) < dt.timedelta(days=RELATIVE_LIMIT_DAYS)
    if style == "both":
        return format_html(
            "{} {}", _time(machine, title, absolute_text(moment, now)), _ago(machine, moment, now)
        )
    if style == "date":
        return _time(machine, title, _day(local.date(), now))
    if style == "relative" and near:
        return _time(machine, title, relative_text(moment, now), relative=True)
    return _time(machine, title, absolute_text(moment, now))


def _ago(machine: str, moment: dt.datetime, now: dt.datetime) -> SafeString:
    return format_html(
        '<span class="muted">(<time datetime="{}" data-relative>{}</time>)</span>',
        machine,
        relative_text(moment, now),
    )


def _time(machine: str, title: str, text: str, relative: bool = False) -> SafeString:
    flag = mark_safe(" data-relative") if relative else ""
    return format_html('<time datetime="{}" title="{}"{}>{}</time>', machine, title, flag, text)


@register.filter
def duration(value: dt.timedelta | float | str | None) -> str:
    """A span of time (timedelta or seconds) in its two largest units: "2 d 4 h", "35 s"; "" for None."""
    if value is None or value == "":
        return ""
    total = int(value.total_seconds() if isinstance(value, dt.timedelta) else value)
    days, rest = divmod(max(total, 0), DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, seconds = divmod(rest, MINUTE)
    parts = [(days, _("d")), (hours, _("h")), (minutes, _("min")), (seconds, _("s"))]
    first = next((i for i, (number, _unit) in enumerate(parts) if number), len(parts) - 1)
    # Seconds matter only while there are no hours to speak of.
    shown = parts[first : first + 2] if first < 2 else parts[first : first + 1]
    return " ".join(f"{number} {unit}" for number, unit in shown if number or len(shown) == 1)


@register.filter
def shift(value: dt.timedelta | None) -> str:
    """How far something moves: "2 d later", "3 h earlier", "not at all"; "" for None."""
    if value is None:
        return ""
    if not value:
        return str(_("not at all"))
    text = _("%(span)s later") if value > dt.timedelta(0) else _("%(span)s earlier")
    return text % {"span": duration(abs(value))}


@register.filter
def compact(value: float | str | None) -> str:
    """A count for tight places: 950, "12.4k", "3.1M"; a dash for None."""
    if value is None or value == "":
        return "-"
    number = float(value)
    for limit, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= limit:
            return f"{number / limit:.1f}".rstrip("0").rstrip(".") + suffix
    return f"{number:g}"


@register.simple_tag
def badge(text: str | Promise, tone: str = "neutral", icon_name: str = "", size: str = "") -> SafeString:
    """A badge with free text; prefer `state_badge` for states."""
    picture = icon(icon_name) if icon_name else ""
    plain = "" if icon_name else " badge--plain"
    large = f" badge--{size}" if size else ""
    return format_html('<span class="badge tone-{}{}{}">{}{}</span>', tone, plain, large, picture, text)


@register.simple_tag
def state_badge(state: Any, label: str = "", size: str = "") -> SafeString:
    """The badge of a state (stored name or enum member); `label` overrides the words, `size` may be "lg"."""
    if state is None or state == "":
        return EMPTY
    name = str(getattr(state, "value", state))
    look = look_of_state(name)
    return badge(label or look.label, look.tone, look.icon, size)


@register.filter
def state_label(state: Any) -> str:
    """The words of a state without its badge."""
    return str(look_of_state(str(getattr(state, "value", state))).label)


@register.filter
def state_tone(state: Any) -> str:
    """The tone of a state, for a class `tone-…`."""
    return look_of_state(str(getattr(state, "value", state))).tone


@register.filter
def state_icon(state: Any) -> str:
    """The icon name of a state."""
    return look_of_state(str(getattr(state, "value", state))).icon


@register.simple_tag
def turn_chip(turn: Any, since: dt.datetime | None = None, mine: bool = False, name: str = "") -> SafeString:
    """Whose turn it is and since when.

    `turn` is publisher, reviewer, operator, machine, region, freeze or nobody; `mine` says that the reader
    belongs to that party; `name` replaces the party's name ("Harbour Works").
    """
    party = str(getattr(turn, "value", turn) or "nobody")
    look: Look = look_of_turn("mine" if mine else party)
    extra = " turn--mine" if mine else " turn--quiet" if look_of_turn(party) == look_of_turn("nobody") else ""
    label = str(look.label) if mine or not name else name
    text = format_html("{}", label)
    if since is not None:
        text = format_html("{} {}", label, _since(since))
    return format_html('<span class="turn tone-{}{}">{}{}</span>', look.tone, extra, icon(look.icon), text)


def _since(since: dt.datetime) -> SafeString:
    span = duration(timezone.now() - since) or _("now")
    local = timezone.localtime(since)
    title = f"{format_date(local, 'l, j F Y, H:i')} {local.tzname()}"
    machine = since.astimezone(dt.UTC).isoformat(timespec="seconds")
    # Translators: follows "Your turn" or "Reviewer"; %s is a span such as "2 h 5 min".
    return format_html('<time datetime="{}" title="{}">{}</time>', machine, title, _("since %s") % span)


def initials(name: str) -> str:
    """Up to two letters for an avatar: of the first and last word, or of the mailbox name."""
    mailbox = name.split("@", maxsplit=1)[0].replace(".", " ").replace("_", " ")
    words = [word for word in mailbox.split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])).upper()


@register.simple_tag
def avatar(name: str, size: str = "", square: bool = False) -> SafeString:
    """A round (people) or square (teams) picture made of initials; its colour follows from the name."""
    text = str(name or "")
    tone = zlib.crc32(text.lower().encode()) % AVATAR_TONES
    classes = ["avatar", f"avatar--{tone}", size and f"avatar--{size}", "avatar--square" if square else ""]
    return format_html(
        '<span class="{}" aria-hidden="true">{}</span>', " ".join(filter(None, classes)), initials(text)
    )


@register.simple_tag
def person(name: str, note: str = "") -> SafeString:
    """A person's avatar and name, with an optional note after it."""
    if not name:
        return EMPTY
    tail = format_html(' <span class="muted small">{}</span>', note) if note else ""
    return format_html(
        '<span class="person">{}<span class="truncate">{}</span>{}</span>', avatar(name), name, tail
    )


@register.simple_tag
def copy_button(text: str, label: str = "") -> SafeString:
    """A button that copies `text`; it shows only where scripts run."""
    return format_html(
        '<button type="button" class="copy js-only" data-copy="{}" aria-label="{}" title="{}">{}</button>',
        text,
        label or _("Copy"),
        label or _("Copy"),
        icon("copy", "sm"),
    )


@register.simple_tag
def digest(value: str, length: int = 12, copy: bool = True) -> SafeString:
    """The beginning of a SHA-256 with the whole of it in the title and on the copy button."""
    if not value:
        return EMPTY
    button = copy_button(value, _("Copy the full digest")) if copy else ""
    return format_html(
        '<span class="digest"><span title="{}">{}</span>{}</span>', value, value[:length], button
    )


register.filter(in_sentence)
register.filter("in_words", counted)


@register.simple_tag
def ui_strings() -> SafeString:
    """The translated words of static/js/app.js and charts.js, as a JSON block for the end of the page."""
    strings = {
        "now": _("just now"),
        "ago_minutes": _("%(n)s min ago"),
        "ago_hours": _("%(n)s h ago"),
        "ago_days": _("%(n)s d ago"),
        "in_minutes": _("in %(n)s min"),
        "in_hours": _("in %(n)s h"),
        "in_days": _("in %(n)s d"),
        "copied": _("Copied"),
        "copy_failed": _("Could not copy. Select the text and copy it yourself."),
        "close": _("Close"),
        "on_this_page": _("On this page"),
        "autosave_saving": _("Saving…"),
        "autosave_saved": _("Saved at %(time)s"),
        "autosave_failed": _("Not saved. Your text is still here; we keep trying."),
        "offline": _("Connection lost. What you see may be out of date."),
        "back_online": _("Connected again."),
        "too_large": _("The files are larger than the limit of %(limit)s."),
        "error": _("That did not work. Nothing was changed; please try again."),
        "error_401": _("You have been signed out. Sign in again to go on."),
        "error_403": _("You may not do this."),
        "error_404": _("This is no longer here."),
        "error_409": _("Somebody else was faster. Reload the page to see what changed."),
        "error_429": _("Too many requests. Wait a moment and try again."),
        "show_table": _("Show as table"),
        "hide_table": _("Hide table"),
        "save_csv": _("Save the figures of “%(title)s” as CSV"),
        "save_png": _("Save the picture of “%(title)s” as PNG"),
        "chart_from": _("from (UTC)"),
        "chart_keys": _("Arrow keys go from step to step; with Shift they choose a range, Enter opens it."),
    }
    return json_script(strings, "ui-strings")
