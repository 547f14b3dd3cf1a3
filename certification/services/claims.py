"""Claims to imported connectors: asked for by a team, proved at the host, in the repository or by mail, or
decided by an operator."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from certification.models import ImportedConnector, OwnershipClaim
from certification.policies import can_claim_connector, can_decide_claim, can_edit_claim
from certification.queries.ownership import contact_of, file_addresses, proof_hosts
from connectors.lifecycle import OWNERSHIP_CLAIM
from connectors.models import Connector, Publisher
from connectors.runtime.egress import Outgoing
from connectors.runtime.errors import CallFailed, EgressRefused
from connectors.runtime.hosts import TxtResolver, is_owned, system_txt, txt_value
from connectors.services.calls import egress
from portal.accounts.models import User
from portal.shared import audit, outbox, sandbox
from portal.shared.actors import SYSTEM, Actor
from portal.shared.errors import Conflict, InvalidInput, TooMany
from portal.shared.policy import require
from portal.shared.secrets import Secret, decrypt, encrypt, fingerprint
from portal.shared.transitions import transition

CLAIM_DAYS = 14
BETWEEN_MAILS = timedelta(hours=1)
BETWEEN_CHECKS = timedelta(seconds=10)
_Proof = OwnershipClaim.Proof


def claim_connector(
    imported: ImportedConnector, *, publisher: Publisher, note: str = "", actor: User
) -> OwnershipClaim:
    """Say that it is the team's. Several teams may; the first that proves it gets it."""
    require(can_claim_connector, actor, publisher)
    if imported.claimed_at is not None:
        raise Conflict(_("This connector has an owner already: ask them for a transfer."))
    try:
        with transaction.atomic():
            claim = OwnershipClaim.objects.create(
                imported=imported,
                publisher=publisher,
                claimed_by=actor,
                note=note.strip()[:1_000],
                token=secrets.token_urlsafe(24),
                expires_at=timezone.now() + timedelta(days=CLAIM_DAYS),
            )
            about = [imported.connector, publisher]
            audit.record("ownershipclaim.open", claim, actor=actor, about=about, data=_data(claim))
            outbox.emit("ownershipclaim.open", id=str(claim.pk))
    except IntegrityError as error:
        raise Conflict(_("Your team has an open claim to this connector.")) from error
    return claim


def _data(claim: OwnershipClaim) -> dict[str, object]:
    return {"connector": claim.connector.name, "team": claim.publisher.name}


def check_claim(claim: OwnershipClaim, *, resolve: TxtResolver = system_txt, actor: User) -> OwnershipClaim:
    """Look for the proof now: the TXT record, then the file. Grants the claim when one is there, else keeps
    in `problem` what was missing. No transaction is open while the outside is asked."""
    require(can_edit_claim, actor, claim)
    _refuse_closed(claim)
    if claim.checked_at and timezone.now() - claim.checked_at < BETWEEN_CHECKS:
        raise TooMany(_("It was looked at a moment ago: wait ten seconds."))
    sandbox.refuse_outside()
    OwnershipClaim.objects.filter(pk=claim.pk).update(checked_at=timezone.now())
    problems: list[str] = []
    for proof, look in _looks(claim, resolve):
        problem = look()
        if not problem:
            return grant(claim, proof=proof, actor=SYSTEM)
        problems.append(problem)
    words = " ".join(problems) or _("The definition names no host that could be asked.")
    OwnershipClaim.objects.filter(pk=claim.pk).update(problem=words[:500])
    claim.refresh_from_db()
    return claim


def _refuse_closed(claim: OwnershipClaim) -> None:
    if claim.state != "open":
        raise Conflict(_("This claim is closed: %(state)s.") % {"state": claim.get_state_display()})
    if claim.is_expired:
        raise Conflict(_("This claim is older than %(days)s days: claim it again.") % {"days": CLAIM_DAYS})


def _looks(
    claim: OwnershipClaim, resolve: TxtResolver
) -> Iterator[tuple[OwnershipClaim.Proof, Callable[[], str]]]:
    for host in proof_hosts(claim.connector):
        yield _Proof.DNS, lambda host=host: _dns_problem(host, claim.token, resolve)  # type: ignore[misc]
    for proof, address in file_addresses(claim.imported):
        yield proof, lambda address=address: _file_problem(address, claim.token)  # type: ignore[misc]


def _dns_problem(host: str, token: str, resolve: TxtResolver) -> str:
    found = is_owned(host, token, resolve)
    if found is None:
        return _("The name servers of %(host)s did not answer.") % {"host": host}
    return "" if found else _("No TXT record for %(host)s yet.") % {"host": host}


def _file_problem(address: str, token: str) -> str:
    try:
        answer = egress().send(Outgoing("GET", address))
    except (EgressRefused, CallFailed) as error:
        return str(error)
    lines = answer.body.decode("utf-8", "replace").splitlines()
    if answer.status == 200 and txt_value(token) in [line.strip() for line in lines[:100]]:
        return ""
    return _("%(address)s does not hold the line.") % {"address": address}


