"""Another order of waves that have not begun: service, ledger, replay, scheduler, REST and page."""

from __future__ import annotations

import datetime as dt
import html
import re

import pytest
from django.urls import reverse

from certification.models import OverrideRequest, Rollout
from certification.queries.wave_order import open_waves, order_version
from certification.services import freezes, overrides, rollouts
from certification.services.clock import database_now
from certification.services.plan_replays import replay
from certification.services.reordering import Place, preview_order, reorder_waves
from certification.services.wave_order import OrderChanged
from connectors.models import Region
from portal.shared.errors import Blocked, InvalidInput, NotPermitted
from portal.shared.models import AuditRecord, OutboxJob
from tests.factories.rollouts import make_due, scheduled_rollout, states

pytestmark = pytest.mark.django_db
SWAPPED = {2: Place(("east",), "Wave of east"), 3: Place(("north", "south"), "Wave of north south")}


@pytest.fixture
def rollout(cast):
    return scheduled_rollout(cast, "north south", "east", due=False)


def order(rollout):
    return {wave.number: (wave.name, wave.regions) for wave in open_waves(rollout)}


def reorder(rollout, wanted, *, seen=None, **more):
    """As somebody does who has just looked."""
    return reorder_waves(rollout, wanted, seen=seen or order_version(rollout), **more)


def test_waves_change_places_with_slips_mail_audit_and_replay(cast, rollout):
    first, second = rollout.waves.values_list("planned_at", flat=True)
    plan = rollout.plan_id
    moves = reorder(rollout, SWAPPED, reason="Exams in the north.", actor=cast.operator)

    assert order(rollout) == {2: ("Wave of east", ("east",)), 3: ("Wave of north south", ("north", "south"))}
    assert {move.code: (move.old_at, move.new_at) for move in moves} == {
        "east": (second, first),
        "north": (first, second),
        "south": (first, second),
    }
    slips = {(c.wave.number, c.old_at, c.new_at, c.cause, c.actor) for c in rollout.date_changes.all()}
    assert slips == {
        (2, second, first, "reorder", cast.operator),
        (3, first, second, "reorder", cast.operator),
    }
    rollout.refresh_from_db()
    assert (rollout.plan_id, rollout.reordered_at is not None) == (plan, True)
    assert OutboxJob.objects.filter(topic="rollout.reorder", queue="mail").count() == 1
    record = AuditRecord.objects.get(action="rollout.reorder")
    assert (record.reason, record.data["order"]["before"]["2"][1]) == (
        "Exams in the north.",
        ["north", "south"],
    )
    assert [(one.action, one.agrees) for one in replay(rollout)] == [
        ("rollout.schedule", True),
        ("rollout.reorder", True),
    ]


def test_a_preview_says_the_same_and_changes_nothing(cast, rollout):
    before, records = order(rollout), AuditRecord.objects.count()
    shown = preview_order(rollout, SWAPPED, seen=order_version(rollout), actor=cast.operator)
    assert (order(rollout), AuditRecord.objects.count()) == (before, records)
    rollout.refresh_from_db()
    assert rollout.reordered_at is None
    assert shown == reorder(rollout, SWAPPED, reason="Exams.", actor=cast.operator)


def test_a_freeze_of_a_region_follows_it_to_its_new_wave(cast, rollout):
    first, second = (wave.planned_at for wave in rollout.waves.all())
    draft = freezes.FreezeDraft("Exams", "Quiet.", first - dt.timedelta(hours=9), second, ("east",))
    freezes.create_freeze(draft, actor=cast.operator)
    assert [wave.planned_at for wave in rollout.waves.all()] == [first, second]
    reorder(rollout, SWAPPED, reason="East first.", actor=cast.operator)
    assert [wave.planned_at for wave in rollout.waves.all()] == [second, second + dt.timedelta(days=1)]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({2: Place(("north",)), 3: Place(("east",))}, "Forgotten: south"),
        ({2: Place(("north", "south")), 3: Place(("east", "north"))}, "more than once"),
        ({2: Place(("north", "south", "east")), 3: Place(())}, "no region"),
        ({2: Place(("north", "south", "east"))}, "name each of them once"),
        ({2: Place(("north",)), 3: Place(("east", "south"))}, "back each other up"),
        ({2: Place(("north", "south")), 3: Place(("east",))}, "the order already"),
    ],
)
def test_what_an_order_would_break_is_refused(cast, rollout, wanted, words):
    Region.objects.get(pk="east").paired_with.add(Region.objects.get(pk="south"))
    before = order(rollout)
    with pytest.raises(InvalidInput, match=words):
        reorder(rollout, wanted, reason="Why not.", actor=cast.operator)
    assert order(rollout) == before


