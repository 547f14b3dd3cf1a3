"""`manage.py retention`: delete what the rules of retention keep no longer."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from certification.services.retention import RULES, count_overdue, keep_to_rules


class Command(BaseCommand):
    help = (
        "Delete what is kept no longer, in batches; the scheduler does the same every hour. May be ended at "
        "any time. With --dry-run it only counts."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="change nothing, only count")

    def handle(self, *args: Any, **options: Any) -> None:
        is_dry = options["dry_run"]
        counts = count_overdue() if is_dry else keep_to_rules(batches=1_000_000)
        self.stdout.write(f"{'rule':<18} {'days':>5} {'overdue' if is_dry else 'deleted':>9}  setting")
        for rule in RULES:
            count = counts.get(rule.key, "failed")
            self.stdout.write(f"{rule.key:<18} {rule.days():>5} {count:>9}  {rule.setting or '-'}")
        if is_dry:
            self.stdout.write("Nothing was deleted.")
