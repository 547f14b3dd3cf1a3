"""Reads of trains: the next departures with who is on board."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from certification.lifecycle import GONE_ROLLOUT_STATES
from certification.models import Lane, Rollout, RolloutPlan, Train, TrainBoarding
from certification.planning.calendar import Calendar
from certification.planning.trains import Timetable
from certification.queries.reasons import told_days

_GONE = ("rolling_back", *GONE_ROLLOUT_STATES)


def trains() -> QuerySet[Train]:
    """Those that run."""
    return Train.objects.filter(is_retired=False).select_related("created_by")


def every_train() -> QuerySet[Train]:
    return Train.objects.select_related("created_by")


def timetable_of(train: Train) -> Timetable:
    return Timetable(
        train.name,
        train.time_zone,
        frozenset(train.weekdays),
        train.departs_at,
        train.cutoff_hours,
        train.capacity,
        train.per_publisher,
        frozenset(train.lanes),
    )


def departure_day(train: Train | Timetable, leaves_at: dt.datetime) -> dt.date:
    """The day a departure is known by: its hour may be changed, its day is what it is."""
    return leaves_at.astimezone(zoneinfo.ZoneInfo(train.time_zone)).date()


@dataclass(frozen=True)
class Departure:
    """One departure: when boarding closes, how many places are taken of how many, and by whom.

    `boardings` holds only what the reader may see; `closed` says why plans would not let it run.
    """

    train: Train
    leaves_at: dt.datetime
    closes_at: dt.datetime
    taken: int
    boardings: list[TrainBoarding]
    is_closed: bool
    closed: str = ""

    @property
    def free(self) -> int:
        return max(self.train.capacity - self.taken, 0)

    @property
    def percent(self) -> int:
        return min(round(100 * self.taken / self.train.capacity), 100)


def departures(found: Iterable[Train], user: Any, *, start: dt.datetime, end: dt.datetime) -> list[Departure]:
    """Departures of these trains between two instants, in order; two queries, however many."""
    found, now = list(found), timezone.now()
    on_board = _on_board([train.pk for train in found], start, end)
    visible = None if getattr(user, "staff_role", "") else _teams_of(user)
    closed = _closing_calendars(found)
    rows = []
    for train in found:
        timetable = timetable_of(train)
        days = max((end - start).days + 1, 1)
        for leaves_at in timetable.departures(start - dt.timedelta(microseconds=1), days=days):
            if leaves_at >= end:
                break
            places = on_board.get((train.pk, leaves_at), [])
            closes_at = leaves_at - timetable.cutoff
            shown = [p for p in places if visible is None or p.rollout.connector.publisher_id in visible]
            calendar = closed.get(train.pk)
            why = told_days(calendar.why_closed(calendar.date_of(leaves_at))) if calendar else ""
            rows.append(
                Departure(
                    train, leaves_at, closes_at, len(places), shown, is_closed=now >= closes_at, closed=why
                )
            )
    return sorted(rows, key=lambda row: (row.leaves_at, row.train.name))


def _on_board(
    trains: list[UUID], start: dt.datetime, end: dt.datetime
) -> dict[tuple[UUID, dt.datetime], list[TrainBoarding]]:
    rows = (
        TrainBoarding.objects.filter(
            train__in=trains, left_at=None, departs_at__gte=start, departs_at__lt=end
        )
        .exclude(rollout__state__in=_GONE)
        .select_related("rollout__connector__publisher", "rollout__version", "rollout__submission")
        .order_by("boarded_at")
    )
    found: dict[tuple[UUID, dt.datetime], list[TrainBoarding]] = {}
    for row in rows:
        found.setdefault((row.train_id, row.departs_at), []).append(row)
    return found


def _teams_of(user: Any) -> set[UUID]:
    """None of somebody who has not signed in."""
    if not user.is_authenticated:
        return set()
    return set(user.memberships.values_list("publisher_id", flat=True))


def _closing_calendars(found: list[Train]) -> dict[UUID, Calendar]:
    """The calendar of the plans that board a train, where they agree on one: its holidays stop the train."""
    calendars: dict[UUID, set[Calendar]] = {}
    for plan in RolloutPlan.objects.filter(is_retired=False, train__in=found):
        assert plan.train_id is not None
        calendar = Calendar(
            plan.time_zone, frozenset(plan.weekend), tuple(plan.holiday_countries), plan.start_time
        )
        calendars.setdefault(plan.train_id, set()).add(calendar)
    return {train: next(iter(found)) for train, found in calendars.items() if len(found) == 1}


def plans_on(train: Train) -> QuerySet[RolloutPlan]:
    """The plans in use that board it."""
    plans = RolloutPlan.objects.filter(is_retired=False)
    return (plans.filter(train=train) | plans.filter(opt_in_train=train)).distinct().order_by("name")


def train_words(train: Train) -> list[tuple[str, str]]:
    lanes = ", ".join(str(Lane(lane).label) for lane in train.lanes)
    return [
        (_("Leaves on"), ", ".join(str(WEEKDAYS[day]) for day in sorted(train.weekdays))),
        (_("At"), f"{train.departs_at:%H:%M}, {train.time_zone}"),
        (_("Boarding closes"), _("%(cutoff_hours)s hours before") % {"cutoff_hours": train.cutoff_hours}),
        (_("Places"), str(train.capacity)),
        (
            _("For one publisher"),
            str(train.per_publisher) if train.per_publisher else _("as many as there are"),
        ),
        (_("Who may board"), lanes or _("every lane")),
    ]


def boardings_of(rollout: Rollout) -> QuerySet[TrainBoarding]:
    """The departures that its waves hold a place on, in order."""
    found = TrainBoarding.objects.filter(rollout=rollout, left_at=None)
    return found.select_related("train").order_by("departs_at")
