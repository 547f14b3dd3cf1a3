"""Trusted publishers as pages and endpoints show them."""

from __future__ import annotations

from typing import Any

from connectors.models import Publisher, TrustedPublisher
from connectors.models.trusted_publishers import TrustedPublisherQuerySet


def trusted_publishers_of(user: Any, publisher: Publisher | None = None) -> TrustedPublisherQuerySet:
    """What `user` may see, of one team or all of theirs."""
    found = TrustedPublisher.objects.visible_to(user).select_related("publisher", "connector", "created_by")
    return found.filter(publisher=publisher) if publisher is not None else found
