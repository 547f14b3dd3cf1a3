"""The first mail: its link confirms the address, and signs in whoever signed up in the same browser, once."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from tests.factories import PASSWORD, UserFactory


@pytest.fixture(autouse=True)
def fresh_limits():
    cache.clear()
    yield
    cache.clear()


def signed_up(browser: Client, query: str = "") -> str:
    """Sign up as Nora; the path of the mailed link."""
    both = {"password1": PASSWORD, "password2": PASSWORD}
    person = {"display_name": "Nora Vance", "email": "Nora@Example.test", **both}
    answer = browser.post(f"{reverse('account_signup')}{query}", person)
    assert answer["Location"].startswith(reverse("account_email_verification_sent"))
    assert browser.get(reverse("home")).status_code == 302, "not signed in before the address is confirmed"
    link = re.search(r"https://portal\.test(/\S+)", mail.outbox[-1].body)
    assert link, "the link goes to SITE_URL"
    return link[1]


def is_signed_in(browser: Client) -> bool:
    return browser.get(reverse("accounts:profile")).status_code == 200


def test_whoever_signed_up_in_this_browser_goes_on_without_signing_in_again(db, client):
    link = signed_up(client)
    page = client.get(link).content.decode()
    assert "Confirm and go on" in page
    assert "nora@example.test" in page
    assert not is_signed_in(client), "looking at the page, as mail scanners do, changes nothing"
    assert client.post(link)["Location"] == reverse("home")
    assert is_signed_in(client)
    assert User.objects.get().display_name == "Nora Vance"


def test_after_confirming_one_is_where_one_wanted_to_be(db, client):
    wanted = reverse("publisher_create")
    assert client.post(signed_up(client, f"?next={wanted}"))["Location"] == wanted
    assert client.get(wanted).status_code == 200


def test_in_another_browser_the_link_confirms_but_signs_nobody_in(db):
    link, elsewhere = signed_up(Client()), Client()
    assert elsewhere.post(link)["Location"] == reverse("account_login")
    assert not is_signed_in(elsewhere)
    elsewhere.post(reverse("account_login"), {"login": "nora@example.test", "password": PASSWORD})
    assert is_signed_in(elsewhere)


def test_a_link_works_once_and_then_says_what_to_do(db, client):
    link = signed_up(client)
    client.post(link)
    client.post(reverse("account_logout"))
    page = client.get(link).content.decode()
    assert "This link has done its work" in page
    assert f'href="{reverse("account_login")}"' in page
    assert client.post(link).status_code == 404
    assert not is_signed_in(client)


def test_a_link_of_somebody_else_does_not_sign_in_and_ends_the_session_that_is_open(db, client):
    link, other = signed_up(Client()), UserFactory()
    client.force_login(other)
    client.post(link)
    assert not is_signed_in(client), "nobody goes on as another person than the address says"


def test_a_closed_account_stays_closed(db, client):
    link = signed_up(client)
    User.objects.update(is_active=False)
    client.post(link)
    assert not is_signed_in(client)
