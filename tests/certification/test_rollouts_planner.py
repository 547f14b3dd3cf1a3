"""The planner's promises, for any plan, calendar and set of freezes."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certification.data import default_plan as seed
from certification.planning.calendar import Calendar, NoOpenDay, check_weekend
from certification.planning.coverage import WaveDraft, coverage_problems
from certification.planning.planner import (
    PlanSpec,
    WaveSpec,
    check_chosen,
    earliest_start,
    plan_waves,
    why_not,
)
from certification.planning.problems import problem
from certification.planning.windows import Window
from certification.planning_words import sentence

DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31))
ZONES = st.sampled_from(["UTC", "America/Los_Angeles", "Europe/Berlin", "Pacific/Apia", "Asia/Kolkata"])
REGIONS = ("north", "south", "east", "west", "middle")
CALENDARS = st.builds(
    Calendar,
    time_zone=ZONES,
    weekend=st.frozensets(st.integers(0, 6), max_size=3),
    countries=st.sampled_from([(), ("US",), ("DE",), ("US", "IN")]),
    start_time=st.sampled_from([dt.time(0, 0), dt.time(2, 30), dt.time(9, 0), dt.time(23, 30)]),
)


@st.composite
def specs(draw):
    count = draw(st.integers(1, 4))
    places = [draw(st.integers(0, count - 1)) for _ in REGIONS]
    waves = [
        WaveSpec(
            number + 3,
            f"W{number}",
            tuple(r for r, place in zip(REGIONS, places, strict=True) if place == number),
        )
        for number in range(count)
    ]
    return PlanSpec(tuple(waves), draw(CALENDARS), draw(st.integers(0, 3)))


@st.composite
def windows(draw):
    start = draw(DAYS)
    moment = dt.datetime.combine(start, draw(st.times()), tzinfo=dt.UTC)
    length = dt.timedelta(hours=draw(st.integers(1, 24 * 20)))
    regions = draw(st.frozensets(st.sampled_from(REGIONS), max_size=3))
    return Window("freeze", moment, moment + length, regions, opens=draw(st.booleans()))


FREEZES = st.lists(windows(), max_size=4)


@settings(max_examples=150, deadline=None)
@given(specs(), DAYS, FREEZES)
def test_every_wave_starts_on_an_open_day_in_order_and_far_enough_apart(spec, start, freezes):
    planned = plan_waves(spec, start, windows=freezes)

    assert [wave.number for wave in planned] == [wave.number for wave in spec.waves]
    for wave_spec, wave in zip(spec.waves, planned, strict=True):
        assert wave.day >= start
        assert why_not(spec, wave_spec, wave.day, freezes) == ""
        assert not any(
            not w.opens and w.covers(wave.starts_at) and w.concerns(wave_spec.regions) for w in freezes
        )
    for earlier, later in itertools.pairwise(planned):
        assert earlier.day <= later.day
        assert earlier.starts_at <= later.starts_at
        if spec.days_between:
            assert earlier.day < later.day


@settings(max_examples=100, deadline=None)
@given(specs(), DAYS, FREEZES)
def test_the_same_inputs_give_the_same_dates(spec, start, freezes):
    assert plan_waves(spec, start, windows=freezes) == plan_waves(spec, start, windows=list(freezes))


@settings(max_examples=100, deadline=None)
@given(specs(), DAYS, FREEZES, windows())
def test_one_more_freeze_never_makes_a_wave_earlier(spec, start, freezes, more):
    more = Window(more.name, more.starts_at, more.ends_at, more.regions, opens=False)
    without = plan_waves(spec, start, windows=freezes)
    with_it = plan_waves(spec, start, windows=[*freezes, more])
    assert all(after.day >= before.day for before, after in zip(without, with_it, strict=True))


@settings(max_examples=100, deadline=None)
@given(specs(), DAYS, st.integers(1, 30), FREEZES)
def test_a_later_start_never_makes_a_wave_earlier(spec, start, days, freezes):
    first = plan_waves(spec, start, windows=freezes)
    later = plan_waves(spec, start + dt.timedelta(days=days), windows=freezes)
    assert all(after.day >= before.day for before, after in zip(first, later, strict=True))


@settings(max_examples=100, deadline=None)
@given(specs(), DAYS, FREEZES)
def test_planning_again_from_the_planned_days_changes_nothing(spec, start, freezes):
    planned = plan_waves(spec, start, windows=freezes)
    chosen = {wave.number: wave.day for wave in planned}
    assert [wave.day for wave in plan_waves(spec, start, windows=freezes, chosen=chosen)] == list(
        chosen.values()
    )
    assert check_chosen(spec, start, chosen, windows=freezes) == {}


@settings(max_examples=60, deadline=None)
@given(CALENDARS, DAYS)
def test_a_start_is_at_the_local_hour_unless_daylight_saving_skips_it(calendar, day):
    local = calendar.instant(day).astimezone(calendar.zone)
    assert calendar.date_of(calendar.instant(day)) == local.date()
    if local.date() == day and local.time() != calendar.start_time:
        assert local.time() > calendar.start_time


def us_plan(*regions_of_waves):
    waves = tuple(WaveSpec(n, f"Wave {n}", regions) for n, regions in enumerate(regions_of_waves, start=1))
    return PlanSpec(waves, Calendar("America/Los_Angeles", countries=("US",)))


def days_of(planned):
    return [wave.day.isoformat() for wave in planned]


def test_thanksgiving_and_the_weekend_are_left_out():
    planned = plan_waves(us_plan(("a",), ("b",), ("c",)), dt.date(2026, 11, 25))
    assert days_of(planned) == ["2026-11-25", "2026-11-27", "2026-11-30"]
    assert planned[1].moved_by == ("Thanksgiving Day",)


def test_a_regional_freeze_moves_only_the_waves_with_that_region_and_those_behind():
    freeze = Window(
        "Lunar New Year",
        dt.datetime(2026, 2, 16, tzinfo=dt.UTC),
        dt.datetime(2026, 2, 20, tzinfo=dt.UTC),
        frozenset({"b"}),
    )
    planned = plan_waves(us_plan(("a",), ("b",), ("c",)), dt.date(2026, 2, 17), windows=[freeze])
    assert days_of(planned) == ["2026-02-17", "2026-02-20", "2026-02-23"]
    assert planned[1].moved_by == ("Freeze: Lunar New Year",)


def test_an_opening_makes_a_saturday_a_working_day_and_a_freeze_beats_it():
    saturday = (dt.datetime(2026, 3, 7, tzinfo=dt.UTC), dt.datetime(2026, 3, 9, tzinfo=dt.UTC))
    opening = Window("Extra day", *saturday, opens=True)
    spec = us_plan(("a",), ("b",))
    assert days_of(plan_waves(spec, dt.date(2026, 3, 6), windows=[opening])) == ["2026-03-06", "2026-03-07"]
    freeze = Window("Incident", *saturday)
    both = plan_waves(spec, dt.date(2026, 3, 6), windows=[opening, freeze])
    assert days_of(both) == ["2026-03-06", "2026-03-09"]


def test_nine_in_the_morning_stays_nine_across_daylight_saving():
    planned = plan_waves(us_plan(("a",), ("b",)), dt.date(2026, 3, 6))
    assert [wave.starts_at.hour for wave in planned] == [17, 16]


def test_a_started_wave_holds_back_the_next_ones():
    started = {1: dt.datetime(2026, 6, 12, 20, tzinfo=dt.UTC)}
    planned = plan_waves(us_plan(("a",), ("b",), ("c",)), dt.date(2026, 6, 8), started=started)
    assert days_of(planned) == ["2026-06-15", "2026-06-16"]


def test_a_day_that_cannot_be_kept_is_named_with_the_next_possible_one():
    spec = us_plan(("a",), ("b",))
    problems = check_chosen(spec, dt.date(2026, 6, 8), {2: dt.date(2026, 6, 13), 9: dt.date(2026, 6, 9)})
    assert problems == {
        2: problem("day-closed", why="Saturday", day=dt.date(2026, 6, 13), possible=dt.date(2026, 6, 15)),
        9: problem("no-such-wave", number=9),
    }
    past = check_chosen(
        spec,
        dt.date(2026, 6, 8),
        {1: dt.date(2026, 6, 8)},
        not_before=dt.datetime(2026, 6, 10, tzinfo=dt.UTC),
    )
    assert past[1].code == "day-over"


def test_the_earliest_start_is_today_only_before_the_hour():
    spec = us_plan(("a",))
    assert earliest_start(spec, dt.datetime(2026, 6, 8, 15, tzinfo=dt.UTC)) == dt.date(2026, 6, 8)
    assert earliest_start(spec, dt.datetime(2026, 6, 8, 17, tzinfo=dt.UTC)) == dt.date(2026, 6, 9)


def test_a_freeze_without_end_is_told_instead_of_searched_for_ever():
    freeze = Window(
        "For ever", dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2099, 1, 1, tzinfo=dt.UTC)
    )
    with pytest.raises(NoOpenDay, match="no-open-day"):
        plan_waves(us_plan(("a",)), dt.date(2026, 6, 8), windows=[freeze])


def test_two_business_days_end_at_the_same_local_hour():
    calendar = Calendar("America/Los_Angeles", countries=("US",))
    friday = dt.datetime(2026, 3, 6, 22, 15, tzinfo=dt.UTC)
    assert calendar.deadline_after(friday, 2) == dt.datetime(2026, 3, 10, 21, 15, tzinfo=dt.UTC)


def test_a_week_without_a_working_day_is_refused():
    assert check_weekend(range(7))
    assert check_weekend([9])
    assert not check_weekend([4, 5])


def drafts(*waves, early=1):
    return [
        WaveDraft(f"Wave {n}", tuple(codes.split()), n <= early) for n, codes in enumerate(waves, start=1)
    ]


ACTIVE = {"pre": "Preview", "ch": "Switzerland", "uk": "United Kingdom", "eu": "Europe"}


@pytest.mark.parametrize(
    ("waves", "said"),
    [
        (drafts("pre", "uk eu"), "forgets Switzerland (ch)"),
        (drafts("pre", "uk eu ch", "ch"), "Named more than once: Switzerland (ch)"),
        (drafts("pre", "uk eu ch mars"), "Not an active region: mars"),
        (drafts("pre", "uk eu ch", ""), "has no region"),
        (drafts("uk eu ch", "pre", early=0), "is the Preview region"),
        ([WaveDraft("A", ("uk", "eu", "ch")), WaveDraft("B", ("pre",), True)], "come first"),
        (drafts("pre", "uk eu ch", early=2), "At least one wave"),
        ([], "at least one wave"),
        (drafts("pre", "eu uk", "ch"), "back each other up"),
    ],
)
def test_an_incomplete_plan_is_refused_with_the_regions_named(waves, said):
    problems = coverage_problems(waves, ACTIVE, pairs=[("eu", "uk")], preview="pre")
    assert any(said in sentence(one) for one in problems), problems


def test_the_plan_a_portal_starts_with_places_every_region_once_and_pairs_apart():
    active = {region.code: region.name for region in seed.REGIONS}
    waves = [WaveDraft(wave.name, wave.regions, wave.before_sign_off, wave.is_opt_in) for wave in seed.WAVES]
    assert len(active) >= 27
    assert [wave.is_opt_in for wave in seed.WAVES].index(True) == 6
    assert coverage_problems(waves, active, pairs=seed.PAIRS, preview="preview-us") == []


def test_the_planner_knows_nothing_of_django():
    import subprocess
    import sys

    code = (
        "import sys, certification.planning.planner, certification.planning.coverage; "
        "sys.exit(any(name.split('.')[0] in ('django', 'rest_framework', 'celery') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
