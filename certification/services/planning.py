"""What the planner is told: a rollout's plan with the calendars, trains and exceptions of this moment."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from certification.lifecycle import MOVABLE_ROLLOUT_STATES, WaveState
from certification.models import (
    Freeze,
    Lane,
    OverrideRequest,
    PlanWave,
    Preview,
    RegionDeployment,
    Rollout,
    RolloutPlan,
    RolloutWave,
    Submission,
    Train,
    TrainBoarding,
)
from certification.planning.inputs import Duration, PlanningInputs, PlanSpec, WaveSpec
from certification.planning.trains import Places, Timetable, boarding
from certification.planning.windows import Window
from certification.queries.durations import durations_by_region
from certification.queries.plans import calendar_of
from certification.queries.rollout_queue import free_from, line_of
from certification.services.clock import database_now

MOVABLE = MOVABLE_ROLLOUT_STATES
DEPARTURE_DAYS = 200
"""How far ahead departures are offered to the planner."""
TAKEN_BACK = Q(catch_up__isnull=False, state=WaveState.SKIPPED)
"""Waves of catch-ups that were cancelled: nothing is dated from a day that never came."""


@dataclass(frozen=True)
class Place:
    """A place taken on a departure."""

    train: UUID
    departs_at: dt.datetime
    publisher: UUID
    rollout: UUID
    wave: int


@dataclass(frozen=True)
class World:
    """Calendars, trains and exceptions at one moment; a what-if changes one of them and asks again."""

    now: dt.datetime
    freezes: Mapping[object, Window]
    trains: Mapping[UUID, Timetable]
    places: Sequence[Place] = ()
    passes: frozenset[tuple[UUID, object]] = frozenset()
    history: Mapping[str, Duration] = field(default_factory=dict)

    def windows_of(self, rollout: UUID | None) -> tuple[Window, ...]:
        """The windows a rollout meets: all but the freezes two people let it pass."""
        return tuple(w for key, w in self.freezes.items() if (rollout, key) not in self.passes)

    def places_on(self, train: UUID, publisher: UUID | None, rollout: UUID | None, wave: int) -> Places:
        taken: dict[dt.datetime, int] = {}
        own: dict[dt.datetime, int] = {}
        kept = None
        for place in self.places:
            if place.train != train:
                continue
            if (place.rollout, place.wave) == (rollout, wave):
                kept = place.departs_at
                continue
            taken[place.departs_at] = taken.get(place.departs_at, 0) + 1
            if place.publisher == publisher:
                own[place.departs_at] = own.get(place.departs_at, 0) + 1
        return Places(taken, own, kept)


def present_world(*, with_history: bool = False) -> World:
    """Everything as it is stored now."""
    now = database_now()
    places = TrainBoarding.objects.filter(
        left_at=None, departs_at__gt=now - dt.timedelta(days=1), rollout__state__in=MOVABLE
    )
    return World(
        now=now,
        freezes={row.pk: window_of(row) for row in Freeze.objects.filter(cancelled_at=None, ends_at__gt=now)},
        trains={row.pk: timetable_of(row) for row in Train.objects.filter(is_retired=False)},
        places=[
            Place(*row)
            for row in places.values_list(
                "train_id", "departs_at", "rollout__connector__publisher_id", "rollout_id", "wave_number"
            )
        ],
        passes=freeze_passes(now),
        history=durations_by_region() if with_history else {},
    )


def freeze_passes(now: dt.datetime) -> frozenset[tuple[UUID, object]]:
    """(rollout, freeze) where two people let the rollout pass: until the approval expires, or for good once a
    wave made use of it.
    """
    standing = Q(state="used") | Q(state="approved", expires_at__gt=now)
    rows = OverrideRequest.objects.filter(standing, kind="freeze")
    return frozenset(
        (rollout, freeze) for rollout, freeze in rows.values_list("rollout_id", "freeze_id") if rollout
    )


def window_of(row: Freeze) -> Window:
    return Window(
        row.name, row.starts_at, row.ends_at, frozenset(row.regions), row.opens, frozenset(row.auth_kinds)
    )


def timetable_of(row: Train) -> Timetable:
    return Timetable(
        row.name,
        row.time_zone,
        frozenset(row.weekdays),
        row.departs_at,
        row.cutoff_hours,
        row.capacity,
        row.per_publisher,
        frozenset(row.lanes),
    )


def auth_kinds_of(facts: Mapping[str, Any] | None) -> frozenset[str]:
    return frozenset((facts or {}).get("authentication", ()))


def current_windows() -> tuple[Window, ...]:
    """The freezes and openings that a rollout without an exception meets now."""
    return present_world().windows_of(None)


def windows_for(rollout: Rollout) -> tuple[Window, ...]:
    """The freezes and openings a rollout meets now."""
    return present_world().windows_of(rollout.pk)


def movable_rollouts() -> QuerySet[Rollout]:
    """Rollouts with a wave that could move, with what `inputs_of` reads; always in the order of ids, so that
    two changes of the calendar wait for each other instead of deadlocking.
    """
    return with_planning_data(Rollout.objects.filter(state__in=MOVABLE)).order_by("pk")


def with_planning_data(rollouts: QuerySet[Rollout]) -> QuerySet[Rollout]:
    deploys = RegionDeployment.objects.filter(action="deploy").exclude(state="cancelled")
    deploys = deploys.select_related("region")
    waves = RolloutWave.objects.exclude(TAKEN_BACK)
    return rollouts.select_related(
        "plan", "connector__publisher", "version", "submission__connector"
    ).prefetch_related(
        Prefetch("waves", waves.order_by("number"), to_attr="planning_waves"),
        Prefetch("deployments", deploys, to_attr="planning_places"),
        Prefetch("plan__waves", PlanWave.objects.order_by("number")),
    )


def _loaded(rollout: Rollout) -> Rollout:
    if hasattr(rollout, "planning_waves"):
        return rollout
    return with_planning_data(Rollout.objects.filter(pk=rollout.pk)).get()


def spec_of_plan(
    plan: RolloutPlan, *, opt_in: Iterable[int] = (), auth_kinds: frozenset[str] = frozenset()
) -> PlanSpec:
    """The waves of a plan that make a rollout, with their regions: the public ones and those asked for."""
    wanted = set(opt_in)
    waves = [
        _wave_spec(wave.number, wave.name, (place.region_id for place in wave.places.all()), wave)
        for wave in plan.waves.prefetch_related("places").order_by("number")
        if not wave.before_sign_off and (not wave.is_opt_in or wave.number in wanted)
    ]
    return _spec(plan, waves, auth_kinds)


def spec_of_rollout(rollout: Rollout) -> PlanSpec:
    """The same for a rollout: its own waves and regions, pinned when it was scheduled."""
    rollout = _loaded(rollout)
    bakes = {wave.number: wave for wave in rollout.plan.waves.all()}
    regions: dict[int, list[str]] = {}
    for row in rollout.planning_places:  # type: ignore[attr-defined]
        regions.setdefault(row.wave_id, []).append(row.region_id)
    waves = [
        _wave_spec(wave.number, wave.name, regions.get(wave.pk, ()), bakes.get(wave.number))
        for wave in rollout.planning_waves  # type: ignore[attr-defined]
    ]
    return _spec(rollout.plan, waves, auth_kinds_of(rollout.version.facts))


def _wave_spec(number: int, name: str, codes: Iterable[str], bake: PlanWave | None) -> WaveSpec:
    seconds = (bake.bake_seconds, bake.bake_business_seconds) if bake else (0, 0)
    return WaveSpec(number, name, tuple(sorted(codes)), *seconds)


def _spec(plan: RolloutPlan, waves: list[WaveSpec], auth_kinds: frozenset[str]) -> PlanSpec:
    return PlanSpec(
        tuple(waves), calendar_of(plan), plan.days_between_waves, plan.hours_between_waves, auth_kinds
    )


def inputs_of(rollout: Rollout, world: World) -> PlanningInputs:
    """What decides the dates of a rollout's waves that have not started."""
    rollout = _loaded(rollout)
    waves: list[RolloutWave] = rollout.planning_waves  # type: ignore[attr-defined]
    begun = [wave for wave in waves if wave.state != WaveState.PLANNED]
    open_waves = [wave for wave in waves if wave.state == WaveState.PLANNED]
    inputs = PlanningInputs(
        spec=spec_of_rollout(rollout),
        starts_on=rollout.starts_on,
        windows=world.windows_of(rollout.pk),
        chosen={wave.number: wave.chosen_on for wave in open_waves if wave.chosen_on},
        # Under a trial clock a planned instant may lie behind the actual one.
        started={wave.number: max(wave.planned_at, wave.started_at or wave.planned_at) for wave in begun},
        finished={w.number: max(w.planned_at, w.finished_at) for w in begun if w.finished_at},
        departures=departures_of(
            rollout.plan,
            [wave.number for wave in waves],
            world,
            publisher=rollout.connector.publisher_id,
            rollout=rollout.pk,
        ),
        accelerated={wave.number: wave.accelerated_at for wave in open_waves if wave.accelerated_at},
        first_at=rollout.first_at,
        not_before=world.now,
        history=world.history,
    )
    if begun:
        return inputs
    inputs = _after(inputs, preview_baked_at(rollout.submission_id, rollout.plan))
    if rollout.state == "queued":
        inputs = _after(inputs, free_from(line_of(rollout.connector_id).before(rollout)))
    return inputs


