"""Webhook endpoints of a team: making, changing, rotating secrets, testing, switching off and on."""

from __future__ import annotations

import base64
import datetime as dt
import secrets
from dataclasses import dataclass, field

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from certification import events
from certification.models import WebhookDelivery, WebhookEndpoint
from certification.policies import can_manage_webhooks
from certification.queries.events import Event, head
from certification.services.clock import database_now
from certification.webhook_bodies import body_of
from connectors.models import Publisher
from connectors.runtime import EgressRefused
from connectors.services.calls import egress
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.policy import require
from portal.shared.secrets import Secret

MOST_ENDPOINTS = 10
OLD_SECRET_HOURS = 24
"""How long the secret before the present one still signs, so that receivers can change over."""
_PREFIX = "whsec_"
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class EndpointDraft:
    """No event types: every event of the team."""

    url: str
    description: str = ""
    format: str = "standard"
    event_types: list[str] = field(default_factory=list)


def create_endpoint(
    publisher: Publisher, draft: EndpointDraft, *, actor: User
) -> tuple[WebhookEndpoint, Secret]:
    """A new endpoint and its secret, which is shown once. It is told of what happens from now on."""
    require(can_manage_webhooks, actor, publisher)
    _check(draft)
    secret = _new_secret()
    try:
        with transaction.atomic():
            Publisher.objects.select_for_update().get(pk=publisher.pk)
            if publisher.webhook_endpoints.count() >= MOST_ENDPOINTS:
                raise Conflict(
                    _("A team has at most %(most)s webhooks: remove one first.") % {"most": MOST_ENDPOINTS}
                )
            endpoint = WebhookEndpoint.objects.create(
                publisher=publisher,
                url=draft.url,
                description=draft.description.strip(),
                format=draft.format,
                event_types=sorted(set(draft.event_types)),
                secrets={"current": secret.reveal()},
                cursor=head(),
                created_by=actor,
            )
            _note("create", endpoint, actor, {"url": draft.url})
    except IntegrityError:
        raise _known(draft.url) from None
    return endpoint, secret


def change_endpoint(endpoint: WebhookEndpoint, draft: EndpointDraft, *, actor: User) -> None:
    """Another address, description, format or choice of events; the secret stays."""
    require(can_manage_webhooks, actor, endpoint.publisher)
    _check(draft)
    endpoint.url, endpoint.description, endpoint.format = draft.url, draft.description.strip(), draft.format
    endpoint.event_types = sorted(set(draft.event_types))
    try:
        with transaction.atomic():
            endpoint.save(update_fields=["url", "description", "format", "event_types"])
            _note("change", endpoint, actor, {"url": draft.url})
    except IntegrityError:
        raise _known(draft.url) from None


def rotate_secret(endpoint: WebhookEndpoint, *, actor: User) -> Secret:
    """A new secret, shown once. Messages carry signatures of both for a day."""
    require(can_manage_webhooks, actor, endpoint.publisher)
    secret = _new_secret()
    with transaction.atomic():
        row = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
        row.secrets = {"current": secret.reveal(), "previous": row.secrets["current"].reveal()}
        row.previous_until = database_now() + dt.timedelta(hours=OLD_SECRET_HOURS)
        row.save(update_fields=["secrets", "previous_until"])
        _note("rotate_secret", row, actor)
    return secret


def remove_endpoint(endpoint: WebhookEndpoint, *, actor: User) -> None:
    """Gone with its log; what waits is not sent any more."""
    require(can_manage_webhooks, actor, endpoint.publisher)
    with transaction.atomic():
        _note("remove", endpoint, actor, {"url": endpoint.url})
        endpoint.delete()


def switch_endpoint(endpoint: WebhookEndpoint, *, is_active: bool, actor: User) -> None:
    """Stop telling it, or begin again with what happens from now on. What it missed can be sent by hand."""
    require(can_manage_webhooks, actor, endpoint.publisher)
    changes: dict[str, object] = {"is_active": is_active, "disabled_because": "", "failing_since": None}
    changes |= {"cursor": head(), "disabled_at": None} if is_active else {"disabled_at": timezone.now()}
    with transaction.atomic():
        if WebhookEndpoint.objects.filter(pk=endpoint.pk, is_active=not is_active).update(**changes):
            _note("start" if is_active else "stop", endpoint, actor)


def send_test(endpoint: WebhookEndpoint, *, actor: User) -> WebhookDelivery:
    """A message that says it is a test, through the same way as every other."""
    require(can_manage_webhooks, actor, endpoint.publisher)
    _require_active(endpoint)
    event = Event(
        id=0,
        type="webhook.test",
        at=timezone.now(),
        object={"type": "publisher", "id": str(endpoint.publisher_id)},
        state="",
        about=[],
        actor={"id": str(actor.pk), "name": actor.name},
        data={},
        reason="",
        text=_("sent a test: this address is told of the events of %(team)s")
        % {"team": endpoint.publisher.name},
        url=settings.SITE_URL,
    )
    with transaction.atomic():
        delivery = WebhookDelivery.objects.create(
            endpoint=endpoint,
            event_type=event.type,
            body=body_of(event, endpoint.format),
            tries_left=1,
            next_attempt_at=database_now(),
        )
        outbox.emit("webhookdelivery.queue", id=str(delivery.pk))
    return delivery


def redeliver(delivery: WebhookDelivery, *, actor: User) -> None:
    """Send it once more under its own id, so that a receiver that has it already can tell."""
    require(can_manage_webhooks, actor, delivery.endpoint.publisher)
    _require_active(delivery.endpoint)
    with transaction.atomic():
        changed = (
            WebhookDelivery.objects.filter(pk=delivery.pk)
            .exclude(state=WebhookDelivery.State.WAITING)
            .update(
                state=WebhookDelivery.State.WAITING,
                tries_left=1,
                next_attempt_at=database_now(),
                finished_at=None,
            )
        )
        if not changed:
            raise Conflict(_("This message waits to be sent already."))
        outbox.emit("webhookdelivery.queue", id=str(delivery.pk))


def _require_active(endpoint: WebhookEndpoint) -> None:
    if not endpoint.is_active:
        raise Conflict(_("This webhook is switched off: switch it on first."))


def _check(draft: EndpointDraft) -> None:
    faults: dict[str, list[str]] = {}
    try:
        egress().check(draft.url)
    except EgressRefused as refused:
        faults["url"] = [
            _("This address cannot be called: %(why)s") % {"why": str(refused)},
        ]
    if draft.format not in WebhookEndpoint.Format.values:
        faults["format"] = [_("Choose one of the listed formats.")]
    nouns = {f"{noun}.*" for noun in events.groups()}
    if unknown := sorted(set(draft.event_types) - set(events.types()) - nouns):
        faults["event_types"] = [_("There is no event %(name)s.") % {"name": unknown[0]}]
    if faults:
        raise InvalidInput(_("The webhook cannot be saved like this."), fields=faults)


def _known(url: str) -> InvalidInput:
    text = _("Your team has a webhook with this address already.")
    return InvalidInput(text, fields={"url": [text]})


def _new_secret() -> Secret:
    return Secret(_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode())


def _note(verb: str, endpoint: WebhookEndpoint, actor: User, data: dict[str, str] | None = None) -> None:
    audit.record(
        f"webhookendpoint.{verb}", endpoint, actor=actor, about=[endpoint.publisher], data=data or {}
    )
