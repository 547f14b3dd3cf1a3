from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from portal.shared import audit
from portal.shared.actors import SYSTEM
from portal.shared.models import AuditRecord, AuditSeal
from tests.factories import ConnectorFactory


def write(count: int = 1, reason: str = "") -> list[AuditRecord]:
    connector = ConnectorFactory()
    with transaction.atomic():
        return [
            audit.record(
                "connector.update", connector, actor=SYSTEM, reason=reason, about=[connector.publisher]
            )
            for _ in range(count)
        ]


@pytest.mark.django_db(transaction=True)
def test_a_record_outside_the_deeds_transaction_is_refused():
    connector = ConnectorFactory()
    with pytest.raises(RuntimeError, match="transaction"):
        audit.record("connector.update", connector, actor=SYSTEM)


@pytest.mark.parametrize("statement", ["UPDATE {} SET action = 'x'", "DELETE FROM {}"])
def test_the_database_refuses_to_change_records(db, statement):
    write()
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(statement.format("shared_auditrecord"))


def test_history_shows_what_is_about_an_object_newest_first(db):
    first, second = write(2)
    connector_key = first.object_key
    publisher_history = AuditRecord.objects.filter(about__contains=[first.about[1]]).order_by("-id")
    assert list(publisher_history) == [second, first]
    assert first.about[0] == connector_key


def test_sealing_twice_seals_once_and_the_chain_verifies(db):
    write(3)
    assert audit.seal() == 3
    assert audit.seal() == 0
    write(2)
    assert audit.seal() == 2
    report = audit.verify_chain()
    assert (report.checked, report.faults) == (5, [])
    assert report.head == AuditSeal.objects.order_by("-sequence").first().hash


def test_sealing_looks_back_only_so_far_and_the_hourly_one_all_the_way(db, monkeypatch):
    monkeypatch.setattr(audit, "LATE_RECORDS", 3)
    first = write(6)[0]
    assert audit.seal() == 6
    # Its transaction began before the others and was committed after them.
    late = AuditRecord.objects.create(
        pk=first.pk - 1, action="test.late", object_key=first.object_key, about=first.about
    )
    write()
    assert audit.seal() == 1
    assert not AuditSeal.objects.filter(record=late).exists()
    assert audit.seal_everything() == 1
    assert audit.verify_chain().faults == []


def test_an_altered_record_is_named(db):
    records = write(3, reason="because")
    audit.seal()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE shared_auditrecord DISABLE TRIGGER USER")
        cursor.execute("UPDATE shared_auditrecord SET reason = 'forged' WHERE id = %s", [records[1].pk])
        cursor.execute("ALTER TABLE shared_auditrecord ENABLE TRIGGER USER")
    assert audit.verify_chain().faults == [f"Record {records[1].pk} was altered after it was sealed."]


def test_a_removed_seal_is_noticed(db):
    write(3)
    audit.seal()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE shared_auditseal DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM shared_auditseal WHERE sequence = 2")
        cursor.execute("ALTER TABLE shared_auditseal ENABLE TRIGGER USER")
    assert audit.verify_chain().faults == ["Seal 2 is missing before seal 3."]
