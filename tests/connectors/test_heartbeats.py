"""Backends report by themselves: alerts on trouble and on silence, their ends, outages of the portal."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.db.models import F

from certification.services import transfers
from connectors.heartbeats import BeatState
from connectors.models import Beat, Connector, HealthAlert, Heartbeat, HeartbeatWatch
from connectors.queries.heartbeats import heartbeat_page
from connectors.services import health_alerts, heartbeats
from connectors.tasks import watch_heartbeats
from portal.shared.errors import Conflict, InvalidInput, NotPermitted
from portal.shared.models import AuditRecord
from tests.factories import ConnectorFactory, PublisherFactory
from tests.factories.connectors import reporting_version

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
HOURLY = heartbeats.RhythmDraft(60, 15)


def live(publisher):
    connector = ConnectorFactory(publisher=publisher)
    connector.live_version = reporting_version(connector)
    connector.save(update_fields=["live_version"])
    return connector


@pytest.fixture
def connector(cast):
    made = live(cast.publisher)
    heartbeats.expect(made, HOURLY, actor=cast.developer)
    return made


def pass_time(span, *rows):
    """What was heard and promised lies `span` further back."""
    found = Heartbeat.objects.filter(pk__in=[row.pk for row in rows]) if rows else Heartbeat.objects.all()
    found.update(
        missing_at=F("missing_at") - span, heard_at=F("heard_at") - span, created_at=F("created_at") - span
    )
    Beat.objects.update(at=F("at") - span)


def state(connector):
    return heartbeat_page(connector).state


def alerts():
    return list(HealthAlert.objects.open().filter(kind="heartbeat"))


def well(connector, cast, **said):
    return heartbeats.beat(connector, is_failing=False, actor=cast.developer, **said)


def test_turned_on_it_was_never_heard_and_alarms_when_period_and_grace_are_over(connector, cast):
    assert state(connector) == BeatState.NEVER
    watch_heartbeats()
    assert alerts() == []
    pass_time(76 * MINUTE)
    assert state(connector) == BeatState.MISSING
    watch_heartbeats()
    [alert] = alerts()
    assert alert.evidence["last_at"] is None
    assert AuditRecord.objects.filter(action="connector.expect_heartbeat").count() == 1


def test_a_missing_beat_is_told_once_and_the_next_one_ends_it_at_once(connector, cast, drain_outbox):
    well(connector, cast)
    assert state(connector) == BeatState.ON_TIME
    pass_time(61 * MINUTE)
    assert state(connector) == BeatState.LATE
    watch_heartbeats()
    assert alerts() == []
    pass_time(15 * MINUTE)
    for _again in range(3):
        watch_heartbeats()
    assert len(alerts()) == 1
    drain_outbox()
    assert {cast.owner.email, cast.operator.email} <= {to for letter in mail.outbox for to in letter.to}
    to_owner = [letter for letter in mail.outbox if letter.to == [cast.owner.email]]
    assert len(to_owner) == 1, "one alert, one mail"
    assert "1 hour" in to_owner[0].body or "75 minutes" in to_owner[0].body
    well(connector, cast)
    assert alerts() == []
    assert HealthAlert.objects.get().state == "resolved"
    assert state(connector) == BeatState.ON_TIME


def test_a_failing_beat_alarms_at_once_and_says_why(connector, cast):
    heartbeats.beat(connector, is_failing=True, message="Queue is full", actor=cast.developer)
    [alert] = alerts()
    assert (alert.evidence["is_failing"], alert.evidence["message"]) == (True, "Queue is full")
    heartbeats.beat(connector, is_failing=True, message="Queue is full still", actor=cast.developer)
    assert [each.evidence["message"] for each in alerts()] == ["Queue is full still"], "latched, and renewed"
    assert HealthAlert.objects.count() == 1
    well(connector, cast)
    assert alerts() == []


def test_an_alert_closed_by_hand_fires_anew_while_it_is_true(connector, cast):
    heartbeats.beat(connector, is_failing=True, actor=cast.developer)
    health_alerts.close(alerts()[0], reason="We know", actor=cast.owner)
    watch_heartbeats()
    assert len(alerts()) == 1


def test_the_message_is_one_line_of_bounded_length_without_secrets(connector, cast):
    token = "ccp_" + "a" * 30
    row = well(connector, cast, message=f"a\x00b\nc {token} " + "x" * 900)
    assert row.message.startswith("a b c [secret removed]")
    assert len(row.message) == heartbeats.LONGEST_MESSAGE
    assert token not in Beat.objects.get().message


def test_the_same_beat_sent_twice_counts_once_and_the_log_is_bounded(connector, cast):
    well(connector, cast)
    well(connector, cast)
    assert Beat.objects.count() == 1
    for number in range(heartbeats.KEPT_BEATS + 3):
        well(connector, cast, message=str(number))
    assert Beat.objects.count() == heartbeats.KEPT_BEATS
    assert Beat.objects.first().message == str(heartbeats.KEPT_BEATS + 2)


def test_turning_off_forgets_the_beats_and_ends_the_alert(connector, cast):
    heartbeats.beat(connector, is_failing=True, actor=cast.developer)
    heartbeats.drop(connector, actor=cast.developer)
    assert (state(connector), alerts(), Beat.objects.count()) == (BeatState.OFF, [], 0)
    with pytest.raises(Conflict, match="are off"):
        well(connector, cast)
    heartbeats.drop(connector, actor=cast.developer)
    assert AuditRecord.objects.filter(action="connector.drop_heartbeat").count() == 1


def test_another_rhythm_begins_the_clock_anew_and_the_same_one_does_not(connector, cast):
    well(connector, cast)
    pass_time(70 * MINUTE)
    before = Heartbeat.objects.get().missing_at
    heartbeats.expect(connector, HOURLY, actor=cast.developer)
    assert Heartbeat.objects.get().missing_at == before
    heartbeats.expect(connector, heartbeats.RhythmDraft(5, 5), actor=cast.developer)
    assert state(connector) == BeatState.ON_TIME
    assert AuditRecord.objects.filter(action="connector.change_heartbeat").count() == 1


@pytest.mark.parametrize("draft", [(0, 5), (5, 0), (44641, 5), (5, 10**9)])
def test_a_rhythm_outside_its_bounds_is_refused_by_name(cast, draft):
    with pytest.raises(InvalidInput) as refused:
        heartbeats.expect(live(cast.publisher), heartbeats.RhythmDraft(*draft), actor=cast.developer)
    assert len(refused.value.fields) == 1


def test_only_those_who_make_the_connector_may(connector, cast):
    for person in (cast.viewer, cast.operator, cast.stranger):
        with pytest.raises(NotPermitted):
            heartbeats.expect(connector, HOURLY, actor=person)
        with pytest.raises(NotPermitted):
            heartbeats.beat(connector, is_failing=False, actor=person)
        with pytest.raises(NotPermitted):
            heartbeats.drop(connector, actor=person)
        with pytest.raises(NotPermitted):
            heartbeats.make_token(connector, days=3, actor=person)


def test_of_a_closed_connector_nothing_is_expected_and_its_alert_ends(connector, cast):
    heartbeats.beat(connector, is_failing=True, actor=cast.developer)
    Connector.objects.update(state="retired")
    connector.refresh_from_db()
    assert state(connector) == BeatState.OFF
    with pytest.raises(Conflict, match="closed"):
        well(connector, cast)
    HealthAlert.objects.update(last_breach_at=F("last_breach_at") - 2 * HOUR)
    health_alerts.apply([], live=set(), now=HealthAlert.objects.get().last_breach_at + 2 * HOUR)
    assert alerts() == []


def test_nobody_is_told_of_what_is_not_live(connector, cast):
    Connector.objects.update(live_version=None)
    connector.refresh_from_db()
    pass_time(5 * HOUR)
    watch_heartbeats()
    heartbeats.beat(connector, is_failing=True, actor=cast.developer)
    assert alerts() == []
    assert state(connector) == BeatState.FAILING


def test_another_team_begins_anew(connector, cast):
    heartbeats.beat(connector, is_failing=True, message="ours", actor=cast.developer)
    pass_time(70 * MINUTE)
    offer = transfers.offer_transfer(connector, to=cast.other_publisher.slug, actor=cast.owner)
    transfers.accept_transfer(offer, actor=cast.stranger)
    connector.refresh_from_db()
    assert (state(connector), Beat.objects.count()) == (BeatState.NEVER, 0)
    watch_heartbeats()
    assert alerts() == []
    with pytest.raises(NotPermitted):
        well(connector, cast)


def test_silence_while_the_portal_was_away_is_no_fault_of_the_backend(connector, cast):
    watch_heartbeats()
    well(connector, cast)
    pass_time(77 * MINUTE)
    HeartbeatWatch.objects.update(checked_at=F("checked_at") - 20 * MINUTE)
    watch_heartbeats()
    assert alerts() == []
    assert state(connector) != BeatState.MISSING
    pass_time(76 * MINUTE)
    watch_heartbeats()
    assert len(alerts()) == 1, "the portal heard nothing in another period and grace"


def test_who_was_missing_before_the_portal_went_away_stays_so(connector, cast):
    watch_heartbeats()
    well(connector, cast)
    pass_time(200 * MINUTE)
    HeartbeatWatch.objects.update(checked_at=F("checked_at") - 20 * MINUTE)
    watch_heartbeats()
    assert len(alerts()) == 1


def test_when_nobody_at_all_is_heard_the_road_is_broken_not_the_backends(cast):
    teams = [cast.publisher, *PublisherFactory.create_batch(2)]
    watch_heartbeats()
    many = [live(teams[number % 3]) for number in range(6)]
    now = heartbeats.database_now()
    for each in many:
        Heartbeat.objects.create(
            connector=each, period_minutes=60, grace_minutes=15, heard_at=now, missing_at=now + 75 * MINUTE
        )
    pass_time(76 * MINUTE)
    watch_heartbeats()
    assert alerts() == []
    assert HeartbeatWatch.objects.get().is_held
    row = Heartbeat.objects.get(connector=many[0])
    row.heard_at, row.missing_at = now, now + 75 * MINUTE
    row.save()
    watch_heartbeats()
    assert alerts() == [], "somebody is heard again: the others are given another period"
    pass_time(76 * MINUTE, *many[1:])
    watch_heartbeats()
    assert len(alerts()) == 5


def test_one_team_whose_backends_all_fall_silent_is_told(cast):
    many = [live(cast.publisher) for _number in range(6)]
    for each in many:
        heartbeats.expect(each, HOURLY, actor=cast.developer)
        well(each, cast)
    watch_heartbeats()
    pass_time(76 * MINUTE)
    watch_heartbeats()
    assert len(alerts()) == 6


@pytest.mark.django_db(transaction=True)
def test_beats_at_once_and_the_watch_between_them_leave_one_truth(connector, cast):
    """Failing and good beats and ticks race; at the end the alert is what the last beat said."""
    barrier, errors = threading.Barrier(5), []

    def run(deed):
        try:
            barrier.wait(timeout=10)
            for _again in range(4):
                deed()
        except Exception as error:  # noqa: BLE001 - told by the thread that waits
            errors.append(error)
        finally:
            connection.close()

    def failing():
        heartbeats.beat(connector, is_failing=True, actor=cast.developer)

    deeds = [failing, failing, lambda: well(connector, cast), watch_heartbeats, watch_heartbeats]
    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []
    assert bool(alerts()) == Heartbeat.objects.get().is_failing
    well(connector, cast)
    assert alerts() == []
    assert HealthAlert.objects.open().count() == 0
