"""/metrics: what this portal itself is doing, read from the database when it is asked, for Prometheus.

Nothing is counted in the processes: several of them answer, and after a restart the figures are the same.
"""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from certification.queries.forecast_accuracy import LaneError, kept_errors
from certification.queries.rollout_figures import RolloutFigures, Spread, kept_figures

log = structlog.get_logger(__name__)

_STATEMENT_MS = 3_000


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric: a query whose rows are the labels' values and then the value. None is left out."""

    name: str
    help: str
    labels: tuple[str, ...]
    query: str


# Every queue has a row, so that an empty one is told as such.
_QUEUES = (
    "(VALUES ('validation', 'submitted'), ('review', 'in_review'), ('planning', 'signed_off')) "
    "AS q(queue, state) LEFT JOIN certification_submission s ON s.state = q.state"
)

MEASURES: tuple[Measure, ...] = (
    Measure(
        "portal_jobs",
        "Jobs of the outbox by queue and state; done ones are not counted.",
        ("queue", "state"),
        "SELECT queue, state, count(*) FROM shared_outboxjob WHERE state IN ('due', 'running', 'parked') "
        "GROUP BY 1, 2",
    ),
    Measure(
        "portal_jobs_overdue",
        "Jobs that are due and that no worker has taken.",
        ("queue",),
        "SELECT queue, count(*) FROM shared_outboxjob WHERE state = 'due' AND due_at <= now() GROUP BY 1",
    ),
    Measure(
        "portal_job_oldest_due_seconds",
        "How long the longest waiting job of a queue has been due.",
        ("queue",),
        "SELECT queue, extract(epoch FROM now() - min(due_at)) FROM shared_outboxjob "
        "WHERE state = 'due' AND due_at <= now() GROUP BY 1",
    ),
    Measure(
        "portal_job_latency_seconds",
        "From the event to the end of its job, of jobs finished in the last 15 minutes.",
        ("queue", "quantile"),
        "SELECT queue, quantile::text, percentile_cont(quantile) WITHIN GROUP (ORDER BY "
        "extract(epoch FROM finished_at - created_at)) "
        "FROM shared_outboxjob, unnest(ARRAY[0.5, 0.95]) AS quantile "
        "WHERE state = 'done' AND finished_at > now() - interval '15 minutes' GROUP BY 1, quantile",
    ),
    Measure(
        "portal_submissions",
        "Submissions that are under way, by state.",
        ("state",),
        "SELECT state, count(*) FROM certification_submission WHERE state NOT IN "
        "('live', 'superseded', 'withdrawn', 'rejected', 'expired', 'rolled_back') GROUP BY 1",
    ),
    Measure(
        "portal_queue_length",
        "Submissions that wait for the portal's side, by queue: validation, review, planning.",
        ("queue",),
        f"SELECT queue, count(s.id) FROM {_QUEUES} GROUP BY 1",  # noqa: S608 - a constant
    ),
    Measure(
        "portal_queue_oldest_seconds",
        "How long the submission that waits longest in a queue has waited; 0 when none waits.",
        ("queue",),
        f"SELECT queue, coalesce(extract(epoch FROM now() - min(s.state_changed_at)), 0) "  # noqa: S608
        f"FROM {_QUEUES} GROUP BY 1",
    ),
    Measure(
        "portal_rollouts",
        "Rollouts that are under way, by state.",
        ("state",),
        "SELECT state, count(*) FROM certification_rollout WHERE finished_at IS NULL GROUP BY 1",
    ),
    Measure(
        "portal_deployments",
        "Deployments of unfinished rollouts and of Previews of the last week, by state.",
        ("state",),
        "SELECT d.state, count(*) FROM certification_regiondeployment d LEFT JOIN certification_rollout r "
        "ON r.id = d.rollout_id WHERE (r.id IS NOT NULL AND r.finished_at IS NULL) "
        "OR (r.id IS NULL AND d.created_at > now() - interval '7 days') GROUP BY 1",
    ),
    Measure(
        "portal_deployments_overdue",
        "Deployments without a result in the time allowed.",
        (),
        "SELECT count(*) FROM certification_regiondeployment WHERE overdue_since IS NOT NULL "
        "AND state IN ('intended', 'deploying', 'unknown', 'reported')",
    ),
    Measure(
        "portal_region_breaker_open",
        "1 while a region is not called because it kept failing.",
        ("region",),
        "SELECT code, (breaker_opened_at IS NOT NULL)::integer FROM connectors_region WHERE is_active",
    ),
    Measure(
        "portal_region_last_answer_seconds",
        "How long ago an active region last answered.",
        ("region",),
        "SELECT code, extract(epoch FROM now() - last_answer_at) FROM connectors_region WHERE is_active",
    ),
    Measure(
        "portal_placements_unverified",
        "Placements whose report no probe has confirmed.",
        (),
        "SELECT count(*) FROM certification_placement "
        "WHERE reported_version_id IS NOT NULL AND verified_version_id IS DISTINCT FROM reported_version_id",
    ),
    Measure(
        "portal_placements_disagreeing",
        "Placements where a region holds something else than it reported.",
        (),
        "SELECT count(*) FROM certification_placement WHERE disagrees_since IS NOT NULL",
    ),
    Measure(
        "portal_validation_seconds",
        "How long validations of the last day took.",
        ("quantile",),
        "SELECT quantile::text, percentile_cont(quantile) WITHIN GROUP (ORDER BY duration_seconds) "
        "FROM certification_validation, unnest(ARRAY[0.5, 0.95, 1]) AS quantile "
        "WHERE created_at > now() - interval '1 day' GROUP BY quantile",
    ),
    Measure(
        "portal_mails_waiting",
        "Messages that wait for the mail server.",
        (),
        "SELECT count(*) FROM certification_notification WHERE state = 'queued'",
    ),
    Measure(
        "portal_mail_oldest_seconds",
        "How long the longest waiting message has waited for the mail server.",
        (),
        "SELECT extract(epoch FROM now() - min(queued_at)) FROM certification_notification "
        "WHERE state = 'queued'",
    ),
    Measure(
        "portal_mails_failed",
        "Messages of the last day that could not be delivered.",
        (),
        "SELECT count(*) FROM certification_notification WHERE state = 'failed' "
        "AND queued_at > now() - interval '1 day'",
    ),
    Measure(
        "portal_telemetry_batches_waiting",
        "Batches of telemetry that are in no level yet.",
        (),
        "SELECT count(*) FROM connectors_telemetrybatch WHERE rolled_up_at IS NULL",
    ),
    Measure(
        "portal_telemetry_lag_seconds",
        "How long the longest waiting batch has waited for the roll-up; 0 when none waits.",
        (),
        "SELECT coalesce(extract(epoch FROM now() - min(received_at)), 0) FROM connectors_telemetrybatch "
        "WHERE rolled_up_at IS NULL",
    ),
    Measure(
        "portal_telemetry_last_batch_seconds",
        "How long ago the last batch of telemetry came in.",
        (),
        "SELECT extract(epoch FROM now() - max(received_at)) FROM connectors_telemetrybatch",
    ),
    Measure(
        "portal_health_alerts_open",
        "Open health alerts of connectors, by kind and state.",
        ("kind", "state"),
        "SELECT kind, state, count(*) FROM connectors_healthalert WHERE state <> 'resolved' GROUP BY 1, 2",
    ),
    Measure(
        "portal_hosts_failing",
        "Hosts of live connectors whose last two looks or more found something wrong.",
        (),
        "SELECT count(*) FROM connectors_hostwatch WHERE failures >= 2",
    ),
    Measure(
        "portal_audit_unsealed",
        "Audit records that are in no link of the hash chain yet.",
        (),
        "SELECT count(*) FROM shared_auditrecord r WHERE r.at > now() - interval '1 day' "
        "AND NOT EXISTS (SELECT 1 FROM shared_auditseal s WHERE s.record_id = r.id)",
    ),
)


