"""Figures fetched from a Prometheus: arithmetic by its properties, and Debian's real one scraping an exporter."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import prometheus
from connectors.latency import BUCKETS, LATENCY_BOUNDS_MS
from connectors.models import HealthHour, MetricsSource, TelemetryBatch
from connectors.services import health, metrics_sources
from portal.shared.errors import Conflict, InvalidInput, NotPermitted
from tests.factories import ConnectorFactory, RegionFactory
from tests.factories.connectors import reporting_version
from tests.services import prometheus_path

calm = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LABELS = {"connector": "tides", "version": "1.0.0", "operation": "GetTides"}
rises = st.lists(st.integers(0, 50), min_size=2, max_size=30)


def series(values, **labels):
    return ({**LABELS, **labels}, [(60 * (index + 1), float(value)) for index, value in enumerate(values)])


def running(steps, resets=()):
    """A counter that rises by `steps` and starts anew at the given places."""
    values, total = [], 0
    for index, step in enumerate(steps):
        total = step if index in resets else total + step
        values.append(total)
    return values


@calm
@given(rises)
def test_the_minutes_add_up_to_what_the_counter_rose_by(steps):
    losses = set()
    found = list(prometheus.increases(series(running(steps))[1], losses))
    assert sum(rise for _, rise in found) == sum(steps[1:])
    assert losses == set()


@calm
@given(rises, st.integers(1, 29))
def test_a_reading_cut_anywhere_counts_as_much_as_one_in_one_piece(steps, cut):
    points = series(running(steps))[1]
    cut = min(cut, len(points) - 1)
    whole = list(prometheus.increases(points, set()))
    parts = [*prometheus.increases(points[: cut + 1], set()), *prometheus.increases(points[cut:], set())]
    assert parts == whole


@calm
@given(rises, st.sets(st.integers(1, 29)))
def test_after_a_reset_never_more_is_counted_than_there_was(steps, resets):
    losses = set()
    found = list(prometheus.increases(series(running(steps, resets))[1], losses))
    assert 0 <= sum(rise for _, rise in found) <= sum(steps)
    assert losses <= {prometheus.RESET}


@calm
@given(st.lists(st.integers(0, 100), min_size=BUCKETS, max_size=BUCKETS))
def test_our_own_bounds_are_carried_over_exactly(histogram):
    bounds = [*map(float, LATENCY_BOUNDS_MS), float("inf")]
    cumulative = [sum(histogram[: index + 1]) for index in range(BUCKETS)]
    losses = set()
    assert prometheus.rebin(bounds, cumulative, losses) == histogram
    assert losses == set()


@calm
@given(
    st.lists(st.floats(0.5, 60_000), min_size=1, max_size=20, unique=True).map(sorted),
    st.lists(st.integers(0, 100), min_size=21, max_size=21),
)
def test_other_bounds_lose_no_call_and_make_none_faster(bounds, counts):
    """Every call of a bucket lies at most at its upper bound: none may land in a bucket below that."""
    bounds = [*bounds, float("inf")]
    counts = counts[: len(bounds)]
    cumulative = [sum(counts[: index + 1]) for index in range(len(bounds))]
    found = prometheus.rebin(bounds, cumulative, set())
    assert sum(found) == sum(counts)
    for index, bound in enumerate(LATENCY_BOUNDS_MS):
        known_within = sum(count for upper, count in zip(bounds, counts, strict=True) if upper <= bound)
        assert sum(found[: index + 1]) <= known_within


def test_bounds_in_seconds_are_milliseconds_whatever_binary_fractions_make_of_them():
    seconds = [bound / 1000 for bound in LATENCY_BOUNDS_MS]
    losses = set()
    prometheus.rebin([each * 1000 for each in seconds], list(range(1, 17)), losses)
    assert losses == set()


def test_codes_by_class_and_series_without_labels_are_told():
    reading = prometheus.read([series([0, 5], code="5xx"), ({"code": "200"}, [(60, 0.0), (120, 9.0)])])
    assert [event["statuses"] for event in reading.events()] == [{"500": 5}]
    assert reading.losses == {prometheus.CLASSES, prometheus.UNLABELLED}


def test_more_calls_in_the_histogram_than_counted_leave_out_the_fastest():
    fast = series([0, 6], le="0.005")
    slow = series([0, 10], le="+Inf")
    reading = prometheus.read([series([0, 7], code="200")], [fast, slow])
    (event,) = reading.events()
    assert (sum(event["latency_ms"]), event["latency_ms"][0], event["latency_ms"][-1]) == (7, 3, 4)
    assert prometheus.SURPLUS in reading.losses


def test_instances_are_subtracted_one_by_one_so_that_a_restart_is_seen():
    one = series([100, 110, 120], code="200", instance="a")
    other = series([500, 5, 15], code="200", instance="b")
    reading = prometheus.read([one, other])
    assert [event["statuses"]["200"] for event in reading.events()] == [15, 20]
    assert reading.losses == {prometheus.RESET}


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"status": "error", "error": "parse error"},
        {"status": "success", "data": {"resultType": "scalar"}},
    ],
)
def test_an_answer_that_is_no_matrix_is_an_error_that_says_so(answer):
    with pytest.raises(ValueError, match=r"Prometheus|parse error|range of series"):
        prometheus.parse_matrix(answer)


@pytest.fixture
def region(db):
    return RegionFactory(code="westeurope")


def draft(region, **changes):
    values = {
        "name": "West Europe", "region": region, "base_url": "https://metrics.example", "token": "hush",
        "requests_query": "connector_requests_total",
    }  # fmt: skip
    return metrics_sources.SourceDraft(**{**values, **changes})


@pytest.mark.django_db
class TestSources:
    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"base_url": "ftp://metrics.example"}, "base_url"),
            ({"base_url": "https://me:pw@metrics.example"}, "base_url"),
            ({"base_url": "https://metrics.example/?x=1"}, "base_url"),
            ({"requests_query": "  "}, "requests_query"),
        ],
    )
    def test_a_source_that_cannot_work_is_refused_with_its_reason(self, cast, region, changes, field):
        with pytest.raises(InvalidInput) as refused:
            metrics_sources.save_source(draft(region, **changes), actor=cast.administrator)
        assert field in refused.value.fields

    def test_clear_text_is_for_trials_only(self, cast, region, settings):
        settings.ALLOW_INSECURE_REGIONS = False
        with pytest.raises(InvalidInput, match="https"):
            metrics_sources.save_source(
                draft(region, base_url="http://metrics.example"), actor=cast.administrator
            )

    def test_only_administrators_describe_sources_and_the_token_is_stored_encrypted(self, cast, region):
        with pytest.raises(NotPermitted):
            metrics_sources.save_source(draft(region), actor=cast.operator)
        source = metrics_sources.save_source(draft(region), actor=cast.administrator)
        assert str(MetricsSource.objects.get().credentials["token"]) == "***"
        metrics_sources.save_source(draft(region, token=""), source=source, actor=cast.administrator)
        assert MetricsSource.objects.get().credentials["token"].reveal() == "hush"

    def test_a_region_that_pushes_is_not_fetched_as_well(self, cast, region):
        source = metrics_sources.save_source(draft(region), actor=cast.administrator)
        region.telemetry_digest = "a" * 64
        region.save()
        source.refresh_from_db()
        with pytest.raises(Conflict, match="twice"):
            metrics_sources.switch_source(source, is_active=True, actor=cast.administrator)

    def test_one_source_is_active_for_a_region(self, cast, region):
        for name in ("One", "Two"):
            source = metrics_sources.save_source(draft(region, name=name), actor=cast.administrator)
            if name == "One":
                metrics_sources.switch_source(source, is_active=True, actor=cast.administrator)
        with pytest.raises(Conflict, match="stop it first"):
            metrics_sources.switch_source(source, is_active=True, actor=cast.administrator)

    def test_a_prometheus_that_is_away_loses_nothing_and_is_told(self, cast, region):
        source = metrics_sources.save_source(
            draft(region, base_url="http://127.0.0.1:9"), actor=cast.administrator
        )
        metrics_sources.switch_source(source, is_active=True, actor=cast.administrator)
        mark = MetricsSource.objects.get().read_until
        source.refresh_from_db()
        assert metrics_sources.read_source(source, now=timezone.now() + timedelta(minutes=5)) == 0
        source.refresh_from_db()
        assert source.read_until == mark
        assert "No answer" in source.last_error


class Exporter:
    """Two instances that tell, at each scrape, the next of their past minutes, with its timestamp."""

    MINUTES = 12

    def __init__(self, slug):
        self.begin = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=self.MINUTES + 2)
        self.slug = slug
        self.told = Counter()
        exporter = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = exporter.page(self.path.strip("/")).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def counts(self, instance, minute):
        """(calls 200, calls 500) up to a minute. Instance b starts anew at minute 6."""
        since = minute - 6 if instance == "b" and minute >= 6 else minute
        return 10 * since + 5, 2 * since

    def page(self, instance):
        minute = min(self.told[instance], self.MINUTES)
        self.told[instance] += 1
        stamp = int((self.begin + timedelta(minutes=minute)).timestamp() * 1000)
        good, bad = self.counts(instance, minute)
        labels = f'connector="{self.slug}",version="1.0.0",operation="GetTides"'
        lines = [
            f'connector_requests_total{{{labels},code="200"}} {good} {stamp}',
            f'connector_requests_total{{{labels},code="500"}} {bad} {stamp}',
            f"connector_connections{{{labels}}} {3 + (instance == 'b')} {stamp}",
        ]
        for bound, share in ((0.1, 0.5), (0.7, 0.9), ("+Inf", 1)):
            calls = int((good + bad) * share)
            lines.append(f'connector_request_seconds_bucket{{{labels},le="{bound}"}} {calls} {stamp}')
        return "\n".join(lines) + "\n"


@pytest.fixture
def real_prometheus(tmp_path):
    """`start(exporter)` -> its address, once everything that the exporter has to tell is scraped."""
    path = prometheus_path()
    if path is None:
        pytest.skip("no Prometheus on this machine: make environment-dev unpacks Debian's package prometheus")
    started = []

    def start(exporter):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        jobs = "".join(
            f"  - job_name: {name}\n    metrics_path: /{name}\n    scrape_interval: 100ms\n    scrape_timeout: 100ms\n"
            f"    static_configs: [{{targets: ['127.0.0.1:{exporter.server.server_port}']}}]\n"
            for name in ("a", "b")
        )
        (tmp_path / "prometheus.yml").write_text(f"scrape_configs:\n{jobs}")
        command = [
            path, f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
            f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
        ]  # fmt: skip
        started.append(subprocess.Popen(command))
        for _ in range(300):
            if min(exporter.told["a"], exporter.told["b"]) > exporter.MINUTES + 2:
                return f"http://127.0.0.1:{port}"
            time.sleep(0.1)
        raise AssertionError(f"Prometheus scraped {dict(exporter.told)} times only")

    yield start
    for process in started:
        process.terminate()
        process.wait()


@pytest.mark.django_db
def test_debians_prometheus_is_read_minute_by_minute_each_exactly_once(cast, region, real_prometheus):
    connector = ConnectorFactory(publisher=cast.publisher)
    reporting_version(connector)
    exporter = Exporter(connector.slug)
    source = metrics_sources.save_source(
        draft(
            region,
            base_url=real_prometheus(exporter),
            latency_query="connector_request_seconds_bucket",
            connections_query="connector_connections",
        ),
        actor=cast.administrator,
    )
    assert httpx.get(f"{source.base_url}/api/v1/status/buildinfo").json()["status"] == "success"
    metrics_sources.switch_source(source, is_active=True, actor=cast.administrator)
    MetricsSource.objects.update(read_until=exporter.begin)
    stale = MetricsSource.objects.get()
    for minutes in (3, 3, 7, 30, 30):
        source.refresh_from_db()
        now = min(
            exporter.begin + timedelta(minutes=minutes), exporter.begin + timedelta(minutes=exporter.MINUTES)
        )
        metrics_sources.read_source(source, now=now + metrics_sources.SETTLED_AFTER)
        # Somebody who loaded the row before has nothing to do any more.
        assert metrics_sources.read_source(stale, now=now + metrics_sources.SETTLED_AFTER) == 0
    health.roll_up()
    good = sum(row.statuses.get("200", 0) for row in HealthHour.objects.all())
    bad = sum(row.statuses.get("500", 0) for row in HealthHour.objects.all())
    # a: twelve minutes of 10 and 2; b: five of them, a reset to (5, 0), and six more.
    assert (good, bad) == (120 + 50 + 5 + 60, 24 + 10 + 0 + 12)
    source.refresh_from_db()
    assert source.last_error == ""
    assert source.read_until == exporter.begin + timedelta(minutes=exporter.MINUTES)
    assert set(source.losses) >= {prometheus.RESET, prometheus.BOUNDS}
    latency = [sum(column) for column in zip(*(row.latency for row in HealthHour.objects.all()), strict=True)]
    assert 0 < sum(latency) <= good + bad
    assert {index for index, calls in enumerate(latency) if calls} <= {5, 9, 16}, "100 ms, 700 ms and beyond"
    assert max(row.connections for row in HealthHour.objects.all()) == 7
    assert TelemetryBatch.objects.filter(rejected__gt=0).count() == 0
    MetricsSource.objects.update(requests_query="sum((")
    source.refresh_from_db()
    metrics_sources.read_source(source, now=timezone.now() + timedelta(minutes=5))
    source.refresh_from_db()
    assert "parse error" in source.last_error, "in the words of Prometheus itself"
