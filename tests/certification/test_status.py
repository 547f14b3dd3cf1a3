"""The public status page: figures without names, cheap, and useful when there is nothing yet."""

from __future__ import annotations

import datetime as dt
from itertools import count

import pytest
from django.core.cache import cache
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from certification.models import Freeze, Incident, Submission, TimeLedger, TimeStretch, Train
from certification.queries.status import step_times
from tests.factories import ConnectorFactory, RegionFactory

pytestmark = pytest.mark.django_db
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
numbers = count(1)


@pytest.fixture(autouse=True)
def _fresh():
    cache.delete("status-page")
    yield
    cache.delete("status-page")


def finished(cast, *stretches, state="live", lane="new", ended=None):
    """A submission with written times: (step, holder, hours), one after the other, the last ending at `ended`."""
    ended = ended or timezone.now() - DAY
    submission = Submission.objects.create(
        reference=f"S-{70_000 + next(numbers)}",
        connector=ConnectorFactory(publisher=cast.publisher, name=f"Secret Gull {next(numbers)}"),
        state="draft",
        created_by=cast.developer,
    )
    Submission.objects.filter(pk=submission.pk).update(state="withdrawn" if state == "withdrawn" else "draft")
    ledger = TimeLedger.objects.create(submission=submission, lane=lane, closed_until=ended)
    at = ended - sum((hours * HOUR for _, _, hours in stretches), dt.timedelta())
    for step, holder, hours in stretches:
        TimeStretch.objects.create(
            ledger=ledger, step=step, state="in_review", holder=holder, starts_at=at,
            ends_at=at + hours * HOUR, seconds=hours * 3600,
        )  # fmt: skip
        at += hours * HOUR
    return submission


def times(key, lane=""):
    step = next(step for step in step_times(timezone.now()) if step.key == key)
    return step.overall if not lane else next(row for row in step.lanes if row.lane == lane)


def test_a_step_counts_with_all_the_time_spent_in_it(cast):
    for hours in (1, 2, 3, 4, 5):
        finished(
            cast, ("review", "reviewer", hours), ("corrections", "publisher", 7), ("review", "reviewer", 1)
        )
    found = times("review")
    assert (found.samples, found.p50) == (5, 4 * 3600)
    assert found.p75 == 5 * 3600
    assert found.p90 == pytest.approx(5.6 * 3600)
    assert times("corrections").p50 == 7 * 3600


def test_fewer_than_five_are_counted_and_not_told(cast):
    for hours in (1, 2, 3, 4):
        finished(cast, ("review", "reviewer", hours))
    assert times("review").samples == 4
    assert times("review").p50 is None


def test_lanes_are_told_apart(cast):
    for _ in range(5):
        finished(cast, ("rollout", "machine", 10), lane="hotfix")
        finished(cast, ("rollout", "machine", 100), lane="new")
    assert times("rollout", "hotfix").p50 == 36_000
    assert times("rollout", "new").p50 == 360_000
    assert times("rollout").samples == 10


def test_old_ones_withdrawn_ones_and_idle_time_do_not_count(cast):
    finished(cast, ("review", "reviewer", 5), ended=timezone.now() - 91 * DAY)
    finished(cast, ("review", "reviewer", 5), state="withdrawn")
    finished(cast, ("review", "nobody", 5))
    assert times("review").samples == 0


def test_a_step_it_is_still_in_does_not_count(cast):
    from tests.factories.submissions import submission_in

    submission = submission_in("in_review", cast.developer)
    ledger = TimeLedger.objects.create(submission=submission, lane="new", closed_until=timezone.now())
    for step in ("validation", "review"):
        TimeStretch.objects.create(
            ledger=ledger, step=step, state="in_review", holder="machine", seconds=60,
            starts_at=timezone.now() - HOUR, ends_at=timezone.now(),
        )  # fmt: skip
    assert (times("validation").samples, times("review").samples) == (1, 0)


