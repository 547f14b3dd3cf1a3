"""Letters about who owns a connector: claims and transfers."""

from __future__ import annotations

from collections.abc import Callable

from certification.models import ConnectorTransfer, OwnershipClaim
from certification.queries.ownership import contact_of
from certification.services.claims import opened_token
from certification.services.letter_parts import (
    SECRET_MARK,
    Letter,
    NothingToTell,
    address_of,
    fetch,
)
from portal.shared.words import lazy as _


def _ownershipclaim(event: str, payload: dict[str, str]) -> Letter:
    claim = fetch(OwnershipClaim, payload, "publisher", "claimed_by", "imported__connector__live_version")
    connector = claim.connector
    letter = Letter(
        event,
        claim,
        publisher=claim.publisher,
        connector=connector,
        url=address_of("claim_detail", claim.pk),
        names={"claim": claim},
    )
    letter.facts = [(_("Connector"), connector.name), (_("Claimed by"), claim.publisher.name)]
    if event == "ownershipclaim.ask":
        if claim.state != "open":
            raise NothingToTell
        # Somebody outside: the letter says who asks, and nothing else of the team.
        letter.address, letter.is_private = contact_of(connector), True
        letter.url, letter.secret = address_of("claim_confirm", SECRET_MARK), opened_token(payload["sealed"])
        letter.facts.append((_("Valid until"), claim.expires_at))
        if not letter.address:
            raise NothingToTell
    elif event == "ownershipclaim.grant":
        letter.url = address_of("connector_detail", connector.pk)
        letter.facts.append((_("Proof"), claim.get_proof_display()))
    elif event == "ownershipclaim.open":
        letter.facts.append((_("What the team says"), claim.note))
    return letter


def _transfer(event: str, payload: dict[str, str]) -> Letter:
    found = fetch(ConnectorTransfer, payload, "connector", "from_publisher", "to_publisher", "offered_by")
    letter = Letter(
        event,
        found,
        publisher=found.to_publisher if event == "transfer.offer" else found.from_publisher,
        connector=found.connector,
        url=address_of("transfer_detail", found.pk),
        names={"transfer": found, "publishers": [found.from_publisher, found.to_publisher]},
    )
    letter.facts = [
        (_("Connector"), found.connector.name),
        (_("From"), found.from_publisher.name),
        (_("To"), found.to_publisher.name),
    ]
    if event == "transfer.offer":
        letter.facts += [(_("A word of the team"), found.note), (_("Open until"), found.expires_at)]
    return letter


OWNERSHIP_LETTERS: dict[str, Callable[[str, dict[str, str]], Letter]] = {
    "ownershipclaim": _ownershipclaim,
    "transfer": _transfer,
}