Samples = Iterator[tuple[tuple[str, ...], float]]


@dataclass(frozen=True, slots=True)
class Kept:
    """One metric of figures that a tick worked out before: too dear for each scrape.

    `samples` are the labels' values and the value; none while nothing is kept.
    """

    name: str
    help: str
    labels: tuple[str, ...]
    samples: Callable[[], Samples]


def _of_lanes(read: Callable[[LaneError], Samples]) -> Callable[[], Samples]:
    return lambda: (sample for row in kept_errors() for sample in read(row))


def _of_rollouts(read: Callable[[RolloutFigures], Samples]) -> Callable[[], Samples]:
    return lambda: read(kept_figures() or RolloutFigures())


def _error_hours(row: LaneError) -> Samples:
    yield (row.lane, "0.5"), row.p50_hours
    yield (row.lane, "0.9"), row.p90_hours


def _by_lane(spreads: tuple[Spread, ...]) -> Samples:
    for one in spreads:
        yield (one.lane, "0.5"), one.p50_seconds
        yield (one.lane, "0.9"), one.p90_seconds


def _rollbacks(figures: RolloutFigures) -> Samples:
    return (((quantile,), value) for (_lane, quantile), value in _by_lane(figures.rollbacks))


def _halts(figures: RolloutFigures) -> Samples:
    if figures.is_empty:
        return
    yield ("portal",), float(figures.halts_by_portal)
    yield ("person",), float(figures.halts_by_people)


