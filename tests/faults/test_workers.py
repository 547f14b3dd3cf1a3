"""Workers die by kill -9 at any moment and the broker loses its memory: every verdict arrives, once."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from tests.journeys.stack import Stack, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]
SUBMISSIONS = 24
SECONDS_OF_TROUBLE = 32
SEED = 20_417


@pytest.fixture
def stack(tmp_path, django_db_setup):
    made = Stack(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def _children(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def _kill_a_child(stack: Stack, chance: random.Random) -> None:
    """A pool process, or the rule engine's own child below it."""
    pool = _children(stack.processes["worker"].pid)
    if pool:
        victim = chance.choice(pool)
        below = _children(victim)
        with suppress(ProcessLookupError):
            os.kill(chance.choice(below) if below and chance.random() < 0.4 else victim, signal.SIGKILL)


def _keep_worker(stack: Stack) -> None:
    """What a supervisor does: a worker whose pool could not start ends, and is started again."""
    if stack.processes["worker"].poll() is not None:
        stack.start_worker()


def _restart_worker(stack: Stack) -> None:
    stack.kill("worker")
    stack.start_worker()


def _lose_broker(stack: Stack) -> None:
    """The broker's memory is gone, then the broker itself for a while."""
    server = redis.Redis.from_url(stack.valkey.url())
    server.flushall()
    server.close()
    assert stack.valkey.process is not None
    stack.valkey.process.kill()
    stack.valkey.process.wait(10)
    time.sleep(1.5)
    stack.valkey.start()


def _unfinished(stack: Stack) -> int:
    rows = stack.query(
        "SELECT count(*) FROM certification_submission WHERE state IN ('submitted', 'validating')"
    )
    return int(str(rows[0][0]))


def test_no_verdict_is_lost_or_given_twice_whoever_dies(stack):
    chance = random.Random(SEED)
    handed_in = stack.run("-m", "tests.faults.hand_in", HAND_IN=str(SUBMISSIONS)).split()
    assert len(handed_in) == SUBMISSIONS
    ends_at, kills = time.monotonic() + SECONDS_OF_TROUBLE, 0
    next_big = [(_restart_worker, 8.0), (_lose_broker, 14.0), (_restart_worker, 20.0), (_lose_broker, 26.0)]
    started = time.monotonic()
    while time.monotonic() < ends_at and (_unfinished(stack) or next_big):
        time.sleep(chance.uniform(0.3, 1.0))
        _keep_worker(stack)
        _kill_a_child(stack, chance)
        kills += 1
        while next_big and time.monotonic() - started > next_big[0][1]:
            next_big.pop(0)[0](stack)
    assert kills > 8
    # What a killed worker held comes back when its lease ends, a little later than the longest job may take.
    stack.query(
        "UPDATE shared_outboxjob SET lease_until = statement_timestamp() WHERE state = 'running' RETURNING 1"
    )
    wait_until(lambda: _keep_worker(stack) or not _unfinished(stack), "every submission has its verdict")
    _check_verdicts(stack)
    _check_mails(stack)


def _check_verdicts(stack: Stack) -> None:
    states = dict(stack.query("SELECT state, count(*) FROM certification_submission GROUP BY state"))
    assert states == {"in_review": SUBMISSIONS}, states
    verdicts = stack.query("SELECT version_id, count(*) FROM certification_validation GROUP BY version_id")
    assert len(verdicts) == SUBMISSIONS
    assert {count for _, count in verdicts} == {1}, "a package has two verdicts"
    moves = stack.query(
        "SELECT object_key, count(*) FROM shared_auditrecord WHERE action = 'submission.pass_validation' GROUP BY object_key"
    )
    assert len(moves) == SUBMISSIONS
    assert {count for _, count in moves} == {1}, "a submission passed twice"


def _check_mails(stack: Stack) -> None:
    """Every event is told to every person once, and nothing waits without a due time."""
    stack.query(
        "UPDATE shared_outboxjob SET lease_until = statement_timestamp() WHERE state = 'running' RETURNING 1"
    )
    unsettled = "SELECT count(*) FROM shared_outboxjob WHERE state IN ('due', 'running')"
    wait_until(lambda: stack.query(unsettled)[0][0] == 0, "every job is done")
    assert stack.query("SELECT handler, last_error FROM shared_outboxjob WHERE state = 'parked'") == []
    assert (
        stack.query(
            "SELECT dedupe_key FROM certification_notification GROUP BY dedupe_key HAVING count(*) > 1"
        )
        == []
    )
    waiting = stack.query("SELECT count(*) FROM certification_notification WHERE state = 'queued'")
    assert waiting == [(0,)]
    told = stack.query(
        "SELECT count(*) FROM certification_notification WHERE event = 'submission.pass_validation'"
    )
    assert int(str(told[0][0])) >= SUBMISSIONS
