"""The month everybody sees, and plans whose next revision moves what has not started."""

from __future__ import annotations

import dataclasses
import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from certification.models import Freeze
from certification.planning.coverage import WaveDraft
from certification.planning.trains import Timetable
from certification.services import freezes, plan_changes, plans, trains
from certification.services.clock import database_now
from portal.shared.errors import InvalidInput
from tests.factories.rollouts import scheduled_rollout, states

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def rollout(cast):
    return scheduled_rollout(cast, "north", "south", due=False)


def month_of(moment):
    return reverse("calendar_month") + f"?month={moment:%Y-%m}"


def test_the_month_shows_trains_freezes_and_ones_own_waves(cast, rollout, sign_in):
    now = database_now()
    daily = Timetable("Daily", "UTC", frozenset(range(7)))
    trains.create_train(trains.TrainDraft(daily), actor=cast.operator)
    freezes.create_freeze(
        freezes.FreezeDraft("Quiet days", "Year end.", now + 20 * DAY, now + 25 * DAY), actor=cast.operator
    )
    name = str(rollout.connector)
    wave = month_of(rollout.waves.first().planned_at)
    assert name in sign_in(cast.owner).get(wave).content.decode()
    assert name not in sign_in(cast.stranger).get(wave).content.decode()
    text = sign_in(cast.stranger).get(month_of(now + 22 * DAY)).content.decode()
    assert "Quiet days" in text
    assert "Daily" in text


@pytest.mark.parametrize("month", ["", "2026-13", "x", "99999-1", "2026"])
def test_a_month_that_is_none_is_the_present_one(cast, sign_in, month):
    page = sign_in(cast.owner).get(reverse("calendar_month"), {"month": month})
    assert page.status_code == 200
    assert f"{database_now():%B %Y}" in page.content.decode()


def test_a_month_asks_the_database_as_often_for_many_waves_as_for_one(
    cast, rollout, sign_in, django_assert_max_num_queries
):
    browser = sign_in(cast.owner)
    for number in range(4):
        scheduled_rollout(cast, "north", "south", due=False, marker=str(number))
    browser.get(reverse("calendar_month"))
    with django_assert_max_num_queries(16):
        browser.get(month_of(rollout.waves.first().planned_at))


def two_in_one(rollout):
    waves = (WaveDraft("Preview", ("preview-us",), True), WaveDraft("Both", ("north", "south")))
    return dataclasses.replace(plans.draft_of(rollout.plan), waves=waves)


def test_a_revision_shows_what_moves_and_then_moves_exactly_that(cast, rollout):
    old = rollout.plan
    slower = dataclasses.replace(plans.draft_of(old), days_between_waves=5)
    moves = plan_changes.preview_revision(old, slower, actor=cast.operator)
    assert plans.default_plan() == old
    assert not rollout.date_changes.exists()
    [move] = moves
    [wave] = move.waves
    assert wave.by == 4 * DAY
    new, moved = plan_changes.revise_plan(old, slower, reason="Slower.", actor=cast.operator)
    assert [(m.number, m.new_at) for m in moved[0].waves] == [(wave.number, wave.new_at)]
    rollout.refresh_from_db()
    assert rollout.plan == new
    assert rollout.waves.get(number=wave.number).planned_at == wave.new_at
    assert rollout.date_changes.get().cause == "plan"


def test_a_revision_with_other_waves_moves_the_regions_of_what_has_not_started(cast, rollout):
    _, moved = plan_changes.revise_plan(
        rollout.plan, two_in_one(rollout), reason="Both.", actor=cast.operator
    )
    assert any("moves from wave" in move.because for move in moved[0].waves)
    waves = {wave.number: wave.state for wave in rollout.waves.all()}
    assert waves == {2: "planned", 3: "skipped"}
    assert set(rollout.deployments.values_list("wave__number", flat=True)) == {2}
    assert states(rollout) == {"north": "pending", "south": "pending"}


