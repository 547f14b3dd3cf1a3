"""Signing a program in by a code that its owner types in the portal (RFC 8628, device authorization).

The program holds a long code and asks again and again; the person is shown a short one and types it on a page
that says what will be allowed. What the program gets in the end is an ordinary API token.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.models import ApiToken, DeviceSignIn, User
from portal.accounts.tokens import create_token
from portal.shared import audit
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.secrets import Secret, fingerprint

# Without vowels and look-alikes: no words, and nothing that is misread. 20 ** 8 codes.
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
LIFE = timedelta(minutes=10)
# What command lines need; a person may untick.
USUAL_SCOPES = (
    ApiToken.Scope.READ,
    ApiToken.Scope.CONNECTORS,
    ApiToken.Scope.SUBMISSIONS,
    ApiToken.Scope.REVIEWS,
    ApiToken.Scope.ROLLOUTS,
)
_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Started:
    """`device_code` is for the program alone, `user_code` (BCDF-GHJK) for the person."""

    device_code: Secret
    user_code: str


@dataclass(frozen=True, slots=True)
class Issued:
    token: ApiToken
    text: Secret


class NotIssued(StrEnum):
    """Why there is no token, in the words of RFC 8628."""

    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    DENIED = "access_denied"
    EXPIRED = "expired_token"
    UNKNOWN = "invalid_grant"


def start_sign_in(*, name: str, scopes: Sequence[str], asked_from: str | None) -> Started:
    """A program that nobody knows yet asks for a pair of codes. `scopes` empty: the usual ones."""
    wanted = list(dict.fromkeys(scopes)) or list(USUAL_SCOPES)
    if set(wanted) - set(ApiToken.Scope.values):
        raise InvalidInput(_("There is no such scope."), code="invalid_scope")
    letters = "".join(secrets.choice(LETTERS) for place in range(8))
    device_code = secrets.token_urlsafe(32)
    now = timezone.now()
    DeviceSignIn.objects.filter(expires_at__lt=now - _KEPT).delete()
    DeviceSignIn.objects.create(
        device_digest=fingerprint(device_code),
        user_digest=fingerprint(letters),
        name=" ".join(name.split())[:80] or "certport",
        asked_from=asked_from,
        asked_scopes=wanted,
        expires_at=now + LIFE,
    )
    return Started(Secret(device_code), f"{letters[:4]}-{letters[4:]}")


def waiting_sign_in(code: str) -> DeviceSignIn | None:
    """The sign-in behind what a person typed, if it still waits for an answer."""
    letters = "".join(letter for letter in code.upper() if letter in LETTERS)
    found = DeviceSignIn.objects.filter(user_digest=fingerprint(letters)).first()
    return found if found is not None and found.is_waiting() else None


def agree(
    sign_in: DeviceSignIn, *, scopes: Sequence[str], publisher_id: UUID | None, days: int, actor: User
) -> None:
    """`actor` lets the program in, with some of the scopes it asked for."""
    given = [scope for scope in sign_in.asked_scopes if scope in scopes]
    if not given or set(scopes) - set(given):
        raise InvalidInput(
            _("Choose at least one of the listed scopes."), fields={"scopes": [_("Choose a scope.")]}
        )
    with transaction.atomic():
        changed = _open(sign_in).update(
            user=actor, scopes=given, publisher_id=publisher_id, days=days, agreed_at=timezone.now()
        )
        if not changed:
            raise Conflict(_("This code has ended, or was answered already. Start again in your terminal."))
        audit.record("device.agree", sign_in, actor=actor, data={"scopes": given, "name": sign_in.name})


def refuse(sign_in: DeviceSignIn, *, actor: User) -> None:
    """`actor` did not start it: the program is told no."""
    with transaction.atomic():
        if _open(sign_in).update(user=actor, refused_at=timezone.now()):
            audit.record("device.refuse", sign_in, actor=actor, data={"name": sign_in.name})


def _open(sign_in: DeviceSignIn) -> QuerySet[DeviceSignIn]:
    return DeviceSignIn.objects.filter(
        pk=sign_in.pk, agreed_at=None, refused_at=None, expires_at__gt=timezone.now()
    )


def fetch_token(device_code: str) -> Issued | NotIssued:
    """The token, once, after its owner agreed; else why not. Asked more often than allowed: slow down."""
    with transaction.atomic():
        digest = fingerprint(device_code)
        sign_in = DeviceSignIn.objects.select_for_update().filter(device_digest=digest).first()
        if sign_in is None or sign_in.fetched_at:
            return NotIssued.UNKNOWN
        refusal = _refusal(sign_in)
        if refusal is not None:
            DeviceSignIn.objects.filter(pk=sign_in.pk).update(polled_at=timezone.now())
            return refusal
        owner = sign_in.user
        assert owner is not None, "a constraint of the table"
        DeviceSignIn.objects.filter(pk=sign_in.pk).update(fetched_at=timezone.now())
        token, text = create_token(
            owner=owner,
            name=sign_in.name,
            scopes=sign_in.scopes,
            lifetime=timedelta(days=sign_in.days),
            publisher_id=sign_in.publisher_id,
            actor=owner,
        )
        return Issued(token, text)


def _refusal(sign_in: DeviceSignIn) -> NotIssued | None:
    now = timezone.now()
    if sign_in.expires_at <= now:
        return NotIssued.EXPIRED
    if sign_in.refused_at or (
        sign_in.user_id and not User.objects.filter(pk=sign_in.user_id, is_active=True)
    ):
        return NotIssued.DENIED
    if sign_in.agreed_at:
        return None
    # A little less than promised: clocks and networks shake.
    soonest = timedelta(seconds=settings.DEVICE_POLL_SECONDS * 0.9)
    if sign_in.polled_at and now - sign_in.polled_at < soonest:
        return NotIssued.SLOW_DOWN
    return NotIssued.PENDING
