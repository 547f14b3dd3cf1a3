"""Hosts of live connectors are looked at: alerts after two failed looks, ends, ownership, dormancy, the page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from connectors.latency import BUCKETS
from connectors.models import HealthAlert, HealthHour, HostCheck, HostWatch, Region
from connectors.runtime.hosts import HostLook, Stage
from connectors.services import host_watch
from connectors.tasks import watch_dormant, watch_hosts
from portal.shared.errors import NotPermitted
from portal.shared.models import AuditRecord
from tests.factories import ConnectorFactory, RegionFactory
from tests.factories.connectors import reporting_version

pytestmark = pytest.mark.django_db
HOST = "tides.harbour.example"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def live(publisher, host=HOST):
    connector = ConnectorFactory(publisher=publisher)
    version = reporting_version(connector)
    type(version).objects.filter(pk=version.pk).update(facts={**version.facts, "host": host})
    connector.live_version = version
    connector.save(update_fields=["live_version"])
    return connector


@pytest.fixture
def connector(cast):
    return live(cast.publisher)


class Hosts:
    """What the next looks find, host by host; fine where nothing is said."""

    def __init__(self):
        self.found, self.asked, self.owned = {}, [], None

    def look(self, host, port, egress):
        self.asked.append((host, port))
        given = {"stage": Stage.FINE, "status": 200, "milliseconds": 12, **self.found.get(host, {})}
        return HostLook(host, **given)


@pytest.fixture
def hosts(settings, monkeypatch):
    """The watch switched on, with looks that the test decides; their own tests are in tests/runtime."""
    settings.HOST_WATCH, settings.EGRESS_PUBLIC = True, True
    found = Hosts()
    monkeypatch.setattr(host_watch, "look_at", found.look)
    monkeypatch.setattr(host_watch, "is_owned", lambda host, token: found.owned)
    return found


def turn(*, again=HOUR):
    """Every look is due; what happened before lies an hour back."""
    host_watch._enrol()
    HostWatch.objects.update(next_at=timezone.now() - HOUR)
    HealthAlert.objects.filter(quiet_since__isnull=False).update(quiet_since=timezone.now() - again)
    return host_watch.watch_hosts()


def kinds():
    return set(HealthAlert.objects.open().values_list("kind", flat=True))


def test_a_live_connector_is_enrolled_and_its_first_look_comes_within_the_day(connector, hosts, cast):
    ConnectorFactory(publisher=cast.publisher)
    watch_hosts()
    watch = HostWatch.objects.get()
    assert watch.connector_id == connector.pk
    assert timezone.now() - HOUR < watch.next_at < timezone.now() + DAY
    watch_hosts()
    assert HostWatch.objects.count() == 1


def test_a_fine_look_is_written_down_and_the_next_one_is_tomorrow(connector, hosts):
    hosts.found[HOST] = {"expires_at": timezone.now() + 60 * DAY}
    assert turn() == 1
    check = HostCheck.objects.get()
    assert (check.stage, check.status, check.milliseconds) == ("fine", 200, 12)
    assert kinds() == set()
    watch = HostWatch.objects.get()
    assert timedelta(hours=23) < watch.next_at - timezone.now() <= DAY
    assert host_watch.watch_hosts() == 0, "nothing is due"


def test_one_failed_look_is_nobodys_business_two_are_an_alert_that_ends_by_itself(
    connector, hosts, cast, drain_outbox
):
    hosts.found[HOST] = {"stage": Stage.CONNECTION, "problem": "no connection", "status": None}
    turn()
    assert kinds() == set()
    assert HostWatch.objects.get().next_at - timezone.now() <= HOUR, "it is looked at again soon"
    turn()
    assert kinds() == {"host"}
    alert = HealthAlert.objects.get()
    assert alert.evidence["looks"] == 2
    turn()
    assert HealthAlert.objects.count() == 1, "it fires once"
    hosts.found.clear()
    turn()
    assert kinds() == {"host"}, "one good look may be luck"
    assert HostWatch.objects.get().next_at - timezone.now() <= HOUR
    turn()
    assert kinds() == set()
    drain_outbox()
    told = {address for letter in mail.outbox for address in letter.to}
    assert {cast.owner.email, cast.operator.email} <= told
    assert any("Host does not answer" in letter.subject for letter in mail.outbox)


def test_a_certificate_is_told_before_its_end_and_when_it_is_not_valid(connector, hosts):
    hosts.found[HOST] = {"expires_at": timezone.now() + 5 * DAY}
    turn()
    assert kinds() == {"certificate"}
    hosts.found[HOST] = {"expires_at": timezone.now() + 80 * DAY}
    turn()
    turn()
    assert kinds() == set()
    hosts.found[HOST] = {"stage": Stage.CERTIFICATE, "problem": "has expired", "status": None}
    turn()
    turn()
    assert kinds() == {"certificate"}, "the host answers, so that is no alert of its own"


def test_a_host_that_is_away_says_nothing_of_its_certificate(connector, hosts):
    hosts.found[HOST] = {"expires_at": timezone.now() + 5 * DAY}
    turn()
    hosts.found[HOST] = {"stage": Stage.NAME, "problem": "gone", "status": None}
    turn()
    turn()
    assert kinds() == {"certificate", "host"}


def test_the_proof_of_ownership_alarms_only_when_it_was_there_and_is_gone(connector, hosts, cast):
    watch = host_watch.ask_ownership(connector, actor=cast.developer)
    assert host_watch.ask_ownership(connector, actor=cast.developer).ownership_token == watch.ownership_token
    hosts.owned = False
    turn()
    assert kinds() == set(), "not there yet is a step that waits"
    hosts.owned = True
    turn()
    assert HostWatch.objects.get().owned_since is not None
    hosts.owned = None
    turn()
    assert kinds() == set(), "name servers that do not answer prove nothing"
    hosts.owned = False
    turn()
    assert kinds() == {"ownership"}
    assert AuditRecord.objects.filter(action="connector.ask_ownership").count() == 1
    with pytest.raises(NotPermitted):
        host_watch.drop_ownership(connector, actor=cast.viewer)
    host_watch.drop_ownership(connector, actor=cast.developer)
    turn()
    turn()
    assert kinds() == set(), "a proof that nobody wants is not missed"


def test_when_no_host_can_be_reached_the_road_is_broken_not_the_hosts(cast, hosts):
    for number in range(6):
        host = f"h{number}.example"
        live(cast.publisher, host)
        hosts.found[host] = {"stage": Stage.NAME, "problem": "gone", "status": None}
    assert turn() == 0
    assert not HostCheck.objects.exists()
    assert set(HostWatch.objects.values_list("failures", flat=True)) == {0}


def test_what_is_not_live_or_has_no_fixed_host_is_not_looked_at(cast, hosts, settings):
    live(cast.publisher, "")
    retired = live(cast.publisher)
    retired.state = "retired"
    retired.save()
    assert turn() == 0
    assert hosts.asked == []
    settings.HOST_WATCH = False
    live(cast.publisher)
    assert turn() == 0


def test_public_hosts_are_left_alone_while_public_calls_are_off(connector, hosts, settings):
    settings.EGRESS_PUBLIC = False
    assert turn() == 0
    settings.EGRESS_LOCAL_HOSTS = [f"{HOST}=127.0.0.1:9"]
    assert turn() == 1


def test_the_port_of_the_definition_is_asked(cast, hosts):
    live(cast.publisher, "tides.example:8443")
    turn()
    assert hosts.asked == [("tides.example", 8443)]
    assert HostCheck.objects.get().host == "tides.example:8443"


def heard(connector, at):
    """Ten calls in the hour of `at`."""
    region = Region.objects.filter(code="westeurope").first() or RegionFactory(code="westeurope")
    HealthHour.objects.create(
        connector=connector, region=region, version_label="1.0.0", operation="GetTides",
        hour=at.astimezone(UTC).replace(minute=0, second=0, microsecond=0),
        requests=10, successes=10, throttled=0, latency=[10] + [0] * (BUCKETS - 1),
    )  # fmt: skip


def test_a_connector_nobody_calls_for_long_is_dormant_until_somebody_does(connector, hosts, cast):
    busy, now = live(cast.publisher, "busy.example"), datetime.now(UTC)
    host_watch._enrol()
    HostWatch.objects.update(created_at=now - 90 * DAY)
    heard(connector, now - 40 * DAY)
    watch_dormant()
    assert kinds() == set(), "while nobody reports, nobody is called dormant"
    heard(busy, now - 2 * HOUR)
    watch_dormant()
    alert = HealthAlert.objects.open().get()
    assert (alert.kind, alert.connector, alert.evidence["days"]) == ("dormant", connector, 40)
    heard(connector, now - HOUR)
    watch_dormant()
    HealthAlert.objects.update(quiet_since=now - 2 * HOUR)
    watch_dormant()
    assert kinds() == set()


def test_a_connector_that_has_just_gone_live_is_not_dormant(connector, hosts, cast):
    heard(live(cast.publisher, "busy.example"), datetime.now(UTC) - HOUR)
    host_watch._enrol()
    watch_dormant()
    assert kinds() == set()


def test_the_page_tells_of_every_look_and_asks_for_the_record(connector, hosts, cast, sign_in):
    address = reverse("connector_host", args=[connector.pk])
    assert "Not looked at yet" in sign_in(cast.viewer).get(address).content.decode()
    hosts.found[HOST] = {"expires_at": timezone.now() + timedelta(days=20, hours=2)}
    turn()
    hosts.found[HOST] = {"stage": Stage.NAME, "problem": "The name is not known.", "status": None}
    turn()
    turn()
    page = sign_in(cast.viewer).get(address).content.decode()
    assert "20 days" in page
    assert "The name is not known" in page
    assert "Host does not answer" in page
    assert "TXT record" not in page, "who may not ask is not shown how"
    client = sign_in(cast.developer)
    client.post(reverse("connector_host_ownership", args=[connector.pk]), {"proof": "ask"})
    page = client.get(address).content.decode()
    assert f"connector-portal={HostWatch.objects.get().ownership_token}" in page
    client.post(reverse("connector_host_ownership", args=[connector.pk]), {"proof": "drop"})
    assert HostWatch.objects.get().ownership_token == ""
