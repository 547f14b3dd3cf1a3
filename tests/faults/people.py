"""People and the calendar of a fault campaign.

An operator and a publisher stop, hold, release, resume and roll back rollouts at random, smoke tests fail, failures
are tried again, gates that cannot tell are let through; a region opens late and is caught up with; and planned days
come at once. While the file CALM does not
exist they make trouble, as often as so many audit records (PACE) were written; afterwards they only mend.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import django

django.setup()

from django.db import DatabaseError, InterfaceError, connection  # noqa: E402
from django.db.models.functions import Now  # noqa: E402

from certification.models import (  # noqa: E402
    CatchUp,
    GateCheck,
    RegionDeployment,
    Rollout,
    RolloutPlan,
    RolloutWave,
    SmokeRun,
)
from certification.planning.coverage import WaveDraft  # noqa: E402
from certification.queries.plans import plans_missing  # noqa: E402
from certification.services import (  # noqa: E402
    advance,
    catch_ups,
    gates,
    plan_changes,
    plans,
    rollbacks,
    rollouts,
)
from certification.services.clock import database_now  # noqa: E402
from connectors.models import Region  # noqa: E402
from portal.accounts.models import User  # noqa: E402
from portal.shared.errors import PortalError  # noqa: E402
from portal.shared.models import AuditRecord  # noqa: E402
from tests.faults.machines import LATE  # noqa: E402

TURN_SECONDS = 1.0
OF_ROLLOUTS = r"^(rollout|wave|deployment|placement|gatecheck)\."
BAKED = dt.timedelta(hours=30)
COMPLETED_BEFORE_LATE = 2
PATIENCE = dt.timedelta(seconds=25)


def let_time_pass() -> None:
    """Nothing waits for a calendar: waves are due, steps that would wait for days come, bakes are over."""
    now = database_now()
    early = RolloutWave.objects.filter(state="planned", due_at__gt=now)
    waiting = set(early.values_list("rollout_id", flat=True))
    if waiting:
        early.update(due_at=now)
        Rollout.objects.filter(pk__in=waiting, next_step_at__isnull=False).update(next_step_at=now)
    baking = RolloutWave.objects.filter(
        state="verified", rollout__plan__waves__bake_seconds__gt=0, finished_at__gt=now - BAKED / 2
    )
    RolloutWave.objects.filter(pk__in=baking.values("pk")).update(finished_at=now - BAKED)


class People:
    """Everything that they do. `chance` decides; whoever comes too late has done nothing."""

    def __init__(self, seed: int, pace: int) -> None:
        self.chance, self.pace, self.next_at = random.Random(seed), pace, 0
        self.operator = User.objects.get(email="operator@portal.example")
        self.publisher = User.objects.get(email="owner@harbour.example")

    def trouble(self) -> None:
        written = AuditRecord.objects.filter(action__regex=OF_ROLLOUTS).count()
        if written < self.next_at:
            return
        self.next_at = written + self.pace
        running = list(Rollout.objects.filter(state="running").order_by("created_at"))
        deeds = ((0.5, self.stop), (0.2, self.hold), (0.06, self.roll_back), (0.2, self.fail_smoke))
        for share, deed in deeds:
            if running and self.chance.random() < share:
                _try(deed, [self.chance.choice(running)])

    def stop(self, rollout: Rollout) -> None:
        actor = self.chance.choice((self.operator, self.publisher))
        rollouts.stop_rollout(rollout, reason="A doubt.", actor=actor)

    def hold(self, rollout: Rollout) -> None:
        rollouts.hold_rollout(rollout, reason="A moment.", actor=self.operator)

    def roll_back(self, rollout: Rollout) -> None:
        rollbacks.roll_back(rollout, reason="It is worse than before.", actor=self.operator)

    def fail_smoke(self, rollout: Rollout) -> None:
        """Two failures in a row, as the smoke tests would write them: the scheduler halts."""
        row = rollout.deployments.filter(state="verified", action="deploy").first()
        if row is not None:
            SmokeRun.objects.bulk_create(
                SmokeRun(
                    deployment=row, operation_id="GetTides", attempt=attempt, outcome="failed", status=500
                )
                for attempt in (1, 2)
            )

    def mend(self, *, everything: bool) -> None:
        """Release, resume, let through and try again: some of it, or all."""
        share = 1.0 if everything else 0.6
        halted = [one for one in Rollout.objects.filter(state="halted") if self.chance.random() < share]
        for rollout in halted:
            is_bad = rollout.halt_reason.startswith("The gate after") and self.chance.random() < 0.8
            _try(self.roll_back if is_bad else self.release, [rollout])
        held = Rollout.objects.filter(state="held")
        _try(self.resume, [one for one in held if self.chance.random() < share])
        # Nobody decides what telemetry under way may tell.
        unclear = GateCheck.objects.filter(
            verdict="inconclusive", stage="gate", is_let_through=False, first_at__lt=Now() - PATIENCE
        )
        _try(self.let_through, unclear.select_related("rollout__submission__connector"))
        failed = RegionDeployment.objects.filter(state="failed", rollout__isnull=False)
        _try(self.retry, failed.filter(rollout__state="running", action="deploy")[:60])
        _try(self.retry, failed.filter(rollout__state="rolling_back", action="rollback")[:60])
        _try(self.retry, failed.filter(rollout__state="completed", action="deploy"))
        _try(self.complete_rollback, Rollout.objects.filter(state="rolling_back"))
        _try(self.go_on, CatchUp.objects.filter(state="held"))
        if Rollout.objects.filter(state="completed").count() >= COMPLETED_BEFORE_LATE:
            _try(self.catch_up, Region.objects.filter(pk=LATE))

    def catch_up(self, region: Region) -> None:
        """The region opens, every plan reaches it from then on, and what is live elsewhere comes."""
        if not region.is_active:
            Region.objects.filter(pk=region.pk).update(is_active=True)
            region.is_active = True
        for plan in RolloutPlan.objects.filter(is_retired=False, name__in=plans_missing(region)):
            draft = plans.draft_of(plan)
            late = WaveDraft("Wave of the late region", (region.pk,))
            change = replace(draft, waves=(*draft.waves, late))
            plan_changes.revise_plan(plan, change, reason="A region opens.", actor=self.operator)
        draft = catch_ups.CatchUpDraft(database_now().date(), catch_ups.MOST_A_DAY, "A region opens.")
        catch_ups.open_catch_up(region, draft, actor=self.operator)

    def go_on(self, catch_up: CatchUp) -> None:
        catch_ups.resume_catch_up(catch_up, reason="The region is well again.", actor=self.operator)

    def release(self, rollout: Rollout) -> None:
        rollouts.release_rollout(rollout, reason="The doubt is gone.", actor=self.operator)

    def resume(self, rollout: Rollout) -> None:
        rollouts.resume_rollout(rollout, reason="On we go.", actor=self.operator)

    def let_through(self, check: GateCheck) -> None:
        gates.let_through(check, reason="We have looked ourselves.", actor=self.operator)

    def retry(self, row: RegionDeployment) -> None:
        rollouts.retry_deployment(row, reason="Looked at: the region is well.", actor=self.operator)

    def complete_rollback(self, rollout: Rollout) -> None:
        """Regions that turned out to hold the version after the rollback began are returned too."""
        backs = rollout.deployments.filter(action="rollback").exclude(state="cancelled")
        asked = set(backs.values_list("region_id", flat=True))
        if {row.region_id for row in advance.holding(rollout)} - asked:
            self.roll_back(rollout)


def _try(deed: Callable[[object], None], things: Iterable[object]) -> None:
    for thing in things:
        # Refused when somebody else was faster: the next look sees what is there now.
        with suppress(PortalError):
            deed(thing)


def main() -> None:
    people, calm = None, Path(os.environ["CALM"])
    while True:
        try:
            people = people or People(int(os.environ["SEED"]), int(os.environ["PACE"]))
            let_time_pass()
            if not calm.exists():
                people.trouble()
            people.mend(everything=calm.exists())
        except (DatabaseError, InterfaceError, OSError):
            connection.close()
        time.sleep(TURN_SECONDS)


if __name__ == "__main__":
    main()
