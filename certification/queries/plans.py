"""Reads of plans, freezes and regions for operators."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certification.lifecycle import ACTIVE_ROLLOUT_STATES
from certification.models import Freeze, PlanWave, PlanWaveRegion, Rollout, RolloutPlan
from certification.planning.bands import Arrival
from certification.planning.calendar import Calendar
from certification.planning.coverage import WaveDraft
from certification.policies import can_manage_plans
from connectors.models import Region
from portal.shared.words import lazy as _lazy

SPARE_ROWS = 2
"""Empty waves offered below those a plan has."""


def all_plans() -> QuerySet[RolloutPlan]:
    return RolloutPlan.objects.select_related("created_by", "train", "opt_in_train")


def plans() -> QuerySet[RolloutPlan]:
    """Latest revisions, the default first, with counts of waves, regions and rollouts under way."""
    return (
        all_plans()
        .filter(is_retired=False)
        .annotate(
            wave_count=Count("waves", distinct=True),
            region_count=Count("places", distinct=True),
            rollout_count=Count(
                "rollouts", distinct=True, filter=Q(rollouts__state__in=ACTIVE_ROLLOUT_STATES)
            ),
        )
        .order_by("-is_default", "lane", "name")
    )


def calendar_of(plan: RolloutPlan) -> Calendar:
    """The working days that a plan goes by."""
    return Calendar(plan.time_zone, frozenset(plan.weekend), tuple(plan.holiday_countries), plan.start_time)


def choices() -> QuerySet[RolloutPlan]:
    """Plans that may be chosen, the default first."""
    return RolloutPlan.objects.filter(is_retired=False).order_by("-is_default", "lane", "name")


def with_waves(user: Any) -> QuerySet[RolloutPlan]:
    """Every revision with its waves, for those who manage plans; nothing for others."""
    if not can_manage_plans(user):
        return RolloutPlan.objects.none()
    return RolloutPlan.objects.prefetch_related("waves__places")


def waves_of(plan: RolloutPlan) -> list[tuple[PlanWave, list[Region]]]:
    rows = plan.waves.prefetch_related("places__region").order_by("number")
    return [(wave, sorted((p.region for p in wave.places.all()), key=lambda r: r.name)) for wave in rows]


def revisions_of(plan: RolloutPlan) -> QuerySet[RolloutPlan]:
    return all_plans().filter(name=plan.name).order_by("-revision")


def rollouts_using(plan: RolloutPlan) -> QuerySet[Rollout]:
    return (
        Rollout.objects.filter(plan=plan, state__in=ACTIVE_ROLLOUT_STATES)
        .select_related("connector", "version")
        .order_by("created_at")[:20]
    )


def wave_choices(plan: RolloutPlan) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """(number, name) of the waves every rollout has, and of those it may ask for."""
    rows = [wave for wave in plan.waves.order_by("number") if not wave.before_sign_off]
    public = [(wave.number, wave.name) for wave in rows if not wave.is_opt_in]
    return public, [(wave.number, wave.name) for wave in rows if wave.is_opt_in]


@dataclass(frozen=True)
class WaveBand:
    """When the regions of a wave have the version: half by `early`, nine of ten by `late`."""

    number: int
    early: dt.datetime
    late: dt.datetime


def bands_by_wave(arrivals: Iterable[Arrival]) -> list[WaveBand]:
    """The band of the slowest region of each wave."""
    found: dict[int, list[Arrival]] = {}
    for arrival in arrivals:
        found.setdefault(arrival.wave, []).append(arrival)
    return [
        WaveBand(number, max(one.early for one in rows), max(one.late for one in rows))
        for number, rows in found.items()
    ]


def calendar_words(plan: RolloutPlan) -> list[tuple[str, str]]:
    weekend = ", ".join(str(WEEKDAYS[day]) for day in plan.weekend) or _("no day")
    between = plan.days_between_waves
    spaced = ngettext("one business day", "%(n)s business days", between) % {"n": between}
    if plan.hours_between_waves:
        spaced = _("%(hours_between_waves)s hours") % {"hours_between_waves": plan.hours_between_waves}
    return [
        (_("Lane"), plan.get_lane_display()),
        (_("Time zone"), plan.time_zone),
        (_("Waves start at"), f"{plan.start_time:%H:%M}"),
        (_("Between waves"), spaced),
        (_("No wave on"), weekend),
        (_("Public holidays"), ", ".join(plan.holiday_countries) or "none"),
        (_("Train"), str(plan.train) if plan.train else "none"),
        *([(_("Opt-in train"), str(plan.opt_in_train))] if plan.opt_in_train else []),
    ]


@dataclass(frozen=True)
class WaveRow:
    """A wave in the form: empty rows are room for more. `stage` is "preview", "public" or "opt-in"."""

    number: int
    name: str = ""
    stage: str = "public"
    bake_hours: int = 0
    work_hours: int = 0
    calls: int = 0


@dataclass(frozen=True)
class RegionRow:
    """A region in the form, with the wave it is in (0: none yet)."""

    code: str
    name: str
    geography: str
    wave: int
    is_preview: bool


def form_rows(waves: Sequence[WaveDraft]) -> list[WaveRow]:
    rows = [
        WaveRow(
            number,
            wave.name,
            "preview" if wave.before_sign_off else "opt-in" if wave.is_opt_in else "public",
            wave.bake_seconds // 3600,
            wave.bake_business_seconds // 3600,
            wave.bake_calls,
        )
        for number, wave in enumerate(waves, start=1)
    ]
    return rows + [WaveRow(len(rows) + extra) for extra in range(1, SPARE_ROWS + 1)]


def form_regions(waves: Sequence[WaveDraft]) -> list[RegionRow]:
    """Every active region, by geography; those nobody placed come out with wave 0."""
    wave_of = {code: number for number, wave in enumerate(waves, start=1) for code in wave.regions}
    regions = Region.objects.filter(is_active=True).order_by("geography", "name")
    return [RegionRow(r.code, r.name, r.geography, wave_of.get(r.code, 0), r.is_preview) for r in regions]


def freezes() -> QuerySet[Freeze]:
    """Those that hold or will hold, in order."""
    return (
        Freeze.objects.filter(cancelled_at=None, ends_at__gt=timezone.now())
        .select_related("created_by")
        .order_by("starts_at")
    )


@dataclass(frozen=True, slots=True)
class PlacedFreeze:
    """A freeze and where it holds, in the regions' names, and for which ways to sign in."""

    freeze: Freeze
    where: str


