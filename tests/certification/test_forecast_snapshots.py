"""Forecasts of rollouts: made anew after every event, kept when they move, told when they slip."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core import mail
from django.db import DatabaseError, transaction
from django.urls import reverse

from certification.models import ForecastSnapshot, RegionDeployment
from certification.planning.forecasting import WHOLE
from certification.queries import forecasts as queries
from certification.queries.forecast_history import history_of_rollouts
from certification.queries.rollouts import matrix_of
from certification.services import forecasts, freezes, rollouts, schedule
from certification.services.clock import database_now
from certification.services.deployments import intend, move
from portal.shared import outbox
from portal.shared.templatetags.bands import band_short
from tests.factories.rollouts import add_submission, scheduled_rollout

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def rollout(cast, drain_outbox):
    made = scheduled_rollout(cast, "north south", "east", due=False)
    drain_outbox()
    return made


def rows(rollout, code):
    return list(rollout.forecasts.filter(region=code).order_by("pk"))


def start(rollout, code):
    """The wave of the region starts now."""
    now = database_now()
    rollout.waves.filter(deployments__region=code).update(state="running", started_at=now, planned_at=now)
    type(rollout).objects.filter(pk=rollout.pk).update(state="running")
    forecasts.refresh(rollout.pk, forecasts.Cause("wave.start"))


def fail(rollout, code):
    deployment = RegionDeployment.objects.get(rollout=rollout, region=code)
    assert intend(deployment)
    deployment.refresh_from_db()
    move(deployment, "fail", reason="The disk is full.", changes={"next_poll_at": None})
    outbox.drain()
    return deployment


def test_scheduling_makes_a_band_for_every_region_and_for_the_whole(rollout, cast):
    newest = queries.newest(rollout)
    assert set(newest) == {"north", "south", "east", WHOLE}
    assert {row.cause for row in newest.values()} == {"rollout.schedule"}
    assert {row.actor for row in newest.values()} == {cast.operator}
    first, second = rollout.waves.order_by("number")
    assert first.planned_at < newest["north"].early < second.planned_at < newest["east"].early
    assert newest["east"].late <= newest[WHOLE].late
    assert not newest["east"].is_measured
    assert queries.slips(rollout) == []


def test_a_job_that_runs_twice_writes_nothing_new(rollout):
    before = ForecastSnapshot.objects.count()
    assert forecasts.refresh_after("rollout.schedule", str(rollout.pk)) == 0
    assert forecasts.refresh_all() == 0
    assert ForecastSnapshot.objects.count() == before


def test_a_snapshot_is_never_changed(rollout):
    with pytest.raises(DatabaseError), transaction.atomic():
        rollout.forecasts.update(cause="something else")


def test_an_operators_new_dates_are_one_slip_with_the_reason_and_one_mail(rollout, cast, drain_outbox):
    mail.outbox.clear()
    start = rollout.starts_on + 3 * DAY
    schedule.reschedule_rollout(rollout, schedule.Dates(start), reason="The team asked.", actor=cast.operator)
    drain_outbox()

    (slip,) = queries.slips(rollout)
    assert (slip.cause, slip.reason, slip.actor) == ("operator", "The team asked.", cast.operator)
    assert [move.what for move in slip.moves] == ["Wave 2", "Wave 3"]
    assert all(move.is_later for move in slip.moves)
    last = rows(rollout, "east")[-1]
    assert (last.cause, last.slipped_from) == ("rollout.reschedule", rows(rollout, "east")[0].late)
    to_owner = [message for message in mail.outbox if cast.owner.email in message.to]
    assert len(to_owner) == 1
    assert "Wave 3" in to_owner[0].body
    assert "before:" in to_owner[0].body
    assert "The team asked." in to_owner[0].body


def test_a_freeze_on_the_waves_is_told_once_by_the_replan(rollout, cast, drain_outbox):
    mail.outbox.clear()
    first = rollout.waves.first().planned_at
    draft = freezes.FreezeDraft("Quarter end", "Books are closed.", first - DAY / 2, first + 5 * DAY)
    freezes.create_freeze(draft, actor=cast.operator)
    drain_outbox()
    (slip,) = queries.slips(rollout)
    assert slip.label == "Freeze"
    assert "Quarter end" in slip.reason
    assert len([message for message in mail.outbox if cast.owner.email in message.to]) == 1


def test_a_freeze_behind_the_waves_moves_only_late_ends_and_is_told(rollout, cast, drain_outbox):
    mail.outbox.clear()
    last = rollout.waves.last().planned_at
    draft = freezes.FreezeDraft("Fair", "Everybody is away.", last + DAY / 2, last + 9 * DAY)
    freezes.create_freeze(draft, actor=cast.operator)
    drain_outbox()

    assert rollout.date_changes.count() == 0
    (slip,) = queries.slips(rollout)
    assert slip.is_forecast
    assert (slip.cause, slip.reason, slip.actor) == (
        "freeze.create",
        "Fair: Everybody is away.",
        cast.operator,
    )
    assert slip.moves[-1].what == "East"
    (message,) = (message for message in mail.outbox if cast.owner.email in message.to)
    assert "Later than expected" in message.subject
    assert "East" in message.body


def test_a_failed_region_moves_itself_and_the_waves_behind_it(rollout, cast, drain_outbox):
    start(rollout, "north")
    outbox.drain()
    mail.outbox.clear()
    before = rows(rollout, "north")[-1]
    fail(rollout, "north")
    after = rows(rollout, "north")[-1]
    assert after.cause == "deployment.fail"
    assert after.reason == "The disk is full."
    assert after.slipped_from == before.late
    assert after.is_later
    assert after.late > rows(rollout, "south")[-1].late
    slip = queries.slips(rollout)[0]
    assert slip.label == "A region failed"
    told = [message for message in mail.outbox if cast.viewer.email in message.to]
    assert len([message for message in told if "Later than expected" in message.subject]) == 1


def test_a_hold_moves_the_band_and_a_resume_moves_it_back(rollout, cast, drain_outbox):
    type(rollout).objects.filter(pk=rollout.pk).update(state="running")
    type(rollout.submission).objects.filter(pk=rollout.submission_id).update(state="rolling_out")
    rollout.refresh_from_db()
    first = rollout.waves.first()
    rollout.waves.filter(pk=first.pk).update(planned_at=database_now() + dt.timedelta(hours=1))
    rollouts.hold_rollout(rollout, reason="An incident.", actor=cast.operator)
    drain_outbox()
    held = rows(rollout, "north")[-1]
    assert (held.cause, held.reason, held.actor) == ("rollout.hold", "An incident.", cast.operator)
    rollouts.resume_rollout(rollout, actor=cast.operator)
    drain_outbox()
    assert rows(rollout, "north")[-1].late < held.late


def test_a_rollout_that_stopped_moving_gets_no_forecast(rollout, cast, drain_outbox):
    before = ForecastSnapshot.objects.count()
    schedule.unschedule_rollout(rollout, reason="Wrong plan.", actor=cast.operator)
    drain_outbox()
    assert forecasts.refresh_after("rollout.reschedule", str(rollout.pk)) == 0
    assert ForecastSnapshot.objects.count() == before
    assert forecasts.refresh_after("deployment.verify", str(cast.owner.pk)) == 0


def test_regions_that_arrive_together_are_forecast_once_after_the_last(rollout, monkeypatch):
    start(rollout, "north")
    made = []
    monkeypatch.setattr(forecasts, "refresh", lambda pk, cause: made.append((pk, cause.event)) or 0)
    for act in rollout.deployments.filter(region__in=["north", "south"]):
        with transaction.atomic():
            outbox.emit("deployment.verify", id=str(act.pk))
    outbox.drain()
    assert made == [(rollout.pk, "deployment.verify")]


def test_history_takes_over_from_five_samples_on(cast, drain_outbox):
    for number in range(5):
        finished = scheduled_rollout(
            cast,
            "north south",
            "east",
            submission=add_submission(cast, state="signed_off", marker=str(number)),
        )
        now = database_now()
        for wave in finished.waves.all():
            started = wave.planned_at + (DAY if wave.number == 3 else 0 * DAY)
            finished.waves.filter(pk=wave.pk).update(state="verified", started_at=started)
            wave.deployments.update(state="verified", verified_at=started + dt.timedelta(minutes=7))
        type(finished).objects.filter(pk=finished.pk).update(state="completed", finished_at=now)
    history = history_of_rollouts(with_pauses=True)
    assert history.of_region("east").is_measured
    assert history.of_region("east").points == (420.0,) * 20
    assert history.of_region("atlantis").samples == 15
    assert (history.slips.weights, history.slips.samples) == ((0.5, 0.5), 10)
    assert not history.holds.is_measured

    rollout = scheduled_rollout(
        cast,
        "north south",
        "east",
        submission=add_submission(cast, state="signed_off", marker="last"),
        due=False,
    )
    drain_outbox()
    assert queries.newest(rollout)["north"].is_measured


def test_the_api_tells_every_band_to_the_team_and_to_nobody_else(rollout, cast, client):
    address = f"/api/v1/rollouts/{rollout.pk}/forecasts/"
    client.force_login(cast.viewer)
    bands = {row["region"]: row for row in client.get(address).json()}
    assert set(bands) == {"north", "south", "east", None}
    assert bands["east"]["cause"] == "rollout.schedule"
    client.force_login(cast.stranger)
    assert client.get(address).status_code == 404


def test_long_lists_of_regions_are_cut_short():
    assert queries.in_words(["France"]) == "France"
    assert queries.in_words(["France", "Italy"]) == "France and Italy"
    assert queries.in_words(["A", "B", "C", "D"]) == "A, B, C and D"
    assert queries.in_words(["A", "B", "C", "D", "E"]) == "A, B, C and 2 more"
    assert queries.cause_label("gate.some_verdict") == "Gate some verdict"


def test_cells_of_regions_to_come_show_their_band_and_those_that_have_it_do_not(rollout, cast, sign_in):
    RegionDeployment.objects.filter(rollout=rollout, region="south").update(
        state="verified", verified_at=database_now()
    )
    cells = {cell.code: cell for wave in matrix_of(rollout) for cell in wave.regions}
    newest = queries.newest(rollout)
    assert (cells["north"].early, cells["north"].late) == (newest["north"].early, newest["north"].late)
    assert (cells["south"].early, cells["south"].late) == (None, None)
    page = sign_in(cast.viewer).get(reverse("rollout_detail", args=[rollout.pk])).content.decode()
    assert ", expected " in page
    type(rollout).objects.filter(pk=rollout.pk).update(state="completed")
    rollout.refresh_from_db()
    assert all(cell.early is None for wave in matrix_of(rollout) for cell in wave.regions)


@pytest.mark.parametrize(
    ("late", "words"), [(0, "28 Feb"), (1, "28 Feb \N{EN DASH} 1 Mar"), (-1, "27\N{EN DASH}28 Feb")]
)
def test_a_band_is_short_where_little_room_is(late, words):
    at = dt.datetime(2027, 2, 28, 12, tzinfo=dt.UTC)
    first, last = sorted([at, at + late * DAY])
    assert band_short(first, last) == words
