"""The first hours of a publisher, a reviewer and an operator, as docs/first-hours.md tells them, without a mouse."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.core.cache import cache

from portal.shared import outbox
from tests.browser.first_hours import Newcomer, Script, scripts
from tests.factories import ConnectorFactory
from tests.factories.reviews import in_review
from tests.factories.rollouts import add_plan, add_regions, add_submission
from tests.factories.submissions import INTRO, independent

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]
PUBLISHER, REVIEWER, OPERATOR = scripts()


def _link() -> str:
    found = re.search(r"/accounts/confirm-email/\S+", mail.outbox[-1].body)
    assert found, "the mail has no link"
    return found[0]


BRINGS = {
    "the package": lambda: {
        "name": "package.zip", "mimeType": "application/zip", "buffer": independent("Harbour Tides").archive()
    },
    "the introduction": lambda: INTRO,
    "the link of the mail": _link,
    "the portal has worked": outbox.drain,
}  # fmt: skip


def _walk(visit, person, script: Script) -> None:
    with visit(person) as page:
        newcomer = Newcomer(page, BRINGS)
        newcomer.follow(script)
        assert newcomer.unseen == [], "one does not see where one is"
        assert page.complaints == []
        assert (newcomer.presses, newcomer.pages) == (script.presses, script.pages), (
            f"“{script.title}” counts {newcomer.presses} presses, {newcomer.pages} pages: say so in docs/first-hours.md"
        )


def test_a_publisher_hands_in_a_connector(cast, visit):
    cache.clear()
    _walk(visit, None, PUBLISHER)


def test_a_reviewer_sends_it_back_with_a_comment(cast, visit):
    in_review(cast.owner, ConnectorFactory(publisher=cast.publisher, name="Harbour Tides"))
    _walk(visit, cast.reviewer, REVIEWER)


def test_an_operator_plans_a_rollout_and_stops_it(cast, visit):
    add_regions("preview-us", "japan", "norway", preview="preview-us")
    add_plan(cast.operator, "japan", "norway")
    add_submission(
        cast, state="signed_off", connector=ConnectorFactory(publisher=cast.publisher, name="Harbour Tides")
    )
    _walk(visit, cast.operator, OPERATOR)
