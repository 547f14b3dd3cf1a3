"""`certport heartbeat` at the end of a cron job, with a token that can do nothing else."""

from __future__ import annotations

import pytest

from connectors.models import Beat, HealthAlert
from connectors.services import heartbeats
from tests.connectors.test_heartbeats import HOURLY, live

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connector(cast):
    made = live(cast.publisher)
    heartbeats.expect(made, HOURLY, actor=cast.developer)
    return made


@pytest.fixture
def at_the_backend(certport, connector, cast):
    """The command as a cron job has it: an address and a token in the environment, no project, no sign-in."""
    _, secret = heartbeats.make_token(connector, days=30, actor=cast.developer)

    def run(*arguments, **more):
        given = {"CERTPORT_URL": certport.url, "CERTPORT_TOKEN": secret.reveal(), **more}
        return certport("heartbeat", *arguments, **given)

    return run


def test_it_reports_that_all_is_well_and_that_it_is_not(at_the_backend, connector):
    ended = at_the_backend(connector.slug)
    assert ended.code == 0, ended.said
    assert "Heard (ok); last heard" in ended.out
    failing = at_the_backend(connector.slug, "--failing", "--message", "Queue is full", "--json")
    assert (failing.code, failing.document["state"]) == (0, "failing")
    assert HealthAlert.objects.open().get().evidence["message"] == "Queue is full"
    assert list(Beat.objects.values_list("message", flat=True)) == ["Queue is full", ""]
    assert at_the_backend(connector.slug).code == 0
    assert not HealthAlert.objects.open().exists()


def test_each_way_to_fail_has_its_exit_code(at_the_backend, connector, cast):
    assert at_the_backend().code == 2, "which connector?"
    assert at_the_backend("../../tokens").code == 2
    assert at_the_backend("somebody-elses").code == 4
    assert at_the_backend(connector.slug, CERTPORT_TOKEN="ccp_unknown").code == 3
    heartbeats.drop(connector, actor=cast.developer)
    off = at_the_backend(connector.slug, "--json")
    assert (off.code, off.document["error"]["code"]) == (5, "conflict")
    assert "turn them on" in off.document["error"]["message"]


def test_health_shows_what_is_expected_and_how_it_stands(certport, connector, cast):
    certport.enter(cast.developer)
    heartbeats.beat(connector, is_failing=True, message="Disk full", actor=cast.developer)
    shown = certport("health", connector.slug)
    assert shown.code == 0, shown.said
    assert "Heartbeat failing (every 60 min, grace 15 min); last heard" in shown.out
    assert "Disk full" in shown.out
    assert certport("health", connector.slug, "--json").document["heartbeat"]["period_minutes"] == 60
