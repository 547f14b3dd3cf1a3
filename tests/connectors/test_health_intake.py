"""Taking in telemetry: exactly once, never a 500, nothing of one bad event reaches the others."""

from __future__ import annotations

import json
import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection
from django.urls import reverse
from django.utils import timezone

from connectors.api import health as health_api
from connectors.models import HealthDay, HealthHour, HealthMinute, TelemetryBatch
from connectors.services import health, health_partitions
from connectors.services.health_intake import MAX_BYTES, MAX_EVENTS
from connectors.services.health_partitions import ensure_partitions, existing_days
from portal.shared.errors import InvalidInput
from portal.shared.secrets import fingerprint
from tests.factories import ConnectorFactory, RegionFactory
from tests.factories.connectors import batch, event, reporting_version

pytestmark = pytest.mark.django_db
TOKEN = "telemetry-token-of-the-region"


@pytest.fixture
def region():
    return RegionFactory(code="westeurope", telemetry_digest=fingerprint(TOKEN))


@pytest.fixture
def connector(cast):
    made = ConnectorFactory(publisher=cast.publisher, name="Harbour Tides")
    reporting_version(made)
    return made


@pytest.fixture
def minute():
    return timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=5)


@pytest.fixture
def no_samples(transactional_db):
    """Emptied by hand around tests that commit: Django does not know the table."""

    def empty() -> None:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE connectors_sample")

    empty()
    yield
    empty()


def samples() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM connectors_sample")
        return cursor.fetchone()[0]


def push(client, body, token=TOKEN, **options):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return client.post(
        reverse("api:telemetry_batches"), content, content_type="application/json", headers=headers, **options
    )


def test_a_batch_is_stored_with_a_receipt(client, region, connector, minute):
    answer = push(
        client, batch(region, [event(connector, minute), event(connector, minute, operation="ListStations")])
    )
    assert answer.status_code == 202
    assert answer.json() | {"batch_id": ""} == {
        "batch_id": "",
        "status": "stored",
        "accepted": 2,
        "rejected": 0,
        "reasons": {},
        "rejections": [],
    }
    assert samples() == 2


def test_the_same_batch_again_has_no_second_effect_and_the_first_receipt(client, region, connector, minute):
    body = batch(region, [event(connector, minute), event(connector, minute, connector="unheard-of")])
    push(client, body)
    again = push(client, body)
    assert again.status_code == 200
    assert (again.json()["status"], again.json()["accepted"], again.json()["rejected"]) == ("duplicate", 1, 1)
    assert again.json()["reasons"] == {"unknown-connector": 1}
    assert samples() == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"connector": "unheard-of"}, "unknown-connector"),
        ({"version": "9.9.9"}, "unknown-version"),
        ({"operation": "Unheard"}, "unknown-operation"),
        ({"operation": "Get\0Tides"}, "unknown-operation"),
        ({"statuses": {"200": 1}}, "histogram-mismatch"),
        ({"statuses": {"900": 1}}, "malformed"),
        ({"statuses": {}}, "malformed"),
        ({"statuses": {"200": -1}}, "malformed"),
        ({"statuses": {"200": 2**40}}, "malformed"),
        ({"statuses": {"200": 1.5}}, "malformed"),
        ({"statuses": {"200": True}}, "malformed"),
        ({"latency_ms": [1]}, "malformed"),
        ({"connections": None}, "malformed"),
        ({"minute": "2026-02-31T10:00:00Z"}, "malformed"),
        ({"minute": "yesterday"}, "malformed"),
        ({"minute": "2020-01-01T00:00:00Z"}, "too-old"),
        ({"minute": "2190-01-01T00:00:00Z"}, "in-future"),
        ({"surprise": 1}, "malformed"),
    ],
)
def test_one_bad_event_is_counted_with_its_reason_and_the_others_are_stored(
    client, region, connector, minute, changes, reason
):
    answer = push(client, batch(region, [event(connector, minute), event(connector, minute, **changes)]))
    assert answer.status_code == 202
    assert (answer.json()["accepted"], answer.json()["reasons"]) == (1, {reason: 1})
    assert answer.json()["rejections"] == [{"index": 1, "reason": reason}]
    assert samples() == 1