def send_proof_mail(claim: OwnershipClaim, *, actor: User) -> str:
    """Ask the contact that the live definition names; returns the address. One an hour."""
    require(can_edit_claim, actor, claim)
    _refuse_closed(claim)
    address = contact_of(claim.connector)
    if not address:
        raise InvalidInput(_("The live definition names no e-mail address to ask."))
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        row = OwnershipClaim.objects.select_for_update(of=("self",)).get(pk=claim.pk)
        if row.mail_sent_at and timezone.now() - row.mail_sent_at < BETWEEN_MAILS:
            raise TooMany(_("A mail was sent within the last hour: wait for the answer."))
        row.mail_digest, row.mail_sent_at = fingerprint(token), timezone.now()
        row.save(update_fields=["mail_digest", "mail_sent_at"])
        audit.record("ownershipclaim.ask", row, actor=actor, about=[claim.connector], data={"to": address})
        outbox.emit("ownershipclaim.ask", id=str(row.pk), sealed=encrypt(token))
    return address


def opened_token(sealed: str) -> Secret:
    """The key out of the payload of `ownershipclaim.ask`, for the mail."""
    return Secret(decrypt(sealed))


def find_by_mail(token: str) -> OwnershipClaim:
    """The claim that a mailed link stands for. Raises InvalidInput when it is none or none any more."""
    found = OwnershipClaim.objects.filter(mail_digest=fingerprint(token), state="open")
    claim = found.select_related("imported__connector__publisher", "publisher", "claimed_by").first()
    if claim is None or claim.is_expired:
        raise InvalidInput(_("This link does not work any more: the claim was answered, or it is too old."))
    return claim


def confirm_by_mail(token: str) -> OwnershipClaim:
    """The contact says yes. Whoever holds the key of the mail is the contact."""
    return grant(find_by_mail(token), proof=_Proof.MAIL, actor=SYSTEM)


def refuse_by_mail(token: str) -> OwnershipClaim:
    """The contact says no: the claim is refused."""
    reason = _("The contact of the connector did not agree.")
    return _refuse(find_by_mail(token), reason=reason, actor=SYSTEM)


def decide_claim(claim: OwnershipClaim, *, is_granted: bool, reason: str, actor: User) -> OwnershipClaim:
    """An operator's decision, with the reason that both sides read."""
    require(can_decide_claim, actor, claim)
    if not reason.strip():
        words = _("Say what was looked at: the team reads it.")
        raise InvalidInput(words, fields={"reason": [words]})
    if is_granted:
        return grant(claim, proof=_Proof.OPERATOR, actor=actor, reason=reason.strip())
    return _refuse(claim, reason=reason.strip(), actor=actor)


def withdraw_claim(claim: OwnershipClaim, *, actor: User) -> None:
    require(can_edit_claim, actor, claim)
    transition(OWNERSHIP_CLAIM, claim, "withdraw", actor=actor, about=[claim.connector, claim.publisher])


def _refuse(claim: OwnershipClaim, *, reason: str, actor: Actor) -> OwnershipClaim:
    return transition(
        OWNERSHIP_CLAIM,
        claim,
        "refuse",
        actor=actor,
        reason=reason,
        about=[claim.connector, claim.publisher],
        changes={"reason": reason[:1_000]},
        data=_data(claim),
    )


def grant(
    claim: OwnershipClaim, *, proof: OwnershipClaim.Proof, actor: Actor, reason: str = ""
) -> OwnershipClaim:
    """The connector is the team's now; what others claimed is refused in the same transaction.

    Raises Conflict when somebody else was faster.
    """
    with transaction.atomic():
        # The import's row first: of two proofs at once one waits, and then finds an owner.
        imported = ImportedConnector.objects.select_for_update(of=("self",)).get(pk=claim.imported_id)
        if imported.claimed_at is not None:
            raise Conflict(_("Another team proved to own this connector first."))
        connector = Connector.objects.select_for_update(of=("self",)).get(pk=imported.connector_id)
        before, connector.publisher = connector.publisher, claim.publisher
        connector.save(update_fields=["publisher"])
        imported.claimed_at = timezone.now()
        imported.save(update_fields=["claimed_at"])
        granted = transition(
            OWNERSHIP_CLAIM,
            claim,
            "grant",
            actor=actor,
            reason=reason,
            about=[connector, before, claim.publisher],
            changes={"proof": proof, "problem": "", "reason": reason[:1_000]},
            data={**_data(claim), "proof": str(proof.label)},
        )
        _refuse_others(granted)
    return granted


def _refuse_others(granted: OwnershipClaim) -> None:
    others = OwnershipClaim.objects.filter(imported=granted.imported_id, state="open")
    for other in others.select_related("imported__connector", "publisher"):
        _refuse(other, reason="Another team proved to own this connector.", actor=SYSTEM)


def expire_claims() -> int:
    """One tick: claims nobody proved in time; returns how many."""
    due = OwnershipClaim.objects.filter(state="open", expires_at__lte=timezone.now())
    found = list(due.select_related("imported__connector", "publisher")[:200])
    for claim in found:
        about = [claim.connector, claim.publisher]
        transition(OWNERSHIP_CLAIM, claim, "expire", actor=SYSTEM, about=about, data=_data(claim))
    return len(found)
