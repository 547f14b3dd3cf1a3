"""Pages that keep themselves up to date: nothing is sent while nothing has changed, and what changed is."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from certification.services import reviews, rollouts, threads
from tests.factories import ConnectorFactory
from tests.factories.reviews import in_review
from tests.factories.rollouts import scheduled_rollout

pytestmark = pytest.mark.django_db


def _stamp(text: str, part: str) -> str:
    found = re.search(rf'id="{part}".*?"X-Seen": "([^"]+)"', text, re.DOTALL)
    assert found, f"no stamp in {part}"
    return found[1]


def _ask(browser, address, part, stamp):
    return browser.get(address, headers={"X-Seen": stamp, "HX-Request": "true", "HX-Target": part})


def test_the_list_of_rollouts_sends_rows_and_counts_only_when_something_happened(cast, sign_in):
    rollout = scheduled_rollout(cast, "north", "south")
    browser, address = sign_in(cast.operator), reverse("rollout_list")
    stamp = _stamp(browser.get(address).content.decode(), "board")
    assert _ask(browser, address, "board", stamp).status_code == 204
    rollouts.stop_rollout(rollout, reason="Somebody looks.", actor=cast.operator)
    text = _ask(browser, address, "board", stamp).content.decode()
    assert "Halted" in text
    assert 'id="rollout-groups"' in text
    assert "<html" not in text


def test_a_rollout_sends_state_deeds_map_and_history_when_something_happened(cast, sign_in):
    rollout = scheduled_rollout(cast, "north", "south")
    browser = sign_in(cast.operator)
    page = browser.get(reverse("rollout_detail", args=[rollout.pk])).content.decode()
    stamp, address = _stamp(page, "rollout-live"), reverse("rollout_live", args=[rollout.pk])
    assert _ask(browser, address, "rollout-live", stamp).status_code == 204
    rollouts.stop_rollout(rollout, reason="Somebody looks.", actor=cast.operator)
    text = _ask(browser, address, "rollout-live", stamp).content.decode()
    for part in ("rollout-state", "rollout-actions", "rollout-history"):
        assert re.search(rf'id="{part}"\s+hx-swap-oob="true"', text), part
    assert reverse("rollout_deed", args=[rollout.pk, "release"]) in text
    assert "Somebody looks." in text


def test_the_review_queue_shows_a_claim_by_somebody_else(cast, sign_in):
    submission = in_review(cast.owner, ConnectorFactory(publisher=cast.publisher))
    browser, address = sign_in(cast.reviewer), reverse("review_queue")
    stamp = _stamp(browser.get(address).content.decode(), "queue-live")
    assert _ask(browser, address, "queue-live", stamp).status_code == 204
    reviews.claim(submission, actor=cast.second_reviewer)
    text = _ask(browser, address, "queue-live", stamp).content.decode()
    assert cast.second_reviewer.name in text
    assert "<html" not in text


def test_the_panel_of_a_review_tells_the_conversation_beside_it_about_a_new_thread(cast, sign_in):
    submission = in_review(cast.owner, ConnectorFactory(publisher=cast.publisher))
    browser = sign_in(cast.reviewer)
    talk, panel = (reverse(name, args=[submission.pk]) for name in ("review_threads", "review_panel"))
    stamp = _stamp(browser.get(talk).content.decode(), "review-panel")
    assert _ask(browser, panel, "review-panel", stamp).status_code == 204
    threads.open_thread(submission, body="Which tides are these?", actor=cast.owner)
    answer = _ask(browser, panel, "review-panel", stamp)
    assert answer.headers["HX-Trigger"] == "submission-changed"
    text = _ask(browser, talk, "conversation", "").content.decode()
    assert "Which tides are these?" in text
    assert "<html" not in text
