"""Another order of waves that have not begun: service, ledger, replay, scheduler, REST and page."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from certification.models import OverrideRequest, Rollout
from certification.services import freezes, rollouts
from certification.services.clock import database_now
from certification.services.plan_replays import replay
from certification.services.reordering import Place, open_waves, preview_order, reorder_waves
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


def test_waves_change_places_with_slips_mail_audit_and_replay(cast, rollout):
    first, second = rollout.waves.values_list("planned_at", flat=True)
    plan = rollout.plan_id
    moves = reorder_waves(rollout, SWAPPED, reason="Exams in the north.", actor=cast.operator)

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
    shown = preview_order(rollout, SWAPPED, actor=cast.operator)
    assert (order(rollout), AuditRecord.objects.count()) == (before, records)
    rollout.refresh_from_db()
    assert rollout.reordered_at is None
    assert shown == reorder_waves(rollout, SWAPPED, reason="Exams.", actor=cast.operator)


def test_a_freeze_of_a_region_follows_it_to_its_new_wave(cast, rollout):
    first, second = (wave.planned_at for wave in rollout.waves.all())
    draft = freezes.FreezeDraft("Exams", "Quiet.", first - dt.timedelta(hours=9), second, ("east",))
    freezes.create_freeze(draft, actor=cast.operator)
    assert [wave.planned_at for wave in rollout.waves.all()] == [first, second]
    reorder_waves(rollout, SWAPPED, reason="East first.", actor=cast.operator)
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
        reorder_waves(rollout, wanted, reason="Why not.", actor=cast.operator)
    assert order(rollout) == before


def test_operators_only_and_never_without_a_reason(cast, rollout):
    with pytest.raises(NotPermitted):
        reorder_waves(rollout, SWAPPED, reason="Mine.", actor=cast.owner)
    with pytest.raises(NotPermitted):
        preview_order(rollout, SWAPPED, actor=cast.owner)
    with pytest.raises(InvalidInput):
        reorder_waves(rollout, SWAPPED, reason=" ", actor=cast.operator)
    Rollout.objects.filter(pk=rollout.pk).update(state="cancelled")
    with pytest.raises(Blocked):
        reorder_waves(rollout, SWAPPED, reason="Late.", actor=cast.operator)


def test_a_wave_that_began_or_was_asked_to_start_early_stays(cast):
    rollout = scheduled_rollout(cast, "north", "south", "east")
    rollouts.advance_due()
    assert list(order(rollout)) == [3, 4]
    with pytest.raises(InvalidInput, match="3, 4"):
        wanted = {2: Place(("south",)), 3: Place(("north",)), 4: Place(("east",))}
        reorder_waves(rollout, wanted, reason="Too late.", actor=cast.operator)
    OverrideRequest.objects.create(
        kind="accelerate", submission=rollout.submission, rollout=rollout, wave=rollout.waves.get(number=3),
        reason="Soon.", requested_by=cast.operator, expires_at=database_now() + dt.timedelta(days=1),
    )  # fmt: skip
    with pytest.raises(InvalidInput, match="stays as it is"):
        reorder_waves(
            rollout, {3: Place(("east",)), 4: Place(("south",))}, reason="Swap.", actor=cast.operator
        )


def test_the_scheduler_deploys_by_the_new_order(cast, rollout):
    reorder_waves(rollout, SWAPPED, reason="East first.", actor=cast.operator)
    make_due(rollout)
    rollouts.advance_due()
    found = states(rollout)
    assert found["east"] != "pending"
    assert (found["north"], found["south"]) == ("pending", "pending")


def test_the_page_moves_shows_and_saves_without_javascript(cast, rollout, sign_in):
    browser, address = sign_in(cast.operator), reverse("rollout_reorder", args=[rollout.pk])
    assert "Wave of east" in browser.get(address).content.decode()
    shown = browser.post(address, {"order": "2,3", "up": "3"}).content.decode()
    assert 'value="3,2"' in shown
    assert "wave 3 to 2" in shown
    assert order(rollout)[2][0] == "Wave of north south"
    refused = browser.post(address, {"order": "3,2", "save": "1"})
    assert "Say why the order changes" in refused.content.decode()
    stale = browser.post(address, {"order": "1,2,3", "save": "1", "reason": "Old page."})
    assert "begun meanwhile" in stale.content.decode()
    browser.post(address, {"order": "2,3", "region_south": "3", "save": "1", "reason": "One by one."})
    assert order(rollout)[3] == ("Wave of east", ("east", "south"))
    page = browser.get(reverse("rollout_detail", args=[rollout.pk])).content.decode()
    assert "order changed for this rollout" in page
    assert "One by one." in page
