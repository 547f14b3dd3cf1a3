"""Reads of catch-ups: what is live elsewhere and not in a region, what is left out and why, how far it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from certification.lifecycle import ACTIVE_ROLLOUT_STATES, UNDER_WAY
from certification.models import (
    CatchUp,
    Notice,
    Placement,
    PlanWaveRegion,
    RegionDeployment,
    Rollout,
    RolloutWave,
)
from connectors.models import Connector, Region
from portal.shared.words import in_sentence

_ON_ITS_WAY = ("queued", *sorted(ACTIVE_ROLLOUT_STATES))


@dataclass(frozen=True)
class Missing:
    """A connector that is live elsewhere and not in the region. `rollout` made its version live; `why_not`
    is empty where a catch-up takes it there, else the reason for which it is left out.
    """

    connector: Connector
    rollout: Rollout | None
    why_not: str = ""


@dataclass(frozen=True)
class Gap:
    """What a region lacks: what a catch-up brings, what is on its way there already, what is left out."""

    to_bring: list[Missing]
    coming: int
    left_out: list[Missing]

    @property
    def number(self) -> int:
        return len(self.to_bring) + self.coming + len(self.left_out)

    @property
    def teams(self) -> int:
        return len({one.connector.publisher_id for one in self.to_bring})


def gap_of(region: Region) -> Gap:
    """Every connector that is live elsewhere and not here, by name. Eight queries, however many."""
    connectors = list(_missing(region))
    rollouts = _made_live(connectors)
    facts = _Facts.of(region, connectors, rollouts.values())
    to_bring: list[Missing] = []
    left_out: list[Missing] = []
    coming = 0
    for connector in connectors:
        rollout = rollouts.get(connector.pk)
        if connector.pk in facts.coming:
            coming += 1
            continue
        reason = facts.why_not(connector, rollout)
        (left_out if reason else to_bring).append(Missing(connector, rollout, reason))
    return Gap(to_bring, coming, left_out)


def _missing(region: Region) -> QuerySet[Connector]:
    here = Placement.objects.filter(
        connector=OuterRef("pk"), region=region, verified_version=OuterRef("live_version")
    )
    found = Connector.objects.filter(live_version__isnull=False).filter(~Exists(here))
    return (
        found.exclude(state__in=("retired", "cancelled"))
        .select_related("publisher", "live_version")
        .defer("live_version__tree")
        .order_by("name", "pk")
    )


def _made_live(connectors: Iterable[Connector]) -> dict[UUID, Rollout]:
    """Connector -> the completed rollout of its live version, the last one where there are several."""
    rows = (
        Rollout.objects.filter(
            connector__in=[one.pk for one in connectors],
            state="completed",
            version=F("connector__live_version"),
        )
        .select_related("plan", "version")
        .defer("version__tree")
        .order_by("connector_id", "-finished_at")
        .distinct("connector_id")
    )
    return {row.connector_id: row for row in rows}


@dataclass(frozen=True)
class _Facts:
    """What decides about each: keys are connectors (`on_its_way`, `retiring`, `coming`), or else rollouts."""

    on_its_way: dict[UUID, Rollout]
    retiring: set[UUID]
    coming: set[UUID]
    stopped: set[UUID]
    skipped: set[UUID]
    failed: set[UUID]
    opt_in_plans: set[str]

    @classmethod
    def of(cls, region: Region, connectors: Iterable[Connector], rollouts: Collection[Rollout]) -> _Facts:
        keys = [one.pk for one in connectors]
        moving = Rollout.objects.filter(connector__in=keys, state__in=_ON_ITS_WAY).select_related("version")
        acts: dict[str, set[UUID]] = {}
        here = RegionDeployment.objects.filter(region=region, action="deploy")
        for rollout, state in here.filter(rollout__in=[one.pk for one in rollouts]).values_list(
            "rollout_id", "state"
        ):
            acts.setdefault(state, set()).add(rollout)
        # Also by a newer version whose rollout reaches the region.
        coming = here.filter(rollout__isnull=False, connector__in=keys, state__in=("pending", *UNDER_WAY))
        retirements = Notice.objects.filter(connector__in=keys, kind="retirement", state="announced")
        return cls(
            on_its_way={row.connector_id: row for row in moving.defer("version__tree", "version__facts")},
            retiring=set(retirements.values_list("connector_id", flat=True)),
            coming=set(coming.values_list("connector_id", flat=True)),
            stopped=set(stopped_in(region).values_list("rollout_id", flat=True)),
            skipped=acts.get("skipped", set()),
            failed=acts.get("failed", set()),
            opt_in_plans=set(
                PlanWaveRegion.objects.filter(
                    region=region, wave__is_opt_in=True, plan__is_retired=False
                ).values_list("plan__name", flat=True)
            ),
        )

    def why_not(self, connector: Connector, rollout: Rollout | None) -> str:
        moving = self.on_its_way.get(connector.pk)
        if moving is not None:
            return _("Another rollout of it is under way: %(version)s, %(state)s") % {
                "version": moving.version.label,
                "state": in_sentence(moving.get_state_display()),
            }
        if rollout is None:
            return _("The portal did not roll its live version out, so there is nothing to repeat")
        if connector.pk in self.retiring:
            return _("Its team announced that it retires")
        said = [
            (rollout.pk in self.skipped, _("Two people left the region out of its rollout")),
            (rollout.pk in self.stopped, _("It was stopped on its way to this region")),
            (rollout.pk in self.failed, _("It failed in this region: try again on its rollout")),
            (
                rollout.plan.name in self.opt_in_plans,
                _("It goes to this region only where its team asks for it"),
            ),
        ]
        return next((reason for holds, reason in said if holds), "")


def stopped_in(region: Region) -> QuerySet[RolloutWave]:
    """Catch-up waves into the region that somebody ended for one connector: those stay ended. What was taken
    back with its whole catch-up may come with the next one.
    """
    taken_back = Q(catch_up__state="cancelled", finished_at__gte=F("catch_up__finished_at"))
    return RolloutWave.objects.filter(catch_up__region=region, state="skipped").exclude(taken_back)


def visible_to(user: Any) -> QuerySet[CatchUp]:
    """Operators run catch-ups; teams see their own connectors' waves."""
    found = CatchUp.objects.select_related("region", "opened_by").defer("region__credentials")
    return found if getattr(user, "is_operator", False) else found.none()


