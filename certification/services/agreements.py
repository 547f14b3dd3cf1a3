"""The contributor agreement: a new version, a signature, and taking one back."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from certification.models import AgreementSignature, AgreementText, PullRequest
from certification.policies import (
    can_manage_agreements,
    can_sign_agreement,
    can_sign_agreement_for,
    can_withdraw_signature,
)
from certification.queries.agreements import current_text, in_force
from connectors.models import Publisher
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.policy import require

LONGEST_TEXT = 100_000
SHORTEST_TEXT = 40
LONGEST_NAME = 120
MOST_LOGINS = 5
_LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9])?\Z")
_LOCK = 0x61677265


def publish_text(
    *, text: str, note: str = "", must_be_signed_anew: bool = False, actor: User
) -> AgreementText:
    """The next version. Earlier ones, and what was signed of them, stay as they are.

    Raises `InvalidInput` for a text that is no agreement, or the one that counts already.
    """
    require(can_manage_agreements, actor, None)
    clean = text.replace("\r\n", "\n").strip()
    if not SHORTEST_TEXT <= len(clean) <= LONGEST_TEXT:
        said = _("The text has %(least)s to %(most)s characters.") % {
            "least": SHORTEST_TEXT,
            "most": LONGEST_TEXT,
        }
        raise InvalidInput(said, fields={"text": [said]})
    digest = hashlib.sha256(clean.encode()).hexdigest()
    with transaction.atomic():
        _alone()
        last = current_text()
        if last is not None and last.digest == digest:
            said = _("This is word for word the version that counts now.")
            raise InvalidInput(said, fields={"text": [said]})
        made = AgreementText.objects.create(
            version=(last.version if last else 0) + 1,
            text=clean,
            digest=digest,
            note=note.strip()[:300],
            must_be_signed_anew=must_be_signed_anew,
            published_by=actor,
        )
        data = {"version": made.version, "digest": digest, "anew": must_be_signed_anew}
        audit.record("agreement.publish", made, actor=actor, data=data)
        _answer(Q())
    return made


def sign(
    *, version: int, name: str, publisher: Publisher | None = None, logins: Iterable[str] = (), actor: User
) -> AgreementSignature:
    """Sign the version that counts now, which is the one that was read (`version`): for oneself, or as an
    owner for the team.

    Raises `Conflict` when another version counts meanwhile or it is signed already, `InvalidInput` naming the
    field that is wrong.
    """
    require(can_sign_agreement, actor, None)
    if publisher is not None:
        require(can_sign_agreement_for, actor, publisher)
    name, given = _checked_name(name), _checked_logins(logins) if publisher is None else []
    with transaction.atomic():
        _alone()
        text = current_text()
        if text is None or text.version != version:
            raise Conflict(
                _("There is another version now: read it before you sign."), code="agreement-changed"
            )
        _refuse_foreign(given, actor)
        made = _insert(text, publisher, name, given, actor)
        data = {"version": text.version, "digest": text.digest, "for": publisher.name if publisher else name}
        about = [text, *([publisher] if publisher else [])]
        audit.record("agreementsignature.sign", made, actor=actor, about=about, data=data)
        _answer(_met_by(made))
    return made


def withdraw_signature(signature: AgreementSignature, *, actor: User) -> None:
    """From now on it counts no longer; what was contributed under it stays contributed. A person withdraws
    their own, any owner the team's."""
    require(can_withdraw_signature, actor, signature)
    with transaction.atomic():
        row = AgreementSignature.objects.select_for_update(of=("self",)).get(pk=signature.pk)
        if row.withdrawn_at is not None:
            raise Conflict(_("This signature was withdrawn before."), code="agreement-withdrawn")
        row.withdrawn_at, row.withdrawn_by = timezone.now(), actor
        row.save(update_fields=["withdrawn_at", "withdrawn_by"])
        about = [row.text, *([row.publisher] if row.publisher else [])]
        data = {"version": row.text.version}
        audit.record("agreementsignature.withdraw", row, actor=actor, about=about, data=data)
        _answer(_met_by(row))
    signature.refresh_from_db()


def _met_by(signature: AgreementSignature) -> Q:
    """Pull requests whose check a signature may change. A team's stands for all its members."""
    if signature.publisher_id:
        return Q(repository__publisher=signature.publisher_id)
    own = Q(pk__in=[])
    for login in signature.logins:
        own |= Q(author__iexact=login)
    return own


def _answer(which: Q) -> None:
    """Open pull requests get their checks posted anew; those that say the same already are left alone."""
    for pk in PullRequest.objects.filter(which, state=PullRequest.State.OPEN).values_list("pk", flat=True):
        outbox.emit("pullrequest.post", id=str(pk))


def _alone() -> None:
    """One deed at a time, until its transaction ends: versions have no gaps, and a login is one person's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _insert(
    text: AgreementText, publisher: Publisher | None, name: str, logins: list[str], actor: User
) -> AgreementSignature:
    try:
        with transaction.atomic():
            made = AgreementSignature.objects.create(
                text=text,
                digest=text.digest,
                signer=actor,
                publisher=publisher,
                signed_name=name,
                logins=logins,
            )
    except IntegrityError:
        raise Conflict(_("This version is signed already."), code="agreement-signed") from None
    made.refresh_from_db()
    return made


def _refuse_foreign(logins: list[str], actor: User) -> None:
    taken = in_force().filter(publisher=None, logins__overlap=logins).exclude(signer=actor)
    if logins and taken.exists():
        said = _("Somebody else signed with this account.")
        raise InvalidInput(said, fields={"logins": [said]})


def _checked_name(name: str) -> str:
    clean = " ".join(name.split())
    if not 3 <= len(clean) <= LONGEST_NAME:
        said = _("Sign with your full name.")
        raise InvalidInput(said, fields={"name": [said]})
    return clean


def _checked_logins(logins: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(each.strip().lstrip("@").lower() for each in logins if each.strip()))
    if len(found) > MOST_LOGINS or any(not _LOGIN.match(each) for each in found):
        said = _("Give up to %(most)s names of accounts, such as astrid-quay.") % {"most": MOST_LOGINS}
        raise InvalidInput(said, fields={"logins": [said]})
    return found
