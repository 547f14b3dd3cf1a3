"""Signing in as a GitHub App: tokens are bought with the app's key, kept while they last, and renewed once."""

from __future__ import annotations

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.urls import reverse

from certification.forges import (
    AppKey,
    ForgePlace,
    ForgeRefused,
    GitHubForge,
    KeyUnusable,
    checked_key,
    github_app,
)
from certification.models import ForgeConnection
from certification.services import forges
from connectors.runtime.egress import Egress
from portal.shared import outbox
from portal.shared.errors import InvalidInput
from tests.certification import test_pull_requests as pulls
from tests.forges.github_server import API, HOST, serving

origin, binding = pulls.origin, pulls.binding


def pem(key) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)


@pytest.fixture(autouse=True)
def fresh():
    github_app.forget_all()
    yield
    github_app.forget_all()


@pytest.fixture
def hub(key):
    with serving() as served:
        served.app_key = key.public_key()
        yield served


def as_app(hub, key, **changes) -> GitHubForge:
    given = {"app_id": hub.app_id, "installation_id": hub.installation, "private_key": pem(key)}
    egress = Egress(local_hosts={HOST: ("127.0.0.1", hub.port)})
    return GitHubForge(ForgePlace("github", API, "harbour/all", "", egress, AppKey(**given | changes)))


def bought(hub) -> int:
    return sum(path.endswith("/access_tokens") for _method, path in hub.calls)


def test_a_token_is_bought_once_and_kept_until_shortly_before_its_end(hub, key):
    assert as_app(hub, key).describe() == "harbour/all"
    assert as_app(hub, key).describe() == "harbour/all"
    assert bought(hub) == 1
    github_app.forget_all()
    hub.lasting_seconds = 200
    as_app(hub, key).describe()
    as_app(hub, key).describe()
    assert bought(hub) == 3, "one that ends soon is not used again"


def test_one_that_was_taken_back_is_renewed_once(hub, key):
    as_app(hub, key).describe()
    hub.installation_tokens.update(dict.fromkeys(hub.installation_tokens, False))
    assert as_app(hub, key).describe() == "harbour/all"
    assert bought(hub) == 2
    hub.fail += [("GET", "", 401, {}, "Bad credentials")] * 2
    with pytest.raises(ForgeRefused):
        as_app(hub, key).describe()
    assert bought(hub) == 3


def test_the_statement_is_short_and_begins_a_minute_ago(key):
    told = AppKey("271828", 1, pem(key)).statement(1_780_000_000.5)
    claims = jwt.decode(told, key.public_key(), algorithms=["RS256"], options={"verify_exp": False})
    assert claims["iss"] == "271828"
    assert claims["iat"] == 1_780_000_000 - 60
    assert claims["exp"] - claims["iat"] <= 600
    assert jwt.get_unverified_header(told)["alg"] == "RS256"


def test_another_key_another_app_and_no_installation_are_refused_and_nothing_is_told_of_them(hub, key):
    stranger = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    as_app(hub, key).describe()
    for forge in (
        as_app(hub, key, private_key=pem(stranger)),
        as_app(hub, key, app_id="161803"),
        as_app(hub, key, installation_id=999),
    ):
        with pytest.raises(ForgeRefused) as refused:
            forge.describe()
        assert "PRIVATE KEY" not in refused.value.message
    assert "PRIVATE KEY" not in repr(AppKey("1", 2, pem(key)))


def test_keys_that_cannot_be_used_say_why(key):
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"quay"),
    ).decode()
    short = rsa.generate_private_key(public_exponent=65_537, key_size=1024)
    for text, said in {
        locked: "passphrase",
        pem(ec.generate_private_key(ec.SECP256R1())): "RSA",
        pem(short): "too short",
        "quay": "no private key",
    }.items():
        with pytest.raises(KeyUnusable, match=said):
            checked_key(text)
    assert checked_key(pem(key).replace("\n", "\r\n")) == pem(key)


@pytest.mark.django_db
def test_a_team_connects_an_app_and_pull_requests_are_answered_as_it(cast, binding, origin, key, sign_in):
    hub = origin.hub
    hub.app_key = key.public_key()
    client = sign_in(cast.owner)
    page = reverse("repository_forge", args=[binding.connector_id])
    given = {
        "api_url": API,
        "app_id": hub.app_id,
        "installation_id": hub.installation,
        "private_key": pem(key),
    }
    refused = client.post(page, given | {"private_key": "quay"}).content.decode()
    assert "no private key" in refused
    assert "not that of this app id" in client.post(page, given | {"app_id": "161803"}).content.decode()
    assert "not both" in client.post(page, given | {"token": "ghp_x"}).content.decode()
    assert client.post(page, given).status_code == 302
    row = ForgeConnection.objects.extra(select={"raw": "secrets"}).get()
    assert (row.app_id, row.installation_id) == (hub.app_id, hub.installation)
    assert "PRIVATE KEY" not in row.raw
    assert not any(token in row.raw for token in hub.installation_tokens)
    assert "PRIVATE KEY" not in client.get(page).content.decode()

    hub.open_pull(7, pulls.propose(origin, {pulls.DEFINITION: pulls.without_operation(origin)}))
    pulls.see(binding)
    assert [run["conclusion"] for run in hub.runs.values()] == ["failure"]

    # The key stays for the same app and server, and goes to no other.
    forges.connect_forge(
        binding, forges.ForgeDraft(API, app_id=hub.app_id, installation_id=hub.installation), actor=cast.owner
    )
    for api_url, app_id in ((f"{API}:8443", hub.app_id), (API, "161803")):
        draft = forges.ForgeDraft(api_url, app_id=app_id, installation_id=hub.installation)
        with pytest.raises(InvalidInput) as wrong:
            forges.connect_forge(binding, draft, actor=cast.owner)
        assert list(wrong.value.fields) == ["private_key"]
    told = client.get(reverse("api:repository_forge", args=[binding.connector_id])).json()
    assert (told["app_id"], "private_key" in told) == (hub.app_id, False)
    forges.disconnect_forge(binding, actor=cast.owner)
    row = ForgeConnection.objects.get()
    assert (row.app_id, row.installation_id, row.secrets) == ("", None, None)
    outbox.drain()
