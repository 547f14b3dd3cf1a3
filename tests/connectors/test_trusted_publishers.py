"""Trusting workflows: on the team's page, by REST, and what cannot be trusted."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connectors.models import TrustedPublisher
from connectors.services import trusted_publishers as services
from portal.shared.errors import Conflict, InvalidInput, NotPermitted
from tests.factories import ConnectorFactory

pytestmark = pytest.mark.django_db
GITHUB, GITLAB = "https://token.actions.githubusercontent.com", "https://gitlab.com"
GOOD = {"issuer": GITHUB, "repository": "harbour/tides", "workflow": "release.yml", "ref": "refs/tags/*"}


def trust(cast, actor=None, **changes) -> TrustedPublisher:
    draft = services.TrustDraft(**{**GOOD, **changes})
    return services.trust(cast.publisher, draft, actor=actor or cast.owner)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"issuer": "https://evil.example"}, "issuer"),
        ({"repository": "harbour"}, "repository"),
        ({"repository": "harbour/tides/x"}, "repository"),
        ({"repository": "https://github.com/harbour/tides"}, "repository"),
        ({"repository": "*/tides"}, "repository"),
        ({"workflow": ".github/workflows/release.yml"}, "workflow"),
        ({"workflow": "release"}, "workflow"),
        ({"ref": "main"}, "ref"),
        ({"ref": "refs/heads/rel*"}, "ref"),
        ({"ref": "refs/pull/1/merge"}, "ref"),
        ({"scopes": ["team:write"]}, "scopes"),
        ({"scopes": []}, "scopes"),
        ({"issuer": GITLAB, "repository": "tides", "workflow": ".gitlab-ci.yml"}, "repository"),
    ],
)
def test_what_cannot_be_compared_exactly_is_not_trusted(cast, changes, field):
    with pytest.raises(InvalidInput) as refused:
        trust(cast, **changes)
    assert list(refused.value.fields) == [field]


def test_a_path_of_groups_and_a_file_in_a_folder_are_gitlabs(cast):
    row = trust(cast, issuer=GITLAB, repository="harbour/quay/tides", workflow="ci/release.yml")
    assert str(row) == "harbour/quay/tides ci/release.yml"


def test_it_is_trusted_once_and_only_by_those_who_hand_packages_in(cast):
    trust(cast)
    with pytest.raises(Conflict):
        trust(cast)
    with pytest.raises(NotPermitted):
        trust(cast, actor=cast.viewer, ref="")
    foreign = ConnectorFactory()
    with pytest.raises(InvalidInput):
        trust(cast, connector=foreign)


def browser(user) -> Client:
    made = Client()
    made.force_login(user)
    return made


def test_a_developer_trusts_a_workflow_on_the_teams_page_and_takes_it_back(cast):
    connector = ConnectorFactory(publisher=cast.publisher)
    page = reverse("trusted_publisher_list", args=[cast.publisher.slug])
    person = browser(cast.developer)
    assert "No workflow is trusted yet" in person.get(page).content.decode()
    form = {**GOOD, "connector": connector.pk, "scopes": ["read"], "environment": ""}
    create = reverse("trusted_publisher_create", args=[cast.publisher.slug])
    wrong = person.post(create, {**form, "repository": "tides"})
    assert (wrong.status_code, "Write owner/name" in wrong.content.decode()) == (400, True)
    assert person.post(create, form).status_code == 302
    row = TrustedPublisher.objects.get()
    assert (row.connector, row.created_by, row.scopes) == (connector, cast.developer, ["read"])
    shown = person.get(page).content.decode()
    assert "harbour/tides" in shown
    assert "GitHub Actions" in shown
    assert person.post(create, form).status_code == 400, "trusted already"
    assert (
        person.post(reverse("trusted_publisher_remove", args=[cast.publisher.slug, row.pk])).status_code
        == 302
    )
    assert not TrustedPublisher.objects.exists()


def test_a_portal_that_trusts_no_service_says_who_decides(cast, settings):
    settings.TRUSTED_ISSUERS = []
    page = reverse("trusted_publisher_list", args=[cast.publisher.slug])
    assert "TRUSTED_ISSUERS" in browser(cast.owner).get(page).content.decode()


def test_programs_list_make_and_remove_them(cast):
    connector = ConnectorFactory(publisher=cast.publisher)
    program = browser(cast.owner)
    asked = {**GOOD, "publisher": cast.publisher.slug, "connector": connector.slug}
    made = program.post("/api/v1/trusted-publishers/", asked, "application/json")
    assert made.status_code == 201, made.content
    assert made.json()["scopes"] == ["read", "connectors:write", "submissions:write"]
    listed = program.get("/api/v1/trusted-publishers/").json()["results"]
    assert [row["repository"] for row in listed] == ["harbour/tides"]
    assert browser(cast.stranger).get("/api/v1/trusted-publishers/").json()["results"] == []
    foreign = browser(cast.stranger).post("/api/v1/trusted-publishers/", asked, "application/json")
    assert foreign.status_code == 400
    assert program.delete(f"/api/v1/trusted-publishers/{made.json()['id']}/").status_code == 204


def test_the_page_asks_the_same_for_five_and_for_twenty_five(cast):
    page = reverse("trusted_publisher_list", args=[cast.publisher.slug])
    person, counts = browser(cast.owner), []
    for until in (5, 25):
        for number in range(TrustedPublisher.objects.count(), until):
            trust(cast, ref=f"refs/tags/v{number}", connector=ConnectorFactory(publisher=cast.publisher))
        person.get(page)
        with CaptureQueriesContext(connection) as asked:
            person.get(page)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 8, counts


@pytest.mark.parametrize("entry", ["github", "jenkins=https://x.example", "github=http://x.example"])
def test_a_service_that_cannot_be_asked_safely_is_no_setting(settings, entry):
    settings.TRUSTED_ISSUERS = [entry]
    with pytest.raises(ValueError, match="not of the form"):
        services.known_issuers()
