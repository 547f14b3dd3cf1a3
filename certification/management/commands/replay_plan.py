"""manage.py replay_plan ROLLOUT: compute the dates of a rollout again from the audit record and compare."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from certification.models import Rollout
from certification.services.plan_replays import replay


class Command(BaseCommand):
    help = "Computes the dates of a rollout again from the inputs in the audit record and compares them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("rollout", type=UUID, help="The id of the rollout, as in its address.")

    def handle(self, *args: Any, rollout: UUID, **options: Any) -> None:
        found = Rollout.objects.filter(pk=rollout).first()
        if found is None:
            raise CommandError(f"There is no rollout {rollout}.")
        replays = replay(found)
        if not replays:
            raise CommandError("The audit record of this rollout holds no planning inputs.")
        for one in replays:
            verdict = "agrees" if one.agrees else "DIFFERS"
            self.stdout.write(f"{one.at:%Y-%m-%d %H:%M:%S}  {one.action}  {verdict}")
            if one.problem:
                self.stdout.write(f"  {one.problem}")
            for number, (recorded, computed) in one.differences.items():
                self.stdout.write(f"  wave {number}: recorded {recorded}, computed {computed}")
        if not all(one.agrees for one in replays):
            raise CommandError("The planner gives other dates for the recorded inputs than it gave then.")
