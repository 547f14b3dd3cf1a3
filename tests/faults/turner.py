"""A worker of a fault campaign: scheduler and pollers in a loop until somebody kills it.

The services are the portal's own. Only waits are shorter, so that thousands of steps fit into minutes: pauses
between questions, leases, and the deadline of a call. With CLOCK_JUMPS its wall clock is wrong now and then.
"""

from __future__ import annotations

import os
import random
import time
from contextlib import nullcontext

import django

django.setup()

import time_machine  # noqa: E402
from django.db import DatabaseError, InterfaceError, connection  # noqa: E402

from certification.models import Rollout, RolloutWave  # noqa: E402
from certification.regions import drivers  # noqa: E402
from certification.regions import polling as pure  # noqa: E402
from certification.regions.http import HttpDriver  # noqa: E402
from certification.services import outcomes, polling, probes, rollouts  # noqa: E402
from certification.services.clock import database_now  # noqa: E402

CALL_SECONDS = 1.0
JUMPS = (-3600, 3600, 86_400)


def shorten_waits(chance: random.Random) -> None:
    drivers.DRIVERS["http"] = lambda: HttpDriver(deadline_seconds=CALL_SECONDS)
    polling.LEASE_SECONDS, polling.CALLING_SECONDS = 6, 3.0
    polling.HALF_OPEN_AFTER_SECONDS = pure.HALF_OPEN_AFTER_SECONDS = 1
    probes.HALF_OPEN_AFTER_SECONDS = 1
    outcomes.next_delay = lambda previous, **_: chance.uniform(0.05, 0.5)
    outcomes.FIRST_DELAY_SECONDS, outcomes.TOKEN_REJECTED_PAUSE_SECONDS = 0.1, 0.3


def turn() -> int:
    """Once around: nothing waits for a calendar, and whoever is due is stepped and asked."""
    now = database_now()
    RolloutWave.objects.filter(state="planned").update(due_at=now)
    Rollout.objects.filter(next_step_at__gt=now).update(next_step_at=now)
    return rollouts.advance_due() + rollouts.poll_due()


def main() -> None:
    chance = random.Random(int(os.environ.get("SEED", "1")))
    jumps = os.environ.get("CLOCK_JUMPS") == "yes"
    shorten_waits(chance)
    while True:
        moment = time.time() + (chance.choice(JUMPS) if jumps and chance.random() < 0.5 else 0)
        try:
            with time_machine.travel(moment) if jumps else nullcontext():
                turn()
        except (DatabaseError, InterfaceError, OSError):
            # The database is away: what a supervisor's restart would do, without the seconds it takes.
            connection.close()
            time.sleep(0.3)
        time.sleep(0.02)


if __name__ == "__main__":
    main()
