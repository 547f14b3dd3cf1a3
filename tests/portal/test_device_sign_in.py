"""Signing a program in by a code that its owner types in the portal."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from portal.accounts.api import GRANT_TYPE
from portal.accounts.models import ApiToken, DeviceSignIn, User
from tests.certport.consenting import PAGE, consent, person_at
from tests.factories import UserFactory


@pytest.fixture(autouse=True)
def _fresh_rate_limits(db):
    cache.clear()


def start(client: Client, **given: str) -> dict:
    answer = client.post(
        "/api/v1/oauth/device/",
        {"client_id": "certport on a laptop", **given},
        content_type="application/json",
    )
    assert answer.status_code == 200, answer.content
    return answer.json()


def ask(client: Client, codes: dict, **changes: str):
    asked = {"grant_type": GRANT_TYPE, "device_code": codes["device_code"], **changes}
    return client.post("/api/v1/oauth/token/", asked, content_type="application/json")


def test_a_person_agrees_and_the_program_gets_a_token_with_what_was_ticked(cast):
    program = Client()
    codes = start(program)
    assert re.fullmatch(r"[B-Z]{4}-[B-Z]{4}", codes["user_code"])
    assert codes["verification_uri"].endswith(PAGE)
    assert ask(program, codes).json() == {"error": "authorization_pending"}
    browser = person_at(Client(), cast.developer)
    page = browser.post(PAGE, {"code": codes["user_code"].lower().replace("-", " ")})
    text = page.content.decode()
    assert "certport on a laptop" in text
    assert "127.0.0.1" in text
    assert "Only if you started this yourself" in text
    assert "is signed in" in consent(browser, codes["user_code"]).content.decode()
    issued = ask(program, codes).json()
    assert issued["scope"] == "read submissions:write"
    assert issued["expires_in"] == 30 * 24 * 3600
    bearer = {"Authorization": f"Bearer {issued['access_token']}"}
    assert program.get("/api/v1/publishers/", headers=bearer).status_code == 200
    refused = program.post(
        "/api/v1/publishers/", {"name": "X"}, content_type="application/json", headers=bearer
    )
    assert refused.status_code == 403
    assert "certport on a laptop" in browser.get("/account/tokens/").content.decode()
    assert ask(program, codes).json()["error"] == "invalid_grant", "a code gives one token"
    assert ApiToken.objects.count() == 1


def test_neither_code_is_stored(cast, client):
    codes = start(client)
    row = str(DeviceSignIn.objects.values())
    assert codes["device_code"] not in row
    assert codes["user_code"].replace("-", "") not in row


def test_the_short_code_alone_gives_no_token(cast):
    codes = start(Client())
    consent(person_at(Client(), cast.developer), codes["user_code"])
    answer = ask(Client(), codes, device_code=codes["user_code"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_refusal_is_told_to_the_program_and_stands(cast):
    codes = start(Client())
    browser = person_at(Client(), cast.developer)
    assert (
        "Nothing was allowed"
        in browser.post(PAGE, {"code": codes["user_code"], "answer": "refuse"}).content.decode()
    )
    assert ask(Client(), codes).json() == {"error": "access_denied"}
    assert consent(browser, codes["user_code"]).status_code == 400, "the code is gone"
    assert not ApiToken.objects.exists()


def test_a_program_gets_nothing_that_it_did_not_ask_for(cast):
    codes = start(Client(), scope="read")
    browser = person_at(Client(), cast.developer)
    assert consent(browser, codes["user_code"]).status_code == 400
    assert not DeviceSignIn.objects.exclude(agreed_at=None).exists()
    consent(browser, codes["user_code"], scopes=["read"], publisher=str(cast.publisher.pk))
    issued = ask(Client(), codes).json()
    assert issued["scope"] == "read"
    mine = Client().get("/api/v1/token/", headers={"Authorization": f"Bearer {issued['access_token']}"})
    assert mine.json()["teams"] == ["northwind-harbour"]
    assert mine.json()["email"] == cast.developer.email


def test_nobody_binds_a_token_to_a_team_that_is_not_theirs(cast):
    codes = start(Client())
    assert (
        consent(
            person_at(Client(), cast.stranger), codes["user_code"], publisher=str(cast.publisher.pk)
        ).status_code
        == 400
    )
    assert ask(Client(), codes).json()["error"] == "authorization_pending"


def test_an_unknown_scope_and_another_grant_are_refused_in_the_words_of_oauth(client, db):
    asked = {"client_id": "x", "scope": "everything"}
    answer = client.post("/api/v1/oauth/device/", asked, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    answer = ask(client, {"device_code": "x"}, grant_type="password")
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def test_a_program_that_asks_too_often_is_told_to_slow_down(client, db):
    codes = start(client)
    assert codes["interval"] == 5
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert ask(client, codes).json()["error"] == "authorization_pending"
        clock.shift(timedelta(seconds=1))
        assert ask(client, codes).json()["error"] == "slow_down"
        clock.shift(timedelta(seconds=5))
        assert ask(client, codes).json()["error"] == "authorization_pending"


def test_codes_end_after_ten_minutes(cast):
    codes = start(Client())
    DeviceSignIn.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert ask(Client(), codes).json()["error"] == "expired_token"
    assert (
        "No program waits for this code"
        in person_at(Client(), cast.owner).post(PAGE, {"code": codes["user_code"]}).content.decode()
    )


def test_somebody_whose_account_was_closed_meanwhile_lets_nobody_in(cast):
    codes = start(Client())
    consent(person_at(Client(), cast.developer), codes["user_code"])
    User.objects.filter(pk=cast.developer.pk).update(is_active=False)
    assert ask(Client(), codes).json()["error"] == "access_denied"


def test_guessing_codes_ends_after_ten(cast):
    browser = person_at(Client(), cast.stranger)
    statuses = [browser.post(PAGE, {"code": f"BBBB-BBB{letter}"}).status_code for letter in "BCDFGHJKLMN"]
    assert statuses == [400] * 10 + [429]


def test_starting_again_and_again_is_limited(client, db):
    for attempt in range(20):
        start(client, client_id=f"program {attempt}")
    form = "application/x-www-form-urlencoded"
    answer = client.post("/api/v1/oauth/device/", "client_id=one+more", content_type=form)
    assert (answer.status_code, answer["Content-Type"]) == (429, "application/problem+json")


def test_staff_without_a_second_factor_let_no_program_in(db, client):
    codes = start(Client())
    client.force_login(UserFactory(staff_role="operator"))
    assert consent(client, codes["user_code"])["Location"] == "/accounts/2fa/"
    assert ask(Client(), codes).json()["error"] == "authorization_pending"


def test_the_code_is_taken_from_no_address(cast):
    codes = start(Client())
    page = person_at(Client(), cast.developer).get(PAGE, {"code": codes["user_code"]}).content.decode()
    assert f'value="{codes["user_code"]}"' not in page
    assert "certport on a laptop" not in page


def signed_in(cast) -> dict[str, str]:
    codes = start(Client())
    consent(person_at(Client(), cast.developer), codes["user_code"])
    return {"Authorization": f"Bearer {ask(Client(), codes).json()['access_token']}"}


def test_a_renewed_token_takes_the_place_of_the_old_one(cast):
    old = signed_in(cast)
    renewed = Client().post("/api/v1/token/", headers=old).json()
    assert renewed["scope"] == "read submissions:write"
    assert renewed["expires_in"] == pytest.approx(30 * 24 * 3600, abs=5)
    assert Client().get("/api/v1/token/", headers=old).status_code == 401
    new = {"Authorization": f"Bearer {renewed['access_token']}"}
    assert Client().get("/api/v1/token/", headers=new).json()["scopes"] == ["read", "submissions:write"]
    assert ApiToken.objects.filter(revoked_at=None).count() == 1


def test_a_token_ends_itself_and_a_session_is_no_token(cast):
    token = signed_in(cast)
    assert person_at(Client(), cast.developer).get("/api/v1/token/").status_code == 401
    assert Client().delete("/api/v1/token/", headers=token).status_code == 204
    assert Client().get("/api/v1/token/", headers=token).status_code == 401


def test_old_sign_ins_do_not_pile_up(client, db):
    start(client)
    DeviceSignIn.objects.update(expires_at=timezone.now() - timedelta(days=2))
    start(client)
    assert DeviceSignIn.objects.count() == 1


def test_a_body_that_cannot_be_read_is_refused_in_the_words_of_oauth(client, db):
    for address in ("/api/v1/oauth/token/", "/api/v1/oauth/exchange/"):
        answer = client.post(address, "{", content_type="application/json")
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/json")
        assert answer.json()["error"] == "invalid_request"
