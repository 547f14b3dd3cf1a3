"""Previews of freezes, plans and trains say who uses the connectors whose dates would move."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from certification.planning.coverage import WaveDraft
from certification.planning.trains import Timetable
from certification.services import freezes, opt_in, plan_changes, plans, trains
from connectors.models import HealthHour
from tests.certification.test_opt_in import scheduled as with_opt_in
from tests.certification.test_opt_in import sovereign_plan
from tests.certification.test_rollouts_api import api, post
from tests.factories.rollouts import scheduled_rollout

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def used(rollout, region, connections, calls):
    """Calls of the last day's first and only hour."""
    HealthHour.objects.create(
        connector=rollout.connector, region_id=region, operation="GetTides", version_label="0.9.0",
        hour=timezone.now() - dt.timedelta(hours=2), requests=calls, successes=calls, throttled=0,
        connections=connections,
    )  # fmt: skip


@pytest.fixture
def rollout(cast):
    made = scheduled_rollout(cast, "north", "south", due=False)
    used(made, "north", 40, 100)
    used(made, "south", 300, 2_000)
    return made


@pytest.fixture
def operator(cast):
    return api(cast.operator, "admin:write", "rollouts:write")


def quiet(rollout, **more):
    first = rollout.waves.first().planned_at
    return freezes.FreezeDraft("Quiet", "Year end.", first - DAY, first + 2 * DAY, **more)


def loads(move):
    return {wave.number: affected.connections for wave, affected in move.lines}


def test_a_freeze_says_who_uses_what_it_moves_wave_by_wave_and_in_all(cast, rollout):
    [move] = freezes.preview_freeze(quiet(rollout))
    assert loads(move) == {2: 40, 3: 300}
    assert (move.affected.connections, move.affected.calls_an_hour) == (340, 2_100)
    freeze, _moved = freezes.create_freeze(quiet(rollout), actor=cast.operator)
    [back] = freezes.preview_cancellation(freeze)
    assert loads(back) == {2: 40, 3: 300}


def test_several_rollouts_share_one_question_about_their_users(cast, rollout):
    def questions():
        with CaptureQueriesContext(connection) as asked:
            moves = freezes.preview_freeze(quiet(rollout))
        return len(moves), len(asked)

    one, queries = questions()
    for number in range(3):
        used(scheduled_rollout(cast, "north", "south", due=False, marker=str(number)), "north", 5, 5)
    assert questions() == (one + 3, queries)


def test_a_train_and_a_plan_say_it_too(cast, rollout):
    train = trains.create_train(
        trains.TrainDraft(Timetable("Daily", "UTC", frozenset(range(7)))), actor=cast.operator
    )
    assert trains.preview_train(train, trains.draft_of(train)) == []
    slower = dataclasses.replace(plans.draft_of(rollout.plan), days_between_waves=5)
    [move] = plan_changes.preview_revision(rollout.plan, slower, actor=cast.operator)
    assert loads(move) == {3: 300}
    both = (WaveDraft("Preview", ("preview-us",), True), WaveDraft("Both", ("north", "south")))
    together = dataclasses.replace(slower, waves=both)
    [move] = plan_changes.preview_revision(rollout.plan, together, actor=cast.operator)
    # The wave that goes, and the region that leaves it, are about the same users: they count once.
    assert move.affected.connections == 300


def test_the_pages_show_it_before_anything_is_saved(cast, rollout, sign_in):
    draft = quiet(rollout)
    form = {
        "kind": "freeze", "name": "Quiet", "reason": "Year end.",
        "starts_at": f"{draft.starts_at:%Y-%m-%dT%H:%M}", "ends_at": f"{draft.ends_at:%Y-%m-%dT%H:%M}",
    }  # fmt: skip
    text = " ".join(sign_in(cast.operator).post(reverse("freeze_create"), form).content.decode().split())
    assert "2 regions, 340 active connections, 2,100 calls an hour over the last day." in text
    assert "2,000 calls an hour" in text


def test_a_program_reads_it_with_every_preview(cast, rollout, operator):
    draft = quiet(rollout)
    data = {
        "name": "Quiet", "reason": "Year end.", "starts_at": draft.starts_at.isoformat(),
        "ends_at": draft.ends_at.isoformat(),
    }  # fmt: skip
    [move] = post(operator, "freezes/what-moves/", data).json()
    assert (move["affected"]["connections"], move["affected"]["calls_an_hour"]) == (340, 2_100)
    assert {wave["wave"]: wave["regions"] for wave in move["waves"]} == {2: ["north"], 3: ["south"]}

    made = post(operator, "freezes/", data).json()
    [back] = post(operator, f"freezes/{made['id']}/what-returns/", {}).json()
    assert back["affected"]["connections"] == 340
    assert rollout.date_changes.count() == 2

    plan = operator.get(f"/api/v1/plans/{rollout.plan_id}/").json()
    body = {name: plan[name] for name in ("waves", "lane", "time_zone")}
    [moved] = post(operator, f"plans/{rollout.plan_id}/what-moves/", {**body, "days_between_waves": 9}).json()
    assert moved["affected"]["connections"] == 300
    assert plans.default_plan().revision == 1


def test_opt_in_waves_and_the_end_of_a_rollback_have_a_radius(cast, operator):
    rollout = with_opt_in(cast, sovereign_plan(cast, None))
    used(rollout, "moon", 7, 7)

    def radius(act):
        answer = operator.get(f"/api/v1/rollouts/{rollout.pk}/blast-radius/?act={act}").json()
        return {region["code"]: region["connections"] for region in answer["regions"]}

    assert radius("opt-in") == {"island": 0, "moon": 7}
    opt_in.choose(rollout, [3], reason="They asked.", actor=cast.operator)
    assert radius("opt-in") == {"moon": 7}
    assert radius("end-rollback") == {}
    used(rollout, "north", 40, 40)
    rollout.deployments.filter(region="north").update(state="verified")
    assert radius("end-rollback") == {"north": 40}
