"""Boards that move while somebody works on them: the focus stays, what is unfolded stays, what is typed stays."""

from __future__ import annotations

import pytest

from certification.services import reviews, rollouts
from connectors.models import Region
from tests.factories import ConnectorFactory
from tests.factories.reviews import in_review
from tests.factories.rollouts import scheduled_rollout

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]
ASK = "document.body.dispatchEvent(new CustomEvent('reconnected'))"
FOCUS = "document.activeElement.id"


def test_a_rollout_changes_around_the_mark_that_has_the_focus(cast, visit):
    rollout = scheduled_rollout(cast, "north", "south")
    Region.objects.filter(pk="north").update(latitude=60, longitude=10)
    with visit(cast.operator) as page:
        page.goto(f"/rollouts/{rollout.pk}/")
        page.wait_for_load_state("networkidle")
        page.locator("#map-north").focus()
        rollouts.stop_rollout(rollout, reason="Somebody looks.", actor=cast.operator)
        page.evaluate(ASK)
        page.wait_for_selector("#rollout-state:has-text('Halted')")
        page.wait_for_selector("#deed-release")
        assert page.evaluate(FOCUS) == "map-north"
        # The menu comes along out of band, and is not taken away from who reads it.
        page.locator("#deed-more").click()
        rollouts.release_rollout(rollout, reason="All is well.", actor=cast.operator)
        with page.expect_response("**/live/") as answer:
            page.evaluate(ASK)
        answer.value.finished()
        assert page.locator("#deed-dates").is_visible()
        page.keyboard.press("Escape")
        page.evaluate(ASK)
        page.wait_for_selector("#deed-hold")
        assert page.evaluate(FOCUS) == "deed-more"
        assert page.complaints == []


def test_the_queue_moves_under_the_keyboard_and_says_when_the_connection_is_lost(cast, visit):
    first = in_review(cast.owner, ConnectorFactory(publisher=cast.publisher))
    with visit(cast.reviewer) as page:
        page.goto("/reviews/")
        page.wait_for_load_state("networkidle")
        page.keyboard.press("j")
        assert page.evaluate(FOCUS) == f"review-{first.pk}"
        page.context.set_offline(True)
        page.evaluate(ASK)
        page.wait_for_selector("#offline:not([hidden])")
        in_review(cast.owner, ConnectorFactory(publisher=cast.publisher, name="Kelp Forest"))
        page.context.set_offline(False)
        page.wait_for_selector("#queue :text('Kelp Forest')")
        page.wait_for_selector("#offline", state="hidden")
        assert page.evaluate(FOCUS) == f"review-{first.pk}"


def test_a_decision_that_is_being_written_is_not_swapped_away(cast, visit):
    submission = in_review(cast.owner, ConnectorFactory(publisher=cast.publisher))
    reviews.claim(submission, actor=cast.reviewer)
    with visit(cast.reviewer) as page:
        page.goto(f"/submissions/{submission.pk}/review/")
        page.wait_for_load_state("networkidle")
        field = page.locator("#review-panel textarea:visible").first
        field.fill("Because of the tides")
        page.locator("h1").click()
        reviews.extend(submission, actor=cast.reviewer)
        with page.expect_response("**/review/panel/") as answer:
            page.evaluate(ASK)
        assert answer.value.status == 200
        page.wait_for_timeout(200)
        assert field.input_value() == "Because of the tides"
        assert page.complaints == []