def _after(inputs: PlanningInputs, moment: dt.datetime | None) -> PlanningInputs:
    """The same for a rollout that starts no earlier than at `moment`."""
    if moment is None or (inputs.not_before and moment <= inputs.not_before):
        return inputs
    calendar, first_at = inputs.spec.calendar, None
    first = calendar.date_of(moment)
    if inputs.spec.hours_between:
        first_at = _next_quarter(moment)
    elif calendar.instant(first) < moment:
        first += dt.timedelta(days=1)
    return dataclasses.replace(
        inputs, starts_on=max(inputs.starts_on, first), not_before=moment, first_at=first_at
    )


def preview_baked_at(submission_id: UUID, plan: RolloutPlan) -> dt.datetime | None:
    """When the Preview has run for as long as the plan wants; None where it wants nothing, or had none."""
    bake = max((wave.bake_seconds for wave in plan.waves.all() if wave.before_sign_off), default=0)
    if not bake:
        return None
    signed_off = Preview.objects.filter(submission_id=submission_id, state="signed_off")
    opened_at = signed_off.order_by("-created_at").values_list("opened_at", flat=True).first()
    return opened_at + dt.timedelta(seconds=bake) if opened_at else None


def inputs_for_new(
    submission: Submission | None, plan: RolloutPlan, spec: PlanSpec, starts_on: dt.date, world: World
) -> PlanningInputs:
    """The same for a rollout that is to be scheduled."""
    publisher = submission.connector.publisher_id if submission else None
    numbers = [wave.number for wave in spec.waves]
    inputs = PlanningInputs(
        spec=spec,
        starts_on=starts_on,
        windows=world.windows_of(None),
        departures=departures_of(plan, numbers, world, publisher=publisher),
        not_before=world.now,
        history=world.history,
    )
    if spec.hours_between and not inputs.departures and starts_on == spec.calendar.date_of(world.now):
        inputs = dataclasses.replace(inputs, first_at=_next_quarter(world.now))
    if submission is None:
        return inputs
    line = line_of(submission.connector_id)
    ahead = [*([line.moving] if line.moving else []), *_passed_by(plan, line.waiting)]
    return _after(_after(inputs, preview_baked_at(submission.pk, plan)), free_from(ahead))


