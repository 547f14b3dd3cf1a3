"""certport in a build that has no secret: the ID token of GitHub Actions, and that of GitLab."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from certification.rules.examples import Case
from connectors.models import Upload
from connectors.services import trusted_publishers
from portal.accounts.models import ApiToken
from tests.connectors.issuers import URL, github_claims, gitlab_claims, local_issuer, signed
from tests.factories import ConnectorFactory
from tests.rules.packages import folder
from tests.runtime.servers import as_json, backend

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connector(cast):
    return ConnectorFactory(publisher=cast.publisher, name="Harbour Tides", slug="harbour-tides")


def trust(cast, connector, workflow: str) -> None:
    draft = trusted_publishers.TrustDraft(
        issuer=URL, repository="harbour/tides", workflow=workflow, connector=connector
    )
    trusted_publishers.trust(cast.publisher, draft, actor=cast.developer)


@pytest.fixture
def github(cast, connector, certport, settings):
    """The variables of a GitHub job, and the service that they lead to."""

    def give(received):
        audience = parse_qs(urlsplit(received.path).query)["audience"][0]
        if received.headers["Authorization"] != "Bearer request-token":
            return as_json({}, 401)
        return as_json({"value": signed(github_claims(aud=audience))})

    with local_issuer(settings, audience=certport.url), backend(give) as service:
        trust(cast, connector, "release.yml")
        yield {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"http://127.0.0.1:{service.port}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token",
        }


def test_a_github_job_submits_without_a_secret(certport, connector, github):
    folder(certport.folder / "tides", Case().members())
    sent = certport(
        "submit", "tides", "--connector", "harbour-tides", "--draft", "--json",
        CERTPORT_URL=certport.url, **github,
    )  # fmt: skip
    assert sent.code == 0, sent.out + sent.said
    assert sent.document["connector"] == "harbour-tides"
    assert Upload.objects.get().connector == connector
    next_step = certport("status", sent.document["reference"], CERTPORT_URL=certport.url, **github)
    assert next_step.code == 0, next_step.said
    assert ApiToken.objects.count() == 1, "kept for the job's next commands"


def test_it_says_when_the_portal_does_not_trust_the_build(certport, cast, github):
    cast.publisher.trusted_publishers.all().delete()
    ended = certport("login", "--oidc", "--url", certport.url, **github)
    assert ended.code == 2
    assert "no trusted publisher names harbour/tides" in ended.said
    text = json.dumps([ended.out, ended.said])
    assert "request-token" not in text
    assert "eyJ" not in text


def test_a_gitlab_job_signs_in_once_and_its_token_is_taken_once(certport, cast, connector, settings):
    with local_issuer(settings, "gitlab", audience=certport.url):
        trust(cast, connector, ".gitlab-ci.yml")
        variables = {
            "CERTPORT_ID_TOKEN": signed(gitlab_claims(aud=certport.url)),
            "CERTPORT_URL": certport.url,
        }
        entered = certport("login", "--oidc", "--connector", "harbour-tides", "--json", **variables)
        assert entered.code == 0, entered.said
        assert entered.document["scopes"] == ["read", "connectors:write", "submissions:write"]
        listed = certport("connectors", "--json", **variables)
        assert [row["slug"] for row in listed.document] == ["harbour-tides"]
        assert certport("logout", **variables).code == 0
        again = certport("connectors", **variables)
        assert (again.code, "used already" in again.said) == (2, True)


def test_an_id_token_goes_to_no_portal_that_a_repository_names(certport, github):
    (certport.folder / "certport.toml").write_text(f'url = "{certport.url}"\n')
    for command in (["connectors"], ["login", "--oidc"]):
        ended = certport(*command, **github)
        assert (ended.code, "CERTPORT_URL" in ended.said) == (2, True)
    assert not ApiToken.objects.exists()


def test_where_no_build_service_vouches_it_says_what_to_set(certport):
    ended = certport("login", "--oidc", "--url", certport.url)
    assert (ended.code, "id-token: write" in ended.said) == (3, True)


def test_a_build_service_that_refuses_is_told_without_its_address(certport, github):
    ended = certport(
        "login", "--oidc", "--url", certport.url, **{**github, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "other"}
    )
    assert ended.code == 6
    assert "gives no ID token" in ended.said
    assert "127.0.0.1" not in ended.said.replace(certport.url, "")
