"""Reads of rollouts: the board, the region matrix, the ledger of dates, what a deed would touch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from certification.lifecycle import (
    ACTIVE_ROLLOUT_STATES,
    ENDED_ROLLOUT_STATES,
    MOVABLE_ROLLOUT_STATES,
    UNDER_WAY,
)
from certification.models import (
    DateChange,
    ForecastSnapshot,
    Placement,
    PlanWave,
    PlanWaveRegion,
    Preview,
    RegionDeployment,
    Rollout,
    RolloutWave,
)
from certification.queries.forecasts import newest
from connectors.models import Region
from portal.shared import audit, history
from portal.shared.words import lazy as _lazy

GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "active": (_lazy("Under way"), tuple(sorted(ACTIVE_ROLLOUT_STATES))),
    "attention": (_lazy("Needs somebody"), ("held", "halted")),
    "scheduled": (_lazy("Scheduled"), ("scheduled",)),
    "waiting": (_lazy("Waiting"), ("queued",)),
    "ended": (_lazy("Ended"), ENDED_ROLLOUT_STATES),
}

# What a deployment looks like in the matrix: planned, reported and verified are three different things.
_CELL_STATES = {"pending": "planned", "intended": "requested"}
_TO_COME = ("planned", "requested", "deploying")
_FORESEEN = MOVABLE_ROLLOUT_STATES
_BACK_STATES = {"verified": "rolled_back", "failed": "failed", "cancelled": "", "skipped": ""}


@dataclass(frozen=True)
class Cell:
    """A region in the matrix, in the form `_region.html` shows. `early` to `late` is the band in which it is
    expected, while it is to come.
    """

    code: str
    name: str
    state: str
    planned_at: dt.datetime | None = None
    reported_at: dt.datetime | None = None
    verified_at: dt.datetime | None = None
    note: str = ""
    url: str = ""
    early: dt.datetime | None = None
    late: dt.datetime | None = None


@dataclass(frozen=True)
class WaveView:
    """A row of the matrix, in the form `_region_matrix.html` shows."""

    number: int
    name: str
    state: str
    planned_at: dt.datetime | None
    regions: list[Cell] = field(default_factory=list)


def board(user: Any, group: str = "active") -> QuerySet[Rollout]:
    """The rollouts this reader may see, with counts and the next wave, what is due first in front."""
    waves = RolloutWave.objects.filter(rollout=OuterRef("pk"), state__in=("planned", "running")).order_by(
        "number"
    )
    deploys = Q(deployments__action="deploy")
    found = Rollout.objects.visible_to(user).filter(state__in=GROUPS.get(group, GROUPS["active"])[1])
    return (
        found.select_related("connector__publisher", "version", "plan", "submission")
        .annotate(
            total=Count("deployments", filter=deploys),
            verified=Count("deployments", filter=deploys & Q(deployments__state="verified")),
            failed=Count("deployments", filter=Q(deployments__state="failed")),
            unknown=Count("deployments", filter=Q(deployments__state="unknown")),
            left_out=Count("deployments", filter=deploys & Q(deployments__state="skipped")),
            wave_number=Subquery(waves.values("number")[:1]),
            wave_name=Subquery(waves.values("name")[:1]),
            wave_state=Subquery(waves.values("state")[:1]),
            wave_at=Subquery(waves.values("planned_at")[:1]),
        )
        .order_by("next_step_at" if group != "ended" else "-finished_at", "-created_at")
    )


def group_counts(user: Any) -> list[tuple[str, str, int]]:
    """(key, label, number of rollouts) for the filters of the board, in one query."""
    visible = Rollout.objects.visible_to(user)
    counts = dict(visible.order_by().values_list("state").annotate(number=Count("pk", distinct=True)))
    return [
        (key, label, sum(counts.get(state, 0) for state in states)) for key, (label, states) in GROUPS.items()
    ]


def matrix_of(rollout: Rollout) -> list[WaveView]:
    """Waves and regions of a rollout, the Preview stage's waves in front. Five queries, whatever the size."""
    deployments = list(rollout.deployments.select_related("region").order_by("region__name"))
    backs = {row.region_id: row for row in deployments if row.action == "rollback"}
    rows: dict[int, list[RegionDeployment]] = {}
    for row in deployments:
        if row.action == "deploy" and row.wave_id:
            rows.setdefault(row.wave_id, []).append(row)
    bands = newest(rollout) if rollout.state in _FORESEEN else {}
    waves = [
        WaveView(
            wave.number,
            wave.name,
            wave.state,
            wave.planned_at,
            [
                _with_band(cell_of(row, wave, backs.get(row.region_id)), bands)
                for row in rows.get(wave.pk, ())
            ],
        )
        for wave in rollout.waves.order_by("number")
    ]
    return [*_preview_waves(rollout), *waves]


def _with_band(cell: Cell, bands: Mapping[str, ForecastSnapshot]) -> Cell:
    band = bands.get(cell.code) if cell.state in _TO_COME else None
    return replace(cell, early=band.early, late=band.late) if band else cell


