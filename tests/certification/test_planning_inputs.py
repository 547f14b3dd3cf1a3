"""The planner with everything: bake, hours, several countries, trains, sign-in freezes; replay and bands."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certification.planning.bands import arrivals
from certification.planning.calendar import WORKDAY, Calendar, NoOpenDay
from certification.planning.inputs import Duration, PlanningInputs, PlanSpec, UnknownFormat, WaveSpec
from certification.planning.planner import baked_at, earliest_start, plan, why_not_at
from certification.planning.trains import Places, Timetable, boarding, check_timetable
from certification.planning.windows import Window
from certification.planning_words import sentence

HOUR = dt.timedelta(hours=1)
DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31))
REGIONS = ("north", "south", "east", "west", "middle")
COUNTRIES = st.sampled_from([(), ("US",), ("DE",), ("US", "IN"), ("US", "CN", "DE")])
AUTH = st.frozensets(st.sampled_from(["oauth2", "api_key", "basic"]), max_size=2)


def utc(*parts):
    return dt.datetime(*parts, tzinfo=dt.UTC)


@st.composite
def calendars(draw):
    return Calendar(
        draw(st.sampled_from(["UTC", "America/Los_Angeles", "Europe/Berlin", "Asia/Kolkata"])),
        draw(st.frozensets(st.integers(0, 6), max_size=3)),
        draw(COUNTRIES),
        draw(st.sampled_from([dt.time(0, 0), dt.time(2, 30), dt.time(9, 0), dt.time(23, 30)])),
    )


@st.composite
def windows(draw):
    start = dt.datetime.combine(draw(DAYS), draw(st.times()), tzinfo=dt.UTC)
    return Window(
        "window",
        start,
        start + draw(st.integers(1, 24 * 15)) * HOUR,
        draw(st.frozensets(st.sampled_from(REGIONS), max_size=2)),
        draw(st.booleans()),
        draw(AUTH),
    )


@st.composite
def inputs(draw):
    count = draw(st.integers(1, 4))
    places = [draw(st.integers(0, count - 1)) for _ in REGIONS]
    waves = [
        WaveSpec(
            number + 3,
            f"W{number}",
            tuple(code for code, place in zip(REGIONS, places, strict=True) if place == number),
            draw(st.sampled_from([0, 3_600, 20 * 3_600, 50 * 3_600])),
            draw(st.sampled_from([0, 6 * 3_600, 20 * 3_600])),
        )
        for number in range(count)
    ]
    hours = draw(st.sampled_from([0, 0, 8, 12]))
    spec = PlanSpec(tuple(waves), draw(calendars()), draw(st.integers(0, 3)), hours, draw(AUTH))
    starts_on = draw(DAYS)
    departures = {}
    if draw(st.booleans()):
        morning = dt.datetime.combine(starts_on, dt.time(0), tzinfo=dt.UTC)
        open_days = sorted(frozenset(range(7)) - spec.calendar.weekend)
        timetable = Timetable("T", weekdays=frozenset(open_days[::2]))
        departures = {waves[0].number: tuple(timetable.departures(morning))}
    history = {code: Duration(draw(st.integers(0, 7_200)), 40_000) for code in REGIONS[:3]}
    return PlanningInputs(
        spec, starts_on, tuple(draw(st.lists(windows(), max_size=3))), departures=departures, history=history
    )


def dates(given):
    return [wave.starts_at for wave in plan(given)]


def never_earlier(before, after):
    return all(new >= old for old, new in zip(dates(before), dates(after), strict=True))


@settings(max_examples=150, deadline=None)
@given(inputs())
def test_every_region_starts_once_when_open_in_order_and_after_the_bake(given):
    planned = plan(given)
    assert [wave.number for wave in planned] == [wave.number for wave in given.spec.waves]
    for spec, wave in zip(given.spec.waves, planned, strict=True):
        assert why_not_at(given.spec, spec, wave.starts_at, given.windows) == ""
        assert wave.starts_at.utcoffset() == dt.timedelta(0)
        assert wave.day == given.spec.calendar.date_of(wave.starts_at) >= given.starts_on
    for (spec, earlier), (_, later) in itertools.pairwise(zip(given.spec.waves, planned, strict=True)):
        assert later.starts_at >= baked_at(given.spec, spec, earlier.starts_at)
        assert later.starts_at >= earlier.starts_at + given.spec.hours_between * HOUR
    assert sorted(arrival.region for arrival in arrivals(given)) == sorted(REGIONS)


@settings(max_examples=100, deadline=None)
@given(inputs())
def test_what_was_written_down_gives_the_same_dates_again(given):
    again = PlanningInputs.from_json(json.loads(json.dumps(given.to_json())))
    assert again == dataclasses.replace(given, windows=again.windows)
    assert (plan(again), arrivals(again)) == (plan(given), arrivals(given))
    assert again.to_json() == given.to_json()


def test_inputs_of_an_unknown_format_are_refused():
    with pytest.raises(UnknownFormat, match="known is 1"):
        PlanningInputs.from_json({"format": 99})


@settings(max_examples=100, deadline=None)
@given(inputs(), st.sampled_from(["US", "DE", "IN", "CN"]))
def test_the_holidays_of_one_more_country_never_make_a_wave_earlier(given, country):
    calendar = given.spec.calendar
    more = dataclasses.replace(calendar, countries=(*calendar.countries, country))
    assert never_earlier(
        given, dataclasses.replace(given, spec=dataclasses.replace(given.spec, calendar=more))
    )


@settings(max_examples=100, deadline=None)
@given(inputs(), windows())
def test_one_more_freeze_never_makes_a_wave_earlier(given, more):
    freeze = dataclasses.replace(more, opens=False)
    assert never_earlier(given, dataclasses.replace(given, windows=(*given.windows, freeze)))


@settings(max_examples=100, deadline=None)
@given(inputs(), st.integers(1, 30))
def test_a_later_start_never_makes_a_wave_earlier(given, days):
    later = dataclasses.replace(given, starts_on=given.starts_on + dt.timedelta(days=days))
    assert never_earlier(given, later)


@settings(max_examples=60, deadline=None)
@given(inputs(), st.integers(1, 100))
def test_a_longer_bake_never_makes_a_wave_earlier(given, hours):
    waves = [
        dataclasses.replace(wave, bake_seconds=wave.bake_seconds + hours * 3_600) for wave in given.spec.waves
    ]
    longer = dataclasses.replace(given.spec, waves=tuple(waves))
    assert never_earlier(given, dataclasses.replace(given, spec=longer))


@settings(max_examples=60, deadline=None)
@given(inputs())
def test_a_band_is_never_before_the_planned_date_and_never_upside_down(given):
    for arrival in arrivals(given):
        assert arrival.planned_at <= arrival.early <= arrival.late


@settings(max_examples=100, deadline=None)
@given(calendars(), DAYS, st.times(), st.integers(0, 60 * 3_600))
def test_working_time_added_is_working_time_passed(calendar, day, time, seconds):
    moment = dt.datetime.combine(day, time, tzinfo=dt.UTC)
    end = calendar.add_business_seconds(moment, seconds)
    assert calendar.business_seconds_between(moment, end) == seconds
    assert end >= moment + dt.timedelta(seconds=seconds)
    assert calendar.business_seconds_between(end, moment) == 0


def test_a_business_bake_over_a_weekend_ends_on_monday():
    calendar = Calendar("America/Los_Angeles", countries=("US",))
    friday = utc(2026, 3, 6, 23)  # 15:00 in Los Angeles; daylight saving begins on Sunday.
    assert calendar.add_business_seconds(friday, 4 * 3_600) == utc(2026, 3, 9, 18)
    assert WORKDAY == 8 * HOUR


def us(*waves, **more):
    return PlanSpec(tuple(waves), Calendar("America/Los_Angeles", countries=("US",)), **more)


def test_a_wave_that_has_not_baked_by_its_hour_comes_a_day_later_and_says_why():
    spec = us(WaveSpec(1, "A", ("a",), 26 * 3_600), WaveSpec(2, "B", ("b",)))
    second = plan(PlanningInputs(spec, dt.date(2026, 6, 8)))[1]
    assert second.day == dt.date(2026, 6, 10)
    assert second.moved_by == ("Wave 1 bakes until Tue 11:00",)


def test_the_bake_of_a_verified_wave_counts_from_when_it_was_verified():
    spec = us(WaveSpec(1, "A", ("a",), 20 * 3_600), WaveSpec(2, "B", ("b",)))
    begun = {"started": {1: utc(2026, 6, 8, 16)}, "not_before": utc(2026, 6, 9, 17)}
    fast = PlanningInputs(spec, dt.date(2026, 6, 8), finished={1: utc(2026, 6, 8, 17)}, **begun)
    assert plan(fast)[0].day == dt.date(2026, 6, 9)
    assert plan(dataclasses.replace(fast, finished={}))[0].day == dt.date(2026, 6, 10)


def test_a_hotfix_goes_every_twelve_hours_through_the_night_and_the_weekend():
    waves = (WaveSpec(1, "A", ("a",), 11 * 3_600), WaveSpec(2, "B", ("b",)), WaveSpec(3, "C", ("c",)))
    spec = PlanSpec(waves, Calendar("UTC", frozenset()), hours_between=12)
    given = PlanningInputs(spec, dt.date(2026, 6, 12), first_at=utc(2026, 6, 12, 20))
    assert dates(given) == [utc(2026, 6, 12, 20), utc(2026, 6, 13, 8), utc(2026, 6, 13, 20)]
    freeze = Window("Incident", utc(2026, 6, 13, 6), utc(2026, 6, 13, 11))
    frozen = dataclasses.replace(given, windows=(freeze,))
    assert dates(frozen)[1:] == [utc(2026, 6, 13, 11), utc(2026, 6, 13, 23)]


def test_hours_wait_for_a_closed_day_to_end():
    waves = (WaveSpec(1, "A", ("a",)), WaveSpec(2, "B", ("b",)))
    spec = PlanSpec(waves, Calendar("America/Los_Angeles"), hours_between=8)
    given = PlanningInputs(spec, dt.date(2026, 6, 12), first_at=utc(2026, 6, 13, 0))
    assert plan(given)[1].starts_at == utc(2026, 6, 15, 7)
    assert plan(given)[1].moved_by == ("Saturday", "Sunday")


def test_an_accelerated_wave_starts_at_its_instant_unless_a_freeze_holds_it():
    spec = us(WaveSpec(1, "A", ("a",), 90 * 3_600), WaveSpec(2, "B", ("b",)))
    saturday = utc(2026, 6, 13, 10)
    given = PlanningInputs(spec, dt.date(2026, 6, 12), accelerated={2: saturday})
    assert dates(given)[1] == saturday
    freeze = Window("Incident", utc(2026, 6, 13), utc(2026, 6, 14))
    assert dates(dataclasses.replace(given, windows=(freeze,)))[1] == utc(2026, 6, 16, 16)


def test_holidays_of_two_countries_close_their_days():
    spec = PlanSpec((WaveSpec(1, "A", ("a",)),), Calendar("UTC", countries=("US", "CN")))
    for holiday in (dt.date(2026, 7, 3), dt.date(2026, 2, 17)):
        moved = plan(PlanningInputs(spec, holiday))[0]
        assert moved.day > holiday
        assert moved.moved_by


def test_a_freeze_of_one_way_to_sign_in_holds_only_connectors_that_use_it():
    freeze = Window("OAuth fault", utc(2026, 6, 8), utc(2026, 6, 10), auth_kinds=frozenset({"oauth2"}))
    given = PlanningInputs(us(WaveSpec(1, "A", ("a",))), dt.date(2026, 6, 8), (freeze,))

    def day(*kinds):
        spec = dataclasses.replace(given.spec, auth_kinds=frozenset(kinds))
        return plan(dataclasses.replace(given, spec=spec))[0].day.day

    assert [day("oauth2"), day("api_key"), day("api_key", "oauth2"), day()] == [10, 8, 10, 10]


FRIDAYS = Timetable("Friday", per_publisher=2, capacity=3)


def test_who_comes_after_the_cut_off_takes_the_next_train():
    late = boarding(FRIDAYS, utc(2026, 6, 11, 16, 0))
    assert late.first == utc(2026, 6, 19, 16)
    assert sentence(late.missed[0].because) == "Boarding closed on Thu 11 Jun, 09:00."
    in_time = boarding(FRIDAYS, utc(2026, 6, 11, 15, 59))
    assert (in_time.first, in_time.missed) == (utc(2026, 6, 12, 16), ())


def test_full_trains_and_closed_days_are_passed_over_and_a_place_is_kept():
    now, first, second = utc(2026, 6, 8), utc(2026, 6, 12, 16), utc(2026, 6, 19, 16)
    full = Places({first: 3}, {second: 2})
    found = boarding(FRIDAYS, now, full)
    assert found.first == utc(2026, 6, 26, 16)
    assert [sentence(missed.because) for missed in found.missed] == [
        "Full: all 3 places are taken.",
        "The publisher has 2 rollouts on it already, the most one may have.",
    ]
    kept = boarding(FRIDAYS, utc(2026, 6, 12, 15), dataclasses.replace(full, kept=first))
    assert kept.first == first
    closed = boarding(FRIDAYS, now, closed=lambda moment: "Freeze: June" if moment == first else "")
    assert (closed.first, sentence(closed.missed[0].because)) == (second, "It does not run: Freeze: June.")


def test_trains_leave_at_nine_local_time_on_both_sides_of_daylight_saving():
    leaves = boarding(FRIDAYS, utc(2026, 3, 1), days=14).departures
    assert [moment.hour for moment in leaves] == [17, 16]


def test_waves_on_a_train_start_with_it_and_the_rest_follow():
    spec = us(WaveSpec(3, "A", ("a",)), WaveSpec(4, "B", ("b",)))
    departures = {3: boarding(FRIDAYS, utc(2026, 6, 9)).departures}
    given = PlanningInputs(spec, dt.date(2026, 6, 9), departures=departures)
    assert dates(given) == [utc(2026, 6, 12, 16), utc(2026, 6, 15, 16)]
    assert earliest_start(spec, utc(2026, 6, 9), departures=departures) == dt.date(2026, 6, 12)
    with pytest.raises(NoOpenDay, match="no-train"):
        plan(dataclasses.replace(given, departures={3: ()}))


def test_a_timetable_that_cannot_run_names_its_faults():
    wrong = Timetable(" ", "Mars/Base", frozenset(), cutoff_hours=999, capacity=0, per_publisher=-1)
    assert set(check_timetable(wrong)) == {
        "name", "time_zone", "weekdays", "cutoff_hours", "capacity", "per_publisher"
    }  # fmt: skip
    assert not check_timetable(FRIDAYS)


def test_a_duration_upside_down_is_refused():
    with pytest.raises(ValueError, match="p50 <= p90"):
        Duration(10, 5)
