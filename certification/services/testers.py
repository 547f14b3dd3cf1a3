"""Guest testers: people from outside who test a submission's Preview for some days.

The mailed link is signed, works once and opens nothing by itself: who follows it signs in with the invited,
verified address, and the access is bound to that account.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from certification.data.products import BY_KEY
from certification.lifecycle import GUEST_TESTER, PREVIEW
from certification.models import GuestTester, Preview, ProductCheck, Submission
from certification.policies import can_check_products, can_invite_tester
from connectors.policies import is_member
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.actors import Actor
from portal.shared.errors import Blocked, Conflict, InvalidInput, NotPermitted
from portal.shared.policy import require
from portal.shared.secrets import Secret, decrypt, encrypt, fingerprint
from portal.shared.transitions import transition

USUAL_DAYS, MOST_DAYS = 14, 60
MOST_STANDING = 25
"""Guests of one submission at a time: enough for a beta, too few for a mailing list."""
LONGEST_NOTE = 1_000
_SALT = "guesttester.invite"


@dataclass(frozen=True)
class GuestDraft:
    """Whom to invite, for which products (keys), for how long, and what the team wants to know."""

    email: str
    products: Sequence[str]
    days: int = USUAL_DAYS
    note: str = ""


def invite(preview: Preview, draft: GuestDraft, *, actor: User) -> tuple[GuestTester, Secret]:
    """Invite an address to test; returns the invitation and its one-time token.

    Raises `InvalidInput`, `Conflict` (it stands already) and `Blocked` (nothing is left to be tested).
    """
    submission = preview.submission
    require(can_invite_tester, actor, submission)
    if preview.state in PREVIEW.terminal:
        raise Blocked(_("This Preview is over: there is nothing left to test in it."))
    email = _check(submission, draft)
    token = _new_token()
    now = timezone.now()
    with transaction.atomic():
        _make_room(submission, email, actor)
        try:
            with transaction.atomic():
                tester = GuestTester.objects.create(
                    submission=submission, email=email, products=list(dict.fromkeys(draft.products)),
                    note=draft.note.strip(), token_digest=fingerprint(token), invited_by=actor,
                    sent_at=now, expires_at=now + dt.timedelta(days=draft.days),
                )  # fmt: skip
        except IntegrityError:
            text = _("This address is invited already: send the invitation again instead.")
            raise Conflict(text) from None
        audit.record(
            "guesttester.invite", tester, actor=actor, about=_about(tester),
            data={"email": email, "products": tester.products, "until": tester.expires_at.isoformat()},
        )  # fmt: skip
        outbox.emit("guesttester.invite", id=str(tester.pk), sealed=encrypt(token))
    return tester, Secret(token)


def _check(submission: Submission, draft: GuestDraft) -> str:
    faults: dict[str, list[str]] = {}
    email = draft.email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        faults["email"] = [_("Write an e-mail address such as ada@example.com.")]
    if submission.publisher.memberships.filter(user__email__iexact=email).exists():
        faults["email"] = [_("This person is in the team and can test already.")]
    if not draft.products or set(draft.products) - set(BY_KEY):
        faults["products"] = [_("Choose the products in which the person should test.")]
    if not 1 <= draft.days <= MOST_DAYS:
        faults["days"] = [_("Between 1 and %(most)s days.") % {"most": MOST_DAYS}]
    if len(draft.note) > 500:
        faults["note"] = [_("At most 500 characters.")]
    if faults:
        raise InvalidInput(_("Nobody was invited: some fields cannot be used."), fields=faults)
    return email


def _make_room(submission: Submission, email: str, actor: Actor) -> None:
    """Under the submission's lock: what has run out is taken back, and no more than so many stand."""
    Submission.objects.select_for_update(of=("self",)).get(pk=submission.pk)
    standing = GuestTester.objects.filter(submission=submission, state__in=("invited", "accepted"))
    for expired in standing.filter(email__iexact=email, expires_at__lte=timezone.now()):
        transition(
            GUEST_TESTER, expired, "revoke", actor=actor, reason="It had run out.", about=_about(expired),
            data={"email": expired.email},
        )  # fmt: skip
    if standing.filter(expires_at__gt=timezone.now()).count() >= MOST_STANDING:
        raise Blocked(_("%(most)s guests are the most: take an access back first.") % {"most": MOST_STANDING})


