"""The first page of each role."""

from __future__ import annotations

import html5lib
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.shared.models import OutboxJob
from tests.factories import ConnectorFactory, MembershipFactory, UserFactory
from tests.factories.reviews import in_review
from tests.factories.submissions import draft

EXPECTED = {
    "owner": ("Your turn", "My connectors", "Next dates"),
    "viewer": ("My connectors",),
    "reviewer": ("Review next", "Claimed by you"),
    "operator": ("Rollouts now", "Needs a look"),
    "administrator": ("Review next", "Rollouts now"),
}


def test_a_newcomer_is_led_through_three_steps(db, sign_in):
    page = sign_in(UserFactory()).get(reverse("home")).content.decode()
    assert "Three steps bring a connector to every region" in page
    assert reverse("publisher_create") in page


@pytest.mark.parametrize("role", ["owner", "viewer", "reviewer", "operator", "administrator"])
def test_every_role_has_a_first_page(cast, sign_in, role):
    ConnectorFactory(publisher=cast.publisher)
    page = sign_in(getattr(cast, role)).get(reverse("home"))
    assert page.status_code == 200
    text = page.content.decode()
    for words in EXPECTED[role]:
        assert words in text


def test_what_waits_for_the_reader_is_on_top(cast, sign_in):
    submission = draft(cast.owner)
    assert "1 submission waits for you" in sign_in(cast.owner).get(reverse("home")).content.decode()
    stranger = sign_in(cast.stranger).get(reverse("home")).content.decode()
    assert submission.reference not in stranger


def test_the_first_page_asks_no_more_questions_for_more_rows(cast, sign_in):
    browser = sign_in(cast.owner)

    def queries_with(rows: int) -> int:
        for _ in range(rows):
            draft(cast.owner)
        browser.get(reverse("home"))
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(reverse("home")).status_code == 200
        return len(captured)

    few, many = queries_with(5), queries_with(20)
    assert many <= few


def test_what_to_do_next_is_one_click_away(cast, sign_in):
    submission = draft(cast.owner)
    page = sign_in(cast.owner).get(reverse("home")).content.decode()
    assert reverse("submission_edit", args=[submission.pk]) in page
    assert "Go on with the form" in page
    assert "Go on with the form" not in sign_in(cast.viewer).get(reverse("home")).content.decode()


def test_a_reviewer_with_a_team_sees_each_submission_once(cast, sign_in):
    MembershipFactory(publisher=cast.publisher, user=cast.second_reviewer, role="owner")
    waiting = in_review(cast.owner, ConnectorFactory(publisher=cast.publisher))
    other = in_review(cast.stranger, ConnectorFactory(publisher=cast.other_publisher))
    page = sign_in(cast.second_reviewer).get(reverse("home"))
    home = page.context["home"]
    assert home.turns == []
    assert [row.submission for row in home.reviewer.queue.rows] == [other, waiting]
    assert "Your own team" in page.content.decode()
    assert [mine.connector for mine in home.maker.connectors] == [waiting.connector]


def test_the_operator_sees_what_should_not_be_there(cast, sign_in):
    quiet = sign_in(cast.operator).get(reverse("home")).content.decode()
    assert "All quiet" in quiet
    OutboxJob.objects.create(topic="kelp.grow", handler="x", queue="default", state="parked", attempts=12)
    noisy = sign_in(cast.operator).get(reverse("home")).content.decode()
    assert "kelp.grow" in noisy
    assert "All quiet" not in noisy


def test_the_live_part_says_nothing_until_something_happens(cast, sign_in):
    browser = sign_in(cast.owner)
    draft(cast.owner)
    stamp = browser.get(reverse("home")).context["stamp"]
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(reverse("home_live"), headers={"X-Seen": stamp}).status_code == 204
    assert len(captured) <= 5
    draft(cast.owner)
    answer = browser.get(reverse("home_live"), headers={"X-Seen": stamp})
    assert answer.status_code == 200
    assert answer.content.decode().count("<html") == 0
    assert answer.context["stamp"] != stamp
    assert browser.get(reverse("home_live"), headers={"X-Seen": ""}).status_code == 200


def test_the_menu_of_teams_switches_between_them(cast, sign_in):
    other = MembershipFactory(user=cast.owner, role="owner", publisher__name="Kelp Works").publisher
    ConnectorFactory(publisher=other, name="Kelp Forest")
    ConnectorFactory(publisher=cast.publisher, name="Harbour Tides")
    browser = sign_in(cast.owner)
    page = html5lib.parse(browser.get(reverse("home")).content, namespaceHTMLElements=False)
    (entry,) = (
        each
        for each in page.iter("form")
        if each.attrib.get("action", "").endswith("/switch/") and "Kelp Works" in "".join(each.itertext())
    )
    found = browser.post(entry.attrib["action"], follow=True).content.decode()
    assert "Kelp Forest" in found
    assert "Harbour Tides" not in found
