"""The addresses that our mails are answered to, and where reports about them go."""

from __future__ import annotations

import datetime as dt
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac

from certification.inbound.addresses import NotOurs, SignedAddress, make, read
from certification.models import Notification
from certification.services.mail_deeds import can_act_on

ANSWERABLE = frozenset({"comment.add", "submission.request_changes"})
"""Mails whose answers have a place: the thread, or the submission that a new one opens on."""


def _keys() -> list[bytes]:
    """The present key first, then those that may still verify."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [
        salted_hmac("certification.reply_addresses", "", secret=secret, algorithm="sha256").digest()
        for secret in secrets
    ]


def reply_address(message: Notification) -> str:
    """Where an answer to this mail becomes a comment; empty for mails without a place for one."""
    has_place = message.event in ANSWERABLE or can_act_on(message.event)
    can_answer = has_place and message.recipient_id and message.submission_id
    return _address("reply", message) if can_answer else ""


def bounce_address(message: Notification) -> str:
    """Where mail servers report that it was not delivered; empty without a domain for it."""
    return _address("bounce", message)


def _address(kind: str, message: Notification) -> str:
    if not settings.REPLY_DOMAIN:
        return ""
    last_day = (message.queued_at + timedelta(days=settings.REPLY_DAYS)).date()
    signed = SignedAddress(kind, message.pk, last_day)
    return make(signed, domain=settings.REPLY_DOMAIN, key=_keys()[0])


def read_address(text: str) -> SignedAddress:
    """Raises NotOurs for what this portal has not signed."""
    return read(text, domain=settings.REPLY_DOMAIN, keys=_keys())


def is_over(address: SignedAddress) -> bool:
    today: dt.date = timezone.now().date()
    return today > address.last_day


__all__ = ["NotOurs", "bounce_address", "is_over", "read_address", "reply_address"]