def _passed_by(plan: RolloutPlan, waiting: Sequence[Rollout]) -> list[Rollout]:
    """Those in the line that go before a new one: for a hotfix, other hotfixes only."""
    if plan.lane != Lane.HOTFIX:
        return list(waiting)
    return [row for row in waiting if row.plan.lane == Lane.HOTFIX]


def first_instant(rollout: Rollout, now: dt.datetime) -> dt.datetime | None:
    """When the first wave of a plan that counts hours may start; None where days are counted."""
    if not rollout.plan.hours_between_waves or rollout.plan.train_id:
        return None
    baked_at = preview_baked_at(rollout.submission_id, rollout.plan)
    return _next_quarter(max(now, baked_at) if baked_at else now)


def _next_quarter(moment: dt.datetime) -> dt.datetime:
    start = moment.replace(minute=0, second=0, microsecond=0)
    while start < moment:
        start += dt.timedelta(minutes=15)
    return start


def train_waves(plan: RolloutPlan, numbers: Sequence[int]) -> dict[int, UUID]:
    """Wave number -> the train it boards: the first public wave and the first opt-in wave."""
    opt_in = {wave.number for wave in plan.waves.all() if wave.is_opt_in}
    public = [wave.number for wave in plan.waves.all() if not (wave.before_sign_off or wave.is_opt_in)]
    first_opt_in = min((number for number in numbers if number in opt_in), default=None)
    boards: dict[int, UUID] = {}
    if plan.train_id and public and min(public) in numbers:
        boards[min(public)] = plan.train_id
    if plan.opt_in_train_id and first_opt_in is not None:
        boards[first_opt_in] = plan.opt_in_train_id
    return boards


def departures_of(
    plan: RolloutPlan,
    numbers: Sequence[int],
    world: World,
    *,
    publisher: UUID | None,
    rollout: UUID | None = None,
) -> dict[int, tuple[dt.datetime, ...]]:
    """Wave number -> departures with a place for it, in order. A train that was retired carries nobody: the
    wave goes by the calendar.
    """
    found = {}
    for number, train in train_waves(plan, numbers).items():
        timetable = world.trains.get(train)
        if timetable is not None:
            places = world.places_on(train, publisher, rollout, number)
            found[number] = boarding(timetable, world.now, places, days=DEPARTURE_DAYS).departures
    return found
