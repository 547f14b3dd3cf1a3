"""Webhooks of a team and what they were told."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from certification.models import WebhookDelivery, WebhookEndpoint

_LATELY = dt.timedelta(days=7)


def endpoints_of(user: Any, publisher: Any = None) -> QuerySet[WebhookEndpoint]:
    """Endpoints `user` may see, with how many messages of the last week were taken, wait and failed."""
    since = Q(deliveries__created_at__gt=timezone.now() - _LATELY)
    found = WebhookEndpoint.objects.visible_to(user).select_related("publisher").defer("secrets")
    found = found.filter(publisher=publisher) if publisher else found
    counted = {
        state: Count("deliveries", filter=since & Q(deliveries__state=state))
        for state in ("delivered", "waiting", "failed")
    }
    return found.annotate(**counted)


def deliveries_of(user: Any) -> QuerySet[WebhookDelivery]:
    """Messages `user` may see, newest first."""
    endpoints = WebhookEndpoint.objects.visible_to(user)
    return WebhookDelivery.objects.filter(endpoint__in=endpoints).select_related("endpoint__publisher")


@dataclass(frozen=True, slots=True)
class ShownAttempt:
    """One try, with a time a template can show."""

    at: dt.datetime
    status: int | None
    milliseconds: int
    error: str


def attempts_of(delivery: WebhookDelivery) -> list[ShownAttempt]:
    """The tries of a message, the last one first."""
    return [
        ShownAttempt(dt.datetime.fromisoformat(each["at"]), each["status"], each["ms"], each["error"])
        for each in reversed(delivery.attempts)
    ]
