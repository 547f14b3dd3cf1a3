"""Pages of rollouts, Previews, plans, freezes and regions: what each role sees and can do."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from certification.models import Freeze, OverrideRequest, RolloutPlan
from certification.services import overrides, previews, rollouts
from certification.services.clock import database_now
from connectors.models import Region
from portal.shared.models import AuditRecord
from tests.factories import ConnectorFactory
from tests.factories.rollouts import add_submission, hurry, scheduled_rollout, state_of
from tests.regions.places import TOKEN

pytestmark = pytest.mark.django_db


@pytest.fixture
def rollout(cast):
    return scheduled_rollout(cast, "north south", "east", due=False)


@pytest.fixture
def preview(cast):
    from tests.factories.rollouts import add_plan, add_regions

    add_regions("preview-us", "north", preview="preview-us")
    add_plan(cast.operator, "north")
    preview = previews.start_preview(str(add_submission(cast).pk))
    now = database_now()
    preview.deployments.update(state="verified", next_poll_at=None)
    rollouts.advance_due()
    preview.refresh_from_db()
    assert preview.deadline_at > now
    return preview


def deed(rollout, verb):
    return reverse("rollout_deed", args=[rollout.pk, verb])


def test_the_matrix_shows_every_region_with_its_date(cast, rollout, sign_in):
    page = sign_in(cast.owner).get(reverse("rollout_detail", args=[rollout.pk]))
    text = page.content.decode()
    assert page.status_code == 200
    for name in ("North", "South", "East"):
        assert name in text
    assert "No date has moved" in text
    assert deed(rollout, "stop") in text
    assert deed(rollout, "hold") not in text


def test_an_operator_is_offered_what_is_possible_now(cast, rollout, sign_in):
    browser = sign_in(cast.operator)
    text = browser.get(reverse("rollout_detail", args=[rollout.pk])).content.decode()
    assert deed(rollout, "unschedule") in text
    assert deed(rollout, "resume") not in text
    assert reverse("rollout_reschedule", args=[rollout.pk]) in text


@pytest.mark.parametrize("name", ["rollout_detail", "rollout_live", "rollout_reschedule"])
def test_a_stranger_finds_nothing(cast, rollout, sign_in, name):
    assert sign_in(cast.stranger).get(reverse(name, args=[rollout.pk])).status_code == 404


def test_stopping_asks_for_a_reason_keeps_what_was_typed_and_shows_what_it_touches(cast, rollout, sign_in):
    browser = sign_in(cast.owner)
    page = browser.get(deed(rollout, "stop"))
    assert "3 regions" in page.content.decode()
    refused = browser.post(deed(rollout, "stop"), {"reason": ""})
    assert refused.status_code == 200
    assert state_of(rollout) == "scheduled"
    done = browser.post(deed(rollout, "stop"), {"reason": "Sign-in fails."}, follow=True)
    assert "Sign-in fails." in done.content.decode()
    assert state_of(rollout) == "halted"


def test_a_viewer_may_look_but_not_stop(cast, rollout, sign_in):
    browser = sign_in(cast.viewer)
    assert browser.get(reverse("rollout_detail", args=[rollout.pk])).status_code == 200
    assert browser.post(deed(rollout, "stop"), {"reason": "No."}).status_code == 403
    assert state_of(rollout) == "scheduled"


def test_a_deed_that_is_not_possible_any_more_is_a_conflict(cast, rollout, sign_in):
    browser = sign_in(cast.operator)
    assert browser.get(deed(rollout, "resume")).status_code == 409
    assert browser.post(deed(rollout, "resume"), {"reason": "On."}).status_code == 409
    assert browser.get(deed(rollout, "destroy")).status_code == 404


def test_only_chosen_regions_are_rolled_back(cast, rollout, sign_in):
    rollout.deployments.filter(region_id__in=["north", "south"]).update(state="verified")
    type(rollout).objects.filter(pk=rollout.pk).update(state="running")
    type(rollout.submission).objects.filter(pk=rollout.submission_id).update(state="rolling_out")
    browser = sign_in(cast.owner)
    page = browser.get(deed(rollout, "rollback")).content.decode()
    assert "South" in page
    browser.post(deed(rollout, "rollback"), {"reason": "North is ill.", "regions": ["north"]})
    assert [row.region_id for row in rollout.deployments.filter(action="rollback")] == ["north"]
    assert "Rolling back" in browser.get(reverse("rollout_detail", args=[rollout.pk])).content.decode()


def test_the_moving_part_asks_again_until_the_rollout_is_over(cast, rollout, sign_in):
    browser = sign_in(cast.owner)
    address = reverse("rollout_live", args=[rollout.pk])
    hurry()
    rollouts.advance_due()
    type(rollout).objects.filter(pk=rollout.pk).update(state="running")
    assert "hx-trigger" in browser.get(address).content.decode()
    # What is live may still be rolled back.
    type(rollout).objects.filter(pk=rollout.pk).update(state="completed")
    assert "hx-trigger" in browser.get(address).content.decode()
    type(rollout).objects.filter(pk=rollout.pk).update(state="rolled_back")
    assert "hx-trigger" not in browser.get(address).content.decode()


def test_a_region_page_tells_what_was_planned_reported_and_verified(cast, rollout, sign_in):
    address = reverse("rollout_region", args=[rollout.pk, "north"])
    text = sign_in(cast.owner).get(address).content.decode()
    assert "Nothing was sent to this region yet." in text
    assert "Ask to leave it out" not in text
    assert "Ask to leave it out" in sign_in(cast.operator).get(address).content.decode()
    assert sign_in(cast.owner).get(reverse("rollout_region", args=[rollout.pk, "mars"])).status_code == 404


def test_two_operators_leave_a_region_out(cast, rollout, sign_in):
    deployment = rollout.deployments.get(region_id="south")
    sign_in(cast.operator).post(
        reverse("deployment_skip", args=[deployment.pk]), {"reason": "It moves house."}
    )
    request = OverrideRequest.objects.get()
    address = reverse("override_decide", args=[request.pk])
    assert sign_in(cast.operator).post(address, {"decision": "approve"}).status_code == 403
    page = sign_in(cast.second_operator).get(reverse("rollout_detail", args=[rollout.pk])).content.decode()
    assert "asks to leave South out" in page
    assert sign_in(cast.second_operator).post(address, {"decision": "approve"}).status_code == 302
    assert state_of(deployment) == "skipped"


def test_a_failed_region_is_tried_again_from_its_page(cast, rollout, sign_in):
    deployment = rollout.deployments.get(region_id="north")
    type(deployment).objects.filter(pk=deployment.pk).update(state="failed")
    type(rollout).objects.filter(pk=rollout.pk).update(state="running")
    browser = sign_in(cast.operator)
    assert "Try again" in browser.get(reverse("rollout_region", args=[rollout.pk, "north"])).content.decode()
    browser.post(reverse("deployment_retry", args=[deployment.pk]), {"reason": "Mended."})
    assert state_of(deployment) == "pending"


def test_scheduling_shows_the_dates_and_then_saves_them(cast, rollout, sign_in):
    submission = add_submission(cast, state="signed_off")
    address = reverse("rollout_schedule", args=[submission.pk])
    browser = sign_in(cast.operator)
    page = browser.get(address).content.decode()
    first = str(rollout.starts_on)
    assert first in page
    bad = browser.post(address, {"plan": rollout.plan_id, "starts_on": "2020-01-01", "save": "1"})
    assert "or later" in bad.content.decode()
    assert submission.rollouts.count() == 0
    shown = browser.post(address, {"plan": rollout.plan_id, "starts_on": first})
    assert shown.status_code == 200
    assert submission.rollouts.count() == 0
    browser.post(address, {"plan": rollout.plan_id, "starts_on": first, "save": "1"})
    assert submission.rollouts.count() == 1
    assert sign_in(cast.owner).get(address).status_code == 403


def test_changed_dates_appear_in_the_ledger_on_the_page(cast, rollout, sign_in):
    browser = sign_in(cast.operator)
    address = reverse("rollout_reschedule", args=[rollout.pk])
    assert browser.get(address).status_code == 200
    later = rollout.starts_on + dt.timedelta(days=4)
    browser.post(address, {"starts_on": str(later), "reason": "The team asked for it."})
    text = sign_in(cast.viewer).get(reverse("rollout_detail", args=[rollout.pk])).content.decode()
    assert "The team asked for it." in text


def test_panels_of_the_submission_page(cast, rollout, sign_in):
    browser = sign_in(cast.owner)
    assert "North" in browser.get(reverse("rollout_panel", args=[rollout.submission_id])).content.decode()
    assert (
        "After the approval"
        in browser.get(reverse("preview_panel", args=[rollout.submission_id])).content.decode()
    )
    bare = add_submission(cast, state="signed_off")
    assert (
        "Schedule the rollout"
        in sign_in(cast.operator).get(reverse("rollout_panel", args=[bare.pk])).content.decode()
    )
    assert browser.get(reverse("submission_rollout", args=[rollout.submission_id])).status_code == 302


@pytest.mark.parametrize("person", ["operator", "owner"])
def test_the_board_costs_the_same_for_5_and_25_rollouts(cast, sign_in, person):
    def fill(count):
        for _ in range(count):
            connector = ConnectorFactory(publisher=cast.publisher)
            scheduled_rollout(cast, "north south", due=False, connector=connector)

    browser = sign_in(getattr(cast, person))

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as captured:
            page = browser.get(reverse("rollout_list"))
        assert page.status_code == 200
        return len(captured), page.content.decode().count("row-link")

    fill(5)
    browser.get(reverse("rollout_list"))
    few, rows = queries()
    assert rows == 5
    fill(20)
    many, rows = queries()
    assert (many, rows) == (few, 25)


def test_a_stranger_has_an_empty_board(cast, rollout, sign_in):
    text = sign_in(cast.stranger).get(reverse("rollout_list")).content.decode()
    assert "No rollout is under way" in text
    assert rollout.connector.name not in text


def test_the_team_reads_tests_and_signs_off_on_the_preview_page(cast, preview, sign_in):
    browser = sign_in(cast.tester)
    text = browser.get(reverse("preview_detail", args=[preview.pk])).content.decode()
    assert "GetTides" in text
    assert "Answer by" in text
    browser.post(
        reverse("preview_sign_off", args=[preview.pk]),
        {"checked": ["connect"], "note": "Good.", "knows_untested": "on"},
    )
    text = browser.get(reverse("preview_detail", args=[preview.pk])).content.decode()
    assert "Signed off by" in text
    assert "not tested" in text
    assert sign_in(cast.stranger).get(reverse("preview_detail", args=[preview.pk])).status_code == 404


def test_a_refusal_without_reasons_keeps_the_page(cast, preview, sign_in):
    browser = sign_in(cast.owner)
    address = reverse("preview_refuse", args=[preview.pk])
    assert browser.post(address, {"reasons": ""}).status_code == 422
    assert browser.post(address, {"reasons": "GetTides answers 500."}).status_code == 302
    assert state_of(preview) == "refused"


def test_an_operator_extends_and_a_member_does_not(cast, preview, sign_in):
    address = reverse("preview_extend", args=[preview.pk])
    data = {"business_days": 3, "reason": "Holidays."}
    assert sign_in(cast.owner).post(address, data).status_code == 403
    assert sign_in(cast.operator).post(address, {"business_days": 99, "reason": "x"}).status_code == 422
    assert sign_in(cast.operator).post(address, data).status_code == 302


def test_a_preview_that_deploys_refreshes_itself_and_then_loads_the_page(cast, preview, sign_in):
    browser = sign_in(cast.owner)
    address = reverse("preview_live", args=[preview.pk])
    assert browser.get(address).headers["HX-Redirect"] == reverse("preview_detail", args=[preview.pk])
    type(preview).objects.update(state="deploying")
    assert "hx-trigger" in browser.get(address).content.decode()


def plan_data(**changes):
    return {
        "name": "Slow", "description": "", "time_zone": "UTC", "start_time": "10:00",
        "days_between_waves": "2",
        "holiday_countries": "de, in", "lane": "additive", "weekend": ["5", "6"], "wave-1-name": "Preview", "wave-1-stage": "preview",
        "wave-2-name": "All", "region-preview-us": "1", "region-north": "2", "region-south": "2",
        "region-east": "2", **changes,
    }  # fmt: skip


def test_a_plan_is_made_on_its_page_and_an_incomplete_one_is_kept(cast, rollout, sign_in):
    browser = sign_in(cast.operator)
    assert browser.get(reverse("plan_list")).status_code == 200
    assert browser.get(reverse("plan_create")).status_code == 200
    refused = browser.post(reverse("plan_create"), plan_data(**{"region-east": "0"}))
    text = refused.content.decode()
    assert "forgets East (east)" in text
    assert 'value="Slow"' in text
    browser.post(reverse("plan_create"), plan_data())
    plan = RolloutPlan.objects.get(name="Slow")
    assert (plan.holiday_countries, plan.weekend, plan.days_between_waves) == (["DE", "IN"], [5, 6], 2)
    page = browser.get(reverse("plan_detail", args=[plan.pk])).content.decode()
    assert "Before the sign-off" in page


def test_revising_a_plan_from_its_page_makes_the_next_revision(cast, rollout, sign_in):
    browser = sign_in(cast.operator)
    address = reverse("plan_revise", args=[rollout.plan_id])
    assert browser.get(address).status_code == 200
    browser.post(address, plan_data(reason="Slower.", save="1"))
    new = RolloutPlan.objects.get(revision=2)
    assert (new.name, new.is_default) == (rollout.plan.name, True)
    assert sign_in(cast.owner).get(address).status_code == 403


def test_a_freeze_shows_what_moves_before_it_is_saved(cast, rollout, sign_in):
    browser = sign_in(cast.operator)
    assert "No freeze is planned" in browser.get(reverse("freeze_list")).content.decode()
    data = {
        "kind": "freeze", "name": "Year end", "reason": "Nobody is there.",
        "starts_at": f"{rollout.starts_on}T00:00",
        "ends_at": f"{rollout.starts_on + dt.timedelta(days=3)}T00:00",
    }  # fmt: skip
    shown = browser.post(reverse("freeze_create"), data).content.decode()
    assert str(rollout.version) in shown
    assert not Freeze.objects.exists()
    browser.post(reverse("freeze_create"), {**data, "save": "1"})
    freeze = Freeze.objects.get()
    assert rollout.date_changes.count() == 2
    address = reverse("freeze_cancel", args=[freeze.pk])
    assert str(rollout.version) in browser.get(address).content.decode()
    browser.post(address, {"reason": "For nothing."})
    freeze.refresh_from_db()
    assert freeze.cancelled_at is not None
    assert "Year end" in browser.get(reverse("freeze_list")).content.decode()
    assert sign_in(cast.owner).get(reverse("freeze_create")).status_code == 403


def region_data(**changes):
    return {
        "code": "iceland", "name": "Iceland", "geography": "Europe", "driver": "http",
        "base_url": "http://127.0.0.1:9/iceland", "token": "a-new-region-token", **changes,
    }  # fmt: skip


def test_an_administrator_adds_and_switches_a_region_and_no_page_shows_its_token(cast, rollout, sign_in):
    browser = sign_in(cast.administrator)
    new = reverse("region_create") + "?kind=http"
    assert "By hand" in browser.get(reverse("region_create")).content.decode()
    assert 'name="base_url"' in browser.get(new).content.decode()
    bad = browser.post(new, region_data(base_url="https://169.254.169.254/"))
    assert "cannot belong to a region" in bad.content.decode()
    browser.post(new, region_data())
    region = Region.objects.get(pk="iceland")
    assert not region.is_active
    detail = reverse("region_detail", args=["iceland"])
    page = browser.post(reverse("region_test", args=["iceland"]), follow=True).content.decode()
    assert "no connection" in page
    browser.post(reverse("region_switch", args=["iceland"]), {"active": "yes", "reason": "It opened."})
    assert "does not reach Iceland" in browser.get(reverse("region_list")).content.decode()
    browser.post(detail, region_data(name="Island", token=""))
    region.refresh_from_db()
    assert region.name == "Island"
    assert region.credentials["token"].reveal() == "a-new-region-token"
    for address in (detail, reverse("region_list")):
        assert "a-new-region-token" not in browser.get(address).content.decode()
    assert not [r for r in AuditRecord.objects.all() if "a-new-region-token" in str(r.data) + r.reason]


def test_a_region_in_use_is_not_switched_off(cast, rollout, sign_in):
    answer = sign_in(cast.administrator).post(
        reverse("region_switch", args=["north"]), {"active": "no", "reason": "Old."}
    )
    assert answer.status_code == 409
    assert "names it" in answer.content.decode()


def test_operators_read_regions_and_only_administrators_change_them(cast, rollout, sign_in):
    browser = sign_in(cast.operator)
    text = browser.get(reverse("region_detail", args=["north"])).content.decode()
    assert TOKEN not in text
    assert "Test the connection" not in text
    for name in ("region_test", "region_switch", "region_telemetry_token"):
        assert browser.post(reverse(name, args=["north"]), {"reason": "x"}).status_code == 403
    assert browser.get(reverse("region_create")).status_code == 403
    assert sign_in(cast.owner).get(reverse("region_list")).status_code == 403


def test_a_telemetry_token_is_shown_once_and_kept_as_a_digest(cast, rollout, sign_in):
    from portal.shared.secrets import fingerprint

    answer = sign_in(cast.administrator).post(reverse("region_telemetry_token", args=["north"]))
    digest = Region.objects.get(pk="north").telemetry_digest
    shown = answer.content.decode().split('class="secret__value">')[1].split("<")[0]
    assert fingerprint(shown) == digest
    assert answer.headers["Cache-Control"] == "no-store"


def test_skips_of_other_people_are_declined_on_the_page(cast, rollout, sign_in):
    request = overrides.request_skip(rollout.deployments.first(), reason="Why not.", actor=cast.operator)
    sign_in(cast.second_operator).post(reverse("override_decide", args=[request.pk]), {"decision": "decline"})
    assert state_of(request) == "declined"
