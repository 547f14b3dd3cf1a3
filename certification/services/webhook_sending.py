"""Telling webhooks: events of the log become messages, and messages are sent until somebody takes them.

Nothing is called inside a transaction. One attempt at a time runs for an endpoint, so a receiver that hangs
holds up its own messages and nobody else's.
"""

from __future__ import annotations

import base64
import datetime as dt
import time
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import transaction
from standardwebhooks.webhooks import Webhook

from certification import events
from certification.models import WebhookDelivery, WebhookEndpoint
from certification.queries.events import Event, head, page_of_team
from certification.services.clock import database_now
from certification.webhook_bodies import body_of
from connectors.runtime import CallFailed, EgressRefused
from connectors.runtime.egress import Outgoing
from connectors.services.calls import egress
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM
from portal.shared.leases import leased
from portal.shared.secret_scan import mask_secrets

WAITS = tuple(
    dt.timedelta(seconds=seconds)
    for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""Between one attempt and the next: ten attempts within three days and four hours."""
TRIES = len(WAITS) + 1
DEADLINE_SECONDS = 15.0
ANSWER_CHARACTERS = 1_000
_AT_ONCE = 200
_LEASE = dt.timedelta(seconds=60)
_BUSY_SECONDS = 2.0
_GONE = 410


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one try. `status` is None when there was no answer; `error` says why then."""

    status: int | None
    milliseconds: int
    answer: str = ""
    error: str = ""

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def collect() -> int:
    """Make messages of the events that came since the last look; returns how many."""
    end = head()
    waiting = WebhookEndpoint.objects.filter(is_active=True, cursor__lt=end).values_list("pk", flat=True)
    return sum(_collect(pk) for pk in list(waiting))


def _collect(pk: UUID) -> int:
    with transaction.atomic():
        endpoint = (
            WebhookEndpoint.objects.select_for_update(skip_locked=True).filter(pk=pk, is_active=True).first()
        )
        if endpoint is None:
            return 0
        page = page_of_team(endpoint.publisher_id, after=endpoint.cursor, limit=_AT_ONCE)
        wanted = [event for event in page.events if events.matches(event.type, endpoint.event_types)]
        made = WebhookDelivery.objects.bulk_create([_message(endpoint, event) for event in wanted])
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(cursor=page.cursor)
        for delivery in made:
            outbox.emit("webhookdelivery.queue", id=str(delivery.pk))
    return len(made)


def _message(endpoint: WebhookEndpoint, event: Event) -> WebhookDelivery:
    return WebhookDelivery(
        endpoint=endpoint,
        sequence=event.id,
        event_type=event.type,
        body=body_of(event, endpoint.format),
        tries_left=TRIES,
        next_attempt_at=database_now(),
    )


def deliver(delivery_id: str) -> None:
    """One attempt, when it is due. Raises `outbox.Retry` until the message is taken or given up."""
    delivery = _waiting(delivery_id)
    if delivery is None:
        return
    rows = WebhookEndpoint.objects.filter(pk=delivery.endpoint_id)
    with leased(rows, lasting=_LEASE, retry_seconds=_BUSY_SECONDS):
        # Again: what the attempt before has learned counts, such as that the receiver is gone.
        delivery = _waiting(delivery_id)
        if delivery is not None:
            _record(delivery, _send(delivery.endpoint, delivery))


def _waiting(delivery_id: str) -> WebhookDelivery | None:
    """The message, if an attempt is due; None when there is nothing to send any more."""
    delivery = WebhookDelivery.objects.select_related("endpoint__publisher").filter(pk=delivery_id).first()
    if delivery is None or delivery.state != WebhookDelivery.State.WAITING:
        return None
    if not delivery.endpoint.is_active:
        _finish(delivery, WebhookDelivery.State.CANCELLED)
        return None
    now = database_now()
    if delivery.next_attempt_at and delivery.next_attempt_at > now:
        raise outbox.Retry((delivery.next_attempt_at - now).total_seconds())
    return delivery


def _send(endpoint: WebhookEndpoint, delivery: WebhookDelivery) -> Attempt:
    guard = replace(egress(), deadline_seconds=DEADLINE_SECONDS, max_answer_bytes=16 * 1024)
    begun = time.monotonic()
    headers = (("content-type", "application/json"), *_signed(endpoint, delivery, database_now()))
    message = Outgoing("POST", endpoint.url, headers, delivery.body.encode())
    try:
        answer = guard.send(message)
    except (CallFailed, EgressRefused) as error:
        return Attempt(None, _since(begun), error=str(error))
    text = answer.body.decode("utf-8", "replace").replace("\0", "")
    return Attempt(answer.status, _since(begun), answer=mask_secrets(text[:ANSWER_CHARACTERS]).text)


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1_000)


