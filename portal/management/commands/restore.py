"""`manage.py restore DIR`: a backup into a migrated database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from portal.backup.manifest import BackupUnusable
from portal.backup.restoring import check, findings, restore


class Command(BaseCommand):
    help = (
        "Check a backup and put it into this database, which has the same migrations, in one transaction. "
        "Stop web processes, workers and schedulers first. Exit code 1 when anything is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="what `manage.py backup` wrote")
        parser.add_argument("--replace", action="store_true", help="give up what is in the database now")
        parser.add_argument("--check", action="store_true", help="only check the backup, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["check"]:
                manifest = check(options["folder"])
                self.stdout.write(f"Whole: {len(manifest.files)} files of {manifest.made_at}.")
                return
            manifest = restore(options["folder"], replace=options["replace"])
        except (BackupUnusable, OSError, DatabaseError) as error:
            raise CommandError(f"Nothing was changed in the database. {error}") from error
        self.stdout.write(f"Restored {len(manifest.tables)} tables as of {manifest.made_at}.")
        found = findings(manifest)
        if found:
            raise CommandError("\n".join(found))
        self.stdout.write("The audit chain is whole, every stored file is there, every key is configured.")
