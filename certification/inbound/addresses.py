"""Addresses that mails may be answered to: `reply+<key>@domain`, and `bounce+<key>@domain` for what could not
be delivered.

The key holds the id of the message that went out, the last day it works, and a signature of both. It is
written in lower-case base32, because some servers change the case of what stands before the @, where 64
characters are all there may be.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

KINDS = ("reply", "bounce")
_EPOCH = dt.date(2020, 1, 1)
_MAC_BYTES = 10


class NotOurs(ValueError):
    """No address of ours, or nobody signed it."""


@dataclass(frozen=True, slots=True)
class SignedAddress:
    """`kind` is "reply" or "bounce", `message` the id of the notification, `last_day` the last it works."""

    kind: str
    message: uuid.UUID
    last_day: dt.date


def make(address: SignedAddress, *, domain: str, key: bytes) -> str:
    """The address as it stands in a header."""
    days = (address.last_day - _EPOCH).days
    body = address.message.bytes + days.to_bytes(2, "big")
    signed = body + _mac(address.kind, body, key)
    return f"{address.kind}+{_written(signed)}@{domain}"


def _written(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()


def read(text: str, *, domain: str, keys: Iterable[bytes]) -> SignedAddress:
    """What an address stands for; any of the keys may have signed it. Raises NotOurs.

    Whether its day is over is for the caller to say: a late reply deserves an answer.
    """
    local, _at, host = text.strip().strip("<>").rpartition("@")
    kind, plus, encoded = local.partition("+")
    if not domain or host.lower() != domain.lower() or kind.lower() not in KINDS or not plus:
        raise NotOurs("no address of this portal")
    kind = kind.lower()
    try:
        raw = base64.b32decode(encoded.upper() + "=" * (-len(encoded) % 8))
    except (binascii.Error, ValueError):
        raise NotOurs("no key") from None
    body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    # One address has one spelling, but for its case: the last character has a bit that says nothing.
    is_plain = _written(raw) == encoded.lower() and len(body) == 18
    if not is_plain or not any(hmac.compare_digest(mac, _mac(kind, body, key)) for key in keys):
        raise NotOurs("nobody signed it")
    last_day = _EPOCH + dt.timedelta(days=int.from_bytes(body[16:], "big"))
    return SignedAddress(kind, uuid.UUID(bytes=body[:16]), last_day)


def _mac(kind: str, body: bytes, key: bytes) -> bytes:
    return hmac.new(key, kind.encode() + b"\0" + body, hashlib.sha256).digest()[:_MAC_BYTES]
