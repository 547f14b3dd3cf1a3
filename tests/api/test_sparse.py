"""Reads that leave out, put in, and name many at once."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from certification.services import decisions, reviews, threads
from tests.api.test_conditional import caller, patch
from tests.factories import ConnectorFactory
from tests.factories.submissions import submission_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def connectors(cast):
    return [ConnectorFactory(publisher=cast.publisher, name=f"Tides {number}") for number in range(3)]


def test_only_the_named_fields_are_answered(cast, connectors):
    api, listed = caller(cast.developer), reverse("api:connector-list")
    page = api.get(listed, {"fields": "id,name"}).json()
    assert {"next", "previous", "results"} <= set(page)
    assert [set(row) for row in page["results"]] == [{"id", "name"}] * 3
    one = api.get(reverse("api:connector-detail", kwargs={"pk": connectors[0].pk}), {"fields": "name"})
    assert one.json() == {"name": "Tides 0"}


def test_unknown_names_are_refused_with_the_known_ones(cast, connectors):
    api = caller(cast.developer)
    for path in (reverse("api:connector-list"), reverse("api:submission-list")):
        for parameter in ("fields", "include"):
            answer = api.get(path, {parameter: "nonsense"})
            assert answer.status_code == 400, (path, parameter)
            assert "nonsense" in answer.json()["errors"][parameter][0]
    assert "name" in api.get(reverse("api:connector-list"), {"fields": "x"}).json()["detail"]
    assert "threads" in api.get(reverse("api:submission-list"), {"include": "x"}).json()["detail"]


def test_many_are_read_at_once_and_only_those_one_may_see(cast, connectors):
    foreign = ConnectorFactory(publisher=cast.other_publisher, name="Hidden")
    wanted = [str(each.pk) for each in connectors[:2]]
    api, listed = caller(cast.developer), reverse("api:connector-list")
    answer = api.get(listed, {"ids": ",".join([*wanted, str(foreign.pk), str(uuid4())])})
    assert sorted(row["id"] for row in answer.json()["results"]) == sorted(wanted)
    assert api.get(listed, {"ids": ",".join(str(uuid4()) for _each in range(101))}).status_code == 400
    assert api.get(listed, {"ids": "nonsense"}).status_code == 400
    assert api.get(listed, {"ids": ""}).json()["results"] == []


def _discussed(cast, number):
    connector = ConnectorFactory(publisher=cast.publisher, name=f"Harbour {number}")
    submission = submission_in("in_review", cast.developer, connector)
    for text, is_private in (("Which harbour?", False), ("Between us.", True)):
        threads.open_thread(
            submission,
            body=text,
            place=threads.Place("", "", None),
            is_private=is_private,
            actor=cast.reviewer,
        )
    return submission


def test_threads_and_decisions_come_along_without_what_one_may_not_see(cast):
    submission = _discussed(cast, 1)
    reviews.claim(submission, actor=cast.reviewer)
    digest = submission.revision.version.digest
    decisions.decide(
        submission, verdict="reject", reasons="No.", digest=digest, conditions=[], actor=cast.reviewer
    )
    path = reverse("api:submission-detail", kwargs={"pk": submission.pk})
    seen = {
        name: caller(getattr(cast, name)).get(path, {"include": "threads,decisions"}).json()
        for name in ("developer", "reviewer")
    }
    assert len(seen["developer"]["threads"]) == 1
    assert len(seen["reviewer"]["threads"]) == 2
    assert [each["verdict"] for each in seen["developer"]["decisions"]] == ["reject"]
    assert caller(cast.stranger).get(path, {"include": "threads"}).status_code == 404


def test_what_comes_along_costs_the_same_for_one_and_for_many(cast):
    api, listed = caller(cast.reviewer), reverse("api:submission-list")

    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = api.get(listed, {"include": "threads,decisions"})
        assert all(row["threads"] for row in answer.json()["results"])
        return len(queries)

    _discussed(cast, 1)
    api.get(listed)
    for_one = cost()
    for number in range(2, 6):
        _discussed(cast, number)
    assert cost() == for_one


def test_a_tag_belongs_to_the_fields_that_were_read(cast, connectors):
    api = caller(cast.developer)
    path = reverse("api:connector-detail", kwargs={"pk": connectors[0].pk})
    tag = api.get(path, {"fields": "summary"})["ETag"]
    assert tag != api.get(path)["ETag"]
    # Somebody ticks something else: who only looked at the summary has no reason to stop.
    patch(api, path, {"backend_host": "api.northwind.example"})
    narrow = f"{path}?fields=summary"
    assert patch(api, narrow, {"summary": "Mine"}, **{"If-Match": tag}).status_code == 200
    assert patch(api, narrow, {"summary": "Again"}, **{"If-Match": tag}).status_code == 412
