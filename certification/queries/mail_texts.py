"""Reads about the words of mails: what is sent, what was before, and what differs."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from certification.messages import KINDS, Group
from certification.models import MailText
from certification.reviewing.differences import DiffRow, line_diff

DIGEST = "digest"
EVENTS = (*KINDS, DIGEST)


def current_text(event: str) -> MailText | None:
    """The wording that is sent; None where the default is."""
    found = MailText.objects.filter(event=event).order_by("-number").first()
    return None if found is None or found.is_default else found


def texts_in_use() -> list[MailText]:
    """The newest wording of each kind of mail that does not have the default."""
    return [each for each in _newest() if not each.is_default]


def _newest() -> QuerySet[MailText]:
    found = MailText.objects.order_by("event", "-number").distinct("event")
    return found.select_related("written_by")


def wordings(event: str) -> QuerySet[MailText]:
    """Every wording of a kind of mail, the newest first."""
    return MailText.objects.filter(event=event).select_related("written_by").order_by("-number")


@dataclass(frozen=True, slots=True)
class Wording:
    """A wording in the history, with what it changed."""

    text: MailText
    rows: list[DiffRow]
    is_current: bool


def wording_history(event: str) -> list[Wording]:
    """The newest first; each against the one before, the first against the default."""
    found = list(wordings(event)[:50])
    before = [*(each.lines for each in found[1:]), []][: len(found)]
    return [
        Wording(each, line_diff(old, each.lines).rows, index == 0)
        for index, (each, old) in enumerate(zip(found, before, strict=True))
    ]


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of mail in the list; `text` is its newest wording, if it ever had one."""

    event: str
    text: MailText | None


def mail_rows() -> list[tuple[str, list[Row]]]:
    """[(group, rows)]; one query."""
    newest = {each.event: each for each in _newest()}
    groups: list[tuple[str, list[Row]]] = []
    for group in Group:
        events = [event for event, kind in KINDS.items() if kind.group == group]
        groups.append((str(group.label), [Row(event, newest.get(event)) for event in events]))
    return [*groups, (_("Once a day"), [Row(DIGEST, newest.get(DIGEST))])]
