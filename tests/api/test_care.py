"""Known issues and general availability over the API, as the team and an operator use it."""

from __future__ import annotations

import json

import pytest

from connectors.models import AvailabilityRequest, KnownIssue
from tests.factories import ConnectorFactory

pytestmark = pytest.mark.django_db
ISSUES, REQUESTS = "/api/v1/known-issues/", "/api/v1/availability-requests/"


@pytest.fixture
def connector(cast):
    return ConnectorFactory(publisher=cast.publisher, name="Tides")


@pytest.fixture
def ask(sign_in, client):
    def asked(user, method, path, body=None):
        content = json.dumps(body) if body is not None else ""
        return sign_in(user, client).generic(method, path, content, content_type="application/json")

    return asked


def test_an_issue_is_told_changed_and_resolved(ask, cast, connector):
    told = {"connector": str(connector.pk), "status": 429, "title": "Too fast", "text": "Wait a *minute*."}
    made = ask(cast.developer, "POST", ISSUES, told)
    assert made.status_code == 201, made.content
    assert {name: made.json()[name] for name in told} == told
    again = ask(cast.developer, "POST", ISSUES, told)
    assert again.status_code == 409, "one explanation for a code"

    address = f"{ISSUES}{made.json()['id']}/"
    changed = ask(cast.developer, "PATCH", address, {"title": "Much too fast"}).json()
    assert (changed["title"], changed["text"], changed["status"]) == (
        "Much too fast",
        "Wait a *minute*.",
        429,
    )
    freed = ask(cast.developer, "PATCH", address, {"status": None}).json()
    assert freed["status"] is None
    assert ask(cast.developer, "POST", f"{address}resolve/").json()["resolved_at"]
    assert ask(cast.developer, "POST", f"{address}resolve/").status_code == 409
    assert ask(cast.viewer, "GET", f"{ISSUES}?is_open=true").json()["results"] == []
    (past,) = ask(cast.viewer, "GET", f"{ISSUES}?is_open=false&connector={connector.pk}").json()["results"]
    assert past["written_by"] == cast.developer.name


def test_what_cannot_be_published_is_told_by_field(ask, cast, connector):
    secret = {"connector": str(connector.pk), "title": "Key", "text": "password=Tr0ub4dor&3-tides-secret"}
    refused = ask(cast.developer, "POST", ISSUES, secret)
    assert (refused.status_code, "text" in refused.json()["errors"]) == (400, True)
    unknown = ask(cast.developer, "POST", ISSUES, {"title": "a", "text": "b", "status": 200})
    assert set(unknown.json()["errors"]) == {"connector", "status"}
    assert ask(cast.viewer, "GET", f"{ISSUES}?connector=tides").status_code == 400
    assert not KnownIssue.objects.exists()


def test_other_teams_see_and_do_nothing(ask, cast, connector):
    issue = KnownIssue.objects.create(connector=connector, title="A", text="B", written_by=cast.owner)
    told = {"connector": str(connector.pk), "title": "Mine", "text": "Now."}
    assert ask(cast.stranger, "GET", ISSUES).json()["results"] == []
    assert ask(cast.stranger, "POST", ISSUES, told).status_code == 404
    assert ask(cast.stranger, "PATCH", f"{ISSUES}{issue.pk}/", {"title": "C"}).status_code == 404
    assert ask(cast.viewer, "PATCH", f"{ISSUES}{issue.pk}/", {"title": "C"}).status_code == 403
    issue.refresh_from_db()
    assert issue.title == "A"


def test_availability_is_asked_for_with_everything_that_is_missing(ask, cast, connector):
    asked = {"connector": str(connector.pk), "support_hours": "every day, 0 to 24 UTC"}
    refused = ask(cast.owner, "POST", REQUESTS, asked)
    assert refused.status_code == 409
    assert len(refused.json()["blockers"]) > 1, "every criterion that is not met is named"


def test_an_operator_decides_and_the_team_takes_back(ask, cast, connector):
    def requested():
        return AvailabilityRequest.objects.create(
            connector=connector, support_hours="every day", requested_by=cast.owner
        )

    first = f"{REQUESTS}{requested().pk}/"
    assert ask(cast.owner, "POST", f"{first}decide/", {"decision": "grant"}).status_code == 403
    silent = ask(cast.operator, "POST", f"{first}decide/", {"decision": "decline"})
    assert (silent.status_code, set(silent.json()["errors"])) == (400, {"reasons"})
    said = {"decision": "decline", "reasons": "Two weeks are too short."}
    declined = ask(cast.operator, "POST", f"{first}decide/", said).json()
    assert (declined["state"], declined["reasons"], declined["decided_by"]) == (
        "declined",
        "Two weeks are too short.",
        cast.operator.name,
    )
    second = f"{REQUESTS}{requested().pk}/"
    assert ask(cast.developer, "POST", f"{second}withdraw/").json()["state"] == "withdrawn"
    assert ask(cast.operator, "POST", f"{second}decide/", {"decision": "grant"}).status_code == 409
    states = [each["state"] for each in ask(cast.viewer, "GET", REQUESTS).json()["results"]]
    assert states == ["withdrawn", "declined"]
    only = ask(cast.viewer, "GET", f"{REQUESTS}?state=declined").json()["results"]
    assert [each["id"] for each in only] == [declined["id"]]
