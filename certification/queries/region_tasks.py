"""Reads of deployments by hand: what waits for somebody, what was done lately, where to look again."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from certification.models import Placement, RegionTask, Sighting
from connectors.models import Version

RECENT = 20
DEFAULT_DAYS = 30


def waiting(user: Any) -> QuerySet[RegionTask]:
    """Tasks nobody has settled, oldest first."""
    found = RegionTask.objects.visible_to(user).filter(state__in=("open", "taken"))
    return _with_names(found).order_by("created_at")


def settled(user: Any) -> QuerySet[RegionTask]:
    found = RegionTask.objects.visible_to(user).exclude(state__in=("open", "taken"))
    return _with_names(found).order_by("-state_changed_at")[:RECENT]


def waiting_count(user: Any) -> int:
    return RegionTask.objects.visible_to(user).filter(state__in=("open", "taken")).count()


def tasks(user: Any) -> QuerySet[RegionTask]:
    return _with_names(RegionTask.objects.visible_to(user))


def _with_names(found: QuerySet[RegionTask]) -> QuerySet[RegionTask]:
    return found.select_related("region", "connector__publisher", "taken_by", "settled_by")


def package_of(task: RegionTask) -> Version | None:
    """The version whose bytes the task is about; nothing to download for a removal."""
    if task.action == "remove":
        return None
    return Version.objects.filter(connector_id=task.connector_id, digest=task.digest).first()


def to_look_at(user: Any) -> list[Placement]:
    """Places served by hand whose last confirmation is over, or soon will be; the oldest first."""
    if not getattr(user, "is_operator", False):
        return []
    newest = Sighting.objects.filter(connector=OuterRef("connector"), region=OuterRef("region"))
    places = (
        Placement.objects.filter(region__driver="manual", region__is_active=True)
        .filter(verified_version__isnull=False)
        .select_related("region", "connector__publisher", "verified_version")
        .annotate(seen_at=Subquery(newest.order_by("-seen_at").values("seen_at")[:1]))
        .order_by("seen_at", "pk")
    )
    now = timezone.now()
    return [place for place in places if place.seen_at is None or _ends(place) <= now + dt.timedelta(days=3)]


def _ends(place: Any) -> dt.datetime:
    days = place.region.driver_settings.get("confirmation_days", DEFAULT_DAYS)
    seen_at: dt.datetime = place.seen_at
    return seen_at + dt.timedelta(days=days)


def manual_places(user: Any) -> QuerySet[Placement]:
    """Places that people look at."""
    found = Placement.objects.filter(region__driver="manual").select_related("region", "connector__publisher")
    return found if getattr(user, "is_operator", False) else found.none()