KEPT: tuple[Kept, ...] = (
    Kept(
        "portal_forecast_error_hours",
        "How far regions arrived from the usual time that was first forecast, either way; last 90 days.",
        ("lane", "quantile"),
        _of_lanes(_error_hours),
    ),
    Kept(
        "portal_forecast_bias_hours",
        "Median of arrival minus first forecast: above 0 regions come later than said; last 90 days.",
        ("lane",),
        _of_lanes(lambda row: iter([((row.lane,), row.bias_hours)])),
    ),
    Kept(
        "portal_forecast_samples",
        "Arrivals that the two figures above are made of.",
        ("lane",),
        _of_lanes(lambda row: iter([((row.lane,), float(row.samples))])),
    ),
    Kept(
        "portal_lead_time_seconds",
        "From handing in to every public region, of rollouts completed in the last 90 days.",
        ("lane", "quantile"),
        _of_rollouts(lambda figures: _by_lane(figures.lead)),
    ),
    Kept(
        "portal_wave_seconds",
        "From the start of a wave to its last region, of waves verified in the last 90 days.",
        ("lane", "quantile"),
        _of_rollouts(lambda figures: _by_lane(figures.waves)),
    ),
    Kept(
        "portal_rollback_seconds",
        "From the decision to roll back to the last region, of rollbacks completed in the last 90 days.",
        ("quantile",),
        _of_rollouts(_rollbacks),
    ),
    Kept(
        "portal_held_seconds",
        "Time in which rollouts did not go on, by cause, of stays that ended in the last 90 days.",
        ("cause",),
        _of_rollouts(lambda figures: (((one.cause,), one.seconds) for one in figures.held)),
    ),
    Kept(
        "portal_halts",
        "Rollouts halted in the last 90 days, by the portal or by a person.",
        ("by",),
        _of_rollouts(_halts),
    ),
)


class DatabaseCollector(Collector):
    """Asks every measure's query, each with a time limit of its own: one that fails costs only itself."""

    def describe(self) -> Iterator[Metric]:
        """Registering must not ask the database, so the names are told instead."""
        told = [(each.name, each.help) for each in MEASURES] + [(each.name, each.help) for each in KEPT]
        for name, words in told:
            yield GaugeMetricFamily(name, words)

    def collect(self) -> Iterator[Metric]:
        failed = GaugeMetricFamily(
            "portal_measure_failed", "1 when a measure could not be read this time.", labels=["measure"]
        )
        began = time.perf_counter()
        for measure in MEASURES:
            family = self._read(measure)
            failed.add_metric([measure.name], float(family is None))
            if family is not None:
                yield family
        yield failed
        yield from self._kept()
        took = GaugeMetricFamily("portal_scrape_seconds", "How long reading all measures took.")
        took.add_metric([], time.perf_counter() - began)
        yield took

    def _kept(self) -> Iterator[Metric]:
        for kept in KEPT:
            family = GaugeMetricFamily(kept.name, kept.help, labels=kept.labels)
            for labels, value in kept.samples():
                family.add_metric(labels, value)
            yield family

    def _read(self, measure: Measure) -> Metric | None:
        family = GaugeMetricFamily(measure.name, measure.help, labels=measure.labels)
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {_STATEMENT_MS}")
                cursor.execute(measure.query)
                rows = cursor.fetchall()
        except DatabaseError as error:
            log.warning("measure_failed", measure=measure.name, error=type(error).__name__)
            return None
        for *labels, value in rows:
            if value is not None:
                family.add_metric([str(label) for label in labels], float(value))
        return family


_REGISTRY = CollectorRegistry()
_REGISTRY.register(DatabaseCollector())


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """For whoever shows METRICS_TOKEN or asks from METRICS_NETWORKS, and for operators who are signed in."""
    if not _may_read(request):
        return HttpResponse("Show METRICS_TOKEN.\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(generate_latest(_REGISTRY), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    if getattr(request.user, "is_operator", False):
        return True
    keyword, _, token = request.headers.get("Authorization", "").partition(" ")
    wanted = settings.METRICS_TOKEN
    is_token = bool(wanted) and keyword.lower() == "bearer"
    if is_token and hmac.compare_digest(token.strip().encode(), wanted.encode()):
        return True
    try:
        address = ipaddress.ip_address(_address(request))
    except ValueError:
        return False
    return any(address in network for network in settings.METRICS_NETWORKS)


def _address(request: HttpRequest) -> str:
    """Who asks: the peer, or what the outermost of our own proxies says."""
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    if not proxies:
        return str(request.META.get("REMOTE_ADDR", ""))
    passed = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    return passed[-proxies] if len(passed) >= proxies else ""


urlpatterns = [path("metrics", metrics, name="metrics")]
