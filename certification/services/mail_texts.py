"""The words of mails: write them, go back to an earlier wording or to the default, and use them safely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from certification.models import MailText
from certification.policies import can_manage_mail_texts
from certification.queries.mail_texts import EVENTS
from certification.wording import FIXED_BODY, Unfillable, faults_in, fill, paragraphs
from portal.accounts.models import User
from portal.shared import audit
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.policy import require

log = structlog.get_logger(__name__)
LONGEST_SUBJECT = 150
LONGEST_PART = 2_000
PARTS = ("subject", "opening", "body", "closing")


@dataclass(frozen=True)
class TextDraft:
    """What a mail shall say; an empty part is the default's."""

    subject: str = ""
    opening: str = ""
    body: str = ""
    closing: str = ""


def check(event: str, draft: TextDraft) -> TextDraft:
    """The draft as it would be kept. Raises InvalidInput with every fault at its part."""
    if event not in EVENTS:
        raise InvalidInput(_("There is no such mail."), fields={"event": [_("There is no such mail.")]})
    kept = {name: _clean(getattr(draft, name)) for name in PARTS}
    kept["subject"] = " ".join(kept["subject"].split())
    faults: dict[str, list[str]] = {}
    for name, text in kept.items():
        most = LONGEST_SUBJECT if name == "subject" else LONGEST_PART
        if len(text) > most:
            faults[name] = [_("At most %(most)s characters.") % {"most": most}]
        elif strange := faults_in(event, text):
            faults[name] = [
                _("%(what)s is no variable of this mail. The list beside the form has those there are.")
                % {"what": strange[0]}
            ]
    if kept["body"] and event in FIXED_BODY:
        faults["body"] = [_("The sentences of this mail carry what it is about: write around them.")]
    if faults:
        raise InvalidInput(_("The words cannot be used like this."), fields=faults)
    return TextDraft(**kept)


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\0", "").strip()


def write(event: str, draft: TextDraft, *, based_on: int, reason: str = "", actor: User) -> MailText:
    """A new wording, sent from now on. `based_on` is the number the writer started from, 0 for the default:
    Conflict when somebody was faster."""
    require(can_manage_mail_texts, actor, None)
    kept = check(event, draft)
    action = "mailtext.reset" if kept == TextDraft() else "mailtext.change"
    return _add(event, kept, action, based_on=based_on, reason=reason, actor=actor)


def restore(wording: MailText, *, actor: User) -> MailText:
    """An earlier wording becomes the newest again."""
    require(can_manage_mail_texts, actor, None)
    kept = check(wording.event, TextDraft(*(getattr(wording, name) for name in PARTS)))
    reason = _("Wording %(number)s again") % {"number": wording.number}
    newest = _newest_number(wording.event)
    return _add(wording.event, kept, "mailtext.restore", based_on=newest, reason=reason, actor=actor)


def reset(event: str, *, actor: User) -> MailText:
    """Back to the default."""
    require(can_manage_mail_texts, actor, None)
    check(event, TextDraft())
    return _add(event, TextDraft(), "mailtext.reset", based_on=_newest_number(event), actor=actor)


def _newest_number(event: str) -> int:
    found = MailText.objects.filter(event=event).order_by("-number").values_list("number", flat=True)
    return next(iter(found[:1]), 0)


def _add(
    event: str, draft: TextDraft, action: str, *, based_on: int, reason: str = "", actor: User
) -> MailText:
    late = _("Somebody changed this mail while you were writing: compare, then save again.")
    if based_on != _newest_number(event):
        raise Conflict(late)
    texts = {name: getattr(draft, name) for name in PARTS}
    try:
        with transaction.atomic():
            made = MailText.objects.create(
                event=event, number=based_on + 1, reason=reason.strip()[:500], written_by=actor, **texts
            )
            data = {"mail": event, "number": made.number, **texts}
            audit.record(action, made, actor=actor, reason=made.reason, data=data)
    except IntegrityError as error:
        if "mailtext_numbered_once" not in str(error):
            raise
        raise Conflict(late) from None
    return made


def worded(text: MailText | None, event: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """What the templates of a mail take from its wording: {} for the default.

    A wording never stops a mail. One that cannot be filled is left out, and that is written down.
    """
    if text is None or text.is_default:
        return {}
    try:
        parts = {name: fill(event, getattr(text, name), context) for name in PARTS}
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the mail goes out
        _record_failure(text, error)
        return {}
    subject = " ".join(parts.pop("subject").split())
    return {"subject": subject, **{name: paragraphs(part) for name, part in parts.items()}}


def _record_failure(text: MailText, error: Exception) -> None:
    why = str(error) if isinstance(error, Unfillable) else type(error).__name__
    log.warning("mail_text_left_out", mail=text.event, number=text.number, why=why)
    MailText.objects.filter(pk=text.pk).update(failed_at=timezone.now(), failure=why[:200])
