"""`manage.py rotate_secrets`: every stored credential under the newest key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.shared import rotation
from portal.shared.secrets import keyring


class Command(BaseCommand):
    help = (
        "Encrypt every stored secret again under the first of FIELD_ENCRYPTION_KEYS. May be ended and "
        "repeated at any time. Exit code 1 while rows are left under other keys; only without any may the "
        "old keys be taken away."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--batch", type=int, default=500, help="rows in one transaction (default %(default)s)"
        )
        parser.add_argument("--check", action="store_true", help="change nothing, only count")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch"] < 1:
            raise CommandError("--batch must be at least 1.")
        self.stdout.write(f"Newest key: {next(iter(keyring()))}")
        left = 0
        for place in rotation.places():
            if options["check"]:
                report = rotation.PlaceReport(place, left=rotation.left_behind(place))
            else:
                report = rotation.rotate(place, batch=options["batch"])
            left += report.left.total()
            self.stdout.write(f"{place}: {report.rotated} rotated, {report.left.total()} left{_keys(report)}")
        if left:
            raise CommandError(
                f"{left} rows are under other keys than the newest. "
                "Configure the keys named above, newest key first, and run rotate_secrets again."
            )
        self.stdout.write("Every row is under the newest key: the others may be taken away.")


def _keys(report: rotation.PlaceReport) -> str:
    configured = keyring()
    named = (
        f"{count} under {name}{'' if name in configured else ' (not configured)'}"
        for name, count in sorted(report.left.items())
    )
    return f" ({', '.join(named)})" if report.left else ""
