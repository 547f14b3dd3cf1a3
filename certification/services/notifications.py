"""Messages to people: written once per event and person, kept readable in the portal, delivered by mail.

The row comes first and is the message; mail is only its transport. The Message-ID is fixed in the row, so a
delivery that is repeated after a lost answer is recognisable as the same mail.
"""

from __future__ import annotations

import smtplib
import uuid
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from email.utils import parseaddr
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from certification.messages import KINDS, MessageKind, template_name
from certification.models import MailText, Notification
from certification.queries.mail_texts import DIGEST, current_text
from certification.services.letter_parts import SECRET_MARK, Letter, NewDate, NothingToTell, absolute
from certification.services.letters import compose
from certification.services.mail_deeds import how_to_answer
from certification.services.mail_texts import worded
from certification.services.recipients import recipients
from certification.services.reply_addresses import bounce_address, reply_address
from certification.services.watches import leaving_token
from connectors.models import Publisher
from portal.accounts.models import NotificationPreference, User
from portal.shared import outbox
from portal.shared.errors import InvalidInput, NotPermitted
from portal.shared.outbox import Retry
from portal.shared.words import in_sentence

GIVE_UP_AFTER = timedelta(days=5)
LONGEST_WAIT_SECONDS = 600
DIGEST_HOUR = 8
_PERMANENT = range(500, 600)


def notify(event: str, **payload: str) -> int:
    """Write the messages of one event; returns how many people are told. Safe to run again: a message is
    written once per job and person."""
    occurrence = outbox.current_job_id()
    try:
        letter = compose(event, payload)
    except NothingToTell:
        return 0
    kind = KINDS[event]
    people = recipients(letter, kind)
    deliveries, team = _deliveries(kind, people), _readers(letter)
    with transaction.atomic():
        for person in people:
            delivery = deliveries.get(person.pk, Notification.State.QUEUED)
            publisher = letter.publisher if person.pk in team else None
            _write(letter, kind, person, occurrence, delivery=delivery, publisher=publisher)
        if letter.address and letter.person is None:
            _write(letter, kind, None, occurrence, delivery=Notification.State.QUEUED, publisher=None)
    return len(people) or int(bool(letter.address))


def _write(
    letter: Letter,
    kind: MessageKind,
    person: User | None,
    occurrence: object,
    *,
    delivery: str,
    publisher: Publisher | None,
) -> None:
    address = person.email if person else letter.address
    subject, text, html = render(letter, kind, person)
    made, is_new = Notification.objects.get_or_create(
        dedupe_key=f"{letter.event}:{occurrence}:{person.pk if person else address}",
        defaults={
            "recipient": person,
            "address": address,
            "event": letter.event,
            "group": kind.group,
            "subject": subject,
            "body_text": text,
            "body_html": html,
            "url": "" if letter.secret else letter.url,
            "sealed": {"key": letter.secret} if letter.secret else None,
            "publisher": publisher,
            "submission": letter.submission,
            "thread": letter.names.get("thread"),
            "watch": letter.names.get("watch"),
            "state": delivery,
            "message_id": _message_id(),
        },
    )
    if is_new and delivery == Notification.State.QUEUED:
        outbox.emit("notification.queue", id=str(made.pk))


def _readers(letter: Letter) -> set[UUID]:
    """Whose messages the whole team may read in the portal: those written to one of its members."""
    if letter.is_private or letter.publisher is None:
        return set()
    return set(letter.publisher.memberships.values_list("user_id", flat=True))


def _deliveries(kind: MessageKind, people: Sequence[User]) -> dict[UUID, str]:
    """Person id -> state of a new message, for those who chose something else than a mail at once."""
    if kind.is_required:
        return {}
    states: dict[str, str] = {
        NotificationPreference.Delivery.DIGEST: Notification.State.DIGEST,
        NotificationPreference.Delivery.NONE: Notification.State.PORTAL,
    }
    chosen = NotificationPreference.objects.filter(
        user__in=people, group=kind.group, delivery__in=states
    ).values_list("user_id", "delivery")
    return {user_id: states[delivery] for user_id, delivery in chosen}


def _message_id() -> str:
    _, sender = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return f"<{uuid.uuid4()}@{sender.rpartition('@')[2] or 'localhost'}>"