def open_in(region: Region) -> CatchUp | None:
    return CatchUp.objects.filter(region=region, state__in=("running", "held")).first()


@dataclass(frozen=True)
class Progress:
    """How far a catch-up is, in connectors."""

    planned: int
    running: int
    failed: int
    done: int
    ended: int

    @property
    def total(self) -> int:
        return self.planned + self.running + self.failed + self.done + self.ended


def progress_of(catch_up: CatchUp) -> Progress:
    """One query."""
    counts: Counter[str] = Counter()
    for wave, act in RegionDeployment.objects.filter(wave__catch_up=catch_up, action="deploy").values_list(
        "wave__state", "state"
    ):
        counts["failed" if wave == "running" and act == "failed" else wave] += 1
    return Progress(
        counts["planned"], counts["running"], counts["failed"], counts["verified"], counts["skipped"]
    )


def waves_of(catch_up: CatchUp) -> QuerySet[RolloutWave]:
    """What needs somebody first, then what is under way, then by date."""
    acts = RegionDeployment.objects.filter(wave=OuterRef("pk"), action="deploy").order_by("-created_at")
    return (
        catch_up.waves.select_related("rollout__connector__publisher", "rollout__version")
        .defer("rollout__version__tree", "rollout__version__facts")
        .annotate(act_state=Subquery(acts.values("state")[:1]))
        .order_by(F("finished_at").asc(nulls_first=True), "planned_at", "rollout__connector__name")
    )
