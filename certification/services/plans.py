"""Plans: complete by construction, never changed in place; an edit makes the next revision."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from certification.data import default_plan as seed
from certification.gating.thresholds import OF_A_PLAN, Thresholds
from certification.models import Lane, PlanWave, PlanWaveRegion, RolloutPlan, Train
from certification.planning.calendar import check_weekend, is_known_country
from certification.planning.coverage import WaveDraft, coverage_problems
from certification.planning_words import sentence
from certification.policies import can_manage_plans
from connectors.models import Region
from portal.accounts.models import check_time_zone
from portal.shared import audit
from portal.shared.actors import Actor
from portal.shared.errors import Blocked, Conflict, InvalidInput
from portal.shared.policy import require

MAX_DAYS_BETWEEN_WAVES = 20
MAX_HOURS_BETWEEN_WAVES = 168
MAX_BAKE_SECONDS = 28 * 86_400
MAX_BAKE_CALLS = 1_000_000


@dataclass(frozen=True)
class PlanDraft:
    """A plan as somebody wrote it; `weekend` holds weekdays (Monday is 0). `gate_thresholds` are those of
    `gating.Thresholds` that are not the house's.
    """

    name: str
    waves: tuple[WaveDraft, ...]
    description: str = ""
    time_zone: str = seed.TIME_ZONE
    weekend: tuple[int, ...] = (5, 6)
    holiday_countries: tuple[str, ...] = seed.HOLIDAY_COUNTRIES
    start_time: dt.time = seed.START_TIME
    days_between_waves: int = 1
    hours_between_waves: int = 0
    lane: str = Lane.ADDITIVE
    train: Train | None = None
    opt_in_train: Train | None = None
    gate_thresholds: Mapping[str, float] = field(default_factory=dict)
    is_default: bool = False


@dataclass
class _Faults:
    fields: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, *texts: str) -> None:
        if texts:
            self.fields.setdefault(name, []).extend(texts)


def default_plan(lane: str = Lane.ADDITIVE) -> RolloutPlan | None:
    """The default of the lane, else that of the additive lane, which stands for all others."""
    defaults = {plan.lane: plan for plan in RolloutPlan.objects.filter(is_default=True)}
    return defaults.get(lane) or defaults.get(Lane.ADDITIVE)


def preview_waves(lane: str = Lane.ADDITIVE) -> list[list[Region]]:
    """The regions of the Preview stage, wave by wave: what the default plan puts before the sign-off."""
    waves = PlanWave.objects.filter(plan=default_plan(lane), before_sign_off=True).order_by("number")
    found = [
        [place.region for place in wave.places.select_related("region") if place.region.is_active]
        for wave in waves
    ]
    found = [regions for regions in found if regions]
    return found or [[region] for region in Region.objects.filter(is_preview=True, is_active=True)]


def check_draft(draft: PlanDraft) -> None:
    """Raise `InvalidInput` with every problem of a draft, naming the regions it forgets or names twice."""
    faults = _Faults()
    if not draft.name.strip():
        faults.add("name", _("Give the plan a name."))
    try:
        check_time_zone(draft.time_zone)
    except ValidationError as error:
        faults.add("time_zone", *error.messages)
    faults.add("weekend", *map(sentence, check_weekend(draft.weekend)))
    unknown = [country for country in draft.holiday_countries if not is_known_country(country)]
    if unknown:
        faults.add(
            "holiday_countries",
            _("There is no holiday calendar for %(join)s: use codes such as US, DE or IN.")
            % {"join": ", ".join(unknown)},
        )
    if draft.lane not in Lane.values:
        faults.add("lane", _("Choose one of %(join)s.") % {"join": ", ".join(Lane.values)})
    if not 0 <= draft.days_between_waves <= MAX_DAYS_BETWEEN_WAVES:
        faults.add(
            "days_between_waves",
            _("Between 0 and %(max_days_between_waves)s business days.")
            % {"max_days_between_waves": MAX_DAYS_BETWEEN_WAVES},
        )
    if not 0 <= draft.hours_between_waves <= MAX_HOURS_BETWEEN_WAVES:
        faults.add(
            "hours_between_waves",
            _("Between 0 and %(max_hours_between_waves)s hours.")
            % {"max_hours_between_waves": MAX_HOURS_BETWEEN_WAVES},
        )
    _check_trains(draft, faults)
    _check_thresholds(draft, faults)
    for number, wave in enumerate(draft.waves, start=1):
        longest = max(wave.bake_seconds, wave.bake_business_seconds)
        if longest > MAX_BAKE_SECONDS or min(wave.bake_seconds, wave.bake_business_seconds) < 0:
            faults.add(
                "waves",
                _("Wave %(number)s bakes between 0 and %(value)s days.")
                % {"number": number, "value": MAX_BAKE_SECONDS // 86400},
            )
        if not 0 <= wave.bake_calls <= MAX_BAKE_CALLS:
            faults.add(
                "waves",
                _("Wave %(number)s waits for between 0 and %(max_bake_calls)s calls.")
                % {"number": number, "max_bake_calls": format(MAX_BAKE_CALLS, ",")},
            )
    active = dict(Region.objects.filter(is_active=True).values_list("code", "name"))
    pairs = Region.paired_with.through.objects.values_list("from_region_id", "to_region_id")
    preview = Region.objects.filter(is_preview=True, is_active=True).values_list("code", flat=True).first()
    gaps = coverage_problems(draft.waves, active, pairs=pairs, preview=preview or "")
    faults.add("waves", *map(sentence, gaps))
    if faults.fields:
        first = next(iter(faults.fields.values()))[0]
        raise InvalidInput(_("The plan cannot be used: %(first)s") % {"first": first}, fields=faults.fields)


def _check_trains(draft: PlanDraft, faults: _Faults) -> None:
    for name, train in (("train", draft.train), ("opt_in_train", draft.opt_in_train)):
        if train is None:
            continue
        if train.is_retired:
            faults.add(name, _("%(train)s does not run any more: choose another train.") % {"train": train})
        elif train.lanes and draft.lane not in train.lanes:
            faults.add(
                name,
                _("%(train)s does not take the lane %(label)s.")
                % {"train": train, "label": Lane(draft.lane).label},
            )
    if draft.opt_in_train and not any(wave.is_opt_in for wave in draft.waves):
        faults.add("opt_in_train", _("The plan has no opt-in wave that could board it."))


def _check_thresholds(draft: PlanDraft, faults: _Faults) -> None:
    for name in sorted(set(draft.gate_thresholds) - set(OF_A_PLAN)):
        faults.add("gate_thresholds", _("A plan has no threshold %(name)s.") % {"name": name})
    for name in OF_A_PLAN:
        if name in draft.gate_thresholds:
            try:
                Thresholds.of({name: draft.gate_thresholds[name]})
            except (TypeError, ValueError):
                faults.add(name, _("Out of range."))
    drop, certain = (draft.gate_thresholds.get(name) for name in ("drop", "certain_drop"))
    if drop is not None and certain is not None and certain > drop:
        faults.add("certain_drop", _("A fall beyond doubt is at most the other one."))


def create_plan(draft: PlanDraft, *, actor: Actor) -> RolloutPlan:
    """A new plan, revision 1. Refuses one that forgets an active region or names one twice."""
    require(can_manage_plans, actor, None)
    check_draft(draft)
    with transaction.atomic():
        if RolloutPlan.objects.filter(name__iexact=draft.name.strip()).exists():
            raise InvalidInput(
                _("There is a plan of this name already: revise it, or choose another name."),
                fields={"name": [_("This name is taken.")]},
            )
        plan = _write(draft, revision=1, actor=actor)
        audit.record("plan.create", plan, actor=actor, data=_facts(plan, draft))
    return plan


def write_revision(plan: RolloutPlan, draft: PlanDraft, *, actor: Actor, reason: str = "") -> RolloutPlan:
    """The next revision of the latest one; `plan_changes.revise_plan` checks it and moves rollouts to it."""
    latest = RolloutPlan.objects.select_for_update().filter(name=plan.name).order_by("-revision")[0]
    if latest.pk != plan.pk or latest.is_retired:
        raise Conflict(_("Somebody else revised this plan meanwhile: start from its latest revision."))
    was_default = latest.is_default
    RolloutPlan.objects.filter(pk=latest.pk).update(is_retired=True, is_default=False)
    new = _write(
        dataclasses.replace(draft, lane=latest.lane),
        revision=latest.revision + 1,
        actor=actor,
        name=latest.name,
        is_default=was_default or draft.is_default,
    )
    audit.record("plan.revise", new, actor=actor, reason=reason, about=[latest], data=_facts(new, draft))
    return new


def make_default(plan: RolloutPlan, *, actor: Actor) -> None:
    """New rollouts and Previews of its lane use this plan unless somebody chooses another."""
    require(can_manage_plans, actor, plan)
    with transaction.atomic():
        if plan.is_retired:
            raise Conflict(_("A retired plan cannot be the default."))
        others = RolloutPlan.objects.filter(lane=plan.lane, is_default=True).exclude(pk=plan.pk)
        others.update(is_default=False)
        RolloutPlan.objects.filter(pk=plan.pk).update(is_default=True)
        _mark_preview_stage()
        audit.record("plan.make_default", plan, actor=actor)
    plan.is_default = True


def retire_plan(plan: RolloutPlan, *, reason: str, actor: Actor) -> None:
    """Not offered any more. Rollouts that use it go on."""
    require(can_manage_plans, actor, plan)
    with transaction.atomic():
        row = RolloutPlan.objects.select_for_update().get(pk=plan.pk)
        if row.is_default:
            raise Blocked(_("This is the default plan of its lane: make another one the default first."))
        if not row.is_retired:
            RolloutPlan.objects.filter(pk=row.pk).update(is_retired=True)
            audit.record("plan.retire", row, actor=actor, reason=reason)
    plan.is_retired = True


def draft_of(plan: RolloutPlan) -> PlanDraft:
    """A plan as a draft to start the next revision from."""
    waves = tuple(
        WaveDraft(
            wave.name,
            tuple(place.region_id for place in wave.places.all()),
            wave.before_sign_off,
            wave.is_opt_in,
            wave.bake_seconds,
            wave.bake_business_seconds,
            wave.bake_calls,
        )
        for wave in plan.waves.prefetch_related("places").order_by("number")
    )
    return PlanDraft(
        name=plan.name,
        waves=waves,
        description=plan.description,
        time_zone=plan.time_zone,
        weekend=tuple(plan.weekend),
        holiday_countries=tuple(plan.holiday_countries),
        start_time=plan.start_time,
        days_between_waves=plan.days_between_waves,
        hours_between_waves=plan.hours_between_waves,
        lane=plan.lane,
        train=plan.train,
        opt_in_train=plan.opt_in_train,
        gate_thresholds=plan.gate_thresholds,
        is_default=plan.is_default,
    )


def seed_draft(lane: str = Lane.ADDITIVE) -> PlanDraft:
    """The plan a new portal starts with in a lane."""
    plan = next(plan for plan in seed.PLANS if plan.lane == lane)
    waves = [
        WaveDraft(
            wave.name, wave.regions, wave.before_sign_off, wave.is_opt_in,
            bake.seconds, bake.business_seconds, bake.calls,
        )
        for wave, bake in zip(seed.WAVES, plan.bakes, strict=True)
    ]  # fmt: skip
    return PlanDraft(
        name=plan.name,
        waves=tuple(waves),
        description=plan.description,
        weekend=plan.weekend,
        holiday_countries=plan.holiday_countries,
        days_between_waves=plan.days_between_waves,
        hours_between_waves=plan.hours_between_waves,
        lane=plan.lane,
        is_default=True,
    )


def install_default_plan(*, actor: Actor) -> RolloutPlan:
    """The default plan of every lane of a new portal, unless there is one. Their regions must exist and be
    active. Returns the additive one.
    """
    require(can_manage_plans, actor, None)
    there = set(RolloutPlan.objects.filter(is_default=True).values_list("lane", flat=True))
    for lane in Lane.values:
        if lane not in there:
            create_plan(seed_draft(lane), actor=actor)
    return RolloutPlan.objects.get(lane=Lane.ADDITIVE, is_default=True)


def _write(
    draft: PlanDraft, *, revision: int, actor: Actor, name: str = "", is_default: bool | None = None
) -> RolloutPlan:
    default = draft.is_default if is_default is None else is_default
    if default:
        RolloutPlan.objects.filter(lane=draft.lane, is_default=True).update(is_default=False)
    plan = RolloutPlan.objects.create(
        name=name or draft.name.strip(),
        revision=revision,
        description=draft.description.strip(),
        time_zone=draft.time_zone,
        weekend=sorted(draft.weekend),
        holiday_countries=list(draft.holiday_countries),
        start_time=draft.start_time,
        days_between_waves=draft.days_between_waves,
        hours_between_waves=draft.hours_between_waves,
        lane=draft.lane,
        train=draft.train,
        opt_in_train=draft.opt_in_train,
        gate_thresholds=dict(draft.gate_thresholds),
        is_default=default,
        created_by_id=actor.pk,
    )
    _write_waves(plan, draft.waves)
    if default:
        _mark_preview_stage()
    return plan


def _mark_preview_stage() -> None:
    """Write down which regions the default plans deploy to before the sign-off and never after it."""
    places = PlanWaveRegion.objects.filter(plan__is_default=True)
    after = places.filter(wave__before_sign_off=False).values("region")
    before = places.filter(wave__before_sign_off=True).exclude(region__in=after).values("region")
    Region.objects.filter(pk__in=before, in_preview_stage=False).update(in_preview_stage=True)
    Region.objects.exclude(pk__in=before).filter(in_preview_stage=True).update(in_preview_stage=False)


def _write_waves(plan: RolloutPlan, waves: Sequence[WaveDraft]) -> None:
    rows = PlanWave.objects.bulk_create(
        PlanWave(
            plan=plan,
            number=number,
            name=wave.name.strip(),
            before_sign_off=wave.before_sign_off,
            is_opt_in=wave.is_opt_in,
            bake_seconds=wave.bake_seconds,
            bake_business_seconds=wave.bake_business_seconds,
            bake_calls=wave.bake_calls,
        )
        for number, wave in enumerate(waves, start=1)
    )
    PlanWaveRegion.objects.bulk_create(
        PlanWaveRegion(plan=plan, wave=row, region_id=code)
        for row, wave in zip(rows, waves, strict=True)
        for code in wave.regions
    )


def _facts(plan: RolloutPlan, draft: PlanDraft) -> dict[str, object]:
    """What a replay of the planner needs, in the audit record."""
    return {
        "name": plan.name,
        "revision": plan.revision,
        "lane": plan.lane,
        "calendar": [plan.time_zone, sorted(plan.weekend), plan.holiday_countries, str(plan.start_time)],
        "days_between_waves": plan.days_between_waves,
        "hours_between_waves": plan.hours_between_waves,
        "trains": [str(train) if train else "" for train in (draft.train, draft.opt_in_train)],
        "gate_thresholds": dict(draft.gate_thresholds),
        "waves": [dataclasses.asdict(wave) for wave in draft.waves],
    }