def test_the_plan_form_shows_what_moves_before_it_saves(cast, rollout, sign_in):
    browser = sign_in(cast.operator)
    address = reverse("plan_revise", args=[rollout.plan_id])
    data = {
        "name": "x", "lane": "additive", "description": "", "time_zone": "UTC", "start_time": "09:00",
        "days_between_waves": "3", "weekend": [], "holiday_countries": "", "reason": "Slower.",
        "wave-1-name": "Preview", "wave-1-stage": "preview", "region-preview-us": "1",
        "wave-2-name": "A", "region-north": "2", "wave-3-name": "B", "region-south": "3",
    }  # fmt: skip
    text = browser.post(address, data).content.decode()
    assert "2 d later" in text
    assert plans.default_plan() == rollout.plan
    browser.post(address, {**data, "save": "1"})
    assert plans.default_plan().revision == 2


def test_a_bake_beyond_measure_is_refused(cast, rollout):
    waves = (WaveDraft("Preview", ("preview-us",), True), WaveDraft("All", ("north", "south"), bake_calls=-1))
    draft = dataclasses.replace(plans.draft_of(rollout.plan), waves=waves)
    with pytest.raises(InvalidInput, match="calls"):
        plan_changes.preview_revision(rollout.plan, draft, actor=cast.operator)


def test_changing_a_freeze_shows_what_moves_and_moves_it(cast, rollout, sign_in):
    first = rollout.waves.first().planned_at
    draft = freezes.FreezeDraft("Quiet", "Year end.", first + 40 * DAY, first + 41 * DAY)
    freeze, moved = freezes.create_freeze(draft, actor=cast.operator)
    assert moved == 0
    sooner = dataclasses.replace(draft, starts_at=first - DAY, ends_at=first + 3 * DAY)
    assert len(freezes.preview_freeze(sooner, instead_of=freeze)) == 1
    browser, address = sign_in(cast.operator), reverse("freeze_change", args=[freeze.pk])
    assert 'value="Quiet"' in browser.get(address).content.decode()
    form = {
        "kind": "freeze", "name": "Quiet", "reason": "Year end.",
        "starts_at": f"{sooner.starts_at:%Y-%m-%dT%H:%M}", "ends_at": f"{sooner.ends_at:%Y-%m-%dT%H:%M}",
    }  # fmt: skip
    assert "What moves" in browser.post(address, form).content.decode()
    browser.post(address, {**form, "save": "1"})
    assert rollout.waves.first().planned_at >= first + 2 * DAY


def test_a_freeze_of_one_way_to_sign_in_moves_only_what_uses_it(cast, rollout):
    first = rollout.waves.first().planned_at
    kinds = freezes.FreezeDraft("OAuth fault", "Broken.", first - DAY, first + DAY, auth_kinds=("oauth2",))
    facts = {**rollout.version.facts, "authentication": ["api_key"]}
    type(rollout.version).objects.filter(pk=rollout.version_id).update(facts=facts)
    assert freezes.preview_freeze(kinds) == []
    facts["authentication"] = ["oauth2"]
    type(rollout.version).objects.filter(pk=rollout.version_id).update(facts=facts)
    assert len(freezes.preview_freeze(kinds)) == 1


def test_a_day_has_a_page_with_everything_of_it(cast, rollout, sign_in):
    wave = rollout.waves.first()
    day = wave.planned_at.astimezone(ZoneInfo(cast.owner.time_zone)).date()
    month = sign_in(cast.owner).get(month_of(wave.planned_at)).content.decode()
    address = reverse("calendar_month") + f"?day={day}"
    assert address in month
    Freeze.objects.create(
        name="Elsewhere", reason="Year end.", regions=["mars"], created_by=cast.operator,
        starts_at=wave.planned_at - DAY, ends_at=wave.planned_at + DAY,
    )  # fmt: skip
    text = sign_in(cast.owner).get(address).content.decode()
    assert str(rollout.connector) in text
    assert "Year end." in text
    assert f"?day={day + DAY}" in text
    assert f"?day={day - DAY}" in text
    assert str(rollout.connector) not in sign_in(cast.stranger).get(address).content.decode()


@pytest.mark.parametrize("day", ["2026-02-30", "x", "99999-01-01", "1900-01-01"])
def test_a_day_that_is_none_leads_to_the_month(cast, sign_in, day):
    page = sign_in(cast.owner).get(reverse("calendar_month"), {"day": day})
    assert "month__grid" in page.content.decode() or "Nothing happens this month" in page.content.decode()
