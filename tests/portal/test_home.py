"""The first page of each role, and global search."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.search import search
from tests.factories import ConnectorFactory, UserFactory
from tests.factories.submissions import draft


def labels(groups) -> dict[str, list[str]]:
    return {group.label: [hit.title for hit in group.hits] for group in groups}


def test_a_newcomer_is_led_through_three_steps(db, sign_in):
    page = sign_in(UserFactory()).get(reverse("home")).content.decode()
    assert "Three steps bring a connector to every region" in page
    assert reverse("publisher_create") in page


@pytest.mark.parametrize("role", ["owner", "viewer", "reviewer", "operator", "administrator"])
def test_every_role_has_a_first_page(cast, sign_in, role):
    ConnectorFactory(publisher=cast.publisher)
    page = sign_in(getattr(cast, role)).get(reverse("home"))
    assert page.status_code == 200
    assert "Your turn" in page.content.decode()


def test_what_waits_for_the_reader_is_on_top(cast, sign_in):
    submission = draft(cast.owner)
    assert "1 submission waits for you" in sign_in(cast.owner).get(reverse("home")).content.decode()
    stranger = sign_in(cast.stranger).get(reverse("home")).content.decode()
    assert submission.reference not in stranger


def test_the_first_page_asks_the_same_number_of_questions_for_any_amount(cast, sign_in):
    browser = sign_in(cast.owner)

    def queries_with(rows: int) -> int:
        for _ in range(rows):
            draft(cast.owner)
        browser.get(reverse("home"))
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(reverse("home")).status_code == 200
        return len(captured)

    assert queries_with(5) == queries_with(20)


def test_search_finds_in_ones_own_teams_only(cast):
    reference = draft(
        cast.owner, ConnectorFactory(publisher=cast.publisher, name="Kelp Forest Monitor")
    ).reference
    found = labels(search(cast.owner, "kelp"))
    assert found["Connectors"] == ["Kelp Forest Monitor"]
    assert found["Submissions"] == [f"{reference} Kelp Forest Monitor"]
    assert labels(search(cast.stranger, "kelp")) == {}
    assert labels(search(cast.owner, reference.lower()))["Submissions"] == [
        f"{reference} Kelp Forest Monitor"
    ]


def test_search_forgives_a_typing_error_and_finds_rules(cast):
    ConnectorFactory(publisher=cast.publisher, name="Kelp Forest Monitor")
    assert labels(search(cast.owner, "forset"))["Connectors"] == ["Kelp Forest Monitor"]
    assert any(title.startswith("INF-012") for title in labels(search(cast.owner, "inf-012"))["Rules"])


@pytest.mark.parametrize("text", ["", "a", "%%%", "\\", "'; DROP TABLE", "\0\0\0", "x" * 5000, "日本語"])
def test_search_bears_any_text(cast, sign_in, text):
    answer = sign_in(cast.owner).get(reverse("search"), {"q": text})
    assert answer.status_code == 200
