"""The secret address of a person's calendar: made, replaced, taken away."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import CalendarFeed, User
from portal.shared import audit
from portal.shared.secrets import Secret, fingerprint

_TOUCH_EVERY = timedelta(minutes=15)


def make_feed(*, actor: User) -> Secret:
    """A new address; the one before is dead from now on. Its text is shown once and kept nowhere."""
    text = secrets.token_urlsafe(32)
    with transaction.atomic():
        feed, _ = CalendarFeed.objects.update_or_create(
            user=actor,
            defaults={"digest": fingerprint(text), "made_at": timezone.now(), "last_read_at": None},
        )
        audit.record("calendarfeed.make", feed, actor=actor)
    return Secret(text)


def drop_feed(*, actor: User) -> None:
    """The address is dead from the next request on."""
    with transaction.atomic():
        feed = CalendarFeed.objects.select_for_update().filter(user=actor).first()
        if feed is not None:
            audit.record("calendarfeed.drop", feed, actor=actor)
            feed.delete()


def reader_of(token: str) -> User | None:
    """Whose calendar it is; None for an unknown address and for somebody who may not sign in any more."""
    feed = CalendarFeed.objects.select_related("user").filter(digest=fingerprint(token)).first()
    if feed is None or not feed.user.is_active:
        return None
    now = timezone.now()
    if feed.last_read_at is None or now - feed.last_read_at > _TOUCH_EVERY:
        CalendarFeed.objects.filter(pk=feed.pk).update(last_read_at=now)
    return feed.user
