"""The drill: a backup, everything lost, a restore, and nothing is different."""

from __future__ import annotations

import gzip
import json
import shutil
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction

from connectors.models import Region, Version
from connectors.services.health_partitions import ensure_partitions
from portal.backup import tables
from portal.backup.making import applied_migrations
from portal.shared import audit, storage
from portal.shared.actors import SYSTEM
from portal.shared.models import AuditRecord
from portal.shared.secrets import Secret
from tests.factories import ConnectorFactory, RegionFactory, VersionFactory

pytestmark = pytest.mark.django_db(transaction=True)
DAY = date(2025, 3, 1)
CONTENT = b"a package, byte for byte"


def content() -> dict[str, list[str]]:
    """Every row of every table as text, sorted."""
    found = {}
    with connection.cursor() as cursor:
        for name in tables.tables():
            cursor.execute(f'SELECT t::text FROM "{name}" t ORDER BY 1')
            found[name] = [row for (row,) in cursor.fetchall()]
    return found


def lose_everything() -> None:
    with transaction.atomic():
        names = list(tables.tables())
        tables.empty(names)
        tables.guard(names)


@pytest.fixture
def world(settings, tmp_path):
    """A version with its file, credentials, figures of an old day, and a sealed audit trail."""
    settings.PACKAGE_ROOT = tmp_path / "packages"
    connector = ConnectorFactory(name="Tides of the Elbe\t\\N ü")
    VersionFactory(connector=connector, digest=storage.store(CONTENT))
    region = RegionFactory(credentials={"token": "far away"})
    with transaction.atomic():
        for number in range(4):
            audit.record(
                "connector.update", connector, actor=SYSTEM, reason=f"n{number}", data={"n": [number, 1.5]}
            )
    audit.seal_everything()
    ensure_partitions([DAY])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'connectors_sample'"
        )
        moment = datetime(2025, 3, 1, 12, tzinfo=UTC)
        values = {
            "connector_id": connector.pk, "region_id": region.pk, "minute": moment, "latency": [1, 2],
            "statuses": "{}",
        }  # fmt: skip
        names = [name for (name,) in cursor.fetchall()]
        texts = sample_defaults(cursor)
        row = {name: values.get(name, texts[name]) for name in names}
        marks = ", ".join(["%s"] * len(row))
        cursor.execute(
            f"INSERT INTO connectors_sample ({', '.join(row)}) VALUES ({marks})", list(row.values())
        )
    return connector


def sample_defaults(cursor) -> dict[str, object]:
    """A plain value for each other column of a sample, by its type."""
    cursor.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'connectors_sample'"
    )
    plain = {"uuid": "00000000-0000-4000-8000-000000000001", "bigint": 1, "integer": 1, "text": "GetTides"}
    return {name: plain.get(kind, "GetTides") for name, kind in cursor.fetchall()}


@pytest.fixture
def saved(world, tmp_path) -> Path:
    folder = tmp_path / "backup"
    call_command("backup", folder, stdout=StringIO())
    return folder


def test_after_losing_everything_a_restore_gives_back_every_row_file_and_guard(saved, settings):
    before, head = content(), audit.verify_chain().head
    version = Version.objects.get()
    lose_everything()
    shutil.rmtree(settings.PACKAGE_ROOT)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE connectors_sample_{DAY:%Y%m%d}")
    assert not AuditRecord.objects.exists()
    out = StringIO()
    call_command("restore", saved, stdout=out)
    assert "The audit chain is whole" in out.getvalue()
    assert content() == before
    assert len(before["connectors_sample"]) == 1
    assert (audit.verify_chain().head, audit.verify_chain().faults) == (head, [])
    assert storage.load(version.digest) == CONTENT
    assert Region.objects.exclude(credentials=None).get().credentials == {"token": Secret("far away")}


def test_the_guards_are_on_and_numbers_go_on_after_a_restore(saved):
    newest = AuditRecord.objects.order_by("-pk").first().pk
    call_command("restore", saved, replace=True, stdout=StringIO())
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM shared_auditrecord")
    with transaction.atomic():
        again = audit.record("connector.update", ConnectorFactory(), actor=SYSTEM)
    assert again.pk > newest


def test_a_backup_holds_no_key_and_names_those_it_needs(saved, settings):
    everything = b"".join(
        gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for path in saved.rglob("*")
        if path.is_file()
    )
    assert b"far away" not in everything
    assert settings.FIELD_ENCRYPTION_KEYS[0].encode() not in everything
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match="FIELD_ENCRYPTION_KEYS does not hold"):
        call_command("restore", saved, replace=True, stdout=StringIO())


def test_a_database_in_use_is_kept_unless_told_otherwise(saved):
    before = content()
    with pytest.raises(CommandError, match="in use"):
        call_command("restore", saved)
    assert content() == before


@pytest.mark.parametrize("wrong", ["changed", "cut", "removed", "manifest"])
def test_a_damaged_backup_is_refused_before_anything_happens(saved, wrong):
    before = content()
    victim = next(iter(saved.glob("tables/shared_auditrecord.*")))
    if wrong == "changed":
        victim.write_bytes(victim.read_bytes()[:-1] + b"x")
    elif wrong == "cut":
        victim.write_bytes(victim.read_bytes()[:-20])
    elif wrong == "removed":
        victim.unlink()
    else:
        (saved / "manifest.json").unlink()
    with pytest.raises(CommandError, match=r"damaged|no whole backup"):
        call_command("restore", saved, replace=True)
    assert content() == before


def test_a_backup_of_another_release_is_refused_and_names_what_differs(saved):
    path = saved / "manifest.json"
    manifest = json.loads(path.read_text())
    assert manifest["migrations"] == applied_migrations()
    manifest["migrations"].append("connectors.0999_of_tomorrow")
    path.write_text(json.dumps(manifest))
    with pytest.raises(CommandError, match=r"another release.*0999_of_tomorrow"):
        call_command("restore", saved, check=True)


def test_an_error_half_way_leaves_the_database_as_it_was(saved, monkeypatch):
    before = content()

    def fail(values: object) -> None:
        raise IntegrityError("the power went")

    monkeypatch.setattr(tables, "set_sequences", fail)
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("restore", saved, replace=True)
    assert content() == before


def test_a_missing_or_damaged_stored_file_is_told_by_the_backup(world, tmp_path):
    path = storage.path_of(Version.objects.get().digest)
    path.write_bytes(b"another")
    with pytest.raises(CommandError, match="is damaged"):
        call_command("backup", tmp_path / "damaged", stdout=StringIO())
    path.unlink()
    with pytest.raises(CommandError, match="are missing"):
        call_command("backup", tmp_path / "missing", stdout=StringIO())
    with pytest.raises(CommandError, match="not empty"):
        call_command("backup", tmp_path / "missing", stdout=StringIO())
