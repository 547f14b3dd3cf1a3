"""Exceptions: one asks, another agrees, and what was agreed to happens, once and in time."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from certification.models import OverrideRequest, RolloutWave
from certification.services import freezes, overrides, plans, rollouts, schedule
from certification.services.clock import database_now
from portal.shared.errors import Blocked, Conflict, IllegalTransition, InvalidInput, NotPermitted
from tests.factories.rollouts import (
    add_plan,
    add_submission,
    hurry,
    scheduled_rollout,
    state_of,
)

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def rollout(cast):
    return scheduled_rollout(cast, "north", "south", due=False)


def freeze_now(cast, name="Incident", days=9):
    now = database_now()
    draft = freezes.FreezeDraft(name, "The platform is ill.", now - DAY, now + days * DAY)
    return freezes.create_freeze(draft, actor=cast.operator)[0]


def planned(rollout):
    return [wave.planned_at for wave in rollout.waves.order_by("number")]


def test_an_accelerated_wave_starts_now_whatever_its_day_says(cast, rollout):
    wave = rollout.waves.order_by("number").first()
    request = overrides.request_acceleration(wave, reason="Customers wait.", actor=cast.operator)
    assert planned(rollout)[0] > database_now()
    overrides.decide(request, is_approved=True, actor=cast.second_operator)
    assert planned(rollout)[0] <= database_now()
    assert rollout.date_changes.first().cause == "accelerate"
    hurry(rollout)
    rollouts.advance_due()
    assert state_of(wave) == "running"
    assert state_of(request) == "used"


def test_a_freeze_still_holds_an_accelerated_wave(cast, rollout):
    freeze_now(cast)
    wave = rollout.waves.order_by("number").first()
    request = overrides.request_acceleration(wave, reason="Customers wait.", actor=cast.operator)
    overrides.decide(request, is_approved=True, actor=cast.second_operator)
    hurry(rollout)
    rollouts.advance_due()
    assert state_of(wave) == "planned"
    assert planned(rollout)[0] > database_now() + 8 * DAY


def test_only_the_next_wave_is_started_early(cast, rollout):
    last = rollout.waves.order_by("number").last()
    with pytest.raises(Blocked, match="next wave"):
        overrides.request_acceleration(last, reason="All at once.", actor=cast.operator)


def test_a_rollout_passes_a_freeze_that_two_people_let_it_pass(cast, rollout):
    before = planned(rollout)
    freeze = freeze_now(cast)
    assert planned(rollout)[0] > before[0]
    request = overrides.request_freeze_pass(rollout, freeze, reason="It is the mend.", actor=cast.operator)
    overrides.decide(request, is_approved=True, actor=cast.second_operator)
    assert planned(rollout) == before
    other = freeze_now(cast, "Year end")
    assert planned(rollout)[0] > before[0]
    freezes.cancel_freeze(other, reason="Not this year.", actor=cast.operator)
    assert planned(rollout) == before


def test_an_approval_nobody_used_expires_and_the_dates_return(cast, rollout):
    freeze = freeze_now(cast)
    frozen = planned(rollout)
    request = overrides.request_freeze_pass(rollout, freeze, reason="It is the mend.", actor=cast.operator)
    overrides.decide(request, is_approved=True, actor=cast.second_operator)
    assert planned(rollout) != frozen
    OverrideRequest.objects.update(expires_at=database_now() - DAY)
    assert overrides.expire_overrides() == 1
    assert state_of(request) == "expired"
    assert planned(rollout) == frozen
    assert overrides.expire_overrides() == 0


def test_a_request_nobody_answered_expires_and_is_decided_on_no_more(cast, rollout):
    wave = rollout.waves.order_by("number").first()
    request = overrides.request_acceleration(wave, reason="Customers wait.", actor=cast.operator)
    OverrideRequest.objects.update(expires_at=database_now() - DAY)
    with pytest.raises(Blocked, match="too old"):
        overrides.decide(request, is_approved=True, actor=cast.second_operator)
    assert overrides.expire_overrides() == 1
    with pytest.raises(IllegalTransition):
        overrides.decide(request, is_approved=True, actor=cast.second_operator)
    assert not RolloutWave.objects.filter(accelerated_at__isnull=False).exists()


def test_nobody_agrees_to_what_they_asked_for(cast, rollout):
    wave = rollout.waves.order_by("number").first()
    request = overrides.request_acceleration(wave, reason="Customers wait.", actor=cast.operator)
    with pytest.raises(NotPermitted, match="Another operator"):
        overrides.decide(request, is_approved=True, actor=cast.operator)
    with pytest.raises(IntegrityError), transaction.atomic():
        OverrideRequest.objects.update(decided_by=cast.operator)
    for person in (cast.owner, cast.reviewer, cast.stranger):
        with pytest.raises(NotPermitted):
            overrides.decide(request, is_approved=True, actor=person)
    with pytest.raises(Conflict):
        overrides.request_acceleration(wave, reason="Again.", actor=cast.second_operator)


def test_who_asked_takes_it_back_even_after_the_approval(cast, rollout):
    wave = rollout.waves.order_by("number").first()
    before = planned(rollout)
    request = overrides.request_acceleration(wave, reason="Customers wait.", actor=cast.operator)
    with pytest.raises(NotPermitted):
        overrides.withdraw(request, actor=cast.second_operator)
    overrides.decide(request, is_approved=True, actor=cast.second_operator)
    overrides.withdraw(request, reason="It can wait.", actor=cast.operator)
    assert planned(rollout) == before
    wave.refresh_from_db()
    assert wave.accelerated_at is None


@pytest.fixture
def hotfix(cast):
    scheduled_rollout(cast, "north", "south", due=False)
    submission = add_submission(cast, state="signed_off")
    type(submission).objects.filter(pk=submission.pk).update(kind="hotfix")
    submission.refresh_from_db()
    plan = add_plan(cast.operator, "north", "south", name="Hotfix", lane="hotfix", hours_between_waves=12)
    assert plans.default_plan("hotfix") == plan
    return submission, plan


def book(hotfix, cast):
    submission, plan = hotfix
    dates = schedule.Dates(schedule.propose_start(plan))
    return schedule.schedule_rollout(submission, plan, dates, actor=cast.operator)


def test_the_hotfix_lane_needs_two_others_to_agree_and_starts_at_once(cast, hotfix):
    submission, _ = hotfix
    with pytest.raises(Blocked, match="two people"):
        book(hotfix, cast)
    request = overrides.request_hotfix(submission, reason="Sign-in is broken.", actor=cast.owner)
    request = overrides.decide(request, is_approved=True, actor=cast.operator)
    assert request.state == "half_approved"
    with pytest.raises(NotPermitted):
        overrides.decide(request, is_approved=True, actor=cast.operator)
    with pytest.raises(IntegrityError), transaction.atomic():
        OverrideRequest.objects.update(state="approved", decided_by=cast.operator)
    with pytest.raises(Blocked, match="two people"):
        book(hotfix, cast)
    overrides.decide(request, is_approved=True, actor=cast.administrator)
    first, second = planned(book(hotfix, cast))
    assert first - database_now() < dt.timedelta(minutes=16)
    assert second - first == dt.timedelta(hours=12)
    assert state_of(request) == "used"


def test_only_a_hotfix_asks_for_the_hotfix_lane(cast, rollout):
    with pytest.raises(Blocked, match="kind Hotfix"):
        overrides.request_hotfix(rollout.submission, reason="Faster.", actor=cast.owner)
    with pytest.raises(InvalidInput):
        overrides.request_acceleration(rollout.waves.first(), reason=" ", actor=cast.operator)


def test_an_exception_is_asked_for_and_agreed_to_on_its_pages(cast, rollout, sign_in):
    freeze = freeze_now(cast)
    browser = sign_in(cast.operator)
    address = reverse("override_ask", args=[rollout.pk])
    assert "Pass the freeze" in browser.get(address).content.decode()
    browser.post(address, {"asks": f"freeze:{freeze.pk}", "reason": "It is the mend."})
    request = OverrideRequest.objects.get()
    page = reverse("override_detail", args=[request.pk])
    assert "Your decision" not in browser.get(page).content.decode()
    other = sign_in(cast.second_operator)
    assert "Incident" in other.get(reverse("override_list")).content.decode()
    assert "Your decision" in other.get(page).content.decode()
    decision = {"decision": "decline", "reason": "It waits."}
    other.post(reverse("override_decide", args=[request.pk]), decision)
    assert state_of(request) == "declined"
    assert "It waits." in sign_in(cast.owner).get(page).content.decode()
    assert sign_in(cast.stranger).get(page).status_code == 404


def test_the_team_asks_for_the_hotfix_lane_on_a_page(cast, hotfix, sign_in):
    submission, _ = hotfix
    address = reverse("hotfix_ask", args=[submission.pk])
    assert sign_in(cast.owner).post(address, {"reason": "Broken."}).status_code == 302
    assert OverrideRequest.objects.get().kind == "hotfix"
    text = sign_in(cast.operator).get(reverse("rollout_schedule", args=[submission.pk])).content.decode()
    assert "Lane: Hotfix" in text
