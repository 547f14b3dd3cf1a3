"""The line of one connector's versions: what travels now, and what waits behind it, in order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Case, Exists, IntegerField, OuterRef, QuerySet, Value, When

from certification.lifecycle import ACTIVE_ROLLOUT_STATES
from certification.models import Lane, Rollout, RolloutWave
from certification.queries.plans import calendar_of


@dataclass(frozen=True)
class Line:
    """`moving` is the rollout under way, if there is one; `waiting` are the others, the next one first."""

    moving: Rollout | None
    waiting: Sequence[Rollout]

    def before(self, rollout: Rollout) -> list[Rollout]:
        """What has to end before this one travels; everything for one that is not in the line yet."""
        keys = [row.pk for row in self.waiting]
        place = keys.index(rollout.pk) if rollout.pk in keys else len(keys)
        return [*([self.moving] if self.moving else []), *self.waiting[:place]]

    def position(self, rollout: Rollout) -> int:
        """1 for the next one; 0 for one that does not wait."""
        return next((place for place, row in enumerate(self.waiting, 1) if row.pk == rollout.pk), 0)

    def places(self) -> list[tuple[int, Rollout]]:
        return list(enumerate(self.waiting, 1))


def in_order(rollouts: QuerySet[Rollout]) -> QuerySet[Rollout]:
    """A hotfix passes the others; otherwise who came first goes first."""
    rank = Case(When(plan__lane=Lane.HOTFIX, then=Value(0)), default=Value(1), output_field=IntegerField())
    return rollouts.annotate(rank=rank).order_by("connector_id", "rank", "created_at", "pk")


def line_of(connector_id: UUID) -> Line:
    """One query."""
    found = in_order(
        Rollout.objects.filter(connector_id=connector_id, state__in=("queued", *ACTIVE_ROLLOUT_STATES))
    ).select_related("version", "submission", "plan", "connector")
    rows = list(found)
    moving = next((row for row in rows if row.state != "queued"), None)
    return Line(moving, [row for row in rows if row.state == "queued"])


def next_in_line() -> list[UUID]:
    """The first waiting rollout of every connector for which none is under way."""
    busy = Rollout.objects.filter(connector=OuterRef("connector"), state__in=ACTIVE_ROLLOUT_STATES)
    found = in_order(Rollout.objects.filter(~Exists(busy), state="queued"))
    return list(found.distinct("connector_id").values_list("pk", flat=True))


def free_from(before: Sequence[Rollout]) -> dt.datetime | None:
    """The earliest start of whatever comes after these: the day after the last planned wave of the slowest,
    in its plan's zone. None when nothing is before it.
    """
    ends = []
    for rollout in before:
        last = RolloutWave.objects.filter(rollout=rollout, is_opt_in=False).order_by("-planned_at").first()
        if last is not None:
            calendar = calendar_of(rollout.plan)
            ends.append(
                calendar.instant(calendar.date_of(last.planned_at) + dt.timedelta(days=1), dt.time(0))
            )
    return max(ends, default=None)


def behind(rollout: Rollout) -> list[Rollout]:
    """The rollouts whose dates hang on this one's, in the order in which they go."""
    line = line_of(rollout.connector_id)
    place = line.position(rollout)
    return list(line.waiting[place:])


def mark_places(rollouts: Sequence[Rollout]) -> None:
    """Give every rollout of a page its `place` in its connector's line; 0 for those that do not wait."""
    waiting = Rollout.objects.filter(
        connector__in={row.connector_id for row in rollouts if row.state == "queued"}, state="queued"
    )
    places: dict[UUID, int] = {}
    counts: dict[UUID, int] = {}
    for pk, connector in in_order(waiting).values_list("pk", "connector_id"):
        counts[connector] = places[pk] = counts.get(connector, 0) + 1
    for row in rollouts:
        row.place = places.get(row.pk, 0)  # type: ignore[attr-defined]
