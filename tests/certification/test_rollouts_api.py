"""The API of rollouts, Previews, plans and freezes: the same services, the same rights."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from certification.models import Freeze, Rollout, RolloutPlan
from certification.services import previews, rollouts
from portal.accounts.tokens import create_token
from tests.factories.rollouts import add_plan, add_regions, add_submission, scheduled_rollout, state_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def rollout(cast):
    return scheduled_rollout(cast, "north south", "east", due=False)


def api(user, *scopes, publisher=None):
    """A caller with a token of these scopes, `read` included."""
    _, secret = create_token(
        owner=user,
        name="Tests",
        scopes=["read", *scopes],
        lifetime=dt.timedelta(days=1),
        publisher_id=publisher,
        actor=user,
    )
    return Client(headers={"Authorization": f"Bearer {secret.reveal()}"})


@pytest.fixture
def operator(cast, monkeypatch):
    # The second factor of staff is a matter of other tests.
    monkeypatch.setattr(
        "portal.accounts.middleware.StaffSecondFactorMiddleware._allowed", staticmethod(lambda _: True)
    )
    return api(cast.operator, "rollouts:write", "admin:write")


def post(client, path, data=None, **headers):
    return client.post(f"/api/v1/{path}", data or {}, content_type="application/json", headers=headers)


def test_a_member_reads_the_rollout_with_every_region(cast, rollout):
    answer = api(cast.viewer).get(f"/api/v1/rollouts/{rollout.pk}/")
    assert answer.status_code == 200
    waves = answer.json()["waves"]
    assert [region["code"] for wave in waves for region in wave["regions"]] == ["north", "south", "east"]
    assert all(region["planned_at"] for wave in waves for region in wave["regions"])
    assert api(cast.stranger).get(f"/api/v1/rollouts/{rollout.pk}/").status_code == 404
    assert api(cast.stranger).get("/api/v1/rollouts/").json()["results"] == []


def test_a_token_of_another_team_sees_nothing(cast, rollout):
    caller = api(cast.owner, publisher=cast.other_publisher.pk)
    assert caller.get("/api/v1/rollouts/").json()["results"] == []
    assert caller.get(f"/api/v1/rollouts/{rollout.pk}/").status_code == 404


def test_the_owner_stops_it_with_the_scope_and_not_without(cast, rollout):
    path = f"rollouts/{rollout.pk}/stop/"
    assert post(api(cast.owner), path, {"reason": "It fails."}).status_code == 403
    assert post(api(cast.owner, "rollouts:write"), path).status_code == 400
    assert post(api(cast.viewer, "rollouts:write"), path, {"reason": "It fails."}).status_code == 403
    answer = post(api(cast.owner, "rollouts:write"), path, {"reason": "It fails."})
    assert (answer.status_code, answer.json()["state"]) == (200, "halted")
    again = post(api(cast.owner, "rollouts:write"), path, {"reason": "It fails."})
    assert (again.status_code, again.json()["code"]) == (409, "illegal-transition")


def test_an_operator_schedules_once_per_key_and_reschedules(cast, operator):
    add_regions("preview-us", "north", preview="preview-us")
    plan = add_plan(cast.operator, "north")
    submission = add_submission(cast, state="signed_off")
    data = {"submission": str(submission.pk), "plan": str(plan.pk)}
    first = post(operator, "rollouts/", data, **{"Idempotency-Key": "one"})
    again = post(operator, "rollouts/", data, **{"Idempotency-Key": "one"})
    assert first.status_code == again.status_code == 201, first.content
    assert first.json()["id"] == again.json()["id"]
    rollout = Rollout.objects.get()
    later = str(rollout.starts_on + dt.timedelta(days=3))
    moved = post(
        operator, f"rollouts/{rollout.pk}/reschedule/", {"starts_on": later, "reason": "They asked."}
    )
    assert moved.status_code == 200
    (change,) = operator.get(f"/api/v1/rollouts/{rollout.pk}/date-changes/").json()
    assert (change["cause"], change["reason"]) == ("operator", "They asked.")
    bad = post(operator, f"rollouts/{rollout.pk}/reschedule/", {"waves": {"two": later}, "reason": "x"})
    assert bad.status_code == 400


def test_an_operator_asks_what_an_order_moves_and_then_reorders(cast, rollout, operator):
    waves = [
        {"number": 2, "name": "East first", "regions": ["east"]},
        {"number": 3, "regions": ["north", "south"]},
    ]
    path = f"rollouts/{rollout.pk}/reorder"
    seen = operator.get(f"/api/v1/rollouts/{rollout.pk}/").json()["order_version"]
    shown = post(operator, f"{path}-preview/", {"waves": waves, "order_version": seen})
    assert {move["code"] for move in shown.json()} == {"north", "south", "east"}, shown.content
    rollout.refresh_from_db()
    assert rollout.reordered_at is None
    unread = post(operator, f"{path}/", {"waves": waves, "reason": "Exams."})
    assert (unread.status_code, set(unread.json()["errors"])) == (400, {"order_version"})
    wanted = {"waves": waves, "reason": "Exams.", "order_version": seen}
    answer = post(operator, f"{path}/", wanted)
    assert answer.status_code == 200, answer.content
    assert [region["code"] for region in answer.json()["waves"][0]["regions"]] == ["east"]
    assert answer.json()["reordered_at"]
    late = post(operator, f"{path}/", wanted)
    assert (late.status_code, late.json()["code"]) == (409, "order-changed")
    early = {"kind": "accelerate", "rollout": str(rollout.pk), "reason": "Soon.", "order_version": seen}
    assert post(operator, "overrides/", early).json()["code"] == "order-changed"
    wanted["order_version"] = answer.json()["order_version"]
    assert post(operator, f"{path}/", {**wanted, "waves": waves * 2}).status_code == 400
    assert post(api(cast.owner, "rollouts:write"), f"{path}/", wanted).status_code == 403


def test_an_operator_asks_what_an_incident_would_pause(cast, rollout, operator):
    Rollout.objects.update(state="running")
    asked = {"title": "Sign-in is ill", "text": "Nobody gets a token.", "regions": ["south"]}
    shown = post(operator, "incidents/preview/", asked)
    assert shown.json() == [
        {
            "rollout": str(rollout.pk), "connector": rollout.connector.slug, "regions": ["north", "south"],
            "connections": 0, "calls_an_hour": 0,
        }
    ]  # fmt: skip
    assert post(operator, "incidents/preview/", {**asked, "regions": ["east"]}).json() == []
    rollout.refresh_from_db()
    assert rollout.state == "running"
    assert post(api(cast.owner, "rollouts:write"), "incidents/preview/", asked).status_code == 403


def test_hold_resume_release_rollback_and_skip(cast, rollout, operator):
    Rollout.objects.update(state="running")
    type(rollout.submission).objects.filter(pk=rollout.submission_id).update(state="rolling_out")
    base = f"rollouts/{rollout.pk}"
    assert post(operator, f"{base}/hold/", {"reason": "Wait."}).json()["state"] == "held"
    assert post(operator, f"{base}/resume/").json()["state"] == "running"
    post(operator, f"{base}/stop/", {"reason": "Stop."})
    assert post(operator, f"{base}/release/", {"reason": "Fine."}).json()["state"] == "running"
    rows = operator.get(f"/api/v1/{base}/deployments/").json()
    south = next(row for row in rows if row["region"] == "south")
    asked = post(operator, f"{base}/deployments/{south['id']}/skip/", {"reason": "It moves."})
    assert asked.status_code == 201
    own = post(operator, f"overrides/{asked.json()['id']}/decide/", {"is_approved": True})
    assert own.status_code == 403
    other = api(cast.second_operator, "rollouts:write")
    assert (
        post(other, f"overrides/{asked.json()['id']}/decide/", {"is_approved": True}).json()["state"]
        == "used"
    )
    assert post(operator, f"{base}/rollback/", {"reason": "Back.", "regions": ["north"]}).status_code == 400
    assert post(operator, f"{base}/rollback/", {"reason": "Back."}).json()["state"] == "rolling_back"


def test_the_team_signs_off_a_preview(cast):
    add_regions("preview-us", "north", preview="preview-us")
    add_plan(cast.operator, "north")
    preview = previews.start_preview(str(add_submission(cast).pk))
    preview.deployments.update(state="verified", next_poll_at=None)
    rollouts.advance_due()
    caller = api(cast.tester, "rollouts:write")
    assert caller.get(f"/api/v1/previews/{preview.pk}/").json()["state"] == "testing"
    assert (
        post(caller, f"previews/{preview.pk}/extend/", {"business_days": 2, "reason": "x"}).status_code == 403
    )
    answer = post(
        caller,
        f"previews/{preview.pk}/sign-off/",
        {"checked": ["connect"], "note": "Good.", "knows_untested": True},
    )
    assert (answer.status_code, answer.json()["state"]) == (200, "signed_off")
    assert state_of(preview.submission) == "signed_off"
    late = post(caller, f"previews/{preview.pk}/refuse/", {"reasons": "No."})
    assert late.status_code == 409


def test_plans_are_for_operators_and_complete(cast, rollout, operator):
    assert api(cast.owner).get("/api/v1/plans/").json()["results"] == []
    waves = [
        {"name": "Preview", "regions": ["preview-us"], "before_sign_off": True},
        {"name": "Rest", "regions": ["north", "south"]},
    ]
    refused = post(operator, "plans/", {"name": "Slow", "waves": waves})
    assert (refused.status_code, "east" in str(refused.json()["errors"])) == (400, True)
    waves[1]["regions"].append("east")
    made = post(operator, "plans/", {"name": "Slow", "waves": waves})
    assert made.status_code == 201, made.content
    revised = post(operator, f"plans/{made.json()['id']}/revise/", {"waves": waves, "reason": "Again."})
    assert (revised.status_code, revised.json()["revision"]) == (201, 2), revised.content
    assert post(operator, f"plans/{revised.json()['id']}/make-default/").json()["is_default"] is True
    assert RolloutPlan.objects.filter(is_default=True).count() == 1


def test_a_freeze_is_tried_saved_and_taken_back(cast, rollout, operator):
    data = {
        "name": "Year end", "reason": "Nobody is there.", "starts_at": f"{rollout.starts_on}T00:00:00Z",
        "ends_at": f"{rollout.starts_on + dt.timedelta(days=3)}T00:00:00Z",
    }  # fmt: skip
    (move,) = post(operator, "freezes/what-moves/", data).json()
    assert [wave["wave"] for wave in move["waves"]] == [2, 3]
    assert not Freeze.objects.exists()
    made = post(operator, "freezes/", data)
    assert made.status_code == 201
    assert rollout.date_changes.count() == 2
    assert post(api(cast.owner, "admin:write"), "freezes/", data).status_code == 403
    assert post(operator, f"freezes/{made.json()['id']}/cancel/", {"reason": "For nothing."}).json()[
        "cancelled_at"
    ]


def test_a_program_sees_the_place_in_line_and_takes_it(cast, rollout, operator):
    newer = add_submission(cast, state="signed_off", connector=rollout.connector, marker="two")
    waiting = scheduled_rollout(cast, submission=newer, due=False)
    told = operator.get(f"/api/v1/rollouts/{waiting.pk}/").json()
    assert (told["state"], told["place_in_line"], told["superseded_by"]) == ("queued", 1, None)
    radius = operator.get(f"/api/v1/rollouts/{waiting.pk}/blast-radius/?act=supersede").json()
    assert {region["code"] for region in radius["regions"]} == {"north", "south", "east"}
    answer = post(operator, f"rollouts/{waiting.pk}/supersede/", {"reason": "It mends the first."})
    assert (answer.status_code, answer.json()["state"]) == (200, "scheduled")
    assert operator.get(f"/api/v1/rollouts/{rollout.pk}/").json()["superseded_by"] == str(waiting.pk)


def test_a_program_revises_a_plan_without_losing_its_thresholds(cast, rollout, operator):
    RolloutPlan.objects.filter(pk=rollout.plan_id).update(gate_thresholds={"drop": 0.05})
    told = operator.get(f"/api/v1/plans/{rollout.plan_id}/").json()
    assert told["gate_thresholds"] == {"drop": 0.05}
    body = {name: told[name] for name in ("waves", "lane", "time_zone")}
    answer = post(operator, f"plans/{rollout.plan_id}/revise/", {**body, "reason": "Nothing much."})
    assert answer.status_code == 201, answer.content
    assert answer.json()["gate_thresholds"] == {"drop": 0.05}
