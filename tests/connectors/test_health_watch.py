"""Watching health: alerts fire once, do not flap, end only on data, and reach the right people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from certification.models import Notification
from connectors.latency import BUCKETS
from connectors.lifecycle import HealthAlertState
from connectors.models import HealthAlert, HealthConnectorHour, HealthHour, HealthMinute
from connectors.services import health_alerts, health_watch
from portal.shared.errors import IllegalTransition, InvalidInput, NotPermitted
from portal.shared.models import AuditRecord
from tests.factories import ConnectorFactory, RegionFactory
from tests.factories.connectors import reporting_version

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 17, 12, 0, tzinfo=UTC)


def live_connector(publisher):
    connector = ConnectorFactory(publisher=publisher)
    connector.live_version = reporting_version(connector)
    connector.save(update_fields=["live_version"])
    return connector


@pytest.fixture
def connector(cast):
    return live_connector(cast.publisher)


@pytest.fixture
def region(db):
    return RegionFactory(code="westeurope")


def minutes(connector, first, last, *, calls=100, failed=0):
    """Calls in every minute from `first` to `last` minutes ago (of NOW)."""
    HealthMinute.objects.filter(
        connector=connector,
        minute__gte=NOW - timedelta(minutes=first),
        minute__lte=NOW - timedelta(minutes=last),
    ).delete()
    HealthMinute.objects.bulk_create(
        HealthMinute(
            connector=connector,
            minute=NOW - timedelta(minutes=ago),
            requests=calls,
            successes=calls - failed,
            throttled=0,
        )
        for ago in range(last, first + 1)
    )


def hour(connector, region, at, *, calls, failed=0, bucket=5):
    histogram = [0] * BUCKETS
    histogram[bucket] = calls
    HealthHour.objects.create(
        connector=connector,
        region=region,
        version_label="1.0.0",
        operation="GetTides",
        hour=at,
        requests=calls,
        successes=calls - failed,
        throttled=0,
        statuses={"200": calls - failed, "500": failed},
        latency=histogram,
    )


def look(after=timedelta(0)):
    with time_machine.travel(NOW + after, tick=False):
        return health_watch.watch_objectives()


def kinds():
    return sorted(HealthAlert.objects.open().values_list("kind", flat=True))


def test_nothing_fires_while_the_objective_is_kept(connector):
    minutes(connector, 400, 0, failed=0)
    assert look() == 0
    assert kinds() == []


def test_failing_fast_fires_once_and_tells_the_team_and_the_operators(cast, connector, drain_outbox):
    minutes(connector, 400, 0)
    minutes(connector, 60, 0, failed=20)
    assert look() == 1
    assert look() == 0, "it is open already"
    alert = HealthAlert.objects.get()
    assert (alert.kind, alert.state) == ("burn_fast", "firing")
    assert alert.evidence["long"] == {"minutes": 60, "calls": 6000, "failed": 1160, "burn_rate": 19.33}
    drain_outbox()
    told = set(
        Notification.objects.filter(event="healthalert.fire").values_list("recipient__email", flat=True)
    )
    assert {cast.owner.email, cast.viewer.email, cast.operator.email} <= told
    assert cast.stranger.email not in told
    body = Notification.objects.filter(recipient=cast.owner).get().body_text
    assert "calls failed in the last hour" in body
    assert AuditRecord.objects.filter(action="healthalert.fire").count() == 1


def test_a_hiccup_of_two_minutes_wakes_nobody(connector):
    minutes(connector, 400, 0)
    minutes(connector, 5, 3, failed=50)
    assert look() == 0


def test_what_failed_an_hour_ago_wakes_nobody_now(connector):
    minutes(connector, 400, 0)
    minutes(connector, 50, 20, failed=100)
    look()
    assert "burn_fast" not in kinds()


def test_few_calls_say_nothing(connector):
    minutes(connector, 60, 0, calls=1, failed=1)
    assert look() == 0


def test_an_alert_resolves_only_after_it_stayed_quiet(connector, drain_outbox):
    minutes(connector, 60, 0, failed=20)
    look()
    minutes(connector, 60, -20)
    assert look() == 0, "quiet, but just now"
    assert look(timedelta(minutes=10)) == 0
    assert HealthAlert.objects.get().state == HealthAlertState.FIRING
    assert look(timedelta(minutes=16)) == 1
    drain_outbox()
    assert HealthAlert.objects.get().state == HealthAlertState.RESOLVED
    assert Notification.objects.filter(event="healthalert.resolve").exists()


def test_an_alert_that_comes_and_goes_stays_one_alert(connector):
    for turn in range(6):
        minutes(connector, 60, 0, failed=20 if turn % 2 == 0 else 0)
        look(timedelta(seconds=turn))
    assert HealthAlert.objects.count() == 1
    assert HealthAlert.objects.get().state == HealthAlertState.FIRING


def test_without_data_an_alert_neither_begins_nor_ends(connector):
    minutes(connector, 60, 0, failed=20)
    look()
    HealthMinute.objects.all().delete()
    for after in (0, 1, 30):
        look(timedelta(hours=after))
    assert kinds() == ["burn_fast"]


def test_a_connector_that_is_not_live_raises_nothing_and_its_alerts_end(connector):
    minutes(connector, 60, 0, failed=20)
    look()
    connector.live_version = None
    connector.save(update_fields=["live_version"])
    assert look(timedelta(minutes=30)) == 0
    assert look(timedelta(minutes=61)) == 1
    assert kinds() == []


def test_a_steady_loss_is_found_over_days(connector, region):
    minutes(connector, 360, 0, calls=10, failed=0)
    minutes(connector, 360, 0, calls=100, failed=2)
    for ago in range(72):
        hour(connector, region, NOW - timedelta(hours=ago), calls=6000, failed=90)
    look()
    assert kinds() == ["burn_steady"]
    assert HealthAlert.objects.get().evidence["long"]["minutes"] == 3 * 24 * 60


def test_the_publishers_own_objective_is_what_counts(cast, connector):
    minutes(connector, 400, 0, failed=3)
    draft = health_alerts.ObjectiveDraft(
        success_percent=95, latency_ms=2500, latency_percent=95, silence_minutes=60
    )
    assert look() == 0
    health_alerts.set_objective(connector, draft, actor=cast.developer)
    assert look() == 0
    strict = health_alerts.ObjectiveDraft(
        success_percent="99.9", latency_ms=2500, latency_percent=95, silence_minutes=60
    )
    health_alerts.set_objective(connector, strict, actor=cast.developer)
    look()
    assert kinds() == ["burn_fast"], "the slower rule adds nothing"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"success_percent": 100}, "success_percent"),
        ({"success_percent": 10}, "success_percent"),
        ({"latency_ms": 7}, "latency_ms"),
        ({"silence_minutes": 1}, "silence_minutes"),
    ],
)
def test_an_objective_nobody_could_measure_is_refused(cast, connector, changes, field):
    values = {
        "success_percent": 99,
        "latency_ms": 2500,
        "latency_percent": 95,
        "silence_minutes": 60,
        **changes,
    }
    with pytest.raises(InvalidInput) as refused:
        health_alerts.set_objective(connector, health_alerts.ObjectiveDraft(**values), actor=cast.owner)
    assert field in refused.value.fields


def test_viewers_set_no_objective(cast, connector):
    draft = health_alerts.ObjectiveDraft(
        success_percent=95, latency_ms=2500, latency_percent=95, silence_minutes=60
    )
    with pytest.raises(NotPermitted):
        health_alerts.set_objective(connector, draft, actor=cast.viewer)


def usual_weeks(connector, region, *, calls=1000, weeks=6):
    for week in range(1, weeks + 1):
        for ago in range(-3, 30):
            hour(connector, region, NOW - timedelta(weeks=week, hours=ago), calls=calls)


def test_silence_is_told_where_calls_were_usual(connector, region):
    usual_weeks(connector, region)
    minutes(connector, 400, 180)
    look()
    assert kinds() == ["silence"]
    evidence = HealthAlert.objects.get().evidence
    assert evidence["expected_calls"] == 2000
    minutes(connector, 10, 0)
    look()
    look(timedelta(minutes=11))
    assert kinds() == []


def test_a_connector_that_never_reported_anything_today_is_silent_too(connector, region):
    usual_weeks(connector, region)
    look()
    assert kinds() == ["silence"]


def test_hours_that_were_imported_are_heard_too(connector, region):
    usual_weeks(connector, region)
    HealthConnectorHour.objects.create(
        connector=connector, hour=NOW - timedelta(hours=2), requests=900, successes=900, throttled=0
    )
    look()
    assert kinds() == [], "its last call may have been 61 minutes ago"
    look(timedelta(hours=1))
    assert kinds() == ["silence"]
    assert HealthAlert.objects.get().evidence["last_at"] == (NOW - timedelta(minutes=61)).isoformat()


def test_a_dormant_or_young_connector_raises_no_alarm(connector, region):
    usual_weeks(connector, region, weeks=2)
    minutes(connector, 400, 180)
    look()
    assert kinds() == []


def test_when_everybody_falls_silent_the_road_is_broken_and_nobody_is_blamed(cast, region):
    connectors = [live_connector(cast.publisher) for _ in range(6)]
    for one in connectors:
        usual_weeks(one, region)
        minutes(one, 400, 180)
    look()
    assert kinds() == []
    for one in connectors[:5]:
        minutes(one, 10, 0)
    look()
    assert list(HealthAlert.objects.values_list("connector", flat=True)) == [connectors[5].pk]


def unusual(after=timedelta(0)):
    with time_machine.travel(NOW + timedelta(minutes=20) + after, tick=False):
        return health_watch.watch_usual()


def test_an_unusual_hour_is_told_with_what_is_usual(connector, region):
    usual_weeks(connector, region)
    hour(connector, region, NOW - timedelta(hours=1), calls=200, failed=60, bucket=9)
    assert unusual() == 3
    assert kinds() == ["calls", "failures", "latency"]
    told = HealthAlert.objects.get(kind="calls").evidence
    assert (told["value"], told["usual"], told["weeks"]) == (200, 1000, 6)


def test_an_hour_like_those_before_is_fine_and_ends_an_alert(connector, region):
    usual_weeks(connector, region)
    unusual()
    assert kinds() == ["calls"], "nothing at all was called"
    hour(connector, region, NOW, calls=1000)
    hour(connector, region, NOW + timedelta(hours=1), calls=1000)
    unusual(timedelta(hours=1))
    unusual(timedelta(hours=2))
    assert kinds() == []


def test_a_holiday_of_everybody_is_nobodys_alarm(cast, region):
    for _ in range(6):
        one = live_connector(cast.publisher)
        usual_weeks(one, region)
        hour(one, region, NOW - timedelta(hours=1), calls=150)
    assert unusual() == 0


def test_acknowledging_and_closing_are_for_makers_and_operators(cast, connector):
    minutes(connector, 60, 0, failed=20)
    look()
    alert = HealthAlert.objects.get()
    for person in (cast.viewer, cast.tester, cast.stranger, cast.reviewer):
        with pytest.raises(NotPermitted):
            health_alerts.acknowledge(alert, actor=person)
    health_alerts.acknowledge(alert, actor=cast.developer)
    alert.refresh_from_db()
    assert (alert.state, alert.acknowledged_by) == ("acknowledged", cast.developer)
    look()
    assert HealthAlert.objects.get().state == "acknowledged", "a breach that goes on keeps it"
    with pytest.raises(IllegalTransition):
        health_alerts.acknowledge(alert, actor=cast.operator)
    with pytest.raises(InvalidInput):
        health_alerts.close(alert, reason=" ", actor=cast.operator)
    health_alerts.close(alert, reason="A planned restart.", actor=cast.operator)
    assert kinds() == []
    look()
    assert kinds() == ["burn_fast"], "it fires anew while it is true"


def test_alerts_are_seen_by_the_team_and_staff_only(cast, connector):
    minutes(connector, 60, 0, failed=20)
    look()
    for person in (cast.owner, cast.viewer, cast.operator, cast.reviewer):
        assert HealthAlert.objects.visible_to(person).count() == 1
    assert not HealthAlert.objects.visible_to(cast.stranger).exists()


def test_one_look_asks_the_same_number_of_questions_for_many_connectors(
    cast, region, django_assert_num_queries
):
    for _ in range(12):
        minutes(live_connector(cast.publisher), 60, 0)
    with django_assert_num_queries(5):
        look()