def _about(tester: GuestTester) -> list[Model]:
    return [tester.submission, tester.submission.connector, *tester.submission.previews.all()]


def _new_token() -> str:
    """Unguessable and signed: a link that was tampered with is refused without asking the database."""
    return signing.dumps(secrets.token_urlsafe(24), salt=_SALT)


def opened_token(sealed: str) -> Secret:
    """The token out of the payload of `guesttester.invite`, for the mail."""
    return Secret(decrypt(sealed))


def find(token: str) -> GuestTester:
    """The invitation a mailed link stands for. Raises `InvalidInput` when there is none."""
    try:
        signing.loads(token, salt=_SALT, max_age=dt.timedelta(days=MOST_DAYS))
    except signing.BadSignature:
        raise InvalidInput(_("This link is not one of ours, or too old. Ask for a new invitation.")) from None
    found = GuestTester.objects.filter(token_digest=fingerprint(token)).first()
    if found is None:
        raise InvalidInput(_("A newer invitation took the place of this link: look for the latest mail."))
    return found


def answerable(tester_id: str | UUID | None) -> GuestTester:
    """The invitation, if it can still be accepted; else `InvalidInput` says why not."""
    related = ("submission__connector__publisher", "invited_by")
    tester = GuestTester.objects.select_related(*related).filter(pk=tester_id or UUID(int=0)).first()
    if tester is None:
        raise InvalidInput(_("Open the link of your invitation mail again."))
    _still_open(tester)
    return tester


def _still_open(tester: GuestTester) -> None:
    if tester.state == "accepted":
        raise InvalidInput(_("This invitation was accepted already: its link works once."))
    if tester.state == "revoked":
        raise InvalidInput(_("This invitation was taken back."))
    if tester.is_expired:
        raise InvalidInput(_("This invitation has run out. Ask for a new one."))


def accept(tester: GuestTester, *, actor: User) -> GuestTester:
    """Begin to test. The actor's own verified address has to be the invited one."""
    submission = tester.submission
    is_own = EmailAddress.objects.filter(user_id=actor.pk, email__iexact=tester.email, verified=True)
    if not is_own.exists():
        raise NotPermitted(
            _(
                "This invitation is for another address. Sign in with the address it was sent to, "
                "and verify it."
            )
        )
    if is_member(actor, submission.publisher):
        raise Conflict(_("You are in this team: you can test without an invitation."))

    def guard(row: GuestTester) -> None:
        _still_open(row)
        if not can_invite_tester(row.invited_by, row.submission):
            raise InvalidInput(_("Whoever invited you may not do so any more. Ask the team for a new one."))

    with transaction.atomic():
        return transition(
            GUEST_TESTER, tester, "accept", actor=actor, guard=guard, about=_about(tester),
            changes={"user_id": actor.pk, "accepted_at": timezone.now()}, data={"email": tester.email},
        )  # fmt: skip


def _locked(tester: GuestTester, actor: Actor) -> GuestTester:
    """The row to change, for whoever may invite."""
    require(can_invite_tester, actor, tester.submission)
    row = GuestTester.objects.select_for_update(of=("self",)).select_related("submission__connector")
    found = row.get(pk=tester.pk)
    if not found.is_standing:
        raise Conflict(_("This access was taken back: invite the person anew."))
    return found


def send_again(tester: GuestTester, *, actor: User) -> GuestTester:
    """Another mail with a new link; the one before is dead. What has run out gets its days again."""
    token = _new_token()
    with transaction.atomic():
        row = _locked(tester, actor)
        if row.state != "invited":
            raise Conflict(_("The invitation was accepted: there is no link to send again."))
        now = timezone.now()
        if row.is_expired:
            row.expires_at = now + dt.timedelta(days=USUAL_DAYS)
        row.token_digest, row.sent_at, row.invited_by = fingerprint(token), now, actor
        row.save(update_fields=["token_digest", "sent_at", "expires_at", "invited_by"])
        audit.record("guesttester.send_again", row, actor=actor, about=_about(row), data={"email": row.email})
        outbox.emit("guesttester.invite", id=str(row.pk), sealed=encrypt(token))
    return row


