"""`manage.py backup DIR`: the whole portal as a folder that `restore` reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.backup.making import back_up
from portal.backup.manifest import BackupUnusable


class Command(BaseCommand):
    help = (
        "Write every table and stored file into an empty folder, with a manifest of checksums, while the "
        "portal works. Keys are not in it: keep FIELD_ENCRYPTION_KEYS somewhere else. Exit code 1 when "
        "something is missing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="an empty folder, or one that does not exist yet")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            manifest = back_up(options["folder"])
        except (BackupUnusable, OSError) as error:
            raise CommandError(str(error)) from error
        rows = sum(facts["rows"] for facts in manifest.tables.values())
        files = len(manifest.files) - len(manifest.tables)
        self.stdout.write(f"{len(manifest.tables)} tables with {rows} rows, {files} stored files")
        self.stdout.write(f"audit head {manifest.audit_head}")
        keys = ", ".join(manifest.keys) or "none"
        self.stdout.write(
            f"NOT in the backup: the keys. Secrets in it are under: {keys}. Keep them elsewhere."
        )
        if manifest.missing_files:
            raise CommandError(
                "Stored files that rows name are missing: " + ", ".join(manifest.missing_files)
            )