def render(letter: Letter, kind: MessageKind, person: User | None) -> tuple[str, str, str]:
    """Subject, text and HTML of a letter for one reader, with times in the reader's zone."""
    zone = ZoneInfo(person.time_zone) if person else ZoneInfo("UTC")
    with timezone.override(zone), translation.override(language_of(person)):
        context = {
            **letter.names,
            "actor_name": letter.actor_name,
            "reason": letter.reason,
            "facts": [(label, _shown(value)) for label, value in letter.facts if value],
            "action_url": absolute(letter.url),
            "action_label": kind.action_label,
            "tone": kind.tone,
            "how_to_answer": how_to_answer(letter.event) if person else "",
            "why": _why(letter, kind),
            "preferences_url": "" if kind.is_required else absolute(reverse("notification_preferences")),
            "site_name": settings.SITE_NAME,
            "site_url": settings.SITE_URL,
        }
        context["written"] = written = worded(letter.text, letter.event, context)
        subject = _one_line(render_to_string(template_name(letter.event, "subject.txt"), context))
        subject = _one_line(written.get("subject", "")) or subject
        context["heading"] = context["preheader"] = subject
        text = render_to_string(template_name(letter.event, "body.txt"), context)
        html = render_to_string(template_name(letter.event, "body.html"), context)
    return subject, text.strip() + "\n", html


def language_of(person: User | None) -> str:
    """The language of a mail: the reader's choice, else the portal's own (a mail program asks for none)."""
    return (person.language if person else "") or settings.LANGUAGE_CODE


def _shown(value: Any) -> str:
    if isinstance(value, NewDate):
        old = date_format(timezone.localtime(value.old_at), "l, j F")
        return _("%(new)s, before: %(old)s") % {"new": _shown(value.new_at), "old": old}
    if isinstance(value, datetime):
        local = timezone.localtime(value)
        return f"{date_format(local, 'l, j F Y, H:i')} ({local.tzname()})"
    return str(value)


def _one_line(text: str) -> str:
    """Header-safe: whatever a person put into a name, a subject is one line."""
    return " ".join(text.split())[:200]


def _why(letter: Letter, kind: MessageKind) -> str:
    if letter.names.get("watch"):
        return _("You get this mail because somebody asked at the portal to be told at this address.")
    if letter.event == "receivedmail.refuse":
        return _("You get this mail because you answered one of ours.")
    if letter.event == "ownershipclaim.ask":
        return _("You get this mail because the definition of a live connector names this address.")
    if letter.event.startswith("erasure."):
        return _("You get this mail because it is about your account.")
    if kind.is_required:
        return _("You get this mail because somebody invited this address.")
    group = in_sentence(kind.group.label)
    if letter.publisher:
        return _("You get this mail about %(group)s because you work on %(publisher)s.") % {
            "group": group,
            "publisher": letter.publisher.name,
        }
    return _("You get this mail about %(group)s.") % {"group": group}


def deliver(notification_id: str) -> None:
    """Hand one message to the mail server. A server that is away means later, for up to five days."""
    message = Notification.objects.filter(pk=notification_id, state=Notification.State.QUEUED).first()
    if message is None:
        return
    try:
        _mail(message).send()
    except (smtplib.SMTPException, OSError) as error:
        _record_failure(message, error)
        return
    Notification.objects.filter(pk=message.pk, state=Notification.State.QUEUED).update(
        state=Notification.State.SENT, sent_at=timezone.now(), last_error="", sealed=None
    )


def _mail(message: Notification) -> EmailMultiAlternatives:
    text, html = message.body_text, message.body_html
    if message.sealed:
        key = message.sealed["key"].reveal()
        text, html = text.replace(SECRET_MARK, key), html.replace(SECRET_MARK, key)
    headers = {"Message-ID": message.message_id, "Auto-Submitted": "auto-generated"}
    if message.watch:
        address = absolute(reverse("watch_leave", args=[leaving_token(message.watch)]))
        headers["List-Unsubscribe"] = f"<{address}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    answers_to, reports_to = reply_address(message), bounce_address(message)
    if answers_to:
        headers["Reply-To"] = answers_to
    if reports_to:
        # Mail servers report to the envelope's sender; people see the From.
        headers["From"] = settings.DEFAULT_FROM_EMAIL
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=text,
        from_email=reports_to or None,
        to=[message.address],
        headers=headers,
    )
    if html:
        mail.attach_alternative(html, "text/html")
    return mail


def _record_failure(message: Notification, error: Exception) -> None:
    attempts = message.attempts + 1
    changes: dict[str, Any] = {"attempts": attempts, "last_error": _failure_text(error)}
    is_final = _is_permanent(error) or timezone.now() - message.queued_at > GIVE_UP_AFTER
    if is_final:
        changes["state"] = Notification.State.FAILED
    with transaction.atomic():
        Notification.objects.filter(pk=message.pk, state=Notification.State.QUEUED).update(**changes)
        if is_final:
            outbox.emit("notification.fail", id=str(message.pk))
    if not is_final:
        raise Retry(min(LONGEST_WAIT_SECONDS, 5 * 2 ** min(attempts, 8)))


