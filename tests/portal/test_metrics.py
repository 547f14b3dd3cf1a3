"""/metrics of the portal: who may read it, what it says, and that rules and dashboard speak of what there is."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from django.core.cache import cache
from django.core.management import get_commands
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from certification.models import Submission
from certification.queries import forecast_accuracy
from connectors.models import HealthAlert
from portal import metrics
from portal.shared.models import OutboxJob
from tests.factories import ConnectorFactory, RegionFactory
from tests.factories.submissions import submission_in
from tests.services import prometheus_path

pytestmark = pytest.mark.django_db
MONITORING = Path(__file__).resolve().parents[2] / "docs" / "monitoring"
TOKEN = "metrics-token-for-tests"
# What Prometheus makes itself.
_FOREIGN = {"up"}
# Words of PromQL and labels that stand where a metric's name could.
_WORDS = re.compile(r"\b(?:portal_[a-z_]+|up)\b")


@pytest.fixture
def scraped(client, settings):
    settings.METRICS_TOKEN = TOKEN

    def scrape():
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        return {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.content.decode())
            for sample in family.samples
        }

    return scrape


@pytest.mark.parametrize("header", [None, "Bearer wrong", f"Basic {TOKEN}", "Bearer"])
def test_without_the_token_nobody_gets_in(client, settings, header):
    settings.METRICS_TOKEN = TOKEN
    headers = {"Authorization": header} if header else {}
    answer = client.get("/metrics", headers=headers)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


def test_without_a_setting_no_token_is_the_right_one(client, settings):
    settings.METRICS_TOKEN, settings.METRICS_NETWORKS = "", []
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401


def test_a_network_that_is_named_needs_no_token_and_cannot_be_pretended(client, settings):
    settings.METRICS_NETWORKS = [metrics.ipaddress.ip_network("10.1.0.0/16")]
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="10.2.2.3").status_code == 401
    forged = {"X-Forwarded-For": "10.1.2.3"}
    assert client.get("/metrics", REMOTE_ADDR="10.2.2.3", headers=forged).status_code == 401
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert client.get("/metrics", REMOTE_ADDR="10.2.2.3", headers=forged).status_code == 200
    longer = {"X-Forwarded-For": "10.1.2.3, 192.0.2.1"}
    assert client.get("/metrics", REMOTE_ADDR="10.2.2.3", headers=longer).status_code == 401


def test_every_measure_can_be_read(scraped):
    found = scraped()
    failed = {key: value for key, value in found.items() if key[0] == "portal_measure_failed"}
    assert len(failed) == len(metrics.MEASURES)
    assert set(failed.values()) == {0.0}


def test_what_is_measured_is_what_is_there(cast, scraped):
    late = timezone.now() - timedelta(minutes=10)
    for state in ("due", "parked", "parked"):
        OutboxJob.objects.create(topic="x.y", handler="x.y", queue="mail", state=state, due_at=late)
    RegionFactory(code="japan", breaker_opened_at=late, last_answer_at=late)
    connector = ConnectorFactory(publisher=cast.publisher)
    HealthAlert.objects.create(connector=connector, kind="silence", last_breach_at=late)
    found = scraped()
    assert found["portal_jobs", ("queue", "mail"), ("state", "parked")] == 2
    assert found["portal_jobs_overdue", ("queue", "mail")] == 1
    assert 590 < found["portal_job_oldest_due_seconds", ("queue", "mail")] < 700
    assert found["portal_region_breaker_open", ("region", "japan")] == 1
    assert 590 < found["portal_region_last_answer_seconds", ("region", "japan")] < 700
    assert found["portal_health_alerts_open", ("kind", "silence"), ("state", "firing")] == 1
    assert found["portal_telemetry_lag_seconds",] == 0


def test_how_wrong_forecasts_were_is_told_by_lane_from_what_a_tick_kept(cast, scraped):
    cache.delete(forecast_accuracy.ERRORS_KEY)
    assert not [key for key in scraped() if key[0].startswith("portal_forecast")], (
        "nothing is worked out here"
    )
    cache.set(
        forecast_accuracy.ERRORS_KEY, [forecast_accuracy.LaneError("additive", 12, -1.5, 3.0, 20.25)], 60
    )
    found = scraped()
    assert found["portal_forecast_error_hours", ("lane", "additive"), ("quantile", "0.9")] == 20.25
    assert found["portal_forecast_error_hours", ("lane", "additive"), ("quantile", "0.5")] == 3.0
    assert found["portal_forecast_bias_hours", ("lane", "additive")] == -1.5
    assert found["portal_forecast_samples", ("lane", "additive")] == 12
    cache.delete(forecast_accuracy.ERRORS_KEY)


def test_queues_tell_how_many_wait_and_for_how_long_and_that_nobody_does(cast, scraped):
    submission = submission_in("in_review", cast.developer)
    Submission.objects.filter(pk=submission.pk).update(state_changed_at=timezone.now() - timedelta(days=2))
    found = scraped()
    assert found["portal_queue_length", ("queue", "review")] == 1
    assert 172_700 < found["portal_queue_oldest_seconds", ("queue", "review")] < 172_900
    assert found["portal_queue_length", ("queue", "planning")] == 0
    assert found["portal_queue_oldest_seconds", ("queue", "planning")] == 0


def test_a_measure_that_fails_costs_only_itself(scraped, monkeypatch):
    broken = metrics.Measure("portal_broken", "Never read.", (), "SELECT 1 FROM nowhere")
    monkeypatch.setattr(metrics, "MEASURES", (broken, *metrics.MEASURES))
    found = scraped()
    assert found["portal_measure_failed", ("measure", "portal_broken")] == 1
    assert ("portal_telemetry_lag_seconds",) in found


def _known() -> set[str]:
    own = {measure.name for measure in (*metrics.MEASURES, *metrics.KEPT)}
    return own | {"portal_measure_failed", "portal_scrape_seconds"} | _FOREIGN


def _rules() -> list[dict[str, object]]:
    groups = yaml.safe_load((MONITORING / "alerts.rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _expressions() -> dict[str, str]:
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    shown = {
        f"{panel['title']}": target["expr"]
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
    }
    return shown | {str(rule["alert"]): str(rule["expr"]) for rule in _rules()}


def test_rules_and_dashboard_speak_of_metrics_that_exist():
    expressions = _expressions()
    assert len(expressions) > 25
    unknown = {
        title: names - _known()
        for title, expression in expressions.items()
        if (names := set(_WORDS.findall(re.sub(r'"[^"]*"', '""', expression)))) - _known()
    }
    assert unknown == {}
    assert all(_WORDS.search(expression) for expression in expressions.values())


def test_rules_and_dashboard_use_the_labels_that_a_metric_has():
    labels = {measure.name: set(measure.labels) for measure in (*metrics.MEASURES, *metrics.KEPT)}
    for title, expression in _expressions().items():
        for name, matchers in re.findall(r"(portal_[a-z_]+)\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)=", matchers)) <= labels[name], title
        for grouped, name in re.findall(r"by \((\w+)\) \((portal_[a-z_]+)", expression):
            assert grouped in labels.get(name, {"measure"}), title


def test_every_alert_says_how_bad_it_is_and_what_to_do():
    for rule in _rules():
        assert rule["labels"]["severity"] in {"page", "ticket"}, rule["alert"]
        assert rule["annotations"]["summary"], rule["alert"]
        assert rule["annotations"]["description"], rule["alert"]


def test_every_alert_has_a_runbook_and_every_runbook_an_alert():
    runbooks = MONITORING.parent / "runbooks"
    named = {str(rule["alert"]): str(rule["annotations"]["runbook_url"]) for rule in _rules()}
    assert named == {alert: f"docs/runbooks/{alert}.md" for alert in named}
    pages = {path.stem for path in runbooks.glob("*.md")} - {"README", "connector-alerts"}
    assert pages == set(named)
    index = (runbooks / "README.md").read_text()
    for alert in named:
        text = (runbooks / f"{alert}.md").read_text()
        assert text.startswith(f"# {alert}\n"), alert
        assert {"## Look", "## Do"} <= set(text.splitlines()), alert
        assert "**Users notice:**" in text, alert
        assert index.count(f"({alert}.md)") == 1, alert


def test_runbooks_lead_to_pages_and_commands_that_exist():
    runbooks = MONITORING.parent / "runbooks"
    commands = get_commands()
    for path in runbooks.glob("*.md"):
        text = path.read_text()
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert (path.parent / target).is_file(), f"{path.name}: {target}"
        for name in re.findall(r"manage\.py (\w+)", text):
            assert name in commands, f"{path.name}: {name}"


def test_every_kind_of_alert_about_a_connector_says_what_to_do():
    text = (MONITORING.parent / "runbooks" / "connector-alerts.md").read_text()
    assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == [kind.value for kind in HealthAlert.Kind]
    for section in text.split("\n## ")[1:]:
        assert "**Do:**" in section, section[:20]


@pytest.fixture(scope="module")
def promtool():
    path = prometheus_path("promtool")
    if path is None:
        pytest.skip("no promtool on this machine: make environment-dev unpacks Debian's package prometheus")
    return path


def test_prometheus_itself_accepts_the_rules_and_every_expression_of_the_dashboard(promtool, tmp_path):
    rules = [
        {"record": f"check:{number}", "expr": each} for number, each in enumerate(_expressions().values())
    ]
    everything = tmp_path / "expressions.yml"
    everything.write_text(yaml.safe_dump({"groups": [{"name": "check", "rules": rules}]}))
    for path in (MONITORING / "alerts.rules.yml", everything):
        checked = subprocess.run(
            [promtool, "check", "rules", str(path)], capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stderr
