"""Objectives, the proof of a host, and metrics sources over the API."""

from __future__ import annotations

import json

import pytest

from connectors.models import HealthObjective, HostWatch, MetricsSource, Region
from portal.shared.models import AuditRecord
from tests.factories import ConnectorFactory, PublisherFactory, RegionFactory

pytestmark = pytest.mark.django_db
SOURCES = "/api/v1/metrics-sources/"
OBJECTIVE = {"success_percent": 99.5, "latency_ms": 850, "latency_percent": 90, "silence_minutes": 60}


@pytest.fixture
def connector(cast):
    return ConnectorFactory(publisher=cast.publisher, name="Tides")


@pytest.fixture
def ask(sign_in, client):
    def asked(user, method, path, body=None):
        content = json.dumps(body) if body is not None else ""
        return sign_in(user, client).generic(method, path, content, content_type="application/json")

    return asked


def test_an_objective_takes_the_place_of_the_defaults(ask, cast, connector):
    address = f"/api/v1/connectors/{connector.pk}/objective/"
    before = ask(cast.viewer, "GET", address).json()
    assert (before["is_own"], before["success_percent"], before["budget_left"]) == (False, 99.0, None)

    answer = ask(cast.developer, "PUT", address, OBJECTIVE)
    assert answer.status_code == 200, answer.content
    assert {name: answer.json()[name] for name in OBJECTIVE} == OBJECTIVE
    assert ask(cast.viewer, "GET", address).json()["is_own"] is True
    assert AuditRecord.objects.filter(action="healthobjective.set").count() == 1


def test_an_objective_that_cannot_be_measured_is_refused_by_field(ask, cast, connector):
    address = f"/api/v1/connectors/{connector.pk}/objective/"
    wrong = {"success_percent": 100, "latency_ms": 900, "latency_percent": 10, "silence_minutes": 5}
    refused = ask(cast.developer, "PUT", address, wrong)
    assert (refused.status_code, set(refused.json()["errors"])) == (400, set(wrong))
    assert ask(cast.viewer, "PUT", address, OBJECTIVE).status_code == 403
    assert ask(cast.stranger, "PUT", address, OBJECTIVE).status_code == 404
    assert not HealthObjective.objects.exists()


def test_the_proof_of_a_host_is_asked_for_once_and_dropped(ask, cast, connector):
    address = f"/api/v1/connectors/{connector.pk}/host/"
    assert ask(cast.viewer, "GET", address).json()["txt_value"] == ""
    asked = ask(cast.developer, "PUT", f"{address}ownership/").json()
    token = HostWatch.objects.get(connector=connector).ownership_token
    assert token
    assert token in asked["txt_value"]
    again = ask(cast.owner, "PUT", f"{address}ownership/").json()
    assert again["txt_value"] == asked["txt_value"], "asking again keeps the record"
    assert ask(cast.viewer, "DELETE", f"{address}ownership/").status_code == 403
    assert ask(cast.stranger, "GET", address).status_code == 404
    assert ask(cast.developer, "DELETE", f"{address}ownership/").status_code == 204
    assert ask(cast.viewer, "GET", address).json()["txt_value"] == ""


@pytest.fixture
def source():
    return {
        "name": "Quay",
        "region": RegionFactory(code="quay").pk,
        "base_url": "https://metrics.harbour.example",
        "requests_query": 'calls_total{region="quay"}',
        "labels": {"code": "status"},
        "token": "quay-metrics-token-0123456789",
    }


def test_a_source_is_described_changed_and_switched(ask, cast, source):
    made = ask(cast.administrator, "POST", SOURCES, source)
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["is_active"], told["has_token"], told["labels"]["code"]) == (False, True, "status")
    assert told["labels"]["connector"] == "connector", "the others keep their usual names"
    assert source["token"] not in made.content.decode()

    address = f"{SOURCES}{told['id']}/"
    changed = ask(cast.administrator, "PATCH", address, {"is_in_seconds": False, "labels": {"version": "v"}})
    assert changed.status_code == 200, changed.content
    row = MetricsSource.objects.get()
    assert (row.is_in_seconds, row.name, row.requests_query) == (False, "Quay", source["requests_query"])
    assert row.labels == {
        "connector": "connector",
        "version": "v",
        "operation": "operation",
        "code": "status",
    }
    assert row.credentials["token"] is not None, "what is left out stays"

    assert (
        ask(cast.administrator, "POST", f"{address}switch/", {"is_active": True}).json()["is_active"] is True
    )
    assert ask(cast.operator, "GET", f"{SOURCES}?is_active=true").json()["results"][0]["id"] == told["id"]
    Region.objects.filter(pk=source["region"]).update(telemetry_digest="a" * 64)
    ask(cast.administrator, "POST", f"{address}switch/", {"is_active": False})
    twice = ask(cast.administrator, "POST", f"{address}switch/", {"is_active": True})
    assert twice.status_code == 409, "calls would count twice"


def test_what_is_wrong_with_a_source_is_told_by_field(ask, cast, source):
    wrong = source | {"base_url": "https://me@metrics.example", "publisher": "no-such-team"}
    refused = ask(cast.administrator, "POST", SOURCES, wrong)
    assert (refused.status_code, set(refused.json()["errors"])) == (400, {"publisher"})
    refused = ask(cast.administrator, "POST", SOURCES, {**wrong, "publisher": None})
    assert (refused.status_code, set(refused.json()["errors"])) == (400, {"base_url"})
    unknown = ask(cast.administrator, "POST", SOURCES, {**source, "region": "atlantis"})
    assert set(unknown.json()["errors"]) == {"region"}
    ask(cast.administrator, "POST", SOURCES, source)
    assert ask(cast.administrator, "POST", SOURCES, source).status_code == 409, "the name is taken"


def test_sources_are_the_operators_and_only_administrators_change_them(ask, cast, source):
    made = ask(cast.administrator, "POST", SOURCES, source).json()
    for person in (cast.owner, cast.reviewer):
        assert ask(person, "GET", SOURCES).status_code == 403
    assert ask(cast.operator, "GET", f"{SOURCES}{made['id']}/").status_code == 200
    assert ask(cast.operator, "POST", SOURCES, {**source, "name": "Other"}).status_code == 403
    assert ask(cast.operator, "PATCH", f"{SOURCES}{made['id']}/", {"name": "Other"}).status_code == 403
    assert MetricsSource.objects.get().name == "Quay"


def test_a_token_of_one_team_sees_and_describes_that_teams_sources_only(client, cast, source):
    from datetime import timedelta

    from portal.accounts.tokens import create_token

    text = create_token(
        owner=cast.administrator,
        name="metrics",
        scopes=["read", "admin:write"],
        lifetime=timedelta(days=1),
        publisher_id=cast.publisher.pk,
        actor=cast.administrator,
    )[1].reveal()
    other = PublisherFactory(slug="other-quay")

    def sent(**changes):
        return client.post(
            SOURCES,
            json.dumps({**source, **changes}),
            content_type="application/json",
            headers={"Authorization": f"Bearer {text}"},
        )

    assert set(sent().json()["errors"]) == {"publisher"}, "a whole region is not the team's"
    assert set(sent(publisher=other.slug).json()["errors"]) == {"publisher"}
    assert sent(publisher=cast.publisher.slug).status_code == 201
    MetricsSource.objects.create(
        name="All", region_id=source["region"], base_url="https://a.example", requests_query="x"
    )
    rows = client.get(SOURCES, headers={"Authorization": f"Bearer {text}"}).json()["results"]
    assert [each["name"] for each in rows] == ["Quay"]
