"""The scenario of this portal: its plans, freezes and measured times, or those a new portal starts with."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping

from certification.data import default_plan as seed
from certification.models import Lane as PlanLane
from certification.models import RolloutPlan
from certification.planning.calendar import Calendar
from certification.planning.planner import PlanSpec, WaveSpec
from certification.planning.windows import Window
from certification.queries.forecast_history import history_of_rollouts
from certification.services.planning import World, present_world, spec_of_plan
from certification.services.plans import default_plan
from certification.simulation.scenario import HOUR, Lane, Scenario, Spread


def seed_specs() -> dict[str, PlanSpec]:
    """The public waves of the plans a new portal starts with. Asks no database."""
    return {plan.lane: _spec(plan) for plan in seed.PLANS}


def _spec(plan: seed.PlanSeed) -> PlanSpec:
    waves = tuple(
        WaveSpec(number, wave.name, wave.regions, bake.seconds, bake.business_seconds)
        for number, (wave, bake) in enumerate(zip(seed.WAVES, plan.bakes, strict=True), start=1)
        if not wave.before_sign_off and not wave.is_opt_in
    )
    calendar = Calendar(
        seed.TIME_ZONE, frozenset(plan.weekend), tuple(plan.holiday_countries), seed.START_TIME
    )
    return PlanSpec(waves, calendar, plan.days_between_waves, plan.hours_between_waves)


def seed_scenario(starts_on: dt.date) -> Scenario:
    """A portal as it is delivered, with a freeze over the year's end."""
    year = starts_on.year
    ends = [
        Window(
            "Year end",
            dt.datetime(each, 12, 15, tzinfo=dt.UTC),
            dt.datetime(each + 1, 1, 3, tzinfo=dt.UTC),
        )
        for each in range(year - 1, year + 4)
    ]
    return Scenario(
        lanes=_lanes(seed_specs()),
        starts_on=starts_on,
        office=Calendar(seed.TIME_ZONE, countries=seed.HOLIDAY_COUNTRIES),
        windows=tuple(ends),
    )


def portal_scenario(starts_on: dt.date) -> Scenario:
    """The default plans with trains and opt-in waves, freezes and history of this portal's database; what it
    lacks comes from the seed.
    """
    scenario = seed_scenario(starts_on)
    plans = {lane: plan for lane in PlanLane.values if (plan := default_plan(lane))}
    world = present_world()
    specs = {lane: spec_of_plan(plan) for lane, plan in plans.items()}
    lanes = {
        name: _with_trains(lane, plans[name], world) if name in plans else lane
        for name, lane in _lanes({**seed_specs(), **specs}).items()
    }
    return Scenario(
        lanes=lanes,
        starts_on=starts_on,
        office=scenario.office,
        windows=world.windows_of(None),
        history=history_of_rollouts(with_pauses=True),
        boarded=_boarded(world),
    )


def _with_trains(lane: Lane, plan: RolloutPlan, world: World) -> Lane:
    """The lane with what its plan boards, as the planner reads it: a retired train carries nobody."""
    opt_in = {wave.number for wave in plan.waves.all() if wave.is_opt_in}
    both = spec_of_plan(plan, opt_in=opt_in)
    return dataclasses.replace(
        lane,
        train=world.trains.get(plan.train_id) if plan.train_id else None,
        opt_in=dataclasses.replace(both, waves=tuple(w for w in both.waves if w.number in opt_in)),
        opt_in_train=world.trains.get(plan.opt_in_train_id) if plan.opt_in_train_id else None,
    )


def _boarded(world: World) -> dict[str, dict[dt.datetime, int]]:
    """The places that rollouts of today have on coming departures."""
    found: dict[str, dict[dt.datetime, int]] = {}
    for place in world.places:
        if place.train in world.trains:
            places = found.setdefault(world.trains[place.train].name, {})
            places[place.departs_at] = places.get(place.departs_at, 0) + 1
    return found


def _lanes(specs: Mapping[str, PlanSpec]) -> dict[str, Lane]:
    """Shares and service times are assumptions, said in docs/operations.md; plans are those given."""
    return {
        "additive": Lane(0.45, specs["additive"], Spread(1 * HOUR, 3 * HOUR), changes=0.35),
        "new": Lane(0.25, specs["new"], Spread(2 * HOUR, 6 * HOUR), changes=0.6),
        "metadata": Lane(0.15, specs["metadata"], Spread(HOUR / 4, HOUR / 2), changes=0.1),
        "breaking": Lane(0.10, specs["breaking"], Spread(3 * HOUR, 8 * HOUR), changes=0.5),
        "hotfix": Lane(
            0.05,
            specs["hotfix"],
            Spread(HOUR / 2, 1.5 * HOUR),
            changes=0.15,
            test=Spread(4 * HOUR, 10 * HOUR),
            is_urgent=True,
        ),
    }