def _is_permanent(error: Exception) -> bool:
    """The server refused this recipient or this message for good; trying again would annoy it."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code in _PERMANENT for code, _ in error.recipients.values())
    if isinstance(error, (smtplib.SMTPDataError, smtplib.SMTPSenderRefused)):
        return error.smtp_code in _PERMANENT
    return False


def _failure_text(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = ", ".join(str(code) for code, _ in error.recipients.values())
        return f"The mail server refused the address ({codes})."
    if isinstance(error, smtplib.SMTPResponseException):
        return f"The mail server answered {error.smtp_code}."
    return "The mail server could not be reached."


def send_digests() -> int:
    """One mail a day, at eight in the reader's morning, to each person with waiting messages."""
    waiting = (
        Notification.objects.filter(state=Notification.State.DIGEST, recipient__is_active=True)
        .values_list("recipient_id", flat=True)
        .distinct()
    )
    people = User.objects.filter(pk__in=waiting)
    return sum(_send_digest(person) for person in people)


def _send_digest(person: User) -> bool:
    zone = ZoneInfo(person.time_zone)
    local = timezone.localtime(timezone.now(), zone)
    if local.time() < time(DIGEST_HOUR):
        return False
    with transaction.atomic():
        items = list(
            Notification.objects.select_for_update()
            .filter(recipient=person, state=Notification.State.DIGEST)
            .order_by("created_at")
        )
        key = f"digest:{local.date()}:{person.pk}"
        if not items or Notification.objects.filter(dedupe_key=key).exists():
            return False
        with translation.override(language_of(person)):
            digest = _digest(person, items, key)
        Notification.objects.filter(pk__in=[item.pk for item in items]).update(
            state=Notification.State.PORTAL, digest_of=digest
        )
        outbox.emit("notification.queue", id=str(digest.pk))
    return True


def _digest(person: User, items: Sequence[Notification], key: str) -> Notification:
    entries = [{"subject": item.subject, "absolute_url": absolute(item.url)} for item in items]
    subject, text, html = render_digest(entries, current_text(DIGEST))
    return Notification.objects.create(
        recipient=person,
        address=person.email,
        event="digest",
        group="digest",
        subject=subject,
        body_text=text,
        body_html=html,
        url=reverse("notification_list"),
        message_id=_message_id(),
        dedupe_key=key,
    )


def render_digest(entries: Sequence[dict[str, str]], words: MailText | None) -> tuple[str, str, str]:
    """Subject, text and HTML of the mail that gathers a day's messages."""
    context: dict[str, Any] = {
        "items": entries,
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "action_url": absolute(reverse("notification_list")),
        "action_label": _("Read all messages"),
        "preferences_url": absolute(reverse("notification_preferences")),
        "why": _("You chose to get these once a day."),
    }
    context["written"] = written = worded(words, DIGEST, context)
    default = render_to_string("email/digest_subject.txt", context)
    subject = _one_line(written.get("subject", "")) or _one_line(default)
    context["heading"] = context["preheader"] = subject
    text = render_to_string("email/digest_body.txt", context).strip() + "\n"
    return subject, text, render_to_string("email/digest_body.html", context)


def mark_read(notification: Notification, *, actor: User) -> None:
    """The reader has seen it."""
    if notification.recipient_id == actor.pk and notification.read_at is None:
        Notification.objects.filter(pk=notification.pk, read_at=None).update(read_at=timezone.now())


def mark_all_read(
    *, actor: User, at: datetime | None = None, among: QuerySet[Notification] | None = None
) -> int:
    """All messages of a person, or those `among` some, read at one moment; returns how many were not."""
    own = Notification.objects.filter(recipient=actor, read_at=None)
    if among is not None:
        own = own.filter(pk__in=among.order_by().values("pk"))
    return own.update(read_at=at or timezone.now())


def mark_unread(*, at: datetime, actor: User) -> int:
    """Those that were marked as read at this very moment."""
    return Notification.objects.filter(recipient=actor, read_at=at).update(read_at=None)


def send_again(notification: Notification, *, actor: User) -> None:
    """Try a failed delivery once more, after the address or the server was mended."""
    if not actor.is_operator and notification.recipient_id != actor.pk:
        raise NotPermitted(_("Only the reader or an operator sends a message again."))
    with transaction.atomic():
        changed = Notification.objects.filter(pk=notification.pk, state=Notification.State.FAILED).update(
            state=Notification.State.QUEUED, attempts=0, last_error="", queued_at=timezone.now()
        )
        if not changed:
            raise InvalidInput(_("This message did not fail: there is nothing to send again."))
        outbox.emit("notification.queue", id=str(notification.pk))