def test_operators_only_and_never_without_a_reason(cast, rollout):
    with pytest.raises(NotPermitted):
        reorder(rollout, SWAPPED, reason="Mine.", actor=cast.owner)
    with pytest.raises(NotPermitted):
        preview_order(rollout, SWAPPED, seen=order_version(rollout), actor=cast.owner)
    with pytest.raises(InvalidInput):
        reorder(rollout, SWAPPED, reason=" ", actor=cast.operator)
    Rollout.objects.filter(pk=rollout.pk).update(state="cancelled")
    with pytest.raises(Blocked):
        reorder(rollout, SWAPPED, reason="Late.", actor=cast.operator)


def test_a_wave_that_began_or_was_asked_to_start_early_stays(cast):
    rollout = scheduled_rollout(cast, "north", "south", "east")
    rollouts.advance_due()
    assert list(order(rollout)) == [3, 4]
    with pytest.raises(InvalidInput, match="3, 4"):
        wanted = {2: Place(("south",)), 3: Place(("north",)), 4: Place(("east",))}
        reorder(rollout, wanted, reason="Too late.", actor=cast.operator)
    OverrideRequest.objects.create(
        kind="accelerate", submission=rollout.submission, rollout=rollout, wave=rollout.waves.get(number=3),
        reason="Soon.", requested_by=cast.operator, expires_at=database_now() + dt.timedelta(days=1),
    )  # fmt: skip
    with pytest.raises(InvalidInput, match="stays as it is"):
        reorder(rollout, {3: Place(("east",)), 4: Place(("south",))}, reason="Swap.", actor=cast.operator)


def test_the_scheduler_deploys_by_the_new_order(cast, rollout):
    reorder(rollout, SWAPPED, reason="East first.", actor=cast.operator)
    make_due(rollout)
    rollouts.advance_due()
    found = states(rollout)
    assert found["east"] != "pending"
    assert (found["north"], found["south"]) == ("pending", "pending")


def test_of_two_operators_who_saw_the_same_order_the_second_is_refused(cast, rollout):
    seen = order_version(rollout)
    reorder(rollout, SWAPPED, seen=seen, reason="East first.", actor=cast.operator)
    now, records = order(rollout), AuditRecord.objects.count()
    mixed = {2: Place(("north",)), 3: Place(("east", "south"))}
    with pytest.raises(OrderChanged, match="changed after you looked"):
        reorder(rollout, mixed, seen=seen, reason="South later.", actor=cast.operator)
    with pytest.raises(OrderChanged):
        preview_order(rollout, mixed, seen=seen, actor=cast.operator)
    assert (order(rollout), AuditRecord.objects.count()) == (now, records)


def test_who_asks_to_start_early_means_the_regions_they_saw(cast, rollout):
    wave, seen = rollout.waves.get(number=2), order_version(rollout)
    reorder(rollout, SWAPPED, reason="East first.", actor=cast.operator)
    with pytest.raises(OrderChanged):
        overrides.request_acceleration(wave, reason="Soon.", actor=cast.operator, seen=seen)
    assert not OverrideRequest.objects.exists()
    overrides.request_acceleration(wave, reason="Soon.", actor=cast.operator, seen=order_version(rollout))
    with pytest.raises(InvalidInput, match="stays as it is"):
        back = {2: Place(("north", "south")), 3: Place(("east",))}
        reorder(rollout, back, reason="Back.", actor=cast.operator)


