"""The Celery tasks there are: run one job, sweep for due ones, run one tick of the timetable."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.utils.module_loading import import_string

from portal.shared import outbox

log = structlog.get_logger(__name__)


@shared_task(name="portal.run_job")
def run_job(job_id: int) -> None:
    outbox.run(job_id)


@shared_task(name="portal.sweep")
def sweep() -> None:
    outbox.sweep()


@shared_task(name="portal.tick")
def tick(handler: str) -> None:
    """`handler` is a dotted path from the timetable; every tick is idempotent.

    One that a scheduler of another release asks for is left to workers that know it: it comes again.
    """
    try:
        known = import_string(handler)
    except ImportError:
        log.warning("tick_of_another_release", handler=handler)
        return
    known()
