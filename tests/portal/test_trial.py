"""Entering a trial as somebody of the demo world."""

from __future__ import annotations

import pytest
from django.urls import reverse

from portal.demo import people, presence
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.portal.trial_urls")]


@pytest.fixture(autouse=True)
def _trial(settings):
    settings.TRIAL_MODE = True


def test_who_comes_before_the_demo_world_is_told_so_and_the_cards_appear_by_themselves(client):
    page = client.get(reverse("account_login")).content.decode()
    assert "The demo world is being made" in page
    assert f'hx-get="{reverse("trial_entries")}"' in page
    assert "Enter as" not in page
    waiting = client.get(reverse("trial_entries")).content.decode()
    assert "hx-trigger" in waiting
    for person in presence.ENTERED_AS.values():
        UserFactory(email=person.address)
    there = client.get(reverse("trial_entries")).content.decode()
    assert there.count("Enter as") == 4
    assert "hx-get" not in there, "a part that has arrived asks no more"
    assert "Enter as Owner" in client.get(reverse("account_login")).content.decode()


def test_nobody_is_offered_who_was_erased(client):
    UserFactory(email=people.RANA.address)
    page = client.get(reverse("account_login")).content.decode()
    assert page.count("Enter as") == 1
    assert "being made" not in page
    assert presence.is_there(), "the world is not made a second time"


def test_a_card_of_a_moment_ago_leads_back_to_the_page_that_waits(client):
    answer = client.post(reverse("trial_enter"), {"role": "reviewer"})
    assert (answer.status_code, answer["Location"]) == (302, reverse("account_login"))
    assert client.post(reverse("trial_enter"), {"role": "king"}).status_code == 404


def test_one_click_enters_as_that_person(client):
    owner = UserFactory(email=people.OLIVIA.address)
    answer = client.post(reverse("trial_enter"), {"role": "owner"})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.session["_auth_user_id"] == str(owner.pk)


@pytest.mark.parametrize("name", ["trial_entries", "trial_tour"])
def test_outside_of_a_trial_there_is_nothing_to_enter(client, settings, name):
    settings.TRIAL_MODE = False
    assert client.get(reverse(name)).status_code == 404
    assert client.post(reverse("trial_enter"), {"role": "owner"}).status_code == 404
    assert "one click" not in client.get(reverse("account_login")).content.decode()
