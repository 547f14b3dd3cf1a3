"""Reads of forecasts: the band of each region now, and every slip with its cause in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from certification.lifecycle import MOVABLE_ROLLOUT_STATES
from certification.models import ForecastSnapshot, RegionDeployment, Rollout, RolloutWave
from certification.planning.forecasting import WHOLE
from certification.queries.reasons import told_slip
from portal.shared.words import lazy as _lazy

_SETTLED = ("verified", "skipped", "cancelled")
_NAMED = 3

CAUSES = {
    "operator": _lazy("Changed by an operator"),
    "freeze": _lazy("Freeze"),
    "late": _lazy("The wave before took longer"),
    "hold": _lazy("Held"),
    "halt": _lazy("Stopped"),
    "reorder": _lazy("Another order of the waves"),
    "queue": _lazy("The version before it"),
    "plan": _lazy("Plan"),
    "train": _lazy("Train"),
    "incident": _lazy("Incident"),
    "accelerate": _lazy("Two people let it start early"),
    "rollout.queue": _lazy("Waits for another version"),
    "rollout.take_turn": _lazy("Its turn came"),
    "rollout.choose_opt_in": _lazy("Opt-in waves were added"),
    "rollout.schedule": _lazy("Scheduled"),
    "rollout.reschedule": _lazy("Dates changed"),
    "rollout.reorder": _lazy("Another order of the waves"),
    "rollout.start": _lazy("Started"),
    "rollout.hold": _lazy("Held"),
    "rollout.resume": _lazy("Resumed"),
    "rollout.halt": _lazy("Stopped"),
    "rollout.release": _lazy("Released"),
    "wave.start": _lazy("A wave started"),
    "wave.verify": _lazy("A wave was verified"),
    "wave.skip": _lazy("A wave was left out"),
    "deployment.verify": _lazy("A region was verified"),
    "deployment.fail": _lazy("A region failed"),
    "deployment.lose": _lazy("A region does not answer"),
    "deployment.retry": _lazy("A region is tried again"),
    "deployment.skip": _lazy("A region was left out"),
    "gatecheck.wait": _lazy("A gate waits for a person"),
    "gatecheck.let_through": _lazy("A gate was let through"),
    "freeze.create": _lazy("Freeze"),
    "freeze.change": _lazy("A freeze was changed"),
    "freeze.cancel": _lazy("A freeze was taken back"),
    "time.pass": _lazy("It takes longer than expected"),
}
"""What moved a date, in words; an event that is not named shows as it is called."""


def cause_label(cause: str) -> str:
    return CAUSES.get(cause, cause.replace(".", " ").replace("_", " ").capitalize())


def newest(rollout: Rollout) -> dict[str, ForecastSnapshot]:
    """Region code -> its last snapshot; under `WHOLE` that of the whole rollout. One query."""
    rows = rollout.forecasts.order_by("region_id", "-at", "-pk").distinct("region_id")
    return {row.region_id or WHOLE: row for row in rows}


@dataclass(frozen=True)
class Expected:
    """Regions of one wave that are expected alike."""

    wave: RolloutWave
    regions: str
    early: dt.datetime
    late: dt.datetime


@dataclass(frozen=True)
class Outlook:
    """What is still to come of a rollout, on a line from `first` to `last`; `whole` is the last region."""

    whole: ForecastSnapshot
    lines: list[Expected]
    first: dt.datetime
    last: dt.datetime
    is_measured: bool


def outlook(rollout: Rollout) -> Outlook | None:
    """The bands of the regions that have not got it; None where nothing is to come. Two queries."""
    if rollout.state not in MOVABLE_ROLLOUT_STATES:
        return None
    bands = newest(rollout)
    acts = rollout.deployments.filter(action="deploy").exclude(state__in=_SETTLED)
    groups: dict[tuple[Any, ...], tuple[RegionDeployment, list[str]]] = {}
    for act in acts.select_related("region", "wave").order_by("wave__number", "region__name"):
        if act.region_id in bands:
            found = bands[act.region_id]
            key = (act.wave_id, _hour(found.early), _hour(found.late))
            groups.setdefault(key, (act, []))[1].append(act.region.name)
    if not groups or WHOLE not in bands:
        return None
    lines = [
        Expected(act.wave, in_words(names, at_most=30), bands[act.region_id].early, bands[act.region_id].late)
        for act, names in groups.values()
        if act.wave is not None
    ]
    return Outlook(
        bands[WHOLE],
        lines,
        min(line.early for line in lines),
        max(line.late for line in lines),
        all(row.is_measured for row in bands.values()),
    )


def of_whole(submission_ids: Iterable[Any]) -> dict[Any, ForecastSnapshot]:
    """Submission id -> the last forecast for all regions of its rollout under way."""
    rows = (
        ForecastSnapshot.objects.filter(
            rollout__submission__in=submission_ids,
            rollout__state__in=MOVABLE_ROLLOUT_STATES,
            region=None,
        )
        .order_by("rollout_id", "-at", "-pk")
        .distinct("rollout_id")
        .annotate(submission_id=F("rollout__submission"))
    )
    return {row.submission_id: row for row in rows}


@dataclass(frozen=True)
class Moved:
    """One line of the ledger: what moved from when to when."""

    what: str
    old_at: dt.datetime
    new_at: dt.datetime

    @property
    def is_later(self) -> bool:
        return self.new_at > self.old_at


@dataclass
class Slip:
    """What one event moved, with its cause, who did it and why."""

    at: dt.datetime
    cause: str
    reason: str
    actor: Any
    is_forecast: bool = False
    moves: list[Moved] = field(default_factory=list)

    @property
    def label(self) -> str:
        return cause_label(self.cause)

    @property
    def told(self) -> str:
        """Its reason in the language of whoever reads."""
        return told_slip(self.cause, self.reason, is_own=self.actor is None)

    @property
    def is_later(self) -> bool:
        return any(move.is_later for move in self.moves)


def slips(rollout: Rollout, *, limit: int = 20) -> list[Slip]:
    """The slip ledger, newest first: planned dates of waves that moved, and late ends of regions."""
    found = [*_of_waves(rollout), *_of_regions(rollout)]
    return sorted(found, key=lambda slip: slip.at, reverse=True)[:limit]


def _of_waves(rollout: Rollout) -> Iterable[Slip]:
    groups: dict[tuple[Any, ...], Slip] = {}
    for row in rollout.date_changes.select_related("wave", "actor").order_by("-at", "-pk"):
        key = (row.at, row.cause, row.actor_id)
        slip = groups.setdefault(key, Slip(row.at, row.cause, row.reason, row.actor))
        slip.moves.insert(
            0, Moved(_("Wave %(number)s") % {"number": row.wave.number}, row.old_at, row.new_at)
        )
    return groups.values()


def _of_regions(rollout: Rollout) -> Iterable[Slip]:
    """Without those that a new date of the wave explains: the wave's line says it."""
    rows = (
        rollout.forecasts.filter(slipped_from__isnull=False, region__isnull=False)
        .exclude(cause="rollout.reschedule")
        .select_related("region", "actor")
        .order_by("-at", "late", "region__name")
    )
    return slips_of_snapshots(rows)


def slips_of_snapshots(rows: Iterable[ForecastSnapshot]) -> list[Slip]:
    """One slip for each event; regions that move alike share a line."""
    groups: dict[Any, Slip] = {}
    lines: dict[Any, dict[tuple[dt.datetime, dt.datetime], list[str]]] = {}
    for row in rows:
        assert row.slipped_from is not None
        groups.setdefault(row.at, Slip(row.at, row.cause, row.reason, row.actor, is_forecast=True))
        move = (_hour(row.slipped_from), _hour(row.late))
        names = lines.setdefault(row.at, {}).setdefault(move, [])
        names.append(row.region.name if row.region else _("The last region"))
    for at, moves in lines.items():
        groups[at].moves = [Moved(in_words(names), old, new) for (old, new), names in moves.items()]
    return list(groups.values())


def _hour(moment: dt.datetime) -> dt.datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def in_words(names: list[str], *, at_most: int = _NAMED) -> str:
    """ "France, Italy and 4 more": enough to know which without listing a continent."""
    if len(names) > at_most + 1:
        return _("%(join)s and %(value)s more") % {
            "join": ", ".join(names[:at_most]),
            "value": len(names) - at_most,
        }
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
