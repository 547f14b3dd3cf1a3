"""`manage.py verify_audit`: recompute the hash chain over the audit trail."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.shared import audit
from portal.shared.models import AuditRecord


class Command(BaseCommand):
    help = (
        "Recompute the chain of audit records and name every record that was altered, removed or reordered. "
        "Exit code 1 when there is a fault. Keep the printed head hash somewhere else: it proves the trail "
        "up to here."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--seal", action="store_true", help="first seal the records that are not in the chain yet"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["seal"]:
            self.stdout.write(f"{audit.seal_everything()} records sealed")
        report = audit.verify_chain()
        waiting = AuditRecord.objects.filter(seal=None).count()
        self.stdout.write(f"{report.checked} records checked, {waiting} not sealed yet")
        self.stdout.write(f"head {report.head}")
        if report.erased:
            self.stdout.write(f"{report.erased} records lack words that were erased")
        for fault in report.faults:
            self.stderr.write(fault)
        if report.faults:
            raise CommandError(f"The audit trail has {len(report.faults)} faults.")
        self.stdout.write("The chain is whole.")
