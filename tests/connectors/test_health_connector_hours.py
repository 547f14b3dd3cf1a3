"""The hours of connectors that the overview reads: the same however they came about, and mended where an older release left gaps."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db.models import Sum

from connectors.latency import BUCKETS
from connectors.models import HealthConnectorHour, HealthHour
from connectors.services import health, health_connector_hours
from tests.connectors.test_health_rollup import some_event
from tests.factories import ConnectorFactory, RegionFactory
from tests.factories.connectors import batch, reporting_version

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 25, 3, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _at_night():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def connectors(cast):
    made = [ConnectorFactory(publisher=cast.publisher) for _ in range(3)]
    for one in made:
        reporting_version(one)
        reporting_version(one, label="1.1.0")
    return made


def held():
    return {
        (row.connector_id, row.hour): (row.requests, row.successes, row.throttled)
        for row in HealthConnectorHour.objects.all()
    }


def of_operations(since=NOW - timedelta(days=3)):
    """The same from the hours of every operation in every region with users."""
    sums = (
        HealthHour.objects.filter(region__is_preview=False, hour__gte=since)
        .values_list("connector_id", "hour")
        .annotate(Sum("requests"), Sum("successes"), Sum("throttled"))
    )
    return {(connector, hour): (calls, good, slow) for connector, hour, calls, good, slow in sums}


def push(connectors, *, rounds=4, seed=0):
    dice = random.Random(seed)
    regions = [RegionFactory(), RegionFactory(), RegionFactory(is_preview=True)]
    for _round in range(rounds):
        for region in regions:
            events = [some_event(dice, connectors, NOW) for _ in range(15)]
            health.take_batch(batch(region, events), region=region)
        health.roll_up()


def an_hour(connector, ago, *, calls=100):
    return health.Hour(
        connector.pk, RegionFactory().pk, "1.0.0", "GetTides", NOW.replace(minute=0) - ago * HOUR,
        {"200": calls}, (calls,) + (0,) * (BUCKETS - 1),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_what_grew_batch_by_batch_is_what_the_operations_add_up_to(connectors, seed):
    push(connectors, seed=seed)
    assert held() == of_operations()
    assert sum(calls for calls, _, _ in held().values()) > 1000


def test_hours_from_elsewhere_count_and_those_nobody_looks_back_to_are_left_out(connectors, cast):
    push(connectors)
    hours = [an_hour(connectors[0], 2), an_hour(connectors[1], 200)]
    health.import_hours(hours, actor=cast.administrator)
    assert held() == of_operations()
    assert (connectors[1].pk, NOW.replace(minute=0) - 200 * HOUR) not in held()


def test_what_an_older_worker_rolled_up_beside_this_release_is_mended(connectors):
    push(connectors)
    HealthConnectorHour.objects.filter(hour__lt=NOW - 5 * HOUR).delete()
    HealthConnectorHour.objects.update(requests=1, successes=1, throttled=0)
    assert health_connector_hours.mend() > 2
    wanted, got = of_operations(), held()
    lately = NOW.replace(minute=0) - 2 * HOUR
    for (connector, hour), counts in wanted.items():
        # The present hour grows; of the whole ones, the last two and those that had nothing are counted anew.
        is_mended = hour < NOW - 5 * HOUR or lately <= hour < NOW.replace(minute=0)
        assert (got[connector, hour] == counts) is is_mended


def test_they_are_forgotten_when_nobody_looks_back_to_them_any_more(connectors):
    push(connectors)
    with time_machine.travel(NOW + timedelta(days=2), tick=False):
        health.keep_partitions()
    assert held()
    with time_machine.travel(NOW + timedelta(days=health_connector_hours.KEPT_DAYS + 1), tick=False):
        health.keep_partitions()
    assert not held()