def test_the_form_that_asks_to_start_early_keeps_the_reason_when_the_order_changed(cast, rollout, sign_in):
    browser, address = sign_in(cast.operator), reverse("override_ask", args=[rollout.pk])
    asked = {"asks": "accelerate", "reason": "A customer waits.", "seen": order_version(rollout)}
    assert "Wave of north south" in browser.get(address).content.decode()
    reorder(rollout, SWAPPED, reason="East first.", actor=cast.operator)
    refused = browser.post(address, asked).content.decode()
    assert "changed after you looked" in refused
    assert "A customer waits." in refused
    assert "Wave of east" in refused
    assert not OverrideRequest.objects.exists()
    again = browser.post(address, {**asked, "seen": hidden(refused, "seen")})
    assert again.status_code == 302
    assert OverrideRequest.objects.get().wave.number == 2


def hidden(page, name):
    """The value of a hidden field of the page."""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', page)
    assert found, name
    return html.unescape(found[1])


def test_the_page_moves_shows_and_saves_without_javascript(cast, rollout, sign_in):
    browser, address = sign_in(cast.operator), reverse("rollout_reorder", args=[rollout.pk])
    first = browser.get(address).content.decode()
    assert "Wave of east" in first
    seen = {"seen": hidden(first, "seen")}
    shown = browser.post(address, {**seen, "order": "2,3", "up": "3"}).content.decode()
    assert hidden(shown, "order") == "3,2"
    assert "wave 3 to 2" in shown
    assert order(rollout)[2][0] == "Wave of north south"
    refused = browser.post(address, {**seen, "order": "3,2", "save": "1"})
    assert "Say why the order changes" in refused.content.decode()
    wrong = browser.post(address, {**seen, "order": "1,2,3", "save": "1", "reason": "Made up."})
    assert "no order of these waves" in wrong.content.decode()
    browser.post(address, {**seen, "order": "2,3", "region_south": "3", "save": "1", "reason": "One by one."})
    assert order(rollout)[3] == ("Wave of east", ("east", "south"))
    page = browser.get(reverse("rollout_detail", args=[rollout.pk])).content.decode()
    assert "order changed for this rollout" in page
    assert "One by one." in page


def test_a_page_that_is_behind_shows_who_changed_it_and_keeps_what_was_wanted(cast, rollout, sign_in):
    browser, address = sign_in(cast.operator), reverse("rollout_reorder", args=[rollout.pk])
    seen = hidden(browser.get(address).content.decode(), "seen")
    south = {2: Place(("north",)), 3: Place(("east", "south"))}
    reorder(rollout, south, reason="South has a fair.", actor=cast.second_operator)

    wish = {"seen": seen, "order": "3,2", "region_east": "3", "save": "1", "reason": "East first."}
    behind = browser.post(address, wish).content.decode()
    assert "changed after you opened this page" in behind
    assert cast.second_operator.name in behind
    assert "South has a fair." in behind
    assert "East first." in behind
    assert hidden(behind, "order") == "3,2"
    assert order(rollout)[2] == ("Wave of north south", ("north",))
    again = {
        "seen": hidden(behind, "seen"), "order": "3,2", "region_east": "3", "region_north": "2",
        "region_south": "2", "save": "1", "reason": "East first.",
    }  # fmt: skip
    assert browser.post(address, again).status_code == 302
    assert order(rollout) == {2: ("Wave of east", ("east",)), 3: ("Wave of north south", ("north", "south"))}


@pytest.mark.parametrize("seen", ["", "{", "[1]", '[["x", 1, 2, 3]]', '[[2, "A", ["nowhere"], false]]'])
def test_a_page_that_says_nonsense_of_what_it_showed_saves_nothing(cast, rollout, sign_in, seen):
    before, address = order(rollout), reverse("rollout_reorder", args=[rollout.pk])
    answer = sign_in(cast.operator).post(
        address, {"seen": seen, "order": "3,2", "save": "1", "reason": "Why not."}
    )
    assert answer.status_code == 200
    assert order(rollout) == before