def placed(freezes: Iterable[Freeze]) -> list[PlacedFreeze]:
    """One query for the names, however many freezes."""
    names = dict(Region.objects.values_list("code", "name"))
    return [PlacedFreeze(freeze, _scope(freeze, names)) for freeze in freezes]


_SIGN_INS = {
    "none": _lazy("without sign-in"),
    "api_key": _lazy("with an API key"),
    "basic": _lazy("with basic authentication"),
    "oauth2": _lazy("with OAuth 2.0"),
    "windows": _lazy("with Windows authentication"),
    "certificate": _lazy("with a certificate"),
}


def _scope(freeze: Freeze, names: dict[str, str]) -> str:
    where = ", ".join(names.get(code, code) for code in freeze.regions) or _("Everywhere")
    kinds = _(" or ").join(str(_SIGN_INS.get(kind, kind)) for kind in freeze.auth_kinds)
    return _("%(where)s, connectors %(kinds)s") % {"where": where, "kinds": kinds} if kinds else where


def every_freeze() -> QuerySet[Freeze]:
    """Past, present and taken back: everybody whose dates they move may read them."""
    return Freeze.objects.all()


def open_freezes() -> QuerySet[Freeze]:
    return Freeze.objects.filter(cancelled_at=None)


def past_freezes() -> QuerySet[Freeze]:
    return (
        Freeze.objects.filter(Q(cancelled_at__isnull=False) | Q(ends_at__lte=timezone.now()))
        .select_related("created_by")
        .order_by("-starts_at")[:30]
    )


def regions() -> QuerySet[Region]:
    """Every region with how many connectors it holds, verified."""
    return Region.objects.annotate(
        held=Count("placements", filter=Q(placements__verified_version__isnull=False)),
        disagreeing=Count("placements", filter=Q(placements__disagrees_since__isnull=False)),
    ).order_by("-is_active", "geography", "name")


def every_region() -> QuerySet[Region]:
    return Region.objects.all()


def region_choices(*, without: str = "", active_only: bool = False) -> list[tuple[str, str]]:
    """(code, name) for choosing regions."""
    found = Region.objects.exclude(pk=without)
    return list((found.filter(is_active=True) if active_only else found).values_list("code", "name"))


@dataclass(frozen=True)
class Unreached:
    """A plan in use and the active regions it does not name: no rollout by it reaches them."""

    plan: RolloutPlan
    regions: list[Region]


def unreached() -> list[Unreached]:
    """Plans behind whose back a region opened, by name; empty while all of them reach every region."""
    active = _placeable()
    places: dict[object, set[str]] = {}
    for plan, code in PlanWaveRegion.objects.filter(plan__is_retired=False).values_list("plan", "region"):
        places.setdefault(plan, set()).add(code)
    plans = RolloutPlan.objects.filter(is_retired=False).order_by("name")
    found = (
        Unreached(plan, [region for region in active if region.pk not in places.get(plan.pk, ())])
        for plan in plans
    )
    return [one for one in found if one.regions]


def unreached_by(plan: RolloutPlan) -> list[Region]:
    """The active regions that this revision of a plan does not name. One query."""
    return list(_placeable().exclude(pk__in=plan.places.values("region_id")))


def plans_missing(region: Region) -> list[str]:
    """The names of the plans in use that do not reach a region. One query."""
    reaching = PlanWaveRegion.objects.filter(region=region).values("plan")
    found = RolloutPlan.objects.filter(is_retired=False).exclude(pk__in=reaching)
    return list(found.order_by("name").values_list("name", flat=True))


def _placeable() -> QuerySet[Region]:
    """The Preview region is no wave's to forget: the Preview stage goes there by itself."""
    active = Region.objects.filter(is_active=True, is_preview=False)
    return active.defer("credentials").order_by("name")
