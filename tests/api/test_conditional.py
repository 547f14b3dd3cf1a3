"""Conditional requests: nothing is sent twice, and nobody overwrites what they have not read."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from connectors.models import Connector
from portal.accounts.models import ApiToken
from portal.accounts.tokens import create_token
from tests.factories import ConnectorFactory, MembershipFactory

pytestmark = pytest.mark.django_db


def caller(user, *, scopes=tuple(ApiToken.Scope.values)) -> Client:
    text = create_token(
        owner=user,
        name="test",
        scopes=list(scopes),
        lifetime=timedelta(days=1),
        publisher_id=None,
        actor=user,
    )[1]
    return Client(headers={"Authorization": f"Bearer {text.reveal()}"})


def patch(api, path, values, **headers):
    return api.patch(path, values, content_type="application/json", headers=headers)


@pytest.fixture
def connector(cast):
    return ConnectorFactory(publisher=cast.publisher, name="Tides", summary="First")


@pytest.fixture
def path(connector):
    return reverse("api:connector-detail", kwargs={"pk": connector.pk})


def test_what_a_reader_has_is_not_sent_again(cast, connector, path):
    api = caller(cast.developer)
    first = api.get(path)
    tag = first["ETag"]
    assert tag.startswith('"')
    assert "Authorization" in first["Vary"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = api.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag), known
    assert patch(api, path, {"summary": "Second"}).status_code == 200
    changed = api.get(path, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed["ETag"] != tag


def test_lists_have_tags_as_well(cast, connector):
    api, listed = caller(cast.developer), reverse("api:connector-list")
    tag = api.get(listed)["ETag"]
    assert api.get(listed, headers={"If-None-Match": tag}).status_code == 304
    ConnectorFactory(publisher=cast.publisher, name="Currents")
    assert api.get(listed, headers={"If-None-Match": tag}).status_code == 200


def test_a_write_with_the_present_tag_is_done_and_says_the_next_tag(cast, path):
    api = caller(cast.developer)
    done = patch(api, path, {"summary": "Second"}, **{"If-Match": api.get(path)["ETag"]})
    assert done.status_code == 200
    assert done["ETag"] == api.get(path)["ETag"]


def test_a_write_with_an_old_tag_changes_nothing_and_says_what_is_there(cast, connector, path):
    api = caller(cast.developer)
    old = api.get(path)["ETag"]
    patch(api, path, {"summary": "Second"})
    refused = patch(api, path, {"summary": "Third"}, **{"If-Match": old})
    assert refused.status_code == 412
    assert refused["Content-Type"].startswith("application/problem+json")
    problem = refused.json()
    assert problem["code"] == "precondition-failed"
    assert problem["current"]["summary"] == "Second"
    assert problem["etag"] == refused["ETag"] == api.get(path)["ETag"]
    connector.refresh_from_db()
    assert connector.summary == "Second"


def test_weak_tags_never_allow_a_write(cast, connector, path):
    api = caller(cast.developer)
    tag = api.get(path)["ETag"]
    assert patch(api, path, {"summary": "Other"}, **{"If-Match": f"W/{tag}"}).status_code == 412
    assert patch(api, path, {"summary": "Other"}, **{"If-Match": f'"x", {tag}'}).status_code == 200


def test_a_deed_is_compared_with_the_object_it_is_done_to(cast, connector, path):
    owner, developer = caller(cast.owner), caller(cast.developer)
    cancel, old = f"{path}cancel/", owner.get(path)["ETag"]
    patch(developer, path, {"summary": "Second"})
    body = {"reason": "No."}
    refused = owner.post(cancel, body, content_type="application/json", headers={"If-Match": old})
    assert refused.status_code == 412
    connector.refresh_from_db()
    assert connector.state == "planned"
    fresh = {"If-Match": owner.get(path)["ETag"]}
    assert owner.post(cancel, body, content_type="application/json", headers=fresh).status_code == 200


def test_only_if_there_is_nothing_yet(cast, path):
    api = caller(cast.developer)
    assert patch(api, path, {"summary": "Other"}, **{"If-None-Match": "*"}).status_code == 412
    assert patch(api, path, {"summary": "Other"}, **{"If-Match": "*"}).status_code == 200


def test_a_stranger_learns_nothing_from_a_condition(cast, path):
    for headers in ({"If-Match": '"x"'}, {"If-Match": "*"}, {"If-None-Match": "*"}):
        answer = patch(caller(cast.stranger), path, {"summary": "Mine"}, **headers)
        assert answer.status_code == 404
        assert "current" not in answer.json()


def test_whoever_may_not_change_it_is_still_told_so(cast, path):
    api = caller(cast.viewer)
    tag = api.get(path)["ETag"]
    assert patch(api, path, {"summary": "Mine"}, **{"If-Match": tag}).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_of_many_writers_who_read_the_same_one_wins(cast, settings):
    connector = ConnectorFactory(publisher=cast.publisher, name="Tides", summary="First")
    developers = [MembershipFactory(publisher=cast.publisher, role="developer").user for _ in range(5)]
    path = reverse("api:connector-detail", kwargs={"pk": connector.pk})
    callers = [caller(each) for each in developers]
    tag = callers[0].get(path)["ETag"]
    assert all(each.get(path)["ETag"] == tag for each in callers)
    gate, answers = threading.Barrier(len(callers)), {}

    def write(number: int) -> None:
        try:
            gate.wait(timeout=30)
            answer = patch(callers[number], path, {"summary": f"By {number}"}, **{"If-Match": tag})
            answers[number] = answer.status_code
        finally:
            connection.close()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(len(callers))]
    for each in writers:
        each.start()
    for each in writers:
        each.join(timeout=60)
    assert sorted(answers.values()) == [200, 412, 412, 412, 412]
    winner = next(number for number, status in answers.items() if status == 200)
    assert Connector.objects.get(pk=connector.pk).summary == f"By {winner}"