def _signed(
    endpoint: WebhookEndpoint, delivery: WebhookDelivery, now: dt.datetime
) -> tuple[tuple[str, str], ...]:
    """The three headers of Standard Webhooks, signed with each secret that is valid now."""
    secrets = [endpoint.secrets["current"]]
    if "previous" in endpoint.secrets and endpoint.previous_until and endpoint.previous_until > now:
        secrets.append(endpoint.secrets["previous"])
    name = message_id(delivery)
    signatures = [Webhook(secret.reveal()).sign(name, now, delivery.body) for secret in secrets]
    return (
        ("webhook-id", name),
        ("webhook-timestamp", str(int(now.timestamp()))),
        ("webhook-signature", " ".join(signatures)),
    )


def message_id(delivery: WebhookDelivery) -> str:
    """The same for every attempt, so that receivers can tell a repetition."""
    return "msg_" + base64.urlsafe_b64encode(delivery.pk.bytes).decode().rstrip("=")


def _record(delivery: WebhookDelivery, attempt: Attempt) -> None:
    now = database_now()
    delivery.attempts.append(
        {
            "at": now.isoformat(),
            "status": attempt.status,
            "ms": attempt.milliseconds,
            "error": attempt.error,
        }
    )
    delivery.answer = attempt.answer
    delivery.tries_left = max(0, delivery.tries_left - 1)
    if attempt.is_success:
        _finish(delivery, WebhookDelivery.State.DELIVERED)
        WebhookEndpoint.objects.filter(pk=delivery.endpoint_id).update(
            failing_since=None, last_success_at=now
        )
        return
    WebhookEndpoint.objects.filter(pk=delivery.endpoint_id, failing_since=None).update(failing_since=now)
    if attempt.status == _GONE or delivery.tries_left == 0:
        _finish(delivery, WebhookDelivery.State.FAILED)
        _give_up(delivery, attempt)
        return
    wait = WAITS[min(len(WAITS) - 1, TRIES - 1 - delivery.tries_left)]
    delivery.next_attempt_at = now + wait
    delivery.save(update_fields=["attempts", "answer", "tries_left", "next_attempt_at"])
    raise outbox.Retry(wait.total_seconds())


def _finish(delivery: WebhookDelivery, state: str) -> None:
    delivery.state, delivery.finished_at, delivery.next_attempt_at = state, database_now(), None
    delivery.save(
        update_fields=["state", "finished_at", "next_attempt_at", "attempts", "answer", "tries_left"]
    )


def _give_up(delivery: WebhookDelivery, attempt: Attempt) -> None:
    """Switch off an endpoint that says it is gone, or that took nothing for as long as a message is tried."""
    if attempt.status == _GONE:
        because = "It answered 410: the address is gone."
    else:
        span = sum(WAITS, dt.timedelta())
        if WebhookEndpoint.objects.filter(
            pk=delivery.endpoint_id, failing_since__gt=database_now() - span * 0.9
        ).exists():
            return
        because = f"It took no message for three days; the last try: {attempt.error or attempt.status}."
    with transaction.atomic():
        if not WebhookEndpoint.objects.filter(pk=delivery.endpoint_id, is_active=True).update(
            is_active=False, disabled_at=database_now(), disabled_because=because[:300]
        ):
            return
        endpoint = WebhookEndpoint.objects.select_related("publisher").get(pk=delivery.endpoint_id)
        audit.record(
            "webhookendpoint.disable", endpoint, actor=SYSTEM, about=[endpoint.publisher], reason=because
        )
        outbox.emit("webhookendpoint.disable", id=str(endpoint.pk))
