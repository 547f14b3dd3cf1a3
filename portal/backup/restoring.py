"""Putting a backup into a database with the same migrations, in one transaction."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from connectors.services.health_partitions import ensure_partitions
from portal.backup import tables
from portal.backup.making import applied_migrations, known_digests
from portal.backup.manifest import BackupUnusable, Manifest, faults, read
from portal.shared import audit, storage
from portal.shared.models import AuditRecord
from portal.shared.secrets import keyring


def check(folder: Path) -> Manifest:
    """The manifest of a backup that is whole and fits this database. Raises BackupUnusable."""
    manifest = read(folder)
    found = list(faults(manifest, folder))
    if found:
        raise BackupUnusable("The backup is damaged:\n" + "\n".join(found))
    here, there = set(applied_migrations()), set(manifest.migrations)
    if here != there:
        raise BackupUnusable(
            "The backup was made by another release: restore with that release (manage.py migrate first), "
            f"then upgrade. Only in the backup: {_some(there - here)}; only here: {_some(here - there)}."
        )
    if {name: facts["columns"] for name, facts in manifest.tables.items()} != tables.tables():
        raise BackupUnusable("The tables of this database are not those of the backup.")
    return manifest


def restore(folder: Path, *, replace: bool = False) -> Manifest:
    """Replace everything by the backup; with an error nothing has changed. Raises BackupUnusable, also for a
    database in use unless `replace` says that its content may go.
    """
    manifest = check(folder)
    if AuditRecord.objects.exists() and not replace:
        raise BackupUnusable("This database is in use. --replace gives up everything in it.")
    # Files first: one too many does no harm, a row without its file does.
    for path in sorted((folder / "packages").glob("*/*")):
        if storage.store(path.read_bytes()) != path.name:
            raise BackupUnusable(f"{path} is not what its name says.")
    with transaction.atomic(durable=True):
        tables.lift_limits()
        ensure_partitions(date.fromisoformat(day) for day in manifest.sample_days)
        tables.empty(list(manifest.tables))
        for name, facts in manifest.tables.items():
            rows = tables.copy_in(name, facts["columns"], folder / facts["file"])
            if rows != facts["rows"]:
                raise BackupUnusable(f"{name}: {rows} rows instead of {facts['rows']}.")
        tables.set_sequences(manifest.sequences)
        tables.guard(list(manifest.tables))
    ContentType.objects.clear_cache()
    return manifest


def findings(manifest: Manifest) -> list[str]:
    """What is wrong after a restore: the audit chain, stored files, keys."""
    chain = audit.verify_chain()
    found = list(chain.faults)
    if chain.head != manifest.audit_head:
        found.append("The audit chain does not end where the backup says.")
    for digest in sorted(known_digests()):
        try:
            storage.load(digest)
        except (FileNotFoundError, storage.StoredBytesDamaged):
            found.append(f"The stored file {digest} is missing or damaged.")
    lost = sorted(set(manifest.keys) - set(keyring()))
    if lost:
        found.append(
            f"Secrets are stored under the keys {', '.join(lost)}, which FIELD_ENCRYPTION_KEYS does not hold"
            ": add them, or the credentials have to be entered anew."
        )
    return found


def _some(names: set[str]) -> str:
    return ", ".join(sorted(names)[:5]) or "none"
