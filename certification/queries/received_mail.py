"""Mails that came in, for operators: who wrote, to which message, what became of it; never the words."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Count, QuerySet
from django.utils import timezone

from certification.models import ReceivedMail


def received(outcome: str = "") -> QuerySet[ReceivedMail]:
    """The newest first; only those with this outcome where it is known."""
    found = ReceivedMail.objects.select_related("notification__submission").order_by("-received_at", "-pk")
    return found.filter(outcome=outcome) if outcome in ReceivedMail.Outcome.values else found


def counts(days: int = 30) -> list[tuple[str, str, int]]:
    """(outcome, label, number) of the last days, without what did not happen. One query."""
    since = timezone.now() - timedelta(days=days)
    rows = ReceivedMail.objects.filter(received_at__gte=since).values_list("outcome").annotate(n=Count("pk"))
    found = dict(rows.order_by())
    return [(key, label, found[key]) for key, label in ReceivedMail.Outcome.choices if key in found]
