"""Trains: boarded when a rollout is scheduled, full ones passed over, changed ones re-boarded."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.urls import reverse

from certification.models import RolloutPlan, TrainBoarding
from certification.planning.trains import Timetable
from certification.services import plan_replays, schedule, trains
from certification.services.clock import database_now
from portal.shared.errors import Blocked, InvalidInput, NotPermitted
from portal.shared.models import AuditRecord
from tests.factories.rollouts import add_plan, add_regions, add_submission

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
EVERY_DAY = Timetable("Daily", "UTC", frozenset(range(7)), dt.time(9), 24, capacity=2)


@pytest.fixture
def train(cast):
    return trains.create_train(trains.TrainDraft(EVERY_DAY), actor=cast.operator)


@pytest.fixture
def plan(cast, train):
    add_regions("preview-us", "north", "south", preview="preview-us")
    return add_plan(cast.operator, "north", "south", train=train)


def board(cast, plan, **more):
    submission = add_submission(cast, state="signed_off", **more)
    dates = schedule.Dates(schedule.propose_start(plan, submission))
    return schedule.schedule_rollout(submission, plan, dates, actor=cast.operator)


def first_departure():
    now = database_now()
    return next(EVERY_DAY.departures(now + DAY))


def place_of(rollout):
    return TrainBoarding.objects.get(rollout=rollout, left_at=None)


def test_a_rollout_boards_the_first_train_that_is_not_closed(cast, plan):
    rollout = board(cast, plan)
    assert place_of(rollout).departs_at == first_departure()
    waves = list(rollout.waves.order_by("number"))
    assert waves[0].planned_at == first_departure()
    assert waves[1].planned_at > waves[0].planned_at


def test_the_page_says_which_departure_was_missed_and_which_comes_next(cast, plan, sign_in):
    submission = add_submission(cast, state="signed_off")
    text = sign_in(cast.operator).get(reverse("rollout_schedule", args=[submission.pk])).content.decode()
    assert "boards Daily" in text
    assert "Boarding closed on" in text


def test_a_full_train_is_passed_over_and_a_place_given_up_is_free_again(cast, plan):
    first, second, third = (board(cast, plan) for _ in range(3))
    assert place_of(first).departs_at == place_of(second).departs_at
    assert place_of(third).departs_at == first_departure() + DAY
    schedule.unschedule_rollout(first, reason="Not yet.", actor=cast.operator)
    assert not TrainBoarding.objects.filter(rollout=first, left_at=None).exists()
    assert place_of(board(cast, plan)).departs_at == first_departure()


def test_changing_a_train_shows_what_moves_and_then_moves_exactly_that(cast, plan, train):
    rollout = board(cast, plan)
    later = trains.TrainDraft(Timetable("Daily", "UTC", frozenset(range(7)), dt.time(15), 24, capacity=2))
    moves = trains.preview_train(train, later)
    assert [move.rollout.pk for move in moves] == [rollout.pk]
    assert place_of(rollout).departs_at.hour == 9
    moved = trains.change_train(train, later, reason="The platform team starts late.", actor=cast.operator)
    assert moved == 1
    waves = {wave.number: wave.planned_at for wave in rollout.waves.all()}
    assert {move.number: move.new_at for move in moves[0].waves} == {
        change.wave.number: change.new_at for change in rollout.date_changes.all()
    }
    assert place_of(rollout).departs_at == min(waves.values())
    assert {change.cause for change in rollout.date_changes.all()} == {"train"}


def test_what_is_shown_minds_the_places_that_others_would_take(cast, plan, train):
    made = [board(cast, plan) for _ in range(3)]
    later = trains.TrainDraft(Timetable("Daily", "UTC", frozenset(range(7)), dt.time(15), 24, capacity=2))
    shown = {
        (move.rollout.pk, wave.number): wave.new_at
        for move in trains.preview_train(train, later)
        for wave in move.waves
    }
    trains.change_train(train, later, reason="Later.", actor=cast.operator)
    assert shown == {
        (rollout.pk, change.wave.number): change.new_at
        for rollout in made
        for change in rollout.date_changes.select_related("wave")
    }


def test_a_train_that_a_plan_boards_is_not_retired(cast, plan, train):
    with pytest.raises(Blocked, match="boards it"):
        trains.retire_train(train, reason="Enough.", actor=cast.operator)
    RolloutPlan.objects.update(train=None)
    trains.retire_train(train, reason="Enough.", actor=cast.operator)
    assert train.is_retired


def test_a_plan_of_a_lane_the_train_does_not_take_is_refused(cast, plan):
    hotfixes = trains.create_train(
        trains.TrainDraft(Timetable("Night", lanes=frozenset({"hotfix"}))), actor=cast.operator
    )
    with pytest.raises(InvalidInput, match="does not take the lane Additive"):
        add_plan(cast.operator, "north", "south", name="Other", is_default=False, train=hotfixes)


@pytest.mark.parametrize("person", ["owner", "reviewer", "stranger"])
def test_only_operators_run_trains(cast, person):
    with pytest.raises(NotPermitted):
        trains.create_train(trains.TrainDraft(EVERY_DAY), actor=getattr(cast, person))


def test_a_train_has_a_name_of_its_own(cast, train):
    with pytest.raises(InvalidInput, match="already"):
        trains.create_train(trains.TrainDraft(EVERY_DAY), actor=cast.operator)


def test_a_rollout_has_one_place_for_a_wave(cast, plan):
    place = place_of(board(cast, plan))
    with pytest.raises(IntegrityError):
        TrainBoarding.objects.create(
            train=place.train,
            rollout=place.rollout,
            wave_number=place.wave_number,
            departs_at=place.departs_at,
        )


def test_only_ones_own_rollouts_are_named_on_board(cast, plan, train, sign_in):
    rollout = board(cast, plan)
    address = reverse("train_detail", args=[train.pk])
    name = str(rollout.connector)
    assert name in sign_in(cast.owner).get(address).content.decode()
    text = sign_in(cast.stranger).get(address).content.decode()
    assert name not in text
    assert "1 / 2" in text


def test_a_train_is_made_changed_and_retired_on_its_pages(cast, plan, train, sign_in):
    browser = sign_in(cast.operator)
    data = {
        "name": "Monday", "weekdays": ["0"], "departs_at": "09:00", "time_zone": "UTC", "cutoff_hours": "24",
        "capacity": "5", "per_publisher": "0",
    }  # fmt: skip
    assert browser.post(reverse("train_create"), data).status_code == 302
    wrong = browser.post(reverse("train_create"), {**data, "name": "Other", "time_zone": "Mars/Base"})
    assert "Choose a time zone" in wrong.content.decode()
    rollout = board(cast, plan)
    change = {**data, "name": "Daily", "weekdays": list("0123456"), "departs_at": "15:00", "reason": "Later."}
    shown = browser.post(reverse("train_change", args=[train.pk]), change).content.decode()
    assert "What moves" in shown
    assert "6 h later" in shown
    browser.post(reverse("train_change", args=[train.pk]), {**change, "save": "1"})
    assert place_of(rollout).departs_at.hour == 15
    text = browser.post(reverse("train_retire", args=[train.pk]), {"reason": "Enough."}).content.decode()
    assert "boards it" in text


def test_every_dating_can_be_replayed_from_the_audit_record(cast, plan, train):
    rollout = board(cast, plan)
    later = trains.TrainDraft(Timetable("Daily", "UTC", frozenset(range(7)), dt.time(15), 24, capacity=2))
    trains.change_train(train, later, reason="Later.", actor=cast.operator)
    replays = plan_replays.replay(rollout)
    assert [one.action for one in replays] == ["rollout.schedule", "rollout.reschedule"]
    assert all(one.agrees for one in replays)
    out = io.StringIO()
    call_command("replay_plan", str(rollout.pk), stdout=out)
    assert out.getvalue().count("agrees") == 2


def test_a_replay_that_differs_names_the_wave(cast, plan):
    rollout = board(cast, plan)
    record = AuditRecord.objects.get(action="rollout.schedule")
    changed = {**record.data, "dated": {**record.data["dated"], "2": "2020-01-01T00:00:00+00:00"}}
    record.data = changed
    one = plan_replays._replayed(record)
    assert not one.agrees
    assert one.differences["2"][0] == "2020-01-01T00:00:00+00:00"
    record.data = {**changed, "planning": {"format": 99}}
    assert "known is 1" in plan_replays._replayed(record).problem
    with pytest.raises(CommandError, match="no rollout"):
        call_command("replay_plan", "00000000-0000-0000-0000-000000000000")
    assert plan_replays.replay(rollout)[0].agrees
