"""`manage.py lifecycles > docs/lifecycles.md`"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from portal import lifecycles


class Command(BaseCommand):
    help = "Print docs/lifecycles.md: a diagram and the moves of every state machine."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(lifecycles.document())