@pytest.mark.parametrize("junk", [None, 5, "x", [], [[]], {"connector": {}}])
def test_an_event_that_is_no_event_is_rejected(client, region, connector, junk):
    answer = push(client, batch(region, [junk]))
    assert answer.json()["reasons"] == {"malformed": 1}


def test_a_batch_in_the_name_of_another_region_is_rejected_event_by_event(client, region, connector, minute):
    RegionFactory(code="japan")
    answer = push(client, batch(region, [event(connector, minute)], region="japan"))
    assert answer.json()["reasons"] == {"region-mismatch": 1}
    assert samples() == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'"x"',
        b"{}",
        b'{"events": 5}',
        b'{"batch_id": "\\ud800"}',
        b"[" * 100_000,
        b'{"a": NaN}',
    ],
)
def test_what_is_no_batch_is_refused_for_good(client, region, body):
    answer = push(client, body)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert not TelemetryBatch.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"batch_id": "1"},
        {"batch_id": None},
        {"events": []},
        {"events": {}},
        {"bounds_ms": [1, 2]},
        {"extra": 1},
        {"region": "../x"},
    ],
)
def test_a_batch_of_another_shape_is_refused_with_the_place(client, region, connector, minute, changes):
    answer = push(client, batch(region, [event(connector, minute)], **changes))
    assert answer.status_code == 400
    assert answer.json()["code"] == "malformed-request"


def test_sizes_are_limited(client, region, connector, minute):
    assert push(client, b" " * (MAX_BYTES + 1)).status_code == 413
    many = batch(region, [0] * (MAX_EVENTS + 1))
    assert push(client, many).status_code == 413


@pytest.mark.parametrize("token", [None, "", "wrong", "ccp_" + "x" * 40, TOKEN[:-1], TOKEN + "x"])
def test_without_the_regions_token_nothing_is_taken(client, region, connector, minute, token):
    RegionFactory(code="bare", telemetry_digest="")
    answer = push(client, batch(region, [event(connector, minute)]), token=token)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert samples() == 0


def test_neither_a_session_nor_an_inactive_region_gets_in(client, cast, sign_in, region, connector, minute):
    sign_in(cast.administrator)
    assert push(client, batch(region, [event(connector, minute)]), token=None).status_code == 401
    region.is_active = False
    region.save()
    assert push(client, batch(region, [event(connector, minute)])).status_code == 401


