"""What everybody's calendar shows besides freezes: departures of trains, and until when to submit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from certification.models import Lane, SubmitByDate, Train
from certification.queries.trains import departure_day, departures
from portal.shared.ics import Entry

AHEAD = dt.timedelta(days=60)
BEHIND = dt.timedelta(days=14)


def departure_entries(now: dt.datetime, *, kept: dt.timedelta) -> Iterable[Entry]:
    """Departures around now, known by train and day. Those of a train that was retired are cancelled, for
    as long as what is over stays; those that plans would not let run are left out.
    """
    found = [row for row in Train.objects.all() if not row.is_retired or row.updated_at > now - kept]
    for row in departures(found, AnonymousUser(), start=now - BEHIND, end=now + AHEAD):
        train = row.train
        is_gone = train.is_retired and row.leaves_at > train.updated_at
        if row.closed or (train.is_retired and not is_gone and row.leaves_at > now):
            continue
        yield Entry(
            key=f"train-{train.pk}-{departure_day(train, row.leaves_at).isoformat()}",
            starts=row.leaves_at,
            ends=row.leaves_at,
            summary=_("%(name)s leaves") % {"name": train.name},
            description=_("Boarding closes %(closes)s UTC. At most %(capacity)s rollouts travel together.")
            % {"closes": date_format(row.closes_at, "j F, H:i"), "capacity": train.capacity},
            url=reverse("status"),
            changed_at=train.updated_at,
            sequence=max(0, int((train.updated_at - train.created_at).total_seconds())),
            is_cancelled=is_gone,
            categories=(_("Train"),),
        )


def submit_by_entries(now: dt.datetime, *, kept: dt.timedelta) -> Iterable[Entry]:
    """The last days to submit, lane by lane. One that has become too late stays as cancelled."""
    for row in SubmitByDate.objects.filter(starts_at__gt=now - kept):
        day = (row.submit_by or row.starts_at).date()
        words = (
            _(
                "%(name)s leaves on %(day)s. Nine of ten that are submitted by today are through Preview "
                "when boarding closes."
            )
            if row.kind == "train"
            else _(
                "%(name)s begins on %(day)s. Nine of ten that are submitted by today are live everywhere "
                "before."
            )
        )
        yield Entry(
            key=f"submit-by-{row.key}-{row.lane}",
            starts=day,
            ends=day,
            summary=_("Submit by today: %(lane)s, %(name)s")
            % {"lane": Lane(row.lane).label, "name": row.name},
            description=words % {"name": row.name, "day": date_format(row.starts_at, "j F Y")},
            url=reverse("status"),
            changed_at=row.changed_at,
            sequence=row.revision,
            is_tentative=True,
            is_cancelled=row.submit_by is None,
            categories=(_("Submit by"),),
        )
