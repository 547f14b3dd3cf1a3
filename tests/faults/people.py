"""The operator of a fault campaign: stops rollouts at random moments, releases them, retries what failed.

While the file CALM does not exist he makes trouble; afterwards he only mends.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import django

django.setup()

from django.db import DatabaseError, InterfaceError, connection  # noqa: E402

from certification.models import RegionDeployment, Rollout  # noqa: E402
from certification.services import rollouts  # noqa: E402
from portal.accounts.models import User  # noqa: E402
from portal.shared.errors import PortalError  # noqa: E402


def mend(by: User) -> None:
    """Try again what failed, where the rollout still wants it."""
    for row in RegionDeployment.objects.filter(state="failed", rollout__state="running")[:40]:
        rollouts.retry_deployment(row, reason="Looked at: the region is well.", actor=by)


def trouble(by: User, chance: random.Random) -> None:
    running = list(Rollout.objects.filter(state="running").values_list("pk", flat=True))
    if running and chance.random() < 0.4:
        rollouts.stop_rollout(Rollout.objects.get(pk=chance.choice(running)), reason="A doubt.", actor=by)


def release(by: User, chance: random.Random, *, everything: bool) -> None:
    for rollout in Rollout.objects.filter(state="halted"):
        if everything or chance.random() < 0.5:
            rollouts.release_rollout(rollout, reason="The doubt is gone.", actor=by)


def main() -> None:
    chance, calm = random.Random(int(os.environ["SEED"])), Path(os.environ["CALM"])
    by = None
    while True:
        try:
            by = by or User.objects.get(email="operator@portal.example")
            if not calm.exists():
                trouble(by, chance)
            release(by, chance, everything=calm.exists())
            mend(by)
        except PortalError:
            # Somebody else was faster: the next look sees what is there now.
            pass
        except (DatabaseError, InterfaceError, OSError):
            connection.close()
        time.sleep(0.4)


if __name__ == "__main__":
    main()
