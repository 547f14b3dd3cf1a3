"""Words go out of the audit trail, and the chain still verifies: in the database, in exports, in both formats."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from portal.shared import audit, audit_chain
from portal.shared.actors import SYSTEM
from portal.shared.audit_erasing import erase
from portal.shared.models import AuditRecord, AuditSeal
from tests.factories import ConnectorFactory

pytestmark = pytest.mark.django_db


def without(word: str):
    def change(value):
        if isinstance(value, dict):
            return {name: change(each) for name, each in value.items()}
        return value.replace(word, "somebody") if isinstance(value, str) else value

    return change


def write(connector, *, reason: str = "", **data) -> AuditRecord:
    with transaction.atomic():
        return audit.record("connector.update", connector, actor=SYSTEM, reason=reason, data=data)


def write_as_before(connector, **fields) -> AuditRecord:
    """As the release before commitments wrote it; its worker sealed it too."""
    return AuditRecord.objects.create(
        action="connector.update", object_key=audit.key_of(connector), about=[], **fields
    )


def forge(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE shared_auditrecord DISABLE TRIGGER USER")
        cursor.execute(statement, values)
        cursor.execute("ALTER TABLE shared_auditrecord ENABLE TRIGGER USER")


@pytest.fixture
def connector(db):
    return ConnectorFactory()


def test_what_goes_is_gone_and_the_rest_is_still_proved(connector, tmp_path):
    kept = write(connector, reason="A new host.", host="tides.example")
    named = write(connector, reason="Asked by Ada.", role="owner", to={"name": "Ada"}, n=1e16, x=1.5)
    audit.seal()
    head = audit.verify_chain().head
    assert erase([kept, named], without("Ada"), obj=connector, actor=SYSTEM) == 1
    named.refresh_from_db()
    assert (named.reason, named.data["to"]) == ("Asked by somebody.", {"name": "somebody"})
    assert (named.erased, named.data["role"]) == (["data.to", "reason"], "owner")
    assert set(named.salts) == {"data.role", "data.n", "data.x"}
    report = audit.verify_chain()
    assert (report.faults, report.head, report.erased) == ([], head, 1)
    file = tmp_path / "audit.jsonl"
    call_command("export_audit", file)
    assert "Ada" not in file.read_text()
    with file.open() as lines:
        trail = audit_chain.verify_lines(lines, head=head)
    assert (trail.faults, set(trail.erasures.missed)) == ([], {named.pk})
    assert erase([named], without("Ada"), obj=connector, actor=SYSTEM) == 0
    # What was left in the same record is still under its seal.
    forge('UPDATE shared_auditrecord SET data = data || \'{"role": "viewer"}\' WHERE id = %s', named.pk)
    assert audit.verify_chain().faults == [f"Record {named.pk} was altered after it was sealed."]


def test_records_of_the_release_before_are_verified_and_may_lose_words_too(connector, tmp_path):
    old, other = (
        write_as_before(connector, reason=f"{name} asked.", data={"n": 1}) for name in ("Ada", "Eve")
    )
    audit.seal()
    assert list(AuditSeal.objects.values_list("format", flat=True)) == [1, 1]
    new = write(connector, reason="Since then.")
    audit.seal()
    assert AuditSeal.objects.get(record=new).format == 2
    assert audit.verify_chain().faults == []
    erase([old, other], without("Ada"), obj=connector, actor=SYSTEM)
    assert audit.verify_chain().faults == []
    call_command("export_audit", tmp_path / "audit.jsonl")
    with (tmp_path / "audit.jsonl").open() as lines:
        assert audit_chain.verify_lines(lines).faults == []
    forge("UPDATE shared_auditrecord SET reason = 'x' WHERE id = %s", other.pk)
    assert audit.verify_chain().faults == [f"Record {other.pk} was altered after it was sealed."]


def test_an_older_worker_may_seal_what_a_newer_one_wrote(connector):
    record = write(connector, reason="Ada asked.")
    record.refresh_from_db()
    value = audit_chain.chain_hash(audit.body_of(record, sequence=1, version=1), audit_chain.GENESIS)
    AuditSeal.objects.create(sequence=1, record=record, previous_hash=audit_chain.GENESIS, hash=value)
    assert AuditSeal.objects.get().format == 1
    assert audit.verify_chain().faults == []
    erase([record], without("Ada"), obj=connector, actor=SYSTEM)
    audit.seal()
    assert audit.verify_chain().faults == []


def test_words_that_are_missing_without_an_erasure_in_the_chain_are_a_fault(connector):
    record = write(connector, reason="Ada asked.")
    audit.seal()
    forge("UPDATE shared_auditrecord SET reason = 'x', erased = ARRAY['reason'] WHERE id = %s", record.pk)
    assert audit.verify_chain().faults == [
        f"Record {record.pk} lacks reason, and no erasure in the chain says so."
    ]
    items = [json.loads(line) for line in audit.export_lines()]
    assert audit_chain.verify_lines(map(json.dumps, items)).faults == audit.verify_chain().faults


@pytest.mark.parametrize(
    "change",
    [
        "reason = 'forged'",
        "reason = 'forged', erased = ARRAY['data.n']",
        "data = data || '{\"n\": 2}', erased = ARRAY['reason']",
        "salts = '{}'",
        "salts = salts || '{\"reason\": \"00\"}', erased = ARRAY['reason']",
        "commitments = '{}', erased = ARRAY['reason']",
        "actor_id = NULL, action = 'x', erased = ARRAY['reason']",
    ],
)
def test_the_database_lets_words_go_that_are_named_and_nothing_else(connector, change):
    record = write(connector, reason="Because.", n=1)
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(f"UPDATE shared_auditrecord SET {change} WHERE id = %s", [record.pk])


def test_what_was_taken_away_stays_named(connector):
    record = write(connector, reason="Ada asked.")
    erase([record], without("Ada"), obj=connector, actor=SYSTEM)
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("UPDATE shared_auditrecord SET erased = NULL WHERE id = %s", [record.pk])
