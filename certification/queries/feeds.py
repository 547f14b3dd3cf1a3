"""What feed readers follow (Atom): departures, freezes and incidents for everybody, a team's own messages."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from certification.models import Freeze, Incident, Notification
from certification.queries.incidents import scopes
from certification.queries.trains import departure_day, departures, trains
from connectors.models import Region

KEPT = dt.timedelta(days=60)
AHEAD = dt.timedelta(days=14)
MOST = 100


@dataclass(frozen=True, slots=True)
class News:
    """One entry of a feed. `key` stays the same for the same thing, `changed_at` moves when it changes."""

    key: str
    title: str
    text: str
    url: str
    changed_at: dt.datetime
    category: str


def public_news(*, now: dt.datetime | None = None) -> list[News]:
    """Newest first. A fixed number of queries; no connector, team or person is named."""
    now = now or timezone.now()
    found = [*_incidents(now), *_freezes(now), *_departures(now)]
    return sorted(found, key=lambda news: (news.changed_at, news.key), reverse=True)[:MOST]


def _incidents(now: dt.datetime) -> list[News]:
    rows = list(
        Incident.objects.filter(is_public=True, state_changed_at__gt=now - KEPT).prefetch_related(
            "connectors"
        )
    )
    concerned = scopes(rows, names_connectors=False)
    return [
        News(
            f"incident-{row.pk}",
            _("Over: %(title)s") % {"title": row.title}
            if row.closed_at
            else _("Incident: %(title)s") % {"title": row.title},
            _("%(value)s Concerns: %(concerned)s.")
            % {"value": row.closing_note if row.closed_at else row.text, "concerned": concerned[row.pk]},
            reverse("status"),
            row.closed_at or row.created_at,
            "incident",
        )
        for row in rows
    ]


def _freezes(now: dt.datetime) -> list[News]:
    names = dict(Region.objects.values_list("code", "name"))
    found = []
    for row in Freeze.objects.filter(ends_at__gt=now - KEPT):
        where = ", ".join(names.get(code, code) for code in row.regions) or _("every region")
        kind = _("Extra days") if row.opens else _("Freeze")
        found.append(
            News(
                f"freeze-{row.pk}",
                _("Taken back: %(name)s") % {"name": row.name} if row.cancelled_at else f"{kind}: {row.name}",
                _("%(starts_at)s to %(ends_at)s UTC in %(where)s.")
                % {
                    "starts_at": date_format(row.starts_at, "j F Y, H:i"),
                    "ends_at": date_format(row.ends_at, "j F Y, H:i"),
                    "where": where,
                },
                reverse("status"),
                max(row.updated_at, row.cancelled_at or row.created_at),
                "freeze",
            )
        )
    return found


def _departures(now: dt.datetime) -> list[News]:
    """Each becomes news a fortnight ahead, and again when its train is changed."""
    coming = departures(trains(), AnonymousUser(), start=now, end=now + AHEAD)
    return [
        News(
            f"train-{row.train.pk}-{departure_day(row.train, row.leaves_at).isoformat()}",
            _("%(name)s leaves on %(leaves_at)s")
            % {"name": row.train.name, "leaves_at": format(row.leaves_at, "%d %B")},
            _("At %(leaves_at)s UTC; boarding closes %(closes_at)s UTC.")
            % {
                "leaves_at": format(row.leaves_at, "%H:%M"),
                "closes_at": format(row.closes_at, "%d %B, %H:%M"),
            },
            reverse("status"),
            max(row.leaves_at - AHEAD, row.train.updated_at),
            "departure",
        )
        for row in coming
        if not row.closed
    ]


def team_news(user: Any) -> list[News]:
    """What the portal wrote to the teams of `user`, each event once whoever got it, newest first.

    Titles only: a feed reader is no place for the text of a message.
    """
    rows = (
        Notification.objects.filter(
            publisher__memberships__user=user, watch=None, sealed=None, created_at__gt=timezone.now() - KEPT
        )
        .exclude(event="digest")
        .order_by("-created_at", "-pk")
        .only("event", "subject", "url", "created_at", "group")[: MOST * 20]
    )
    found: dict[tuple[object, ...], Notification] = {}
    for row in rows:
        # The first of those that went out together stands for them all.
        found[row.event, row.subject, row.url, row.created_at.date()] = row
    return [
        News(f"message-{row.pk}", row.subject, "", row.url, row.created_at, row.group)
        for row in list(found.values())[:MOST]
    ]
