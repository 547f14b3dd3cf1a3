"""Mail that comes in: an answer becomes a comment or a deed, a report marks what was not delivered, the rest
is left alone. Each leaves a record.

Whoever writes is the person the mail went to: the address is signed for them, and the From has to be theirs.
Whether the From is genuine is for the mail server in front to say (DMARC). What is refused is answered once,
to the address the portal knows, never to a machine.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from certification.inbound.addresses import SignedAddress
from certification.inbound.reading import MailKind, Received, read
from certification.models import Comment, Notification, ReceivedMail, Thread
from certification.services import mail_deeds, threads
from certification.services.reply_addresses import NotOurs, is_over, read_address
from portal.accounts.models import User
from portal.shared import outbox
from portal.shared.errors import (
    Blocked,
    Conflict,
    IllegalTransition,
    InvalidInput,
    NotPermitted,
    PortalError,
    TooLarge,
)

__all__ = ["NotOurs", "receive"]

_Outcome = ReceivedMail.Outcome
ANSWERED = frozenset(
    {
        _Outcome.STRANGER,
        _Outcome.EXPIRED,
        _Outcome.CLOSED,
        _Outcome.FORBIDDEN,
        _Outcome.ATTACHED,
        _Outcome.UNUSABLE,
    }
)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What became of it; `detail` is a sentence for the writer, or the status of a report."""

    outcome: ReceivedMail.Outcome
    detail: str = ""
    comment: Comment | None = None


def receive(raw: bytes, *, recipient: str, envelope_sender: str | None = None) -> ReceivedMail | None:
    """Take in one mail to one of our addresses; None when it was here before.

    Raises NotOurs for an address that we have not signed, TooLarge.
    """
    address = read_address(recipient)
    if len(raw) > settings.RECEIVE_MAIL_BYTES:
        raise TooLarge(_("The mail is too large."))
    mail = read(raw, envelope_sender=envelope_sender)
    key = hashlib.sha256(f"{recipient.lower()}\n{mail.message_id or _digest(raw)}".encode()).hexdigest()
    related = ("recipient", "thread__submission__connector__publisher", "submission__connector__publisher")
    message = Notification.objects.select_related(*related).filter(pk=address.message).first()
    with transaction.atomic():
        # One of two deliveries at once waits here, and then finds the record of the other.
        made, is_new = ReceivedMail.objects.get_or_create(
            dedupe_key=key,
            defaults={
                "notification": message,
                "sender": mail.sender[:254],
                "size_bytes": len(raw),
                "outcome": _Outcome.UNUSABLE,
            },
        )
        if not is_new:
            return None
        verdict = _verdict(address, message, mail)
        made.outcome, made.detail, made.comment = verdict.outcome, verdict.detail[:300], verdict.comment
        made.save(update_fields=["outcome", "detail", "comment"])
        if verdict.outcome in ANSWERED and message is not None and message.recipient_id:
            outbox.emit("receivedmail.refuse", id=str(made.pk))
    return made


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _verdict(address: SignedAddress, message: Notification | None, mail: Received) -> _Verdict:
    if mail.kind == MailKind.REPORT:
        return _reported(message, mail)
    if mail.kind == MailKind.AUTOMATIC or address.kind == "bounce":
        return _Verdict(_Outcome.AUTOMATIC)
    if message is None or message.recipient is None:
        return _Verdict(_Outcome.EXPIRED)
    return _answered(address, message, message.recipient, mail)


def _reported(message: Notification | None, mail: Received) -> _Verdict:
    """A report of another server about a mail of ours."""
    if not mail.is_failure:
        return _Verdict(_Outcome.DELAYED, mail.status)
    if message is not None:
        error = f"It came back from the recipient's mail server ({mail.status or 'no reason given'})."
        sent = Notification.objects.filter(pk=message.pk, state=Notification.State.SENT)
        if sent.update(state=Notification.State.FAILED, last_error=error[:200]):
            outbox.emit("notification.fail", id=str(message.pk))
    return _Verdict(_Outcome.BOUNCED, mail.status)


def _answered(address: SignedAddress, message: Notification, writer: User, mail: Received) -> _Verdict:
    """A person's answer, by the rights the person has now."""
    if mail.sender not in _addresses_of(writer):
        return _Verdict(_Outcome.STRANGER, _("Your answer came from an address that is not in your profile."))
    if is_over(address):
        return _Verdict(_Outcome.EXPIRED, _("The mail you answered is too old to be answered by mail."))
    if not writer.is_active:
        return _Verdict(_Outcome.FORBIDDEN, _("Your account is closed."))
    if mail.attachments:
        words = _("Your answer had files attached, which are not taken in: send it again without them.")
        return _Verdict(_Outcome.ATTACHED, words)
    try:
        # What the services refuse must not undo the record of it.
        with transaction.atomic():
            if mail_deeds.carry_out(message, mail.text, actor=writer):
                return _Verdict(_Outcome.DONE)
            return _Verdict(_Outcome.COMMENT, comment=_comment(message, writer, mail.text))
    except NotPermitted:
        return _Verdict(_Outcome.FORBIDDEN, _("You may not comment on this submission any more."))
    except Blocked as error:
        return _Verdict(_Outcome.CLOSED, " ".join([error.message, *error.blockers]))
    except (Conflict, IllegalTransition) as error:
        return _Verdict(_Outcome.CLOSED, error.message)
    except InvalidInput as error:
        return _Verdict(_Outcome.UNUSABLE, error.message)
    except PortalError as error:
        return _Verdict(_Outcome.UNUSABLE, error.message)


def _addresses_of(writer: User) -> set[str]:
    """Every address whose mailbox the person has shown to be theirs."""
    verified = EmailAddress.objects.filter(user=writer, verified=True).values_list("email", flat=True)
    return {writer.email.lower(), *(each.lower() for each in verified)}


def _comment(message: Notification, writer: User, text: str) -> Comment:
    """In the thread that the mail was about, or in a new one on the submission."""
    if message.thread is not None:
        seen = Thread.objects.visible_to(writer).filter(pk=message.thread.pk)
        if not seen.exists():
            raise NotPermitted(_("You may not see this conversation any more."))
        return threads.reply(message.thread, body=text, actor=writer)
    assert message.submission is not None
    opened = threads.open_thread(message.submission, body=text, actor=writer)
    return opened.comments.get()
