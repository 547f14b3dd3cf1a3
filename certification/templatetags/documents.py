"""Tables of a connector's documentation.

A definition of a megabyte has thousands of rows. A template with its translations takes about half a
millisecond for each; so the cells are written here, and the words are looked up once for each table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from connectors.definitions.documentation import Row
from portal.shared.templatetags.display import icon

register = template.Library()
Names = Mapping[str, str]


class _Words:
    """What stands between the texts of a package, in the reader's language."""

    def __init__(self) -> None:
        self.name, self.type, self.text = _("Name"), _("Type"), _("Description")
        self.required, self.a_list, self.one_of = _("required"), _("a list"), _("One of")
        self.and_more, self.default = _("and %(count)s more"), _("Default")
        self.fields = _("Its fields depend on what was chosen before.")
        self.choices = _("What can be chosen is asked of the service.")
        self.advanced = _("Behind “advanced options”")
        self.sign = icon("bolt", "sm")


@register.simple_tag
def documentation_rows(
    rows: Sequence[Row], label: str, type_names: Names, anchors: Names, is_input: bool = False
) -> SafeString:
    """The table of some values; `type_names` and `anchors` lead to other places of the page."""
    words = _Words()
    body = "".join(_row(row, words, type_names or {}, anchors or {}, is_input=is_input) for row in rows)
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in (words.name, words.type, words.text))
    return mark_safe(  # noqa: S308 - every text passed escape()
        '<div class="table-wrap"><table class="table table--stack reference-table">'
        f'<caption class="visually-hidden">{escape(str(label))}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(row: Row, words: _Words, type_names: Names, anchors: Names, *, is_input: bool) -> str:
    name = escape(row["name"])
    if is_input and row["is_required"]:
        name += f' <span class="reference-mark">{escape(words.required)}</span>'
    if row["path"] != row["name"]:
        name += f'<span class="cell-sub mono">{escape(row["path"])}</span>'
    said = f'<div class="reference-text">{_said(row, words, anchors)}</div>'
    return (
        f'<tr><th scope="row">{name}</th>'
        f'<td data-label="{escape(words.type)}">{_type(row, words, type_names)}</td>'
        f'<td data-label="{escape(words.text)}">{said}</td></tr>'
    )


def _type(row: Row, words: _Words, type_names: Names) -> str:
    target = type_names.get(row["ref"], "")
    found = (
        f'<a href="#{escape(row["ref"])}">{escape(target)}</a>'
        if target
        else f'<span class="mono">{escape(row["type"])}</span>'
    )
    return found + (f'<span class="cell-sub">{escape(words.a_list)}</span>' if row["is_list"] else "")


def _said(row: Row, words: _Words, anchors: Names) -> str:
    parts = []
    if row["text"]:
        parts.append(f"<p>{escape(row['text']).replace(chr(10), '<br>')}</p>")
    if row["choices"]:
        shown = " ".join(f"<code>{escape(choice)}</code>" for choice in row["choices"])
        more = escape(words.and_more % {"count": row["more_choices"]}) if row["more_choices"] else ""
        word = f'<span class="muted">{escape(words.one_of)}</span>'
        parts.append(f'<p class="reference-choices">{word} {shown} {more}</p>')
    if row["default"]:
        word = escape(words.default)
        parts.append(f'<p><span class="muted">{word}</span> <code>{escape(row["default"])}</code></p>')
    if row["dynamic"]:
        said = words.fields if row["dynamic"] == "fields" else words.choices
        source = _link(row["source"], anchors)
        parts.append(f'<p class="muted">{words.sign} {escape(said)} {source}</p>')
    if row["visibility"] == "advanced":
        parts.append(f'<p class="faint">{escape(words.advanced)}</p>')
    return "".join(parts)


def _link(operation_id: str, anchors: Names) -> str:
    anchor = anchors.get(operation_id, "")
    name = f"<code>{escape(operation_id)}</code>" if operation_id else ""
    return f'<a href="#{escape(anchor)}">{name}</a>' if anchor else name
