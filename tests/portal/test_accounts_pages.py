"""One's own account over HTTP: sign-up, second factor, tokens, preferences of the page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from portal.accounts.models import ApiToken, User
from portal.accounts.tokens import create_token, revoke_token
from portal.shared.errors import InvalidInput, NotPermitted
from tests.factories import PASSWORD, UserFactory


def test_sign_up_with_a_known_address_looks_the_same(db, client):
    person = UserFactory(email="known@example.test")
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    form = {"display_name": "X", "password1": PASSWORD, "password2": PASSWORD}
    known = client.post(reverse("account_signup"), {**form, "email": "known@example.test"})
    unknown = Client().post(reverse("account_signup"), {**form, "email": "unknown@example.test"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


@pytest.mark.parametrize("role", ["reviewer", "operator", "administrator"])
def test_staff_set_up_a_second_factor_before_anything_else(db, client, role):
    client.force_login(UserFactory(staff_role=role))
    for name in ("home", "publisher_list", "accounts:profile", "accounts:tokens"):
        answer = client.get(reverse(name))
        assert (answer.status_code, answer["Location"]) == (302, reverse("mfa_index")), name
    assert client.get("/api/v1/publishers/").status_code == 403
    assert client.get(reverse("mfa_index")).status_code == 200


def test_publishers_work_without_a_second_factor(cast, sign_in):
    assert sign_in(cast.owner).get(reverse("publisher_list")).status_code == 200


def test_the_profile_refuses_an_unknown_time_zone(cast, sign_in):
    browser = sign_in(cast.owner)
    answer = browser.post(reverse("accounts:profile"), {"display_name": "O", "time_zone": "Mars/Olympus"})
    assert "Select a valid choice" in answer.content.decode()
    browser.post(reverse("accounts:profile"), {"display_name": "O", "time_zone": "Asia/Kolkata"})
    cast.owner.refresh_from_db()
    assert cast.owner.time_zone == "Asia/Kolkata"


def make_token(user: User, **changes: object) -> tuple[ApiToken, str]:
    options = {
        "owner": user,
        "name": "build",
        "scopes": ["read"],
        "lifetime": timedelta(days=1),
        "publisher_id": None,
        "actor": user,
        **changes,
    }
    token, text = create_token(**options)
    return token, text.reveal()


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def test_a_token_is_hashed_prefixed_and_works_until_revoked(cast, client):
    token, text = make_token(cast.owner)
    assert text.startswith("ccp_")
    assert text.startswith(token.prefix)
    assert text not in str(ApiToken.objects.values())
    assert client.get("/api/v1/publishers/", headers=bearer(text)).status_code == 200
    revoke_token(token, actor=cast.owner)
    answer = client.get("/api/v1/publishers/", headers=bearer(text))
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert text not in answer.content.decode()


def test_a_token_does_no_more_than_its_scopes(cast, client):
    _, text = make_token(cast.owner)
    answer = client.post(
        "/api/v1/publishers/", {"name": "New Team"}, content_type="application/json", headers=bearer(text)
    )
    assert answer.status_code == 403
    _, text = make_token(cast.owner, scopes=["team:write"])
    answer = client.post(
        "/api/v1/publishers/", {"name": "New Team"}, content_type="application/json", headers=bearer(text)
    )
    assert answer.status_code == 201
    assert client.get("/api/v1/publishers/", headers=bearer(text)).status_code == 403, (
        "reading is a scope, too"
    )


def test_an_expired_token_and_one_of_a_closed_account_are_dead(cast, client):
    token, text = make_token(cast.owner)
    ApiToken.objects.filter(pk=token.pk).update(expires_at=token.created_at)
    assert client.get("/api/v1/publishers/", headers=bearer(text)).status_code == 401
    _, text = make_token(cast.developer)
    User.objects.filter(pk=cast.developer.pk).update(is_active=False)
    assert client.get("/api/v1/publishers/", headers=bearer(text)).status_code == 401


def test_a_token_bound_to_a_team_sees_that_team_only(cast, client):
    cast.other_publisher.memberships.create(user=cast.owner, role="viewer")
    _, text = make_token(cast.owner, publisher_id=cast.publisher.pk)
    found = client.get("/api/v1/publishers/", headers=bearer(text)).json()["results"]
    assert [row["name"] for row in found] == ["Northwind Harbour"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scopes": []}, InvalidInput),
        ({"scopes": ["everything"]}, InvalidInput),
        ({"lifetime": timedelta(days=400)}, InvalidInput),
    ],
)
def test_senseless_tokens_are_refused(cast, changes, error):
    with pytest.raises(error):
        make_token(cast.owner, **changes)


def test_nobody_makes_a_token_for_somebody_else(cast):
    with pytest.raises(NotPermitted):
        make_token(cast.owner, actor=cast.administrator)


def test_the_same_idempotency_key_makes_one_team(cast, client):
    _, text = make_token(cast.owner, scopes=["team:write"])
    headers = {**bearer(text), "Idempotency-Key": "abc"}

    def post(name: str):
        return client.post(
            "/api/v1/publishers/", {"name": name}, content_type="application/json", headers=headers
        )

    first, again, other = post("Gull Works"), post("Gull Works"), post("Tern Works")
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert first.json()["id"] == again.json()["id"]
    assert again["Idempotent-Replay"] == "true"


def test_the_theme_is_remembered_and_never_redirects_elsewhere(client, db):
    answer = client.post(reverse("accounts:theme"), {"theme": "dark", "next": "https://evil.example/"})
    assert answer.cookies["theme"].value == "dark"
    assert answer["Location"] == "/"


def test_unknown_addresses_of_the_api_answer_in_its_own_shape(client, db):
    answer = client.get("/api/v1/nothing/")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["request_id"]


def test_only_administrators_see_people_and_change_roles(cast, sign_in):
    for person in (cast.owner, cast.reviewer, cast.operator):
        assert sign_in(person).get(reverse("accounts:people")).status_code == 404
    browser = sign_in(cast.administrator)
    assert browser.get(reverse("accounts:people")).status_code == 200
    browser.post(reverse("accounts:set_staff_role", args=[cast.stranger.pk]), {"role": "reviewer"})
    cast.stranger.refresh_from_db()
    assert cast.stranger.staff_role == "reviewer"
    answer = browser.post(reverse("accounts:set_staff_role", args=[cast.administrator.pk]), {"role": ""})
    assert answer.status_code == 403
