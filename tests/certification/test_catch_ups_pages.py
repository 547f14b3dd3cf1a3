"""The pages of catch-ups: look first, start with a reason, hold, resume and cancel."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from certification.models import CatchUp
from certification.services import catch_ups, freezes
from connectors.models import Region
from tests.factories.rollouts import add_regions, live_rollout

pytestmark = pytest.mark.django_db
ADDRESS = "/regions/late/catch-up/"


@pytest.fixture
def rollout(cast):
    made = live_rollout(cast)
    add_regions("late")
    return made


@pytest.fixture
def reached(monkeypatch):
    """As if every plan had been revised; what is refused without that is told by the services' tests."""
    monkeypatch.setattr(catch_ups, "plans_missing", lambda region: [])


def asked(**changes):
    return {"per_day": "3", "starts_on": timezone.localdate().isoformat(), "reason": "", **changes}


def body(response) -> str:
    return response.content.decode()


def test_looking_needs_no_reason_and_changes_nothing(cast, rollout, sign_in):
    page = body(sign_in(cast.operator).post(ADDRESS, asked()))
    assert "What comes when" in page
    assert reverse("rollout_detail", args=[rollout.pk]) in page
    assert "This field is required" not in page
    assert not CatchUp.objects.exists()


def test_starting_needs_a_reason(cast, rollout, reached, sign_in):
    page = body(sign_in(cast.operator).post(ADDRESS, asked(start="1")))
    assert "This field is required" in page
    assert not CatchUp.objects.exists()


def test_starting_leads_to_its_page(cast, rollout, reached, sign_in):
    browser = sign_in(cast.operator)
    answer = browser.post(ADDRESS, asked(start="1", reason="Iceland opened."))
    found = CatchUp.objects.get()
    assert answer["Location"] == reverse("catch_up_detail", args=[found.pk])
    assert (found.per_day, found.reason, found.opened_by) == (3, "Iceland opened.", cast.operator)
    catch_ups.advance_due()
    page = body(browser.get(answer["Location"]))
    assert str(rollout.version) in page
    assert "Iceland opened." in page


def test_what_is_refused_keeps_what_was_typed(cast, rollout, sign_in):
    page = body(sign_in(cast.operator).post(ADDRESS, asked(start="1", reason="Iceland opened.")))
    assert "These plans do not reach the region: Every day." in page
    assert "Iceland opened.</textarea>" in page
    assert not CatchUp.objects.exists()


def test_where_no_day_is_open_another_may_be_chosen(cast, rollout, sign_in):
    now = timezone.now()
    days = {"starts_at": now - dt.timedelta(days=1), "ends_at": now + dt.timedelta(days=800)}
    freezes.create_freeze(freezes.FreezeDraft("Two years", "Nothing moves.", **days), actor=cast.operator)
    page = body(sign_in(cast.operator).get(ADDRESS))
    assert "callout tone-warning" in page
    assert 'name="starts_on"' in page


def test_it_is_held_resumed_and_cancelled_with_a_reason(cast, rollout, sign_in):
    found = CatchUp.objects.create(
        region=Region.objects.get(pk="late"),
        starts_on=timezone.localdate(),
        per_day=3,
        reason="It opened.",
        opened_by=cast.operator,
    )
    address, browser = reverse("catch_up_deed", args=[found.pk]), sign_in(cast.operator)
    for deed, state in (("hold", "held"), ("resume", "running"), ("cancel", "cancelled")):
        assert browser.post(address, {"deed": deed, "reason": " "}).status_code == 400
        browser.post(address, {"deed": deed, "reason": f"To {deed}."})
        found.refresh_from_db()
        assert found.state == state
    assert browser.post(address, {"deed": "resume", "reason": "After all."}).status_code == 409
    page = body(browser.get(reverse("catch_up_detail", args=[found.pk])))
    assert "To cancel." in page
    assert 'name="deed"' not in page


def test_what_moves_asks_for_itself_and_is_answered_with_nothing_while_nothing_has_changed(
    cast, rollout, reached, sign_in
):
    browser = sign_in(cast.operator)
    address = browser.post(ADDRESS, asked(start="1", reason="Iceland opened."))["Location"]
    page = body(browser.get(address))
    assert re.search(r'href="/regions/"[^>]*aria-current', page)
    stamp = page.partition('"X-Seen": "')[2].partition('"')[0]
    target = {"HX-Request": "true", "HX-Target": "catch-up-live"}
    assert browser.get(address, headers={**target, "X-Seen": stamp}).status_code == 204

    catch_ups.advance_due()
    moved = body(browser.get(address, headers={**target, "X-Seen": stamp}))
    assert "<!DOCTYPE" not in moved
    assert str(rollout.version) in moved
    assert moved.count('hx-swap-oob="true"') == 2
    assert 'name="deed"' not in moved

    found = CatchUp.objects.get()
    catch_ups.cancel_catch_up(found, reason="Enough.", actor=cast.operator)
    over = body(browser.get(address, headers=target))
    assert "hx-trigger" not in over
