"""Rolling up: equal to counting everything anew, however it was cut into batches and runs."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from connectors.figures import count_statuses
from connectors.latency import BUCKETS
from connectors.models import HealthDay, HealthHour, HealthMinute
from connectors.queries import health as queries
from connectors.services import health, health_rollup
from tests.factories import ConnectorFactory, RegionFactory
from tests.factories.connectors import batch, event, reporting_version

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 25, 3, 30, tzinfo=UTC)  # the night in which Europe's clocks go back


@pytest.fixture(autouse=True)
def _at_night():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def world(cast):
    connectors = [ConnectorFactory(publisher=cast.publisher) for _ in range(2)]
    for connector in connectors:
        reporting_version(connector)
        reporting_version(connector, label="1.1.0")
    return connectors, [RegionFactory(code="westeurope"), RegionFactory(code="japan")]


def some_event(dice, connectors, now):
    statuses = {
        dice.choice(["200", "201", "302", "404", "429", "500"]): dice.randint(0, 50) for _ in range(3)
    }
    histogram = [0] * BUCKETS
    for _ in range(sum(statuses.values())):
        histogram[dice.randrange(BUCKETS)] += 1
    return event(
        dice.choice(connectors),
        now - timedelta(minutes=dice.randint(0, 60 * 30)),
        version=dice.choice(["1.0.0", "1.1.0"]),
        operation=dice.choice(["GetTides", "ListStations"]),
        statuses=statuses,
        latency_ms=histogram,
        connections=dice.randint(0, 20),
    )


def by_hour(minute):
    return minute.replace(minute=0)


def by_day(minute):
    return minute.date()


def counted_anew(pushed, span=by_hour):
    """Every event added up the slow way: key -> (statuses, histogram, connections)."""
    found = defaultdict(lambda: (Counter(), [0] * BUCKETS, []))
    for region, each in pushed:
        at = span(datetime.fromisoformat(each["minute"]))
        key = (each["connector"], region.pk, each["version"], each["operation"], at)
        statuses, histogram, connections = found[key]
        statuses.update(each["statuses"])
        for index, count in enumerate(each["latency_ms"]):
            histogram[index] += count
        connections.append(each["connections"])
    return {key: (dict(value[0]), value[1], max(value[2])) for key, value in found.items()}


def held(model=HealthHour, column="hour"):
    return {
        (row.connector.slug, row.region_id, row.version_label, row.operation, getattr(row, column)): (
            row.statuses,
            row.latency,
            row.connections,
        )
        for row in model.objects.select_related("connector")
    }


def minutes_counted_anew(pushed):
    found = defaultdict(Counter)
    for _, each in pushed:
        found[each["connector"], datetime.fromisoformat(each["minute"])].update(each["statuses"])
    return {key: count_statuses(statuses) for key, statuses in found.items()}


def minutes_held():
    return {
        (row.connector.slug, row.minute): (row.requests, row.successes, row.throttled)
        for row in HealthMinute.objects.select_related("connector")
    }


@pytest.mark.parametrize("seed", range(8))
def test_every_level_equals_a_count_of_everything_anew(world, seed, monkeypatch):
    connectors, regions = world
    dice = random.Random(seed)
    monkeypatch.setattr(health_rollup, "EVENTS_AT_ONCE", dice.choice([1, 7, 100_000]))
    pushed = []
    for _ in range(dice.randint(1, 8)):
        region = dice.choice(regions)
        events = [some_event(dice, connectors, NOW) for _ in range(dice.randint(1, 25))]
        body = batch(region, events)
        for _ in range(dice.randint(1, 3)):
            health.take_batch(body, region=region)
        pushed += [(region, each) for each in events]
        if dice.random() < 0.5:
            health.roll_up(limit=dice.choice([1, 2, 500]))
    health.roll_up()
    assert held() == counted_anew(pushed)
    assert held(HealthDay, "day") == counted_anew(pushed, by_day)
    assert minutes_held() == minutes_counted_anew(pushed)
    for row in [*HealthHour.objects.all(), *HealthDay.objects.all()]:
        assert (row.requests, row.successes, row.throttled) == count_statuses(row.statuses)
    before = held()
    assert health.roll_up() == 0
    assert held() == before


def test_late_minutes_are_added_to_their_own_hour(world):
    connectors, regions = world
    hour = NOW - timedelta(hours=20)
    health.take_batch(batch(regions[0], [event(connectors[0], hour)]), region=regions[0])
    health.roll_up()
    health.take_batch(
        batch(regions[0], [event(connectors[0], hour + timedelta(minutes=3))]), region=regions[0]
    )
    health.roll_up()
    row = HealthHour.objects.get()
    assert (row.requests, row.successes, row.hour) == (20, 18, hour.replace(minute=0))


def test_a_batch_without_a_usable_event_is_done_too(world):
    _, regions = world
    health.take_batch(batch(regions[0], [None]), region=regions[0])
    assert health.roll_up() == 1
    assert not HealthHour.objects.exists()


@pytest.mark.parametrize("window", ["24h", "7d", "30d", "90d", "1y"])
def test_the_page_shows_the_sums_of_what_was_pushed(world, window):
    connectors, regions = world
    dice = random.Random(window)
    connector = connectors[0]
    events = [some_event(dice, [connector], NOW - timedelta(minutes=1)) for _ in range(60)]
    health.take_batch(batch(regions[0], events), region=regions[0])
    health.roll_up()
    since, until = queries.WINDOWS[window].bounds(timezone.now())
    inside = [
        each for each in events if since <= datetime.fromisoformat(each["minute"]).replace(minute=0) < until
    ]
    total = Counter()
    for each in inside:
        total.update(each["statuses"])
    found = queries.health_of(queries.Selection(connector.pk, queries.WINDOWS[window]))
    assert (found.total.requests, found.total.successes, found.total.throttled) == count_statuses(total)
    assert sum(found.total.latency) == found.total.requests
    assert {error.status: error.calls for error in found.errors} == {
        int(status): calls for status, calls in total.items() if int(status) >= 400 and calls
    }
    for groups in (found.operations, found.versions, found.regions):
        assert sum(group.figures.requests for group in groups) == found.total.requests
    assert sum(point.figures.requests for point in found.points) == found.total.requests
    assert len(found.points) == (until - since) / queries.WINDOWS[window].step
    assert found.silent_regions == ["Region " + regions[1].name.split()[-1]]


def test_filters_narrow_every_figure(world):
    connectors, regions = world
    for region in regions:
        events = [
            event(connectors[0], NOW),
            event(connectors[0], NOW, operation="ListStations", version="1.1.0"),
        ]
        health.take_batch(batch(region, events), region=region)
    health.roll_up()
    narrow = queries.health_of(
        queries.Selection(connectors[0].pk, region="japan", operation="GetTides", version="1.0.0")
    )
    assert narrow.total.requests == 10
    assert [group.key for group in narrow.regions] == ["japan"]
    nothing = queries.health_of(queries.Selection(connectors[0].pk, region="nowhere"))
    assert not nothing.has_data
    assert nothing.total.success_rate is None
    assert nothing.connections is None


def test_connections_are_the_regions_peaks_added_up_not_one_per_operation(world):
    connectors, regions = world
    for region, peak in zip(regions, (4, 6), strict=True):
        events = [
            event(connectors[0], NOW, connections=peak),
            event(connectors[0], NOW, operation="ListStations", connections=peak - 1),
        ]
        health.take_batch(batch(region, events), region=region)
    health.roll_up()
    assert queries.health_of(queries.Selection(connectors[0].pk)).connections == 10


def test_silence_is_told_after_two_hours(world):
    connectors, regions = world
    health.take_batch(
        batch(regions[0], [event(connectors[0], NOW - timedelta(minutes=90))]), region=regions[0]
    )
    health.roll_up()
    assert not queries.health_of(queries.Selection(connectors[0].pk)).is_silent
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        assert queries.health_of(queries.Selection(connectors[0].pk)).is_silent


@pytest.mark.parametrize("seed", range(3))
def test_days_counted_anew_equal_days_as_they_grew(world, seed):
    connectors, regions = world
    dice = random.Random(seed)
    for region in regions:
        events = [some_event(dice, connectors, NOW) for _ in range(30)]
        health.take_batch(batch(region, events), region=region)
        health.roll_up()
    grown = held(HealthDay, "day")
    today = NOW.replace(hour=0, minute=0)
    health_rollup.count_anew(
        [one.pk for one in connectors], first=today - timedelta(days=3), until=today + timedelta(days=1)
    )
    assert held(HealthDay, "day") == grown
