"""Plans in the database: complete, revised instead of changed, default for what is new."""

from __future__ import annotations

import dataclasses

import pytest
from django.urls import reverse

from certification.models import Lane, RolloutPlan
from certification.planning.coverage import WaveDraft
from certification.queries.plans import unreached
from certification.services import plan_changes, planning, plans, schedule
from connectors.models import Region
from portal.shared.errors import Blocked, Conflict, InvalidInput, NotPermitted
from tests.factories import RegionFactory
from tests.factories.rollouts import (
    add_all_regions,
    add_plan,
    add_regions,
    add_submission,
    scheduled_rollout,
    states,
)

pytestmark = pytest.mark.django_db


def test_the_first_plan_has_six_waves_and_every_region(cast):
    add_all_regions()
    plan = plans.install_default_plan(actor=cast.operator)
    assert plans.install_default_plan(actor=cast.operator) == plan
    assert plan.waves.count() == 10
    assert RolloutPlan.objects.filter(is_default=True).count() == len(Lane.values) == 5
    assert plan.places.count() == Region.objects.filter(is_active=True).count() >= 27
    assert [wave.number for wave in planning.spec_of_plan(plan).waves] == [3, 4, 5, 6]
    assert [[r.code for r in wave] for wave in plans.preview_waves()] == [["testing"], ["preview-us"]]


def test_a_plan_that_forgets_a_region_is_refused_and_names_it(cast):
    add_all_regions()
    RegionFactory(code="iceland", name="Iceland")
    with pytest.raises(InvalidInput) as refused:
        plans.create_plan(plans.seed_draft(), actor=cast.operator)
    assert "Iceland (iceland)" in refused.value.message
    assert not RolloutPlan.objects.exists()


def test_a_region_that_opens_is_named_until_every_plan_was_revised(cast):
    add_regions("preview-us", "north", preview="preview-us")
    plan = add_plan(cast.operator, "north")
    add_plan(cast.operator, "north", name="At once", is_default=False)
    assert unreached() == []
    RegionFactory(code="iceland", name="Iceland")
    assert [(one.plan.name, [str(each) for each in one.regions]) for one in unreached()] == [
        ("At once", ["Iceland"]),
        ("Every day", ["Iceland"]),
    ]
    draft = plans.draft_of(plan)
    waves = (*draft.waves, WaveDraft("Late", ("iceland",)))
    wider = dataclasses.replace(draft, waves=waves)
    plan_changes.revise_plan(plan, wider, reason="Iceland opened.", actor=cast.operator)
    assert [one.plan.name for one in unreached()] == ["At once"]


def test_nothing_is_scheduled_by_a_plan_that_leaves_an_open_region_out(cast):
    rollout = scheduled_rollout(cast, "north")
    RegionFactory(code="iceland", name="Iceland")
    other = add_submission(cast, state="signed_off", marker="other")
    with pytest.raises(Blocked, match="does not reach Iceland"):
        schedule.schedule_rollout(
            other, rollout.plan, schedule.Dates(schedule.propose_start(rollout.plan)), actor=cast.operator
        )
    assert not other.rollouts.exists()


def test_a_rollout_under_way_names_the_region_that_opened_behind_its_back(cast, sign_in):
    rollout = scheduled_rollout(cast, "north")
    page = sign_in(cast.operator).get(reverse("rollout_detail", args=[rollout.pk]))
    assert page.context["unreached"] == []
    RegionFactory(code="iceland", name="Iceland")
    page = sign_in(cast.operator).get(reverse("rollout_detail", args=[rollout.pk]))
    assert "Does not reach Iceland" in page.content.decode()
    schedule.unschedule_rollout(rollout, reason="Another day.", actor=cast.operator)
    page = sign_in(cast.operator).get(reverse("rollout_detail", args=[rollout.pk]))
    assert page.context["unreached"] == []


def test_two_regions_that_back_each_other_up_are_kept_apart(cast):
    add_regions("preview-us", "north", "south", preview="preview-us")
    Region.objects.get(pk="north").paired_with.add("south")
    with pytest.raises(InvalidInput, match="back each other up"):
        add_plan(cast.operator, "north south")
    assert add_plan(cast.operator, "north", "south").waves.count() == 3


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "  "}, "name"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"weekend": tuple(range(7))}, "weekend"),
        ({"holiday_countries": ("US", "XX")}, "holiday_countries"),
        ({"days_between_waves": 99}, "days_between_waves"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(cast, change, field):
    add_all_regions()
    with pytest.raises(InvalidInput) as refused:
        plans.create_plan(dataclasses.replace(plans.seed_draft(), **change), actor=cast.operator)
    assert field in refused.value.fields


def test_a_revision_leaves_rollouts_under_way_alone(cast):
    rollout = scheduled_rollout(cast, "north", "south", due=False)
    type(rollout).objects.update(state="running")
    old = rollout.plan
    draft = dataclasses.replace(
        plans.draft_of(old),
        waves=(WaveDraft("Preview", ("preview-us",), True), WaveDraft("Both", ("north", "south"))),
    )
    new, _ = plan_changes.revise_plan(old, draft, reason="Fewer waves.", actor=cast.operator)

    assert (new.revision, new.is_default) == (2, True)
    rollout.refresh_from_db()
    assert rollout.plan == old
    assert rollout.waves.count() == 2
    assert set(states(rollout)) == {"north", "south"}
    with pytest.raises(Conflict):
        plan_changes.revise_plan(old, draft, reason="Again.", actor=cast.operator)
    with pytest.raises(InvalidInput):
        plan_changes.revise_plan(new, draft, reason=" ", actor=cast.operator)


def test_the_default_plan_cannot_be_retired_until_another_is_default(cast):
    add_regions("preview-us", "north", preview="preview-us")
    first = add_plan(cast.operator, "north")
    second = add_plan(cast.operator, "north", name="Slow", is_default=False)
    with pytest.raises(Blocked):
        plans.retire_plan(first, reason="Old.", actor=cast.operator)
    plans.make_default(second, actor=cast.operator)
    first.refresh_from_db()
    plans.retire_plan(first, reason="Old.", actor=cast.operator)
    assert plans.default_plan() == second


@pytest.mark.parametrize("person", ["owner", "reviewer", "stranger"])
def test_only_operators_make_plans(cast, person):
    with pytest.raises(NotPermitted):
        plans.create_plan(plans.seed_draft(), actor=getattr(cast, person))


def test_a_name_is_used_once(cast):
    add_regions("preview-us", "north", preview="preview-us")
    add_plan(cast.operator, "north")
    with pytest.raises(InvalidInput, match="already"):
        add_plan(cast.operator, "north", name="every DAY")
