"""Thresholds of gates belong to a plan's revision; what a plan does not say is the house's."""

from __future__ import annotations

import dataclasses

import pytest
from django.urls import reverse

from certification.services import gates, plan_changes, plans
from portal.shared.errors import InvalidInput
from tests.factories.rollouts import add_plan, add_regions, scheduled_rollout

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan(cast):
    add_regions("preview-us", "north", preview="preview-us")
    return add_plan(cast.operator, "north", gate_thresholds={"drop": 0.05})


def test_a_plan_says_what_it_wants_and_the_house_the_rest(plan, settings):
    settings.GATE_THRESHOLDS = {"drop": 0.03, "silence_hours": 4}
    limits = gates.thresholds_of(plan)
    assert (limits.drop, limits.silence_hours, limits.floor) == (0.05, 4, 0.8)
    assert gates.house_thresholds().drop == 0.03


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"drop": 1.5}, "drop"),
        ({"least_calls": 0}, "least_calls"),
        ({"floor": "much"}, "floor"),
        ({"alpha": 0.5}, "gate_thresholds"),
        ({"drop": 0.01, "certain_drop": 0.02}, "certain_drop"),
    ],
)
def test_what_cannot_be_is_refused(cast, plan, wrong, field):
    draft = dataclasses.replace(plans.draft_of(plan), name="Other", gate_thresholds=wrong)
    with pytest.raises(InvalidInput) as refused:
        plans.create_plan(draft, actor=cast.operator)
    assert field in refused.value.fields


def test_a_rollout_under_way_keeps_the_thresholds_it_started_with(cast, plan):
    rollout = scheduled_rollout(cast, "north")
    type(rollout).objects.filter(pk=rollout.pk).update(state="running")
    draft = dataclasses.replace(plans.draft_of(plan), gate_thresholds={"drop": 0.1})
    new, _ = plan_changes.revise_plan(plan, draft, reason="Looser.", actor=cast.operator)
    rollout.refresh_from_db()
    assert gates.thresholds_of(rollout.plan).drop == 0.05
    assert gates.thresholds_of(new).drop == 0.1


def form_of(plan, **changes):
    return {
        "name": plan.name, "description": "", "time_zone": "UTC", "start_time": "09:00",
        "days_between_waves": "1", "hours_between_waves": "0", "holiday_countries": "", "lane": plan.lane,
        "wave-1-name": "Preview", "wave-1-stage": "preview", "region-preview-us": "1",
        "wave-2-name": "North", "wave-2-stage": "public", "region-north": "2",
        "reason": "Other limits.", "save": "1", **changes,
    }  # fmt: skip


def test_the_form_takes_per_cents_and_keeps_what_is_wrong(cast, plan, sign_in):
    browser = sign_in(cast.operator)
    address = reverse("plan_revise", args=[plan.pk])
    page = browser.get(address).content.decode()
    assert 'name="gate_drop"' in page
    assert 'value="5.0"' in page
    refused = browser.post(address, form_of(plan, gate_drop="1", gate_certain_drop="3"))
    assert "at most the other one" in refused.content.decode()
    browser.post(address, form_of(plan, gate_drop="3", gate_least_calls="50"))
    new = plans.default_plan()
    assert new.revision == 2
    assert new.gate_thresholds == {"drop": 0.03, "least_calls": 50}
    detail = browser.get(reverse("plan_detail", args=[new.pk])).content.decode()
    assert "3 points" in detail
    assert detail.count("of this plan") == 2
