"""The Celery app of a fault campaign: the portal's own, with shorter waits.

Tasks, services and queues are the portal's. Only pauses are shorter, so that thousands of steps fit into minutes:
ticks, pauses between questions, leases, and the deadline of a call. With CLOCK_JUMPS the wall clock of the worker
is wrong during half of its tasks.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import time

import django

django.setup()

import time_machine  # noqa: E402
from celery.signals import task_postrun, task_prerun  # noqa: E402

# Loaded before the pool is forked: who is killed often would otherwise load addresses and letters again and again.
import certification.tasks  # noqa: E402, F401
import portal.urls  # noqa: E402, F401
from certification.regions import drivers  # noqa: E402
from certification.regions import polling as pure  # noqa: E402
from certification.regions.http import HttpDriver  # noqa: E402
from certification.services import (  # noqa: E402
    advance,
    catch_ups,
    gates,
    notifications,
    outcomes,
    polling,
    probes,
    webhook_sending,
)
from portal.celery import app  # noqa: E402
from portal.shared import outbox  # noqa: E402

CALL_SECONDS, HOOK_SECONDS = 4.0, 3.0
JUMPS = (-3600, 3600, 86_400)
TICKS = {
    "sweep": 5.0,
    "seal-audit": 5.0,
    "advance-rollouts": 2.0,
    "poll-regions": 1.0,
    "probe-regions": 5.0,
    "collect-webhooks": 3.0,
    "roll-up-health": 3.0,
}
_chance = random.Random(int(os.environ.get("SEED", "1")))
_travels: list[time_machine.travel] = []


def shorten_waits() -> None:
    drivers.DRIVERS["http"] = lambda: HttpDriver(deadline_seconds=CALL_SECONDS)
    polling.LEASE_SECONDS, polling.CALLING_SECONDS = 18, 8.0
    polling.poll_due.__kwdefaults__["limit"] = 60
    polling.HALF_OPEN_AFTER_SECONDS = pure.HALF_OPEN_AFTER_SECONDS = probes.HALF_OPEN_AFTER_SECONDS = 1
    outcomes.next_delay = lambda previous, **_: _chance.uniform(0.05, 0.5)
    outcomes.FIRST_DELAY_SECONDS, outcomes.TOKEN_REJECTED_PAUSE_SECONDS = 0.1, 0.3
    advance._SOON, advance._WATCH, advance._AFTER_ERROR = (dt.timedelta(seconds=it) for it in (0.5, 40, 3))
    gates.LOOK_EVERY = gates._LEAST_PAUSE = dt.timedelta(seconds=1)
    catch_ups._LOOK_AGAIN = dt.timedelta(seconds=2)
    outbox.claim.__kwdefaults__["lease_seconds"] = 20
    outbox.backoff_seconds = lambda attempts: _chance.uniform(0.2, 2.0)
    notifications.LONGEST_WAIT_SECONDS = 2
    webhook_sending.DEADLINE_SECONDS = HOOK_SECONDS
    webhook_sending.WAITS = tuple(dt.timedelta(seconds=1 + number / 2) for number in range(9))
    webhook_sending._LEASE = dt.timedelta(seconds=12)


def jump(**_: object) -> None:
    if _chance.random() < 0.5:
        travel = time_machine.travel(time.time() + _chance.choice(JUMPS))
        travel.start()
        _travels.append(travel)


def come_back(**_: object) -> None:
    while _travels:
        _travels.pop().stop()


def _timetable() -> dict[str, dict[str, object]]:
    known = app.conf.beat_schedule
    return {
        name: {
            **known[name],
            "schedule": seconds,
            "options": {**known[name]["options"], "expires": seconds * 4},
        }
        for name, seconds in TICKS.items()
    }


shorten_waits()
app.conf.beat_schedule = _timetable()
app.conf.beat_max_loop_interval = 0.3
if os.environ.get("CLOCK_JUMPS") == "yes":
    task_prerun.connect(jump, weak=False)
    task_postrun.connect(come_back, weak=False)
