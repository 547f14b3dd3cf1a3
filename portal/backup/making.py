"""Making a backup of a portal that goes on working."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from connectors.models import Upload, Version
from connectors.services.health_partitions import existing_days
from portal.backup import tables
from portal.backup.manifest import BackupUnusable, Manifest, sha256_of
from portal.shared import rotation
from portal.shared.audit_chain import GENESIS
from portal.shared.models import AuditSeal
from portal.shared.storage import path_of


def back_up(folder: Path) -> Manifest:
    """Write a backup into a folder that is empty or does not exist; returns its manifest.

    Every table is of one moment. Files are copied after it: they are only ever added, so none is missing that
    a row names. Raises BackupUnusable when the folder is in use or a stored file is damaged.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise BackupUnusable(f"{folder} is not empty: a backup is never written over another.")
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        tables.lift_limits()
        manifest = _facts()
        _copy_tables(manifest, folder)
        digests = known_digests()
    _copy_files(manifest, folder, digests)
    manifest.write(folder)
    return manifest


def applied_migrations() -> list[str]:
    """`app.name` of each migration that the database has, sorted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1")
        return [name for (name,) in cursor.fetchall()]


def known_digests() -> set[str]:
    """Of every stored file that a row names."""
    packages = set(Version.objects.values_list("digest", flat=True))
    return packages | set(Upload.objects.values_list("digest", flat=True))


def _facts() -> Manifest:
    head = AuditSeal.objects.order_by("-sequence").first()
    return Manifest(
        made_at=timezone.now().isoformat(),
        migrations=applied_migrations(),
        keys=sorted({key for place in rotation.places() for key in rotation.keys_in_use(place)}),
        audit_head=head.hash if head else GENESIS,
        sequences=tables.sequences(),
        sample_days=[str(day) for day in sorted(existing_days())],
    )


def _copy_tables(manifest: Manifest, folder: Path) -> None:
    (folder / "tables").mkdir()
    for name, columns in tables.tables().items():
        target = folder / "tables" / f"{name}.copy.gz"
        rows = tables.copy_out(name, columns, target)
        manifest.tables[name] = {"file": f"tables/{target.name}", "columns": columns, "rows": rows}
        manifest.add(folder, target)


def _copy_files(manifest: Manifest, folder: Path, digests: set[str]) -> None:
    root = Path(settings.PACKAGE_ROOT)
    stored = {path.name: path for path in root.glob("[0-9a-f][0-9a-f]/*") if path == _place(path.name)}
    for digest, path in sorted(stored.items()):
        target = folder / "packages" / digest[:2] / digest
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        if sha256_of(target) != digest:
            raise BackupUnusable(f"The stored file {path} is damaged: take it from an earlier backup.")
        manifest.add(folder, target)
    manifest.missing_files = sorted(digests - set(stored))


def _place(name: str) -> Path | None:
    try:
        return path_of(name)
    except ValueError:
        return None
