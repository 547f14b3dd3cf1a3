"""Reads about notices: those of a connector, and whom one reaches."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from certification.lifecycle import OPEN_STATES
from certification.models import Notice, RegionWatch, Submission
from connectors.models import Connector
from connectors.queries.usage import Use, usage_of
from portal.accounts.models import User


def notices_of(connector: Connector) -> QuerySet[Notice]:
    """Newest first, with who announced them."""
    return connector.notices.select_related("announced_by").order_by("-announced_at")


def visible_notices(user: Any) -> QuerySet[Notice]:
    """Those of the connectors that the person sees."""
    found = Notice.objects.filter(connector__in=Connector.objects.visible_to(user))
    return found.select_related("connector__publisher", "announced_by")


def standing(connector: Connector) -> QuerySet[Notice]:
    """What holds or is to come: announced and not cancelled, the next date first."""
    return connector.notices.filter(state="announced").order_by("effective_on")


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a notice reaches by mail, and how many use the connector and read it on its public page."""

    team: int
    operators: int
    watchers: int
    use: Use
    days: int


def watches_of(connector: Connector) -> QuerySet[RegionWatch]:
    """Confirmed and still waiting: those who want to hear of the connector."""
    return RegionWatch.objects.filter(connector=connector, confirmed_at__isnull=False, told_at=None)


def audience_of(connector: Connector) -> Audience:
    days = settings.BREAKING_CHANGE_DAYS
    _, total = usage_of(connector.pk, since=timezone.now() - dt.timedelta(days=days))
    staff = User.objects.filter(staff_role__in=["operator", "administrator"], is_active=True)
    watchers = watches_of(connector).values("address").distinct().count()
    return Audience(connector.publisher.memberships.count(), staff.count(), watchers, total, days)


def open_submission(connector: Connector) -> Submission | None:
    """What is still on its way, and must be withdrawn or completed before the connector retires."""
    return Submission.objects.filter(connector=connector, state__in=sorted(OPEN_STATES)).first()
