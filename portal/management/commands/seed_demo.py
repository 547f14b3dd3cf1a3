"""`manage.py seed_demo`: fill the portal with the demo world."""

from __future__ import annotations

import os
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.demo import seed
from portal.demo.people import ENTRY_PERSONS, STAFF, TEAMS
from portal.demo.priming import prime_when_reachable
from portal.demo.regions import AGENT_ADDRESS, move_regions


class Command(BaseCommand):
    help = "Fill the portal with the demo world: teams, connectors, submissions in every state, ninety days."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--if-empty", action="store_true", help="say nothing is to be done when it is there"
        )
        parser.add_argument("--fast", action="store_true", help="without telemetry")
        parser.add_argument(
            "--wait-for-regions",
            type=float,
            default=120.0,
            metavar="SECONDS",
            help="how long to wait for the reference regions before priming them (default %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.TRIAL_MODE:
            raise CommandError("The demo world belongs to trials: set TRIAL_MODE=on, never in production.")
        base_url = os.environ.get("TRIAL_REGIONS_URL", AGENT_ADDRESS).rstrip("/")
        token = os.environ.get("REGION_TOKEN", "")
        if not token:
            raise CommandError("Set REGION_TOKEN to the token that the reference regions accept.")
        started = time.monotonic()
        if seed.build(base_url, token, with_telemetry=not options["fast"], say=self.stdout.write):
            self.stdout.write(f"The demo world was made in {time.monotonic() - started:.0f} s.")
        elif not options["if_empty"]:
            self.stdout.write("The demo world is there already; nothing was changed.")
        move_regions(base_url, token)
        self._say_who()
        sent = prime_when_reachable(base_url, seconds=options["wait_for_regions"], say=self.stdout.write)
        if sent:
            self.stdout.write(
                f"The regions hold what the history says: {sent} packages were deployed to them."
            )

    def _say_who(self) -> None:
        self.stdout.write("Enter from the sign-in page with one click, no password:")
        for role, person in ENTRY_PERSONS.items():
            self.stdout.write(f"  {role:<14} {person.name} <{person.address}>")
        count = len(STAFF) + sum(1 + len(team.members) for team in TEAMS)
        self.stdout.write(f"  and {count - len(ENTRY_PERSONS)} more people in {len(TEAMS)} teams.")