def test_a_regions_token_opens_nothing_else(client, region, connector):
    answer = client.get(reverse("api:connector-list"), headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code in {401, 403}


def test_the_id_of_another_regions_batch_cannot_be_used_again(region, connector, minute):
    body = batch(region, [event(connector, minute)])
    health.take_batch(body, region=region)
    other = RegionFactory(code="japan")
    with pytest.raises(InvalidInput):
        health.take_batch({**body, "region": "japan"}, region=other)
    assert samples() == 1


@pytest.mark.django_db(transaction=True)
def test_two_pushes_of_one_batch_at_once_have_one_effect(no_samples, region, connector, minute):
    health.keep_partitions()
    barrier, receipts = threading.Barrier(2), []
    bodies = [batch(region, [event(connector, minute)] * 50) for _ in range(8)]

    def push_all():
        try:
            for body in bodies:
                barrier.wait(10)
                receipts.append(health.take_batch(body, region=region).is_repeated)
        finally:
            connection.close()

    threads = [threading.Thread(target=push_all) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(receipts) == [False] * 8 + [True] * 8
    assert samples() == 400
    health.roll_up()
    assert HealthHour.objects.get().requests == 4000


def test_late_minutes_make_their_own_partition(region, connector):
    late = timezone.now().replace(second=0, microsecond=0) - timedelta(days=6, hours=20)
    receipt = health.take_batch(batch(region, [event(connector, late)]), region=region)
    assert receipt.accepted == 1
    assert late.astimezone(UTC).date() in existing_days()


def test_partitions_are_kept_ahead_and_dropped_when_they_are_old(region, settings):
    settings.HEALTH_KEEP_DAYS = {"samples": 30, "hours": 60, "days": 90}
    today = timezone.now().astimezone(UTC).date()
    old, kept = today - timedelta(days=31), today - timedelta(days=30)
    ensure_partitions([old, kept])
    health.keep_partitions()
    health.keep_partitions()
    days = existing_days()
    assert {today, today + timedelta(days=1), today + timedelta(days=3), kept} <= days
    assert old not in days


def test_batches_are_remembered_longer_than_their_minutes_would_be_accepted(region):
    def remembered(days: int, rolled_up: bool) -> uuid.UUID:
        at = timezone.now() - timedelta(days=days)
        made = TelemetryBatch.objects.create(
            id=uuid.uuid4(), region=region, events=0, received_at=at, rolled_up_at=at if rolled_up else None
        )
        return made.pk

    recent, waiting = remembered(8, True), remembered(40, False)
    remembered(40, True)
    health.keep_partitions()
    assert set(TelemetryBatch.objects.values_list("pk", flat=True)) == {recent, waiting}


def test_hours_of_another_system_are_imported_once(cast, region, connector):
    at = datetime(2026, 3, 29, 1, tzinfo=UTC)
    hour = health.Hour(
        connector.pk, region.pk, "1.0.0", "GetTides", at, {"200": 5, "429": 1}, (5,) + (0,) * 16
    )
    for _ in range(2):
        assert health.import_hours([hour], actor=cast.administrator) == 1
    held = HealthHour.objects.get()
    assert (held.requests, held.successes, held.throttled) == (6, 5, 1)
    day = HealthDay.objects.get()
    assert (day.day, day.requests, day.statuses, day.latency) == (
        at.date(),
        6,
        {"200": 5, "429": 1},
        held.latency,
    )


def test_each_level_is_forgotten_at_its_own_age(region, connector, settings, monkeypatch):
    settings.HEALTH_KEEP_DAYS = {"samples": 30, "hours": 60, "days": 90}
    monkeypatch.setattr(health_partitions, "_DELETE_AT_ONCE", 2)
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    counts = {"requests": 1, "successes": 1, "throttled": 0}
    place = {"connector": connector, "region": region, "version_label": "1.0.0", "operation": "GetTides"}
    for days in (2, 5, 6, 59, 61, 70, 89, 92, 95):
        at = now - timedelta(days=days)
        HealthMinute.objects.create(connector=connector, minute=at, **counts)
        HealthHour.objects.create(**place, hour=at, **counts)
        HealthDay.objects.create(**place, day=at.date(), **counts)
    health.keep_partitions()
    assert HealthMinute.objects.count() == 1
    assert sorted((now - row.hour).days for row in HealthHour.objects.all()) == [2, 5, 6, 59]
    assert sorted((now.date() - row.day).days for row in HealthDay.objects.all()) == [2, 5, 6, 59, 61, 70, 89]


def test_samples_are_kept_at_least_as_long_as_late_minutes_are_taken(region, settings):
    settings.HEALTH_KEEP_DAYS = {"samples": 1, "hours": 60, "days": 90}
    today = timezone.now().astimezone(UTC).date()
    health.keep_partitions()
    assert today - timedelta(days=7) in existing_days()


def test_a_portal_that_is_busy_says_so_quickly_and_when_to_come_back(
    client, region, connector, minute, monkeypatch
):
    taken = threading.BoundedSemaphore(1)
    taken.acquire()
    monkeypatch.setattr(health_api, "_PLACES", taken)
    monkeypatch.setattr(health_api, "_LONGEST_WAIT_SECONDS", 0.01)
    body = batch(region, [event(connector, minute)])
    answer = push(client, body)
    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert 2 <= int(answer["Retry-After"]) <= 8
    assert samples() == 0
    taken.release()
    assert push(client, body).status_code == 202
    assert push(client, body).status_code == 200


def test_a_database_that_is_away_is_no_error_of_the_region(client, region, connector, minute, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("couldn't get a connection after 10.00 sec")

    monkeypatch.setattr(health_api.services, "take_batch", refuse)
    answer = push(client, batch(region, [event(connector, minute)]))
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert health_api._PLACES.acquire(blocking=False), "its place is free again"
    health_api._PLACES.release()
