"""`manage.py export_audit FILE`: the sealed audit trail as JSON Lines that verify without the portal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.shared import audit
from portal.shared.models import AuditSeal


class Command(BaseCommand):
    help = (
        "Seal what waits and write the audit trail as JSON Lines. `python -m portal.shared.audit_chain FILE` "
        "verifies the file anywhere, without a database."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="a file that does not exist yet")
        parser.add_argument("--after", type=int, default=0, help="only what follows this sequence")

    def handle(self, *args: Any, **options: Any) -> None:
        audit.seal_everything()
        count = -2
        try:
            # The trail names people and reasons: nobody but the owner reads the file.
            descriptor = os.open(options["file"], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                for line in audit.export_lines(after=options["after"]):
                    out.write(line)
                    count += 1
        except OSError as error:
            raise CommandError(str(error)) from error
        except AuditSeal.DoesNotExist as error:
            options["file"].unlink()
            raise CommandError(f"The chain has no sequence {options['after']}.") from error
        self.stdout.write(f"{count} records written to {options['file']}")
