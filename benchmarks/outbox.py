"""The queue of jobs: claim, run and finish per second, against the barest loop PostgreSQL allows.

    DATABASE_URL=... python -m benchmarks.outbox [--jobs 300] [--rounds 7]

Both loops commit the claim and the end of every job, in one process, and take turns. The bare loop is two
statements: no fence, no attempts, no payload, no handler. Only rows of this benchmark are touched.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from django.db import connection

from benchmarks import django_ready  # noqa: F401 - sets Django up
from portal.shared import outbox
from portal.shared.models import OutboxJob

TOPIC = "benchmark.tick"
HANDLER = "benchmarks.outbox.nothing"
_BARE_CLAIM = """
UPDATE shared_outboxjob SET state = 'running', lease_until = statement_timestamp() WHERE id = (
    SELECT id FROM shared_outboxjob WHERE id = %s AND state = 'due' FOR UPDATE SKIP LOCKED) RETURNING id
"""
_BARE_FINISH = "UPDATE shared_outboxjob SET state = 'done', lease_until = NULL WHERE id = %s"


def nothing(**_: object) -> None:
    """A job without work: what is left is the queue."""


def waiting() -> list[int]:
    """The ids that the broker would have rung for."""
    return list(OutboxJob.objects.filter(topic=TOPIC, state="due").values_list("pk", flat=True))


def ours() -> int:
    """Claim, run and finish every job."""
    return sum(outbox.run(job_id) for job_id in waiting())


def bare() -> int:
    """Claim and finish every row with two statements, and do nothing else."""
    count = 0
    with connection.cursor() as cursor:
        for job_id in waiting():
            cursor.execute(_BARE_CLAIM, [job_id])
            cursor.execute(_BARE_FINISH, cursor.fetchone())
            count += cursor.rowcount
    return count


def rate(loop: Callable[[], int], jobs: int) -> tuple[float, float]:
    """Jobs per second of wall time, and CPU milliseconds a job of this process."""
    OutboxJob.objects.bulk_create(
        [OutboxJob(topic=TOPIC, handler=HANDLER, queue="default") for _ in range(jobs)]
    )
    wall, cpu = time.perf_counter(), time.process_time()
    done = loop()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert done == jobs, f"{done} of {jobs} jobs were done"
    OutboxJob.objects.filter(topic=TOPIC).delete()
    return jobs / wall, cpu / jobs * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description="Jobs per second through the outbox.")
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    OutboxJob.objects.filter(topic=TOPIC).delete()
    try:
        found = [(rate(ours, options.jobs), rate(bare, options.jobs)) for _ in range(options.rounds)]
    finally:
        OutboxJob.objects.filter(topic=TOPIC).delete()
    fast, slow = (statistics.median(pair[at][0] for pair in found) for at in (0, 1))
    cpu = statistics.median(pair[0][1] for pair in found)
    ratio = statistics.median(one[0] / other[0] for one, other in found)
    print(f"claim, run, finish: {fast:,.0f} jobs/s, {cpu:.2f} ms CPU each")
    print(f"bare SKIP LOCKED:   {slow:,.0f} rows/s; ours is {ratio:.0%} of it")


if __name__ == "__main__":
    main()
