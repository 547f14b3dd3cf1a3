"""A simulated year: nothing gets lost, the same seed gives the same year, and it answers what-if."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections import Counter
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from certification.models import Freeze, TrainBoarding
from certification.planning.calendar import Calendar
from certification.planning.planner import WaveSpec, why_not_at
from certification.planning.trains import Timetable
from certification.planning.windows import Window
from certification.services import plans, trains
from certification.services.plans import WaveDraft
from certification.services.simulation import portal_scenario, seed_scenario
from certification.simulation.engine import ENDS, simulate
from certification.simulation.journey import PARTIES
from certification.simulation.plot import svg
from certification.simulation.report import as_text, compared, report
from certification.simulation.scenario import BadChange, changed
from certification.simulation.shifts import Shift
from tests.factories.rollouts import add_regions, scheduled_rollout

MONDAY = dt.date(2027, 1, 4)
STEPS = {
    "validation", "review queue", "review", "changes", "preview deployment", "preview test", "preview expired",
    "scheduling", "waiting for its day", "waiting for its train", "frozen", "wave", "region failed", "halted", "held",
}  # fmt: skip


def small(*changes: str):
    return changed(seed_scenario(MONDAY), ["arrivals=150", "days=120", *changes])


@pytest.fixture(scope="module")
def year():
    return simulate(small("region_failures=0.02", "gate_halts=0.1", "holds=0.1"))


def test_every_submission_ends_somewhere_or_is_in_exactly_one_place(year):
    assert len(year.submissions) == 150
    for item in year.submissions:
        assert item.state in ENDS or item.state in STEPS
        if item.state in ENDS:
            assert item.ended_at is not None
        else:
            assert item.ended_at is None
            assert item.stays[-1][0] == item.state
    assert report(year).ends["live"] > 80


def test_every_second_belongs_to_exactly_one_party(year):
    for item in year.submissions:
        assert all(party in PARTIES and first <= last for _, party, first, last in item.stays)
        assert all(one[3] == two[2] for one, two in pairwise(item.stays))
        assert item.stays[0][2] == item.arrives_at
        assert item.stays[-1][3] == (item.ended_at or year.scenario.ends_at)


def test_no_wave_starts_on_a_closed_day_or_in_a_freeze(year):
    started = 0
    for item in year.submissions:
        spec = year.scenario.lanes[item.lane].plan
        waves = {wave.number: wave for wave in spec.waves}
        for number, at in item.waves:
            assert why_not_at(spec, waves[number], at, year.scenario.windows) == ""
            started += 1
        assert [number for number, _ in item.waves] == sorted(number for number, _ in item.waves)
    assert started > 300


def test_the_same_seed_gives_the_same_year_and_another_one_another(year):
    again = simulate(small("region_failures=0.02", "gate_halts=0.1", "holds=0.1"))
    assert report(again) == report(year)
    other = simulate(dataclasses.replace(small(), seed=2))
    assert report(other).lead != report(year).lead


def test_more_reviewers_never_let_the_queue_grow():
    waits = [report(simulate(small(f"reviewers={number}", "hours=1"))) for number in (1, 2, 4, 8)]
    medians = [one.review_wait.p50 for one in waits]
    assert all(two <= one + 0.02 for one, two in pairwise(medians))
    assert medians[-1] < medians[0]
    assert [one.utilisation for one in waits] == sorted((one.utilisation for one in waits), reverse=True)
    assert waits[0].queue_longest > waits[-1].queue_longest


def test_reviewers_work_at_most_all_of_their_hours():
    found = report(simulate(small("reviewers=1", "hours=1")))
    assert 0.9 < found.utilisation < 1.2  # work begun in the year may end after it
    assert sum(found.under_way.values()) > 30


def test_a_freeze_costs_time_and_the_report_says_whose():
    freeze = Window(
        "Move of the data centre",
        dt.datetime(2027, 2, 1, tzinfo=dt.UTC),
        dt.datetime(2027, 3, 1, tzinfo=dt.UTC),
    )
    scenario = small()
    frozen = report(simulate(dataclasses.replace(scenario, windows=(freeze,))))
    free = report(simulate(changed(scenario, ["freezes=none"])))
    assert frozen.shares["all"]["freeze"] > 0.05
    assert free.shares["all"]["freeze"] == 0
    assert frozen.lead["all"].mean > free.lead["all"].mean


def test_trains_leave_on_their_day_with_no_more_than_they_hold():
    scenario = small()
    train = Timetable("Friday", capacity=3)
    lanes = {
        name: dataclasses.replace(lane, train=train) for name, lane in scenario.lanes.items() if name == "new"
    }
    year = simulate(dataclasses.replace(scenario, lanes=lanes, arrivals=40))
    first = [item.waves[0][1] for item in year.submissions if item.waves]
    assert first
    assert {at.astimezone(scenario.office.zone).weekday() for at in first} == {4}
    assert max(first.count(at) for at in set(first)) <= 3
    without = report(
        simulate(changed(dataclasses.replace(scenario, lanes=lanes, arrivals=40), ["trains=none"]))
    )
    assert without.lead["new"].p50 < report(year).lead["new"].p50


def test_working_hours_end_in_the_evening_and_go_on_in_the_morning():
    shift = Shift(Calendar("UTC", countries=("US",)), 6)
    friday = dt.datetime(2027, 1, 15, 14, tzinfo=dt.UTC)
    assert shift.begins(friday) == friday
    # Monday is a holiday.
    assert shift.after(friday, 2 * 3600) == dt.datetime(2027, 1, 19, 10, tzinfo=dt.UTC)
    assert shift.seconds_between(friday, friday + dt.timedelta(days=7)) == 4 * 6 * 3600


def test_the_picture_is_one_well_formed_document(year):
    found = report(year)
    picture = ElementTree.fromstring(svg(found, title="Reviewers < 4 & more"))
    assert picture.tag.endswith("svg")
    assert all("style" not in element.attrib for element in picture.iter())
    assert "nine of 10" in as_text(found)
    assert "review wait, half" in compared(found, found, ("a", "b"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("reviewers=0", "from 1 to 500"),
        ("reviewers=many", "from 1 to 500"),
        ("gate_halts=2", "probability"),
        ("weather=bad", "Known are"),
        ("reviewers", "Known are"),
    ],
)
def test_a_change_that_cannot_be_made_says_what_can(change, said):
    with pytest.raises(BadChange, match=said):
        changed(seed_scenario(MONDAY), [change])


def test_the_command_prints_compares_and_writes(tmp_path, capsys):
    figures, picture = tmp_path / "year.json", tmp_path / "year.svg"
    call_command(
        "simulate", "--delivered", "--from=2027-01-04", "--seed=3", "--arrivals=40", "--set", "days=60",
        "--compare", "reviewers=1", "hours=1", f"--json={figures}", f"--plot={picture}",
    )  # fmt: skip
    printed = capsys.readouterr().out
    assert "40 submissions" in printed
    assert "reviewers=1 hours=1" in printed
    assert json.loads(figures.read_text())["compared"]["submissions"] == 40
    assert picture.read_text().startswith("<svg")
    with pytest.raises(CommandError, match="no date"):
        call_command("simulate", "--delivered", "--from=tomorrow")
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("simulate", "--delivered", "--arrivals=1", f"--json={tmp_path}/no/where.json")


@pytest.mark.django_db
def test_the_portals_own_plans_and_history_are_used_and_the_rest_is_the_seeds():
    scenario = portal_scenario(MONDAY)
    assert set(scenario.lanes) == set(seed_scenario(MONDAY).lanes)
    assert scenario.windows == ()


def with_train(**more):
    """A small year in which every lane but hotfixes boards one train, and opt-in waves another."""
    scenario, opt_in = small(), seed_opt_in()
    friday, monday = (
        Timetable("Friday", "UTC", frozenset({4}), **more),
        Timetable("Monday", "UTC", frozenset({0})),
    )
    lanes = {
        name: lane
        if lane.is_urgent
        else dataclasses.replace(lane, train=friday, opt_in=opt_in, opt_in_train=monday)
        for name, lane in scenario.lanes.items()
    }
    return dataclasses.replace(scenario, lanes=lanes)


def seed_opt_in():
    spec = small().lanes["new"].plan
    return dataclasses.replace(
        spec, waves=(WaveSpec(21, "Government", ("gcc",)), WaveSpec(22, "China", ("cn",)))
    )


def test_lanes_on_one_train_share_its_places_and_a_publisher_has_its_limit():
    year = simulate(changed(with_train(capacity=4, per_publisher=1), ["publishers=5"]))
    boarded = [item for item in year.submissions if item.waves and item.lane != "hotfix"]
    places = Counter(item.waves[0][1] for item in boarded)
    own = Counter((item.publisher, item.waves[0][1]) for item in boarded)
    assert len({item.lane for item in boarded}) >= 3
    assert max(places.values()) <= 4
    assert max(own.values()) == 1
    assert report(year).steps["waiting for its train"].count >= len(boarded)


def test_places_that_are_taken_when_the_year_begins_are_not_given_again():
    scenario = with_train(capacity=2)
    first = next(iter(scenario.lanes["new"].train.departures(scenario.starts_at + dt.timedelta(days=14))))
    full = dataclasses.replace(scenario, boarded={"Friday": {first: 2}})
    starts = {item.waves[0][1] for item in simulate(full).submissions if item.waves and item.lane != "hotfix"}
    assert first not in starts
    assert first in {item.waves[0][1] for item in simulate(scenario).submissions if item.waves}


def test_who_opts_in_gets_the_government_after_live_on_its_own_train():
    year = simulate(changed(with_train(), ["opt_in=0.5"]))
    asked = [item for item in year.submissions if item.opt_in_at]
    assert asked
    for item in asked:
        assert item.opts_in
        assert item.state == "live"
        assert item.opt_in_at > item.ended_at
    found = report(year)
    assert found.opt_in.count == len(asked)
    assert "opt-in regions" in as_text(found)
    nobody = report(simulate(changed(with_train(), ["opt_in=0"])))
    assert nobody.opt_in.count == 0
    assert nobody.lead == found.lead, "who opts in takes nobody else's time"


def test_a_changed_train_is_compared_and_the_report_says_what_the_train_costs():
    scenario = with_train(capacity=2)
    first = report(simulate(scenario))
    roomy = report(simulate(changed(scenario, ["train[Friday].capacity=50", "train.weekdays=mon,wed,fri"])))
    assert roomy.steps["waiting for its train"].mean < first.steps["waiting for its train"].mean
    assert roomy.lead["all"].p50 < first.lead["all"].p50
    assert "waiting for trains, mean" in compared(first, roomy, ("a", "b"))
    lead = first.lead["all"]
    assert lead.p50 <= lead.p75 <= lead.p90 <= lead.p95


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("train.capacity=0", "from 1 to 10000"),
        ("train.weekdays=someday", "tue,fri"),
        ("train.departs_at=noon", "09:00"),
        ("train.colour=red", "no change of a train"),
        ("train[Express].capacity=2", "no train “Express”"),
    ],
)
def test_a_change_of_a_train_that_cannot_be_made_says_what_can(change, said):
    with pytest.raises(BadChange, match=said):
        changed(with_train(), [change])


def test_without_a_train_there_is_none_to_change():
    with pytest.raises(BadChange, match="boards a train"):
        changed(small(), ["train.capacity=2"])


@pytest.mark.django_db
def test_trains_capacity_opt_in_waves_and_freezes_are_those_of_the_database(cast):
    add_regions("preview-us", preview="preview-us")
    add_regions("north", "gcc")
    friday = trains.create_train(
        trains.TrainDraft(Timetable("Friday", "UTC", capacity=1)), actor=cast.operator
    )
    waves = (
        WaveDraft("Preview", ("preview-us",), before_sign_off=True),
        WaveDraft("North", ("north",)),
        WaveDraft("Government", ("gcc",), is_opt_in=True),
    )
    draft = plans.PlanDraft("Own", waves, lane="new", train=friday, opt_in_train=friday, is_default=True)
    plans.create_plan(draft, actor=cast.operator)
    at = timezone.now() + dt.timedelta(days=9)
    Freeze.objects.create(
        name="Move",
        reason="It moves.",
        created_by=cast.operator,
        starts_at=at,
        ends_at=at + dt.timedelta(days=2),
    )
    lane = portal_scenario(MONDAY).lanes["new"]
    assert (lane.train.name, lane.train.capacity, lane.opt_in_train.name) == ("Friday", 1, "Friday")
    assert [wave.regions for wave in lane.plan.waves] == [("north",)]
    assert [wave.regions for wave in lane.opt_in.waves] == [("gcc",)]
    assert [window.name for window in portal_scenario(MONDAY).windows] == ["Move"]
    rollout = scheduled_rollout(cast, "north gcc", due=False)
    TrainBoarding.objects.create(train=friday, rollout=rollout, wave_number=7, departs_at=at)
    assert portal_scenario(MONDAY).boarded["Friday"][at] == 1
    trains_of = changed(portal_scenario(MONDAY), ["trains=none"]).lanes["new"]
    assert (trains_of.train, trains_of.opt_in_train) == (None, None)
