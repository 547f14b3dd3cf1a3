"""Guessing is limited, second factors work, sign-in elsewhere is offered where it is configured."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests.factories import PASSWORD, UserFactory


@pytest.fixture(autouse=True)
def fresh_limits():
    cache.clear()
    yield
    cache.clear()


def confirmed(email: str, **fields: object):
    person = UserFactory(email=email, **fields)
    EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    return person


def test_guessing_a_password_is_stopped_also_with_forged_forwarding_headers(db):
    confirmed("nora@example.test")
    answers = [
        Client().post(
            reverse("account_login"),
            {"login": "nora@example.test", "password": f"guess {number}"},
            headers={"X-Forwarded-For": f"203.0.113.{number}"},
        )
        for number in range(11)
    ]
    texts = [answer.content.decode() for answer in answers]
    assert any("Too many failed" in text for text in texts) or answers[-1].status_code == 429
    right = Client().post(reverse("account_login"), {"login": "nora@example.test", "password": PASSWORD})
    assert right.status_code != 302, "the right password is refused too until the limit has passed"


def test_a_known_and_an_unknown_address_fail_alike(db):
    confirmed("nora@example.test")
    known, unknown = (
        Client().post(reverse("account_login"), {"login": address, "password": "wrong password"})
        for address in ("nora@example.test", "nobody@example.test")
    )
    assert known.status_code == unknown.status_code == 200

    def words(answer) -> str:
        text = re.sub(r"\b[A-Za-z0-9]{64}\b", "", answer.content.decode())
        return text.replace("nora@example.test", "").replace("nobody@example.test", "")

    assert words(known) == words(unknown)


def test_a_reviewer_sets_up_an_authenticator_and_signs_in_with_it(db):
    person = confirmed("rita@example.test", staff_role="reviewer")
    browser = Client()
    browser.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    assert browser.get(reverse("home"))["Location"] == reverse("mfa_index")
    assert "reauthenticate" in browser.get(reverse("mfa_activate_totp"))["Location"], (
        "a stolen session is no key"
    )
    browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert browser.get(reverse("mfa_activate_totp")).status_code == 200
    secret = browser.session["mfa.totp.secret"]

    def code() -> str:
        return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))

    browser.post(reverse("mfa_activate_totp"), {"code": code()})
    assert Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).exists()
    assert browser.get(reverse("home")).status_code == 200
    second = Client()
    cache.clear()  # the same code may be used once only
    answer = second.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    assert answer["Location"] == reverse("mfa_authenticate")
    assert second.get(reverse("home")).status_code == 302, "the password alone opens nothing"
    second.post(reverse("mfa_authenticate"), {"code": code()})
    assert second.get(reverse("home")).status_code == 200


def test_the_sessions_page_lists_where_one_is_signed_in(cast, db):
    person = confirmed("nora@example.test")
    browser = Client()
    browser.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    assert browser.get(reverse("usersessions_list")).status_code == 200


def test_signing_in_changes_the_session_key(db):
    person = confirmed("nora@example.test")
    browser = Client()
    browser.get(reverse("account_login"))
    before = browser.session.session_key
    browser.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    assert browser.session.session_key != before


def test_single_sign_on_is_offered_where_it_is_configured(db, client, settings):
    assert "Company sign-in" not in client.get(reverse("account_login")).content.decode()
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "sso",
                    "name": "Company sign-in",
                    "client_id": "portal",
                    "secret": "s",
                    "settings": {"server_url": "https://id.example.test"},
                }
            ],
        }
    }
    assert "Company sign-in" in client.get(reverse("account_login")).content.decode()


def test_a_password_reset_goes_out_by_mail_to_our_own_address(db, client, mailoutbox):
    confirmed("nora@example.test")
    client.post(
        reverse("account_reset_password"), {"email": "nora@example.test"}, headers={"Host": "localhost"}
    )
    [message] = mailoutbox
    links = re.findall(r"https?://\S+", message.body)
    assert links
    assert all(link.startswith("https://portal.test") for link in links)