def test_everybody_reads_it_and_nobody_is_named(cast, client):
    for hours in range(1, 8):
        finished(cast, ("review", "reviewer", hours), ("rollout", "freeze", 2))
    Freeze.objects.create(
        name="Year-end", reason="Northwind Harbour asked.", created_by=cast.operator,
        starts_at=timezone.now() + DAY, ends_at=timezone.now() + 9 * DAY,
    )  # fmt: skip
    RegionFactory(name="UK South")
    RegionFactory(name="Korea", breaker_opened_at=timezone.now() - HOUR)
    page = client.get("/status/").content.decode()
    for text in ("Year-end", "UK South", "Does not answer", "Review"):
        assert text in page
    for name in ("Secret Gull", "Northwind Harbour", cast.developer.name + "<"):
        assert name not in page


def test_the_page_is_useful_before_anything_was_finished(client, db):
    page = client.get("/status/").content.decode()
    assert "Nothing was finished yet" in page
    assert "No freeze is planned" in page
    assert "No regions yet" in page
    assert "No train leaves within two weeks" in page
    assert "From 5 arrivals on" in page


def test_open_incidents_and_the_next_departures_are_told_without_a_connector_s_name(cast, client):
    connector = ConnectorFactory(publisher=cast.publisher, name="Secret Gull")
    told, kept, over = (
        Incident.objects.create(
            title=title, text="Sign-in fails.", auth_kinds=["oauth2"], opened_by=cast.operator, **more
        )
        for title, more in (
            ("Identity is down", {}),
            ("Known to us only", {"is_public": False}),
            ("Over", {"state": "closed", "closed_at": timezone.now()}),
        )
    )
    told.connectors.add(connector)
    Train.objects.create(name="Friday train", weekdays=[0, 1, 2, 3, 4, 5, 6], capacity=3)
    page = client.get("/status/").content.decode()
    assert told.title in page
    assert "Concerns sign-in by OAuth 2.0; some connectors" in page
    assert "Friday train" in page
    for text in (kept.title, over.title + "<", connector.name):
        assert text not in page
    found = client.get("/status.json").json()
    assert [row["title"] for row in found["incidents"]] == [told.title]
    assert {(row["train"], row["free"], row["capacity"]) for row in found["departures"]} == {
        ("Friday train", 3, 3)
    }
    assert all(row["boarding_ends_at"] < row["leaves_at"] for row in found["departures"])


def test_programs_read_the_same_in_a_stable_shape(cast, client):
    for hours in range(1, 6):
        finished(cast, ("review", "reviewer", hours))
    answer = client.get("/status.json")
    assert "max-age=60" in answer["Cache-Control"]
    found = answer.json()
    assert found["version"] == 1
    assert set(found) >= {
        "at",
        "days",
        "min_samples",
        "steps",
        "queues",
        "rollouts_under_way",
        "freezes",
        "incidents",
        "departures",
        "forecasts",
        "regions",
    }
    review = next(step for step in found["steps"] if step["step"] == "review")
    assert review["all"] == {"samples": 5, "p50": 10_800, "p75": 14_400, "p90": 16_560}
    assert review["lanes"]["new"]["samples"] == 5
    assert {row["queue"] for row in found["queues"]} == {"review", "planning"}


def test_it_is_read_once_a_minute_in_a_number_of_queries_that_does_not_grow(cast, client):
    from django.db import connection

    def queries():
        cache.delete("status-page")
        with CaptureQueriesContext(
            connection,
        ) as caught:
            client.get("/status/")
        return len(caught)

    finished(cast, ("review", "reviewer", 5))
    RegionFactory()
    few = queries()
    for _ in range(6):
        finished(cast, ("review", "reviewer", 5))
        RegionFactory()
    assert queries() == few
    with CaptureQueriesContext(connection) as caught:
        client.get("/status/")
    assert len(caught) == 0
