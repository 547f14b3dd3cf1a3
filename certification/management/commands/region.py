"""`manage.py region`: run the reference region agent."""

from __future__ import annotations

import contextlib
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from certification.regions.agent.serve import add_arguments, options_from, serve


class Command(BaseCommand):
    help = "Serve one or more reference regions over the region protocol."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            agent = options_from(options)
        except (ValueError, OSError) as error:
            raise CommandError(str(error)) from None
        with contextlib.suppress(KeyboardInterrupt):
            serve(agent, host=options["host"], port=options["port"])
