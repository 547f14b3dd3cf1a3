"""Bands of regions: from a plan, the present and history, without a clock and without a database."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random

import pytest

from certification.planning.calendar import Calendar
from certification.planning.forecasting import (
    WHOLE,
    RolloutNow,
    WaveNow,
    bands_before_schedule,
    business_days_between,
    region_bands,
)
from certification.planning.history import DEFAULT_SLIPS, Durations, History, Slips, slips_from
from certification.planning.outcomes import latest, quantile, slowest, spread
from certification.planning.planner import PlanSpec, WaveSpec
from certification.planning.windows import Window

CALENDAR = Calendar("Europe/Berlin", countries=("DE",))
SPEC = PlanSpec(
    (
        WaveSpec(3, "First", ("korea", "singapore")),
        WaveSpec(4, "Second", ("france",)),
        WaveSpec(5, "Third", ("canada",)),
    ),
    CALENDAR,
)
MONDAY = dt.date(2026, 3, 2)
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
EXACT = History(anywhere=Durations((1800.0,) * 20, 9), slips=Slips((1.0,), 9))


def at(offset: int) -> dt.datetime:
    return CALENDAR.instant(MONDAY + offset * DAY)


def rollout(**changes) -> RolloutNow:
    waves = (
        WaveNow(3, at(0), waiting=("korea", "singapore")),
        WaveNow(4, at(1), waiting=("france",)),
        WaveNow(5, at(2), waiting=("canada",)),
    )
    return RolloutNow(**{"waves": waves, **changes})


def running(*, moving=(), stuck=(), **changes) -> RolloutNow:
    first = WaveNow(3, at(0), started_at=at(0), moving=moving, stuck=stuck)
    return rollout(waves=(first, *rollout().waves[1:]), **changes)


def test_without_slips_every_region_arrives_on_its_day_after_the_usual_time():
    bands = region_bands(SPEC, rollout(), EXACT, now=at(-3))
    assert {code: band.early for code, band in bands.items()} == {
        "korea": at(0) + HOUR / 2,
        "singapore": at(0) + HOUR / 2,
        "france": at(1) + HOUR / 2,
        "canada": at(2) + HOUR / 2,
        WHOLE: at(2) + HOUR / 2,
    }
    assert all(band.early == band.late and band.is_measured for band in bands.values())


def test_with_few_samples_the_defaults_count_and_it_is_said():
    few = History(anywhere=Durations((1.0,), 4), slips=Slips((1.0,), 4))
    bands = region_bands(SPEC, rollout(), History(), now=at(-3))
    assert not any(band.is_measured for band in bands.values())
    assert region_bands(SPEC, rollout(), few, now=at(-3))["korea"].early == at(0) + HOUR / 2
    mixed = History(regions={"korea": Durations((60.0,) * 20, 5)}, slips=Slips((1.0,), 9))
    bands = region_bands(SPEC, rollout(), mixed, now=at(-3))
    assert bands["korea"].is_measured
    assert bands["korea"].late == at(0) + dt.timedelta(minutes=1)
    assert not bands["singapore"].is_measured


def test_slips_add_up_from_wave_to_wave_and_spare_closed_days():
    history = History(anywhere=EXACT.anywhere, slips=Slips((0.7, 0.3), 20))
    bands = region_bands(SPEC, rollout(), history, now=at(-3))
    assert [bands[code].late.date() for code in ("korea", "france", "canada")] == [
        MONDAY + DAY, MONDAY + 2 * DAY, MONDAY + 4 * DAY,
    ]  # fmt: skip
    later = RolloutNow((WaveNow(3, at(4), waiting=("korea",)),))
    band = region_bands(SPEC, later, history, now=at(3))["korea"]
    assert (band.early.date(), band.late.date()) == (MONDAY + 4 * DAY, MONDAY + 7 * DAY)


def test_a_freeze_moves_the_late_end_even_when_no_planned_date_moves():
    history = History(anywhere=EXACT.anywhere, slips=Slips((0.85, 0.15), 20))
    freeze = Window("Quarter end", at(3) - 9 * HOUR, at(10) - 9 * HOUR)
    free = region_bands(SPEC, rollout(), history, now=at(-3))["canada"]
    frozen = region_bands(SPEC, rollout(), history, now=at(-3), windows=[freeze])["canada"]
    assert frozen.early == free.early
    assert (free.late.date(), frozen.late.date()) == (MONDAY + 3 * DAY, MONDAY + 10 * DAY)


def test_a_region_under_way_is_never_expected_in_the_past():
    history = History(anywhere=Durations((600.0, 1200.0, 3600.0), 9), slips=Slips((1.0,), 9))
    now = at(0) + dt.timedelta(minutes=15)
    band = region_bands(SPEC, running(moving=("korea",)), history, now=now)["korea"]
    assert (band.early, band.late) == (at(0) + HOUR / 3, at(0) + HOUR)
    late = region_bands(SPEC, running(moving=("korea",)), history, now=at(0) + 5 * HOUR)["korea"]
    assert at(0) + 5 * HOUR <= late.early <= late.late


def test_a_stuck_region_holds_back_the_waves_behind_it():
    history = History(anywhere=EXACT.anywhere, slips=Slips((1.0,), 9), repairs=Durations((72 * 3600.0,), 9))
    free = region_bands(SPEC, running(moving=("korea",)), history, now=at(0) + HOUR / 4)
    stuck = region_bands(SPEC, running(stuck=("korea",)), history, now=at(0) + HOUR / 4)
    assert stuck["korea"].early == at(3) + HOUR * 0.75
    assert free["france"].early == at(1) + HOUR / 2
    assert stuck["france"].early >= stuck["korea"].early
    assert stuck["canada"].early.date() > stuck["france"].early.date()


@pytest.mark.parametrize(("pause", "late"), [("held", MONDAY + 2 * DAY), ("halted", MONDAY + 7 * DAY)])
def test_a_pause_lasts_as_long_as_pauses_do(pause, late):
    paused = running(moving=(), pause=pause, paused_at=at(0) + HOUR)
    band = region_bands(SPEC, paused, EXACT, now=at(0) + HOUR)["france"]
    assert band.early >= at(1)
    assert band.late.date() == late
    assert not band.is_measured


def test_what_is_verified_has_no_band():
    done = RolloutNow((WaveNow(3, at(0), started_at=at(0)), WaveNow(4, at(1), waiting=("france",))))
    assert set(region_bands(SPEC, done, EXACT, now=at(0) + 5 * HOUR)) == {"france", WHOLE}
    assert region_bands(SPEC, RolloutNow((done.waves[0],)), EXACT, now=at(1)) == {}


def test_before_a_rollout_exists_the_default_plan_dates_the_regions():
    bands = bands_before_schedule(SPEC, (at(0) - HOUR, at(3)), EXACT)
    assert bands["korea"].early == at(0) + HOUR / 2
    assert bands["korea"].late == at(4) + HOUR / 2
    assert bands["canada"].late.date() == MONDAY + 8 * DAY


def test_random_situations_keep_order_and_start_no_wave_on_a_closed_day():
    chance = random.Random(7)
    for _ in range(60):
        start = MONDAY + chance.randrange(400) * DAY
        freeze_from = CALENDAR.instant(start + chance.randrange(6) * DAY, dt.time())
        windows = [Window("Freeze", freeze_from, freeze_from + chance.randrange(1, 9) * DAY)]
        history = History(
            anywhere=Durations((60.0,) * 20, 9),
            slips=slips_from([chance.choice((0, 0, 0, 1, 2)) for _ in range(9)]),
        )
        moment = CALENDAR.instant(start, dt.time(chance.randrange(24)))
        bands = bands_before_schedule(SPEC, (moment, moment + DAY), history, windows=windows)
        assert bands["korea"].early < bands["france"].early < bands["canada"].early <= bands[WHOLE].late
        for code in ("korea", "france", "canada"):
            for end in (bands[code].early, bands[code].late):
                assert CALENDAR.is_business_day(CALENDAR.date_of(end)), (code, end)
                assert not windows[0].covers(end)


def test_a_wave_that_bakes_holds_back_the_next_by_as_long_as_its_regions_take():
    baking = PlanSpec(
        tuple(dataclasses.replace(wave, bake_seconds=30 * 3600) for wave in SPEC.waves), CALENDAR
    )
    slow = History(anywhere=Durations((60.0, 60.0, 60.0, 30 * 3600.0), 9), slips=EXACT.slips)
    quick = bands_before_schedule(baking, (at(0) - HOUR, at(0) - HOUR), EXACT)
    assert [quick[code].early.date() for code in ("korea", "france", "canada")] == [
        MONDAY, MONDAY + 2 * DAY, MONDAY + 4 * DAY,
    ]  # fmt: skip
    bands = bands_before_schedule(baking, (at(0) - HOUR, at(0) - HOUR), slow)
    assert bands["france"].late.date() > quick["france"].late.date()


def test_a_plan_of_hours_needs_no_morning():
    hours = PlanSpec(SPEC.waves, CALENDAR, hours_between=12)
    bands = bands_before_schedule(hours, (at(0), at(0)), EXACT)
    assert [bands[code].early for code in ("korea", "france", "canada")] == [
        at(0) + HOUR / 2, at(0) + 12.5 * HOUR, at(1) + HOUR / 2,
    ]  # fmt: skip


def test_a_wave_on_a_train_slips_to_the_next_train():
    fridays = tuple(at(4 + 7 * week) for week in range(9))
    history = History(anywhere=EXACT.anywhere, slips=Slips((0.85, 0.15), 20))
    moment = (at(0), at(0))
    bands = bands_before_schedule(SPEC, moment, history, departures={5: fridays})
    assert bands["france"].early.date() == MONDAY + 2 * DAY
    assert (bands["canada"].early, bands["canada"].late) == (fridays[0] + HOUR / 2, fridays[1] + HOUR / 2)


def test_the_same_inputs_give_the_same_bands():
    first = region_bands(SPEC, rollout(), History(), now=at(-3))
    assert first == region_bands(SPEC, rollout(), History(), now=at(-3))


def test_the_last_of_several_regions_is_later_than_each_of_them():
    one = Durations((1.0, 2.0, 3.0, 4.0), 9)
    assert slowest([one] * 3).points == (3.0, 4.0, 4.0, 4.0)
    both = latest({"a": spread([(0.0, 1.0)], one), "b": [(2.5, 1.0)]})
    assert quantile(both, 0.5) == 2.5
    assert sum(chance for _, chance in both) == pytest.approx(1)


def test_few_slips_are_no_measurement():
    assert slips_from([0, 0, 9, 0]) is DEFAULT_SLIPS
    assert slips_from([0, 1, 0, 0]).samples == 0
    assert slips_from([0, 1, 0, 2]) is DEFAULT_SLIPS
    assert slips_from([0, 1, 0, 2, 0]).weights == (0.6, 0.2, 0.2)


@pytest.mark.parametrize(
    ("first", "second", "days"),
    [
        (at(0), at(1), 1),
        (at(4), at(7), 1),
        (at(1), at(0), -1),
        (at(0), at(0) + 6 * HOUR, 0.25),
        (at(5), at(6), 0),
    ],
)
def test_only_open_days_count_between_two_instants(first, second, days):
    assert business_days_between(CALENDAR, first, second) == pytest.approx(days)
