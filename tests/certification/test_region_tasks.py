"""Regions served by hand and regions that are only played: the same rollout, through the same pollers."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from certification.models import RegionDeployment, RegionTask, Sighting
from certification.services import region_tasks, rollouts
from certification.services.clock import database_now
from connectors.models import Region
from portal.shared import audit
from portal.shared.errors import IllegalTransition, InvalidInput, NotPermitted
from portal.shared.models import OutboxJob
from tests.factories import ConnectorFactory
from tests.factories.rollouts import (
    hurry,
    make_due,
    placement,
    run_until,
    scheduled_rollout,
    state_of,
    states,
)

INSTRUCTIONS = "Open the console of the ministry and choose “Import”."


def turn() -> None:
    """One look of the scheduler and of the pollers, as if every pause were over."""
    hurry()
    rollouts.advance_due()
    rollouts.poll_due()


@pytest.fixture
def by_hand(cast):
    """A rollout to one region that people serve; its task waits."""
    rollout = scheduled_rollout(cast, "north", due=False)
    settings = {"instructions": INSTRUCTIONS, "confirmation_days": 30}
    Region.objects.filter(pk="north").update(
        driver="manual", base_url="", credentials=None, driver_settings=settings
    )
    make_due(rollout)
    turn()
    return rollout


@pytest.fixture
def task(by_hand):
    return RegionTask.objects.get()


def test_a_deployment_becomes_a_task_that_operators_are_told_of(by_hand, task):
    assert states(by_hand) == {"north": "deploying"}
    assert (task.digest, task.action, task.state) == (by_hand.digest, "deploy", "open")
    assert OutboxJob.objects.filter(topic="regiontask.open", payload__id=str(task.pk)).exists()
    turn()
    assert RegionTask.objects.count() == 1


def test_it_may_take_a_day_before_anybody_calls_it_overdue(by_hand):
    row = RegionDeployment.objects.get(rollout=by_hand)
    assert row.deadline_at - row.intended_at == dt.timedelta(days=1)


def test_somebody_who_types_what_they_see_makes_it_verified(cast, by_hand, task):
    region_tasks.take(task, actor=cast.operator)
    region_tasks.finish(task, seen_digest=task.digest[:12].upper(), actor=cast.operator)
    run_until(lambda: state_of(by_hand) == "completed")
    place = placement(by_hand.connector, "north")
    assert (place.verified_version, place.probed_digest) == (by_hand.version, by_hand.digest)
    assert Sighting.objects.get().seen_by == cast.operator
    actions = set(audit.history(task).values_list("action", flat=True))
    assert {"regiontask.open", "regiontask.take", "regiontask.finish"} <= actions


@pytest.mark.parametrize(
    ("typed", "fault"),
    [("", "at least the first 12"), ("abc", "at least the first 12"), ("0" * 12, "another package")],
)
def test_a_digest_that_was_not_read_there_is_refused(cast, task, typed, fault):
    with pytest.raises(InvalidInput, match=fault):
        region_tasks.finish(task, seen_digest=typed, actor=cast.operator)
    assert state_of(task) == "open"
    assert not Sighting.objects.exists()


def test_a_failure_by_hand_fails_the_deployment_with_its_reason(cast, by_hand, task):
    region_tasks.fail(task, reason="The console refuses the file.", actor=cast.operator)
    turn()
    row = RegionDeployment.objects.get(rollout=by_hand)
    assert row.state == "failed"
    assert "The console refuses the file." in row.message


def test_a_failed_one_that_is_tried_again_is_a_new_task(cast, by_hand, task):
    region_tasks.fail(task, reason="No.", actor=cast.operator)
    turn()
    rollouts.retry_deployment(
        RegionDeployment.objects.get(rollout=by_hand), reason="The console was mended.", actor=cast.operator
    )
    turn()
    numbers = list(RegionTask.objects.order_by("number").values_list("number", "state"))
    assert numbers == [(1, "failed"), (2, "open")]


def test_a_settled_task_is_not_settled_again(cast, task):
    region_tasks.finish(task, seen_digest=task.digest, actor=cast.operator)
    with pytest.raises(IllegalTransition):
        region_tasks.fail(task, reason="After all not.", actor=cast.operator)


def test_only_operators_say_what_runs(cast, task):
    for person in (cast.owner, cast.reviewer):
        with pytest.raises(NotPermitted):
            region_tasks.finish(task, seen_digest=task.digest, actor=person)


def test_the_pages_lead_from_the_list_to_the_end(cast, by_hand, task, sign_in):
    browser = sign_in(cast.operator)
    listed = browser.get(reverse("region_task_list")).content.decode()
    detail = reverse("region_task_detail", args=[task.pk])
    assert detail in listed
    page = browser.get(detail).content.decode()
    assert INSTRUCTIONS in page
    assert reverse("version_package", args=[by_hand.version_id]) in page
    assert by_hand.digest[:12] in page
    browser.post(reverse("region_task_take", args=[task.pk]))
    assert "is at it" in browser.get(detail).content.decode()
    wrong = browser.post(detail, {"seen_digest": "f" * 12})
    assert "another package" in wrong.content.decode()
    browser.post(detail, {"seen_digest": task.digest, "note": "Twice as slow as last time."})
    assert state_of(task) == "done"
    done = browser.get(detail).content.decode()
    assert "Twice as slow" in done
    assert "It is done" not in done


def test_a_failure_needs_a_reason_on_the_page(cast, task, sign_in):
    browser = sign_in(cast.operator)
    detail = reverse("region_task_detail", args=[task.pk])
    assert browser.post(detail, {"outcome": "failed", "reason": ""}).status_code == 200
    assert state_of(task) == "open"
    browser.post(detail, {"outcome": "failed", "reason": "No room left."})
    assert state_of(task) == "failed"


def test_a_confirmation_runs_out_and_somebody_looks_again(cast, by_hand, task, sign_in):
    region_tasks.finish(task, seen_digest=task.digest, actor=cast.operator)
    run_until(lambda: state_of(by_hand) == "completed")
    browser = sign_in(cast.operator)
    assert "Look again" not in browser.get(reverse("region_task_list")).content.decode()
    Sighting.objects.update(seen_at=database_now() - dt.timedelta(days=31))
    place = placement(by_hand.connector, "north")
    address = reverse("sighting_create", args=[place.pk])
    assert address in browser.get(reverse("region_task_list")).content.decode()
    assert "all 64 characters" in browser.post(address, {"seen_digest": "abc"}).content.decode().lower()
    browser.post(address, {"seen_digest": by_hand.digest})
    assert "Look again" not in browser.get(reverse("region_task_list")).content.decode()


def test_the_list_asks_the_same_number_of_questions_however_long_it_is(
    cast, task, sign_in, django_assert_num_queries
):
    browser = sign_in(cast.operator)
    browser.get(reverse("region_task_list"))
    with CaptureQueriesContext(connection) as few:
        browser.get(reverse("region_task_list"))
    for number in range(20):
        RegionTask.objects.create(
            region_id="north", connector=ConnectorFactory(), key=f"more-{number}", number=1, action="deploy",
            version_label="1.0.0", digest="a" * 64,
        )  # fmt: skip
    with django_assert_num_queries(len(few)):
        browser.get(reverse("region_task_list"))


@pytest.fixture
def played(cast):
    """A rollout through two waves of simulated regions."""
    rollout = scheduled_rollout(cast, "north south", "east")
    Region.objects.filter(pk__in=["north", "south", "east"]).update(
        driver="simulator",
        base_url="",
        credentials=None,
        driver_settings={"seconds": 0, "failures_percent": 0},
    )
    return rollout


def test_a_plan_is_rehearsed_in_simulated_regions_without_any_process(played):
    run_until(lambda: state_of(played) == "completed")
    assert states(played) == {"north": "verified", "south": "verified", "east": "verified"}
    assert placement(played.connector, "east").probed_digest == played.digest


def test_a_simulated_failure_stops_the_wave_there(played):
    Region.objects.filter(pk="north").update(driver_settings={"seconds": 0, "failures_percent": 100})
    run_until(lambda: states(played)["north"] == "failed")
    assert states(played)["east"] == "pending"
