"""The pages people live in, in a real browser: quiet console, no violation of the policy, accessible, never too wide."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress

from tests.factories import PASSWORD, ConnectorFactory
from tests.factories.reviews import in_review
from tests.factories.rollouts import scheduled_rollout
from tests.factories.submissions import ready_draft

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]
WIDTHS = (1440, 390)


def _check(page, address: str, *, scheme: str = "light") -> None:
    from axe_playwright_python.sync_playwright import Axe

    page.goto(address)
    page.wait_for_load_state("networkidle")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{address} is {wide} px too wide at {page.viewport_size['width']}"
    found = Axe().run(page).response["violations"]
    serious = [
        f"{each['id']}: {[node['target'] for node in each['nodes']][:3]}"
        for each in found
        if each["impact"] in {"serious", "critical"}
    ]
    assert serious == [], f"{address} at {page.viewport_size['width']} px"
    assert page.complaints == [], address


@pytest.mark.parametrize("width", WIDTHS)
def test_somebody_signs_in_with_the_form(cast, visit, width):
    EmailAddress.objects.create(user=cast.owner, email=cast.owner.email, verified=True, primary=True)
    with visit(None, width=width) as page:
        _check(page, "/accounts/login/")
        page.fill("input[name=login]", cast.owner.email)
        page.fill("input[name=password]", PASSWORD)
        page.click("form[action*=login] button[type=submit], main form button.btn--primary")
        page.wait_for_url("**/")
        assert page.locator("h1").count() == 1
        assert page.complaints == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_of_a_submission_are_in_order_for_its_team(cast, visit, width):
    draft = ready_draft(cast.owner, ConnectorFactory(publisher=cast.publisher))
    with visit(cast.owner, width=width) as page:
        for part in ("", "edit/", "package/", "credentials/", "ready/", "history/"):
            _check(page, f"/submissions/{draft.pk}/{part}")
        _check(page, f"/connectors/{draft.connector_id}/")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_review_pages_are_in_order_for_a_reviewer(cast, visit, width):
    submission = in_review(cast.owner, ConnectorFactory(publisher=cast.publisher))
    with visit(cast.reviewer, width=width) as page:
        _check(page, "/reviews/")
        for part in ("review/", "review/source/", "review/changes/", "threads/"):
            _check(page, f"/submissions/{submission.pk}/{part}")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_rollout_pages_are_in_order_for_an_operator(cast, visit, width):
    rollout = scheduled_rollout(cast, "north south", "east")
    with visit(cast.operator, width=width) as page:
        _check(page, "/rollouts/")
        _check(page, f"/rollouts/{rollout.pk}/")
        _check(page, f"/rollouts/{rollout.pk}/do/stop/")
        _check(page, "/plans/")


def test_the_same_pages_are_in_order_in_the_dark(cast, visit):
    rollout = scheduled_rollout(cast, "north south", "east")
    with visit(cast.operator, scheme="dark") as page:
        for address in ("/", f"/rollouts/{rollout.pk}/", f"/submissions/{rollout.submission_id}/"):
            _check(page, address)
