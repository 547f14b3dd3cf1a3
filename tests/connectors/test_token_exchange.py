"""ID tokens of builds: the good one gives a token of minutes, every bad one nothing, and says why."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from datetime import timedelta

import jwt
import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from certification.services import threads
from connectors.models import Membership, SpentIdToken, TrustedPublisher
from connectors.services import issuer_keys, trusted_publishers
from portal.accounts.models import ApiToken
from portal.shared.models import AuditRecord
from tests.connectors import issuers
from tests.connectors.issuers import (
    EC_KEY,
    OTHER_KEY,
    PORTAL,
    RSA_KEY,
    URL,
    gitlab_claims,
    id_token,
    local_issuer,
    public,
    rsa_key,
    signed,
)
from tests.factories import ConnectorFactory, PublisherFactory
from tests.factories.reviews import in_review

pytestmark = pytest.mark.django_db


@pytest.fixture
def issuer(settings):
    with local_issuer(settings) as made:
        yield made


@pytest.fixture
def connector(cast):
    return ConnectorFactory(publisher=cast.publisher, slug="harbour-tides")


def trusted(cast, publisher=None, actor=None, **changes) -> TrustedPublisher:
    asked = {"issuer": URL, "repository": "harbour/tides", "workflow": "release.yml", "ref": "refs/tags/*"}
    draft = trusted_publishers.TrustDraft(**{**asked, **changes})
    return trusted_publishers.trust(publisher or cast.publisher, draft, actor=actor or cast.developer)


def exchange(text: str, **more: str):
    body = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": text,
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        **more,
    }
    return Client().post("/api/v1/oauth/exchange/", json.dumps(body), content_type="application/json")


def api(answer) -> Client:
    return Client(HTTP_AUTHORIZATION=f"Bearer {answer.json()['access_token']}")


def test_a_build_gets_a_token_of_minutes_that_is_written_down_nowhere(cast, issuer, connector):
    row = trusted(cast, connector=connector)
    answer = exchange(id_token())
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 900)
    assert told["scope"] == "read connectors:write submissions:write"
    assert answer["Cache-Control"] == "no-store"
    token = ApiToken.objects.get()
    assert (token.user, token.publisher_id, token.connector_id) == (
        cast.developer,
        cast.publisher.pk,
        connector.pk,
    )
    assert timedelta(minutes=14) < token.expires_at - timezone.now() <= timedelta(minutes=15)
    row.refresh_from_db()
    assert (row.repository_id, row.owner_id, row.last_ref) == ("4711", "17", "refs/tags/v1.0")
    record = AuditRecord.objects.get(action="trustedpublisher.exchange")
    assert record.data["run"] == "99"
    assert told["access_token"] not in json.dumps(list(AuditRecord.objects.values("data", "reason")))
    assert api(answer).get("/api/v1/connectors/").json()["results"][0]["slug"] == "harbour-tides"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"aud": "https://elsewhere.example"}, f"ask for the audience {PORTAL}"),
        ({"aud": [PORTAL, "https://elsewhere.example"]}, "is for somebody else"),
        ({"exp": -60}, "has expired"),
        ({"nbf": 120}, "not valid yet"),
        ({"iat": 120}, "not valid yet"),
        ({"exp": 3 * 86400}, "longer than a day"),
        ({"exp": None}, "lacks the claim exp"),
        ({"jti": None}, "lacks the claim jti"),
        ({"sub": None}, "lacks the claim sub"),
        ({"repository_id": None}, "lacks the claim repository_id"),
        ({"iss": "https://builds.harbour.example.evil.example"}, "does not trust the ID token's issuer"),
        ({"iss": f"{URL}/"}, "does not trust the ID token's issuer"),
        ({"ref": "refs/heads/main"}, "it runs for refs/heads/main"),
        ({"event_name": "pull_request_target"}, "pull request"),
        ({"ref": "refs/pull/7/merge"}, "pull request"),
        (
            {"workflow_ref": "harbour/tides/.github/workflows/other.yml@refs/tags/v1.0"},
            "the workflow is other.yml",
        ),
        (
            {"workflow_ref": "harbour/tides/.github/workflows/release.yml@x.yml@refs/tags/v1.0"},
            "the workflow is release.yml@x.yml",
        ),
        (
            {"workflow_ref": "evil/tides/.github/workflows/release.yml@refs/tags/v1.0"},
            "not one of its repository",
        ),
    ],
)
def test_what_is_not_true_or_not_trusted_gives_nothing_and_says_why(cast, issuer, changes, why):
    trusted(cast)
    # Times are told in seconds from the moment of the request, however long ago the tests were collected.
    changes = {
        name: value + int(time.time()) if isinstance(value, int) else value for name, value in changes.items()
    }
    answer = exchange(id_token(**changes))
    assert answer.status_code == 400, answer.content
    assert answer.json()["error"] == "invalid_grant"
    assert why in answer.json()["error_description"]
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    "name", ["harbour/tides2", "harbour/Tides", "harbour-x/tides", "xharbour/tides", "harbour/tides/x"]
)
def test_a_repository_with_a_similar_name_is_another_one(cast, issuer, name):
    trusted(cast)
    answer = exchange(
        id_token(repository=name, workflow_ref=f"{name}/.github/workflows/release.yml@refs/tags/v1.0")
    )
    assert answer.status_code == 400
    assert f"no trusted publisher names {name}" in answer.json()["error_description"]


def unsigned(claims) -> str:
    return jwt.encode(claims, "", algorithm="none", headers={"kid": "rsa"})


def by_public_key_as_secret(claims) -> str:
    """The old trick: HMAC with what everybody may know."""
    head, body, _mac = jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": "rsa"}).split(".")
    return f"{head}.{body}.{base64.urlsafe_b64encode(b'x' * 32).decode().rstrip('=')}"


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (unsigned, "algorithm other than"),
        (by_public_key_as_secret, "algorithm other than"),
        (lambda claims: signed(claims, algorithm="RS512"), "algorithm other than"),
        (lambda claims: signed(claims, key=OTHER_KEY), "signature is not the issuer's"),
        (lambda claims: signed(claims, key=OTHER_KEY, key_id="other"), "no such key"),
        (lambda claims: signed(claims, key=EC_KEY, algorithm="ES256"), "not valid"),
        (lambda claims: signed(claims, crit=["x"], x=1), "ID token"),
        (lambda claims: signed(claims)[:-8] + "AAAAAAAA", "signature is not the issuer's"),
        (lambda claims: "ey.no.token", "This is no ID token"),
        (lambda claims: "x" * 20_000, ""),
    ],
)
def test_a_signature_that_is_none_is_not_believed(cast, issuer, make, why):
    trusted(cast)
    answer = exchange(make(issuers.github_claims()))
    assert answer.status_code == 400, answer.content
    assert why in answer.json().get("error_description", "")
    assert not ApiToken.objects.exists()


def test_both_accepted_algorithms_are_accepted(cast, issuer):
    trusted(cast)
    assert exchange(id_token()).status_code == 200
    by_curve = signed(issuers.github_claims(), key=EC_KEY, key_id="ec", algorithm="ES256")
    assert exchange(by_curve).status_code == 200


def test_a_weak_key_and_one_for_encrypting_are_not_used(cast, issuer):
    trusted(cast)
    weak = rsa_key(1024)
    issuer.keys = [public(weak, "weak"), public(OTHER_KEY, "other", use="enc"), public(RSA_KEY, "rsa")]
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        text = signed(issuers.github_claims(), key=weak, key_id="weak")
    assert "weak" in exchange(text).json()["error_description"]
    text = signed(issuers.github_claims(), key=OTHER_KEY, key_id="other")
    assert "no such key" in exchange(text).json()["error_description"]


def test_an_id_token_works_once(cast, issuer):
    trusted(cast)
    text = id_token()
    assert exchange(text).status_code == 200
    again = exchange(text)
    assert (again.status_code, "used already" in again.json()["error_description"]) == (400, True)
    assert SpentIdToken.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        now = int(time.time())
        exchange(id_token(iat=now, nbf=now, exp=now + 300))
    assert SpentIdToken.objects.count() == 1, "what has expired anyway is forgotten"


def test_a_repository_that_was_made_again_under_the_name_gets_nothing(cast, issuer):
    row = trusted(cast)
    exchange(id_token())
    for change in ({"repository_id": "4712"}, {"repository_owner_id": "18"}):
        answer = exchange(id_token(**change))
        assert answer.status_code == 400
        assert "another repository than before" in answer.json()["error_description"]
    row.refresh_from_db()
    assert "another repository" in row.last_refusal
    assert AuditRecord.objects.filter(action="trustedpublisher.refuse").count() == 2
    assert exchange(id_token()).status_code == 200, "the one that was there stays trusted"


def test_keys_are_kept_and_a_new_one_is_found_without_asking_for_every_invention(cast, issuer):
    trusted(cast)
    exchange(id_token())
    exchange(id_token())
    assert len(issuer.server.received) == 2, "description and keys, once"
    issuer.keys = [public(OTHER_KEY, "new")]
    rotated = signed(issuers.github_claims(), key=OTHER_KEY, key_id="new")
    assert exchange(rotated).status_code == 200
    assert len(issuer.server.received) == 4
    for _number in range(3):
        exchange(signed(issuers.github_claims(), key_id="invented"))
    assert len(issuer.server.received) == 4


def test_an_issuer_that_is_away_or_describes_another_is_told_as_such(cast, issuer):
    trusted(cast)
    issuer.described_as = "https://another.example"
    assert exchange(id_token()).status_code == 503
    issuer.described_as = URL
    cache.clear()
    assert exchange(id_token()).status_code == 200
    issuer.keys = []
    cache.delete(f"issuer-keys:{hashlib.sha256(URL.encode()).hexdigest()}:fresh")
    assert exchange(id_token()).status_code == 200, "keys that were good an hour ago"


def test_public_addresses_are_not_called_where_that_is_switched_off(settings, cast, issuer):
    trusted(cast)
    settings.EGRESS_LOCAL_HOSTS = []
    settings.EGRESS_PUBLIC = False
    assert exchange(id_token()).status_code == 503


def test_a_token_for_one_connector_reaches_no_other(cast, issuer, connector):
    other = ConnectorFactory(publisher=cast.publisher, slug="harbour-cranes")
    trusted(cast, connector=connector)
    program = api(exchange(id_token()))
    assert [row["slug"] for row in program.get("/api/v1/connectors/").json()["results"]] == ["harbour-tides"]
    assert program.get(f"/api/v1/connectors/{other.pk}/").status_code == 404
    assert program.get(f"/api/v1/connectors/{other.pk}/uploads/").status_code == 404
    started = program.post("/api/v1/submissions/", {"connector": other.slug}, "application/json")
    assert started.status_code == 400
    started = program.post(
        "/api/v1/submissions/", {"connector": connector.slug, "kind": "new"}, "application/json"
    )
    assert started.status_code == 201, started.content
    made = {"publisher": cast.publisher.slug, "name": "Harbour Gulls"}
    assert program.post("/api/v1/connectors/", made, "application/json").status_code == 400
    for closed in ("publishers", "webhooks", "events", "trusted-publishers", "families"):
        assert program.get(f"/api/v1/{closed}/").status_code == 403, closed


def test_it_is_not_renewed_and_not_listed_among_ones_tokens(cast, issuer, connector):
    trusted(cast)
    program = api(exchange(id_token()))
    assert program.get("/api/v1/token/").status_code == 200
    renewed = program.post("/api/v1/token/")
    assert (renewed.status_code, "not renewed" in renewed.json()["detail"]) == (409, True)


def test_removing_it_ends_the_tokens_that_builds_hold(cast, issuer):
    row = trusted(cast)
    program = api(exchange(id_token()))
    trusted_publishers.distrust(row, actor=cast.owner)
    assert program.get("/api/v1/connectors/").status_code == 401
    assert exchange(id_token()).status_code == 400


def test_whoever_left_the_team_takes_their_builds_along(cast, issuer):
    trusted(cast)
    Membership.objects.filter(user=cast.developer, publisher=cast.publisher).update(role="viewer")
    answer = exchange(id_token())
    assert (answer.status_code, "may not act for the team" in answer.json()["error_description"]) == (
        400,
        True,
    )
    assert not ApiToken.objects.exists()


def test_somebody_elses_trust_in_the_same_repository_takes_nothing_away(cast, issuer, connector):
    """A stranger names your repository as theirs: your build must neither act for them nor be stopped."""
    trusted(cast, connector=connector)
    others = PublisherFactory()
    Membership.objects.create(publisher=others, user=cast.stranger, role="owner")
    trusted(cast, publisher=others, actor=cast.stranger)
    unclear = exchange(id_token())
    assert (unclear.status_code, unclear.json()["error"]) == (400, "invalid_target")
    assert exchange(id_token(), connector="harbour-tides").status_code == 200
    assert ApiToken.objects.get().publisher_id == cast.publisher.pk


def test_the_environment_and_one_branch_are_compared(cast, issuer):
    trusted(cast, ref="refs/heads/main", environment="release")
    on_main = {"ref": "refs/heads/main"}
    assert "the environment is none" in exchange(id_token(**on_main)).json()["error_description"]
    other = exchange(id_token(**on_main, environment="Release"))
    assert "the environment is Release" in other.json()["error_description"]
    assert exchange(id_token(**on_main, environment="release")).status_code == 200
    assert exchange(id_token(ref="refs/heads/main2", environment="release")).status_code == 400


def test_gitlab_says_it_in_other_words(settings, cast):
    with local_issuer(settings, "gitlab"):
        trusted(cast, workflow=".gitlab-ci.yml")
        assert exchange(signed(gitlab_claims())).status_code == 200
        bad = {
            "pipeline_source": "merge_request_event",
            "ref_path": "refs/heads/main",
            "ci_config_ref_uri": "builds.harbour.example/harbour/other//.gitlab-ci.yml@refs/tags/v1.0",
            "project_path": "harbour/tides/sub",
            "project_id": "4712",
        }
        for name, value in bad.items():
            assert exchange(signed(gitlab_claims(**{name: value}))).status_code == 400, name


def test_what_is_no_exchange_is_answered_as_oauth_has_it(issuer):
    assert exchange("x", grant_type="password").json() == {"error": "unsupported_grant_type"}
    assert exchange("", subject_token_type="x").json() == {"error": "invalid_request"}


def test_the_address_is_the_one_that_is_documented():
    assert reverse("api:oauth_exchange") == "/api/v1/oauth/exchange/"
    assert issuer_keys.KEEP_SECONDS == 3600


def test_a_build_answers_in_the_threads_of_its_connector_and_in_no_other(cast, issuer):
    mine = in_review(cast.owner)
    other = in_review(cast.owner, ConnectorFactory(publisher=cast.publisher))
    asked = {each: threads.open_thread(each, body="Which?", actor=cast.reviewer) for each in (mine, other)}
    trusted(cast, connector=mine.connector)
    build = api(exchange(id_token()))

    def send(thread, deed: str):
        return build.post(
            f"/api/v1/threads/{thread.pk}/{deed}/", {"body": "The old one."}, content_type="application/json"
        )

    assert build.get(f"/api/v1/threads/{asked[mine].pk}/").json()["comments"][0]["body"] == "Which?"
    assert send(asked[mine], "comments").status_code == 201
    assert asked[mine].comments.get(author=cast.developer).body == "The old one."
    assert build.get(f"/api/v1/threads/{asked[other].pk}/").status_code == 404
    assert send(asked[other], "comments").status_code == 404
    assert send(asked[mine], "reopen").status_code == 403, "reviewing is no right of a build"
    opened = build.post(
        f"/api/v1/submissions/{mine.pk}/threads/", {"body": "New."}, content_type="application/json"
    )
    assert opened.status_code == 403
    assert asked[other].comments.count() == 1