def prolong(tester: GuestTester, *, days: int = USUAL_DAYS, actor: User) -> GuestTester:
    """So many days from now, if that is later."""
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInput(
            _("Between 1 and %(most)s days.") % {"most": MOST_DAYS},
            fields={"days": [_("Too few or too many.")]},
        )
    with transaction.atomic():
        row = _locked(tester, actor)
        row.expires_at = max(row.expires_at, timezone.now() + dt.timedelta(days=days))
        row.save(update_fields=["expires_at"])
        audit.record(
            "guesttester.prolong", row, actor=actor, about=_about(row),
            data={"email": row.email, "until": f"{row.expires_at:%d %B %Y}"},
        )  # fmt: skip
    return row


def revoke(tester: GuestTester, *, actor: Actor) -> GuestTester:
    """Take the access back; effective at the guest's next request. What they wrote stays."""
    require(can_invite_tester, actor, tester.submission)
    with transaction.atomic():
        return transition(
            GUEST_TESTER, tester, "revoke", actor=actor, about=_about(tester), data={"email": tester.email}
        )


@dataclass(frozen=True)
class Word:
    """What somebody says about one item. Without an outcome their word is taken back."""

    outcome: str = ""
    note: str = ""


def check_product(
    preview: Preview, product_key: str, words: Mapping[str, Word], *, actor: User
) -> list[ProductCheck]:
    """Keep a person's words about a product's checklist. `words` maps keys of items; others stay as they are.

    Raises `InvalidInput` for unknown products and items, for notes that are too long and for failures without
    a word; `Blocked` when the Preview is not open.
    """
    require(can_check_products, actor, preview)
    product = BY_KEY.get(product_key)
    if product is None:
        raise InvalidInput(_("There is no such product."), fields={"product": [_("Unknown product.")]})
    _check_words(product.check_keys, words)
    with transaction.atomic():
        row = Preview.objects.select_for_update(of=("self",)).get(pk=preview.pk)
        if row.state != "testing":
            raise Blocked(_("The Preview is not open for tests: nothing was kept."))
        own = ProductCheck.objects.filter(preview=row, user=actor, product=product.key)
        before = {each.item: (each.outcome, each.note) for each in own}
        for item, word in words.items():
            _keep(row, product.key, item, word, actor)
        after = list(own.all())
        if {each.item: (each.outcome, each.note) for each in after} != before:
            fails = sum(each.outcome == "fails" for each in after)
            facts = {"product": str(product.name), "works": len(after) - fails, "fails": fails}
            audit.record(
                "preview.check", row, actor=actor, data=facts,
                about=[preview.submission, preview.submission.connector],
            )  # fmt: skip
            outbox.emit("preview.check", id=str(row.pk))
    return after


def _check_words(known: frozenset[str], words: Mapping[str, Word]) -> None:
    faults: dict[str, list[str]] = {}
    for item, word in words.items():
        if item not in known:
            faults[item[:20]] = [_("The checklist has no such item.")]
        elif word.outcome not in ("", *ProductCheck.Outcome.values):
            faults[item] = [_("Choose whether it works.")]
        elif len(word.note) > LONGEST_NOTE:
            faults[item] = [
                _("At most %(most)s characters.") % {"most": number_format(LONGEST_NOTE, force_grouping=True)}
            ]
        elif word.outcome == "fails" and not word.note.strip():
            faults[item] = [_("Say what happened, so that the team can find it.")]
        elif not word.outcome and word.note.strip():
            faults[item] = [_("Say whether it works, too.")]
    if faults:
        raise InvalidInput(_("Nothing was kept yet: look at what is marked."), fields=faults)


def _keep(preview: Preview, product: str, item: str, word: Word, actor: User) -> None:
    place: dict[str, Any] = {"preview": preview, "product": product, "item": item, "user": actor}
    if not word.outcome:
        ProductCheck.objects.filter(**place).delete()
        return
    note = word.note.strip()
    kept = ProductCheck.objects.filter(**place).first()
    if kept is None or (kept.outcome, kept.note) != (word.outcome, note):
        ProductCheck.objects.update_or_create(
            **place, defaults={"outcome": word.outcome, "note": note, "at": timezone.now()}
        )
