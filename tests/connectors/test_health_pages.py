"""Pages of health: ranges by address, comparison, files, alerts, known issues, the scorecard, the fleet."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from connectors.latency import BUCKETS
from connectors.models import AvailabilityRequest, HealthAlert, HealthHour, HealthMinute, KnownIssue
from connectors.queries import health_fleet
from connectors.scorecard import SUCCESS_TARGET, Measured, more_needed, score
from connectors.services import availability, health_connector_hours, known_issues
from portal.shared.errors import Blocked, Conflict, InvalidInput, NotPermitted
from tests.factories import ConnectorFactory, RegionFactory
from tests.factories.connectors import reporting_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def region(db):
    return RegionFactory(code="westeurope", name="West Europe")


@pytest.fixture
def connector(cast):
    made = ConnectorFactory(publisher=cast.publisher, name="Harbour Tides")
    made.live_version = reporting_version(made)
    made.marked_at = {"live": (timezone.now() - timedelta(days=40)).isoformat()}
    made.save(update_fields=["live_version", "marked_at"])
    reporting_version(made, label="1.1.0")
    return made


def hour(connector, region, ago=1, *, calls=100, failed=0, version="1.0.0", status="500", connections=60):
    at = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=ago)
    histogram = [0] * BUCKETS
    histogram[5] = calls
    return HealthHour.objects.create(
        connector=connector, region=region, version_label=version, operation="GetTides", hour=at, requests=calls,
        successes=calls - failed, throttled=0, statuses={"200": calls - failed, status: failed},
        latency=histogram, connections=connections,
    )  # fmt: skip


def page(client, name, connector, **query):
    return client.get(reverse(name, args=[connector.pk]), query)


def test_a_range_in_the_address_is_what_the_page_shows(cast, sign_in, connector, region):
    client = sign_in(cast.viewer)
    for ago in (1, 30, 60):
        hour(connector, region, ago)
    now = timezone.now()
    asked = {
        "since": (now - timedelta(hours=40)).isoformat(),
        "until": (now - timedelta(hours=20)).isoformat(),
    }
    answer = page(client, "connector_health", connector, **asked)
    assert answer.status_code == 200
    assert answer.context["health"].total.requests == 100
    assert answer.context["window"].step == timedelta(hours=1)


@pytest.mark.parametrize(
    ("since", "until", "told"),
    [
        ("yesterday", "2026-01-01", "both ends"),
        ("2026-01-02", "", "both ends"),
        ("2026-01-02", "2026-01-01", "ends before it begins"),
        ("1990-01-01", "2026-01-01", "at most"),
        ("2026-02-31T00:00", "2026-03-01", "both ends"),
        ("9999-01-01", "9999-01-02", "both ends"),
    ],
)
def test_a_range_that_is_none_is_told_and_the_page_still_shows(
    cast, sign_in, connector, region, since, until, told
):
    hour(connector, region)
    answer = page(sign_in(cast.viewer), "connector_health", connector, since=since, until=until)
    assert answer.status_code == 200
    assert told in answer.context["range_error"]
    assert answer.context["health"].total.requests == 100


def test_two_versions_stand_side_by_side_with_their_counts(cast, sign_in, connector, region):
    hour(connector, region, failed=10)
    hour(connector, region, failed=40, version="1.1.0")
    answer = page(sign_in(cast.viewer), "connector_health_compare", connector)
    comparison = answer.context["comparison"]
    assert {comparison.a_name, comparison.b_name} == {"1.0.0", "1.1.0"}
    chosen = page(sign_in(cast.viewer), "connector_health_compare", connector, a="1.0.0", b="1.1.0")
    rate = next(line for line in chosen.context["comparison"].lines if line.label == "Success rate")
    assert (rate.a, rate.b, rate.change) == ("90% (90 of 100)", "60% (60 of 100)", "-30.00 points")
    assert "90 of 100" in chosen.content.decode()


def test_two_regions_can_be_compared_and_one_alone_cannot(cast, sign_in, connector, region):
    hour(connector, region)
    alone = page(sign_in(cast.viewer), "connector_health_compare", connector, by="region")
    assert alone.context["comparison"] is None
    hour(connector, RegionFactory(code="japan", name="Japan"), failed=50)
    both = page(sign_in(cast.viewer), "connector_health_compare", connector, by="region")
    assert {both.context["comparison"].a_name, both.context["comparison"].b_name} == {"West Europe", "Japan"}


def test_the_file_has_a_row_for_each_step_and_claims_nothing_where_nothing_was_reported(
    cast, sign_in, connector, region
):
    hour(connector, region, failed=7)
    answer = page(sign_in(cast.viewer), "connector_health_csv", connector)
    assert answer["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert len(rows) == 24
    told = [row for row in rows if row["requests"]]
    assert len(told) == 1
    assert (told[0]["requests"], told[0]["successes"], told[0]["success rate"]) == ("100", "93", "0.93")
    assert {row["success rate"] for row in rows if not row["requests"]} == {""}


def test_the_publishers_words_replace_the_general_ones_beside_a_code(cast, sign_in, connector, region):
    hour(connector, region, failed=7, status="404")
    draft = known_issues.IssueDraft("No such station", "Stations close; **search** again.", 404)
    known_issues.tell(connector, draft, actor=cast.developer)
    content = page(sign_in(cast.viewer), "connector_health", connector).content.decode()
    assert "No such station" in content
    assert "<strong>search</strong>" in content


def test_known_issues_are_public_as_soon_as_they_are_told_and_gone_when_resolved(client, cast, connector):
    address = reverse("public_issues", args=[connector.slug])
    told = known_issues.tell(
        connector, known_issues.IssueDraft("Slow at noon", "Wait."), actor=cast.developer
    )
    assert "Slow at noon" in client.get(address).content.decode()
    known_issues.change(told, known_issues.IssueDraft("Slow at one", "Wait."), actor=cast.owner)
    assert "Slow at one" in client.get(address).content.decode()
    known_issues.resolve(told, actor=cast.owner)
    assert "Slow" not in client.get(address).content.decode()
    with pytest.raises(Conflict):
        known_issues.resolve(told, actor=cast.owner)


def test_nothing_of_a_connector_that_is_not_live_is_public(client, cast):
    planned = ConnectorFactory(publisher=cast.publisher)
    known_issues.tell(planned, known_issues.IssueDraft("Secret plan", "Wait."), actor=cast.developer)
    assert client.get(reverse("public_issues", args=[planned.slug])).status_code == 404


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (known_issues.IssueDraft(" ", "Wait."), "title"),
        (known_issues.IssueDraft("Slow", ""), "text"),
        (known_issues.IssueDraft("Slow", "x" * 4001), "text"),
        (known_issues.IssueDraft("Slow", "Wait.", 200), "status"),
        (known_issues.IssueDraft("Slow", "Use password=Zk39vQ7xLp2mW8rT instead"), "text"),
    ],
)
def test_an_issue_that_cannot_be_published_says_why(cast, connector, draft, field):
    with pytest.raises(InvalidInput) as refused:
        known_issues.tell(connector, draft, actor=cast.developer)
    assert field in refused.value.fields
    assert not KnownIssue.objects.exists()


def test_a_code_is_explained_once(cast, connector):
    draft = known_issues.IssueDraft("Throttled", "Ask for less.", 429)
    known_issues.tell(connector, draft, actor=cast.developer)
    with pytest.raises(Conflict):
        known_issues.tell(connector, draft, actor=cast.developer)


def test_only_makers_tell_issues(cast, connector):
    for person in (cast.viewer, cast.operator, cast.stranger):
        with pytest.raises(NotPermitted):
            known_issues.tell(connector, known_issues.IssueDraft("Slow", "Wait."), actor=person)


def ready(connector, region, **changes):
    for ago in range(1, 40):
        hour(connector, region, ago, **{"calls": 100, "connections": 600, **changes})


def test_the_scorecard_says_what_is_there_and_how_much_is_missing(cast, sign_in, connector, region):
    hour(connector, region, calls=10_000, failed=25)
    card = page(sign_in(cast.viewer), "connector_scorecard", connector).context["card"]
    by_key = {each.key: each for each in card.criteria}
    assert not card.meets_required
    assert by_key["availability"].value == "99.75% (9,975 of 10,000)"
    assert by_key["availability"].missing.startswith("20 failures too many")
    assert f"{more_needed(9975, 10_000, 0.9995):,} calls without one" in by_key["availability"].missing
    assert by_key["success"].is_met
    assert by_key["weekly"].is_met is False


def test_without_calls_nothing_counts_as_met(cast, connector, region):
    found = score(Measured(), now=timezone.now())
    assert [each.is_met for each in found.criteria] == [False, *[None] * 6]
    assert not found.meets_required


def test_a_live_connector_is_in_production_also_where_nobody_calls_it():
    now = timezone.now()
    seldom = score(Measured(regions=27, missing_regions=20, live_since=now), now=now).criteria[0]
    assert (seldom.is_met, seldom.value, seldom.missing) == (True, "live; called in 7 of 27 regions", "")
    on_its_way = score(Measured(regions=27, missing_regions=20), now=now).criteria[0]
    assert (on_its_way.is_met, on_its_way.value) == (False, "not live yet")
    assert "every public region" in on_its_way.missing


def test_more_good_calls_than_needed_never_miss_and_one_fewer_does():
    for good, whole in ((0, 10), (9_975, 10_000), (5, 7), (800, 1001)):
        needed = more_needed(good, whole, SUCCESS_TARGET)
        assert (good + needed) / (whole + needed) >= SUCCESS_TARGET - 1e-12
        if needed:
            assert (good + needed - 1) / (whole + needed - 1) < SUCCESS_TARGET


def test_general_availability_is_asked_for_with_the_scorecard_and_decided_by_another_operator(
    cast, connector, region, drain_outbox
):
    with pytest.raises(Blocked) as blocked:
        availability.request(connector, support_hours="Every day", note="", actor=cast.owner)
    assert any("Availability" in each for each in blocked.value.blockers)
    ready(connector, region)
    with pytest.raises(InvalidInput):
        availability.request(connector, support_hours=" ", note="", actor=cast.owner)
    made = availability.request(connector, support_hours="Every day", note="", actor=cast.owner)
    assert {each["key"] for each in made.scorecard if each["is_met"]} >= {"availability", "steady", "success"}
    with pytest.raises(Conflict):
        availability.request(connector, support_hours="Every day", note="", actor=cast.owner)
    for person in (cast.owner, cast.reviewer):
        with pytest.raises(NotPermitted):
            availability.decide(made, grant=True, reasons="", actor=person)
    with pytest.raises(InvalidInput):
        availability.decide(made, grant=False, reasons="", actor=cast.operator)
    availability.decide(made, grant=True, reasons="", actor=cast.operator)
    drain_outbox()
    assert AvailabilityRequest.objects.get().state == "granted"


def test_the_fleet_shows_the_worst_first_and_every_row_can_be_reached(cast, sign_in, region):
    now = timezone.now().replace(second=0, microsecond=0)
    made = {}
    for name, failed, ago in (
        ("Fine", 0, 5),
        ("Missing", 50, 5),
        ("Silent", 0, 200),
        ("Alarmed", 0, 5),
        ("Never", 0, None),
        ("Idle", None, 5),
    ):
        one = ConnectorFactory(publisher=cast.publisher, name=name)
        one.live_version = reporting_version(one)
        one.save(update_fields=["live_version"])
        made[name] = one
        if ago is not None:
            HealthMinute.objects.create(
                connector=one, minute=now - timedelta(minutes=ago), requests=0, successes=0, throttled=0
            )
            if failed is not None:
                hour(one, region, failed=failed)
    HealthAlert.objects.create(connector=made["Alarmed"], kind="burn_fast", last_breach_at=now)
    health_connector_hours.mend()
    found = health_fleet.fleet()
    assert [row.name for row in found.rows] == ["Alarmed", "Missing", "Silent", "Never", "Idle", "Fine"]
    assert {key: count for key, _, count in found.counts} == dict.fromkeys(
        ("alert", "missing", "silent", "no_data", "idle", "fine"), 1
    )
    missing = next(row for row in found.rows if row.name == "Missing")
    assert (missing.figures.requests, missing.figures.success_percent) == (100, "50%")
    assert [row.name for row in health_fleet.fleet(text="ALAR").rows] == ["Alarmed"]
    assert [row.name for row in health_fleet.fleet(standing="silent").rows] == ["Silent"]
    assert health_fleet.fleet(text="100%_\0").rows == []
    client = sign_in(cast.operator)
    answer = client.get(reverse("fleet_overview"), {"page": "1"})
    assert answer.status_code == 200
    assert client.get(reverse("fleet_overview"), {"standing": "nonsense", "page": "x"}).status_code == 200


@pytest.mark.parametrize("name", ["fleet_overview", "health_alert_list"])
def test_lists_ask_the_same_number_of_questions_for_any_number_of_rows(
    cast, sign_in, region, name, django_assert_max_num_queries
):
    for _number in range(12):
        one = ConnectorFactory(publisher=cast.publisher)
        one.live_version = reporting_version(one)
        one.save(update_fields=["live_version"])
        HealthAlert.objects.create(connector=one, kind="silence", last_breach_at=timezone.now())
    client = sign_in(cast.operator)
    with django_assert_max_num_queries(14):
        assert client.get(reverse(name)).status_code == 200


def test_an_alert_is_acknowledged_and_closed_on_its_page(cast, sign_in, connector):
    alert = HealthAlert.objects.create(
        connector=connector, kind="silence", last_breach_at=timezone.now(),
        evidence={"last_at": None, "expected_calls": 900, "silence_minutes": 120},
    )  # fmt: skip
    client = sign_in(cast.developer)
    content = client.get(reverse("health_alert_list")).content.decode()
    assert "about 900 calls are usual" in content
    client.post(reverse("health_alert_acknowledge", args=[alert.pk]))
    client.post(reverse("health_alert_close", args=[alert.pk]), {"reason": "Planned."})
    alert.refresh_from_db()
    assert alert.state == "resolved"
    assert "Ended" in client.get(reverse("health_alert_list"), {"state": "resolved"}).content.decode()
