"""The course of all live connectors: hours with and without reports, alerts while they were open, the page's charts."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.urls import reverse

from connectors.models import HealthAlert, HealthHour
from connectors.queries.health_course import course
from connectors.services import health_connector_hours
from tests.connectors.test_health_pages import reporting_version
from tests.factories import ConnectorFactory, RegionFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 5, 20, 14, 25, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def _hour(connector, hours_ago, requests, successes, throttled=0, **more):
    at = NOW.replace(minute=0) - hours_ago * HOUR
    counts = {"requests": requests, "successes": successes, "throttled": throttled}
    HealthHour.objects.create(
        connector=connector, hour=at, version_label="1.0.0", operation="Get", **counts, **more
    )


def _count():
    with time_machine.travel(NOW, tick=False):
        health_connector_hours.count_anew(since=NOW - dt.timedelta(days=3), until=NOW + HOUR)


@pytest.fixture
def live(cast):
    made = []
    for name in ("Tides", "Kelp"):
        one = ConnectorFactory(publisher=cast.publisher, name=name)
        one.live_version = reporting_version(one)
        one.save(update_fields=["live_version"])
        made.append(one)
    return made


def test_hours_add_up_what_is_live_and_leave_preview_out(cast, live):
    north, preview = RegionFactory(), RegionFactory(is_preview=True)
    _hour(live[0], 1, 100, 90, throttled=10, region=north)
    _hour(live[1], 1, 50, 50, region=north)
    _hour(live[1], 1, 1000, 0, region=preview)
    _hour(ConnectorFactory(publisher=cast.publisher), 1, 1000, 0, region=north)
    _hour(live[0], 48, 7, 7, region=north)
    _count()
    hours = course(now=NOW).hours
    assert len(hours) == 48
    assert hours[-1].at == NOW.replace(minute=0)
    assert hours[-1].percent is None
    assert (hours[-2].figures.requests, hours[-2].figures.failures, hours[-2].percent) == (150, 0, 100.0)
    assert sum(hour.figures.requests for hour in hours) == 150


def test_an_alert_counts_in_every_hour_in_which_it_was_open(live):
    with time_machine.travel(NOW, tick=False):
        for connector, state, from_ago, to_ago in (
            (live[0], "firing", 3 * HOUR, None),
            (live[1], "resolved", 5 * HOUR, 4 * HOUR),
        ):
            alert = HealthAlert.objects.create(
                connector=connector, kind="silence", state=state, last_breach_at=NOW
            )
            HealthAlert.objects.filter(pk=alert.pk).update(
                created_at=NOW - from_ago, state_changed_at=NOW - (to_ago or from_ago)
            )
    assert [hour.alerts for hour in course(now=NOW).hours[-7:]] == [0, 1, 1, 1, 1, 1, 1]


def test_the_page_draws_them_and_keeps_the_tables_beside(cast, live, sign_in):
    address = reverse("fleet_overview")
    empty = sign_in(cast.operator).get(address).content.decode()
    assert "data-chart=" not in empty
    HealthAlert.objects.create(connector=live[0], kind="silence", last_breach_at=NOW)
    text = sign_in(cast.operator).get(address).content.decode()
    assert text.count("data-chart=") == 3
    assert text.count("data-chart-table") == 3
    assert "Open alerts" in text