def _preview_waves(rollout: Rollout) -> list[WaveView]:
    """The waves before the sign-off, from the Preview that was signed off, by the names of the plan."""
    preview = Preview.objects.filter(submission_id=rollout.submission_id, state="signed_off").order_by(
        "-created_at"
    )
    cells = {
        row.region_id: cell_of(row, None, None)
        for row in RegionDeployment.objects.filter(preview=preview.first()).select_related("region")
    }
    places = (
        rollout.plan.places.filter(wave__before_sign_off=True).select_related("wave").order_by("wave__number")
    )
    waves: dict[int, WaveView] = {}
    for place in places:
        wave = waves.setdefault(
            place.wave.number, WaveView(place.wave.number, place.wave.name, "signed_off", None)
        )
        if place.region_id in cells:
            wave.regions.append(cells[place.region_id])
    return [wave for wave in waves.values() if wave.regions]


def shown_state(state: str) -> str:
    """A deployment's state as the matrix and maps name it."""
    return _CELL_STATES.get(state, state)


def cell_of(row: RegionDeployment, wave: RolloutWave | None, back: RegionDeployment | None) -> Cell:
    state, note = shown_state(row.state), ""
    shown = row
    if back is not None and _BACK_STATES.get(back.state, "rolling_back"):
        state, shown = _BACK_STATES.get(back.state, "rolling_back"), back
        note = (
            _("Rollback failed")
            if back.state == "failed"
            else _("Rollback unknown")
            if back.state == "unknown"
            else ""
        )
    elif row.overdue_since:
        note = _("No result in time")
    owner = row.rollout_id
    return Cell(
        code=row.region_id,
        name=row.region.name,
        state=state,
        planned_at=wave.planned_at if wave else None,
        reported_at=shown.reported_at,
        verified_at=shown.verified_at,
        note=note,
        url=reverse("rollout_region", args=[owner, row.region_id]) if owner else "",
    )


def is_moving(rollout: Rollout, waves: Iterable[WaveView]) -> bool:
    """Whether the page should look again by itself: something is with a region, or about to be."""
    if rollout.state in ENDED_ROLLOUT_STATES and rollout.next_step_at is None:
        return False
    soon = timezone.now() + dt.timedelta(minutes=10)
    busy = {"requested", "deploying", "unknown", "reported", "rolling_back"}
    return (
        rollout.state in ("running", "rolling_back")
        or any(cell.state in busy for wave in waves for cell in wave.regions)
        or (rollout.next_step_at is not None and rollout.next_step_at <= soon)
    )


def date_changes(rollout: Rollout) -> QuerySet[DateChange]:
    """The ledger of dates, newest first."""
    return rollout.date_changes.select_related("wave", "actor").order_by("-at", "-pk")


_ROUTINE = (
    "deployment.intend",
    "deployment.resend",
    "deployment.accept",
    "deployment.report",
    "connector.mark_version",
)


def milestones(obj: Rollout | Preview) -> list[history.HistoryEntry]:
    """What happened, without the routine of every region: that is on the region's own page."""
    return history.entries(
        audit.history(obj).exclude(Q(action__in=_ROUTINE) | Q(action__startswith="submission."))[:40]
    )


def region_history(rollout: Rollout, code: str) -> list[RegionDeployment]:
    """Every act of the rollout in one region, newest first."""
    return list(
        rollout.deployments.filter(region_id=code)
        .select_related("region", "version", "wave", "connector", "rollout__submission__connector__publisher")
        .order_by("-action", "-created_at")
    )


def placement_of(connector_id: UUID, code: str) -> Placement | None:
    return (
        Placement.objects.filter(connector_id=connector_id, region_id=code)
        .select_related("reported_version", "verified_version")
        .first()
    )


def rollouts_of_submission(submission_id: UUID) -> Rollout | None:
    return (
        Rollout.objects.filter(submission_id=submission_id)
        .select_related("plan", "connector", "version", "submission")
        .order_by("-created_at")
        .first()
    )


def under_way_count(rollout: Rollout) -> int:
    return rollout.deployments.filter(state__in=UNDER_WAY).count()


def opt_in_choices(rollout: Rollout) -> QuerySet[PlanWave]:
    """The opt-in waves of its plan that the rollout does not have yet."""
    taken = rollout.waves.values("number")
    return PlanWave.objects.filter(plan_id=rollout.plan_id, is_opt_in=True).exclude(number__in=taken)


def opt_in_regions(rollout: Rollout) -> list[Region]:
    """The regions of the opt-in waves that it does not have yet."""
    places = PlanWaveRegion.objects.filter(wave__in=opt_in_choices(rollout)).select_related("region")
    return [place.region for place in places]


def has_open_opt_in(rollout: Rollout) -> bool:
    """Whether it is complete and opt-in waves are still to come."""
    open_waves = rollout.waves.filter(is_opt_in=True, state__in=("planned", "running"))
    return rollout.state == "completed" and open_waves.exists()


def newer_than(rollout: Rollout) -> QuerySet[Rollout]:
    """Rollouts of the connector that started after this one, those aside that were rolled back: what is live
    now is this one's version again.
    """
    later = Rollout.objects.filter(connector_id=rollout.connector_id, started_at__gt=rollout.started_at)
    return later.exclude(pk=rollout.pk).exclude(state="rolled_back")
