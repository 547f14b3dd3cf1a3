"""The Celery app: queues, safety settings, and the timetable of periodic ticks.

Nothing here is a promise: promises are rows in PostgreSQL. A lost message costs seconds, until the next
sweep.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_process_init
from kombu.entity import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.base")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")

VISIBILITY_TIMEOUT_SECONDS = 600
_transport = {
    "visibility_timeout": VISIBILITY_TIMEOUT_SECONDS,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 10,
    "socket_connect_timeout": 3,
    "health_check_interval": 25,
}


def _every(seconds: float, handler: str, queue: str = "default") -> dict[str, Any]:
    return {
        "task": "portal.tick",
        "schedule": seconds,
        "args": [handler],
        # A tick nobody took before the next one is worthless; do not let them pile up.
        "options": {"queue": queue, "expires": seconds * 3},
    }


TIMETABLE = {
    "sweep": {"task": "portal.sweep", "schedule": 5.0, "options": {"queue": "default", "expires": 15}},
    "seal-audit": _every(10, "portal.shared.audit.seal"),
    "seal-late-audit": _every(3600, "portal.shared.audit.seal_everything"),
    "advance-rollouts": _every(2, "certification.tasks.advance_rollouts", "regions"),
    "poll-regions": _every(2, "certification.tasks.poll_regions", "regions"),
    "probe-regions": _every(10, "certification.tasks.probe_regions", "regions"),
    "preview-deadlines": _every(30, "certification.tasks.check_preview_deadlines"),
    "complete-notices": _every(900, "certification.tasks.complete_notices"),
    "check-documentation": _every(300, "certification.tasks.check_documentation"),
    "expire-ownership": _every(900, "certification.tasks.expire_ownership"),
    "forget-watches": _every(3600, "certification.tasks.forget_watches"),
    "write-ledgers": _every(60, "certification.tasks.write_ledgers"),
    "expire-overrides": _every(60, "certification.tasks.expire_overrides", "regions"),
    "start-treatments": _every(30, "certification.tasks.start_treatments"),
    "review-claims": _every(60, "certification.tasks.release_expired_claims"),
    "refresh-forecasts": _every(3600, "certification.tasks.refresh_all_forecasts"),
    "keep-forecast-errors": _every(1800, "certification.tasks.keep_forecast_errors"),
    "keep-rollout-figures": _every(1800, "certification.tasks.keep_rollout_figures"),
    "keep-submit-by-dates": _every(3600, "certification.tasks.keep_submit_by_dates"),
    "prove-credentials": _every(900, "certification.tasks.prove_credentials_nightly"),
    "send-digests": _every(300, "certification.tasks.send_digests", "mail"),
    "collect-webhooks": _every(5, "certification.tasks.collect_webhooks"),
    "keep-to-retention": _every(3600, "certification.tasks.keep_to_retention"),
    "start-erasures": _every(60, "certification.tasks.start_erasures"),
    "poll-repositories": _every(30, "connectors.tasks.poll_repositories", "webhooks"),
    "tidy-a-mirror": _every(600, "connectors.tasks.tidy_a_mirror", "webhooks"),
    "roll-up-health": _every(30, "connectors.tasks.roll_up_health"),
    "mend-connector-hours": _every(600, "connectors.tasks.mend_connector_hours"),
    "watch-objectives": _every(60, "connectors.tasks.watch_objectives"),
    "watch-usual": _every(900, "connectors.tasks.watch_usual"),
    "watch-hosts": _every(300, "connectors.tasks.watch_hosts", "regions"),
    "watch-heartbeats": _every(60, "connectors.tasks.watch_heartbeats"),
    "watch-dormant": _every(3600, "connectors.tasks.watch_dormant"),
    "read-metrics-sources": _every(30, "connectors.tasks.read_metrics_sources", "regions"),
    "keep-partitions": _every(3600, "connectors.tasks.keep_partitions"),
}

app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_ignore_result=True,
    task_default_queue="default",
    task_queues=[Queue(name) for name in ("default", "validation", "regions", "mail", "webhooks")],
    task_time_limit=120,
    task_soft_time_limit=100,
    task_serializer="json",
    accept_content=["json"],
    broker_transport_options=_transport,
    visibility_timeout=VISIBILITY_TIMEOUT_SECONDS,
    result_backend_transport_options={"visibility_timeout": VISIBILITY_TIMEOUT_SECONDS},
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    worker_max_tasks_per_child=500,
    worker_hijack_root_logger=False,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    beat_schedule=TIMETABLE,
    timezone="UTC",
)
app.autodiscover_tasks(["portal.shared"])


@setup_logging.connect
def _keep_our_logging(**_: object) -> None:
    """Django's settings have configured the logs already; Celery must not do it again."""


@worker_process_init.connect
def _report_as_worker(**_: object) -> None:
    """In the processes that work, because what sends reports are threads, and they do not survive a fork."""
    from portal import observability

    observability.start("worker")


@beat_init.connect
def _report_as_beat(**_: object) -> None:
    from portal import observability

    observability.start("beat")
