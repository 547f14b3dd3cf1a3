"""The shell in a real browser: the palette in both themes and by keyboard, pages that move by themselves."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from certification.services import submissions
from tests.factories import ConnectorFactory
from tests.factories.reviews import in_review
from tests.factories.rollouts import scheduled_rollout
from tests.factories.submissions import ready_draft

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


def _violations(page) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {[node['target'] for node in each['nodes']][:3]}" for each in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_palette_breaks_no_rule_of_accessibility(cast, visit, live_server, scheme):
    in_review(cast.owner, ConnectorFactory(publisher=cast.publisher))
    scheduled_rollout(cast, "north south", "east")
    with visit(cast.operator, scheme=scheme) as page:
        hosts = set()
        page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
        page.goto("/")
        page.wait_for_load_state("networkidle")
        page.keyboard.press("Control+k")
        # While it asks the server the list is dimmed.
        page.wait_for_selector('#palette-list:not([aria-busy="true"]) a[role=option]')
        page.wait_for_timeout(600)
        assert _violations(page) == [], "palette"
        assert hosts == {urlsplit(live_server.url).netloc}
        assert page.complaints == []


def test_the_palette_is_used_without_a_mouse(cast, visit):
    submission = ready_draft(cast.owner, ConnectorFactory(publisher=cast.publisher, name="Kelp Forest"))
    with visit(cast.owner) as page:
        page.goto("/")
        page.keyboard.press("/")
        page.wait_for_selector("#palette[open]")
        page.keyboard.type("kelp forset")
        page.wait_for_selector("#palette-list a:has-text('Kelp Forest')")
        chosen = page.locator("#palette-list [aria-selected=true]")
        assert chosen.count() == 1
        assert page.locator("[role=combobox]").get_attribute("aria-activedescendant") == chosen.get_attribute(
            "id"
        )
        page.keyboard.press("ArrowDown")
        assert submission.reference in page.locator("#palette-list [aria-selected=true]").inner_text()
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/submissions/{submission.pk}/")
        page.keyboard.press("Control+k")
        page.wait_for_selector("#palette-list :text('On this page')")
        page.keyboard.press("Escape")
        page.wait_for_selector("#palette", state="hidden")
        # Whoever types a number and Enter does not wait for the list.
        page.goto("/")
        page.keyboard.press("/")
        page.keyboard.type(submission.reference)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/submissions/{submission.pk}/")
        assert page.complaints == []


def test_a_submission_shows_what_happens_without_a_reload(cast, visit):
    submission = ready_draft(cast.owner, ConnectorFactory(publisher=cast.publisher))
    with visit(cast.owner) as page:
        page.goto(f"/submissions/{submission.pk}/")
        page.wait_for_load_state("networkidle")
        assert "Draft" in page.locator("#submission-state").inner_text()
        submissions.submit(submission, actor=cast.owner)
        page.evaluate("document.body.dispatchEvent(new CustomEvent('reconnected'))")
        page.wait_for_selector("#submission-state:has-text('Submitted')")
        assert page.locator("#submission-live").get_attribute("hx-trigger").startswith("every 3s")
        assert page.complaints == []
