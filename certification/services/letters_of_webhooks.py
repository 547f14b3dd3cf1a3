"""Letters about a team's webhooks."""

from __future__ import annotations

from certification.models import WebhookEndpoint
from certification.services.letter_parts import Letter, address_of, fetch
from portal.shared.words import lazy as _


def _webhookendpoint(event: str, payload: dict[str, str]) -> Letter:
    endpoint = fetch(WebhookEndpoint, payload, "publisher")
    letter = Letter(
        event,
        endpoint,
        publisher=endpoint.publisher,
        url=address_of("webhook_detail", endpoint.pk),
        names={"endpoint": endpoint},
    )
    letter.facts = [(_("Address"), endpoint.url), (_("Team"), endpoint.publisher.name)]
    return letter


WEBHOOK_LETTERS = {"webhookendpoint": _webhookendpoint}
