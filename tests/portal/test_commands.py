"""The commands an operator types."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from certification import lifecycle as certification
from connectors.models import Region
from portal import lifecycles
from portal.accounts.models import User
from portal.shared import audit, rotation
from portal.shared.actors import SYSTEM
from portal.shared.models import AuditRecord, OutboxJob
from portal.shared.secrets import Secret, decrypt, encrypt, key_id
from tests.factories import ConnectorFactory, RegionFactory, UserFactory

OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))
DOCUMENT = Path(__file__).parents[2] / "docs" / "lifecycles.md"


def said(*arguments: object, **options: object) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=out, **options)
    return out.getvalue()


def key_of_region(code: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT split_part(credentials, ':', 1) FROM connectors_region WHERE code = %s", [code]
        )
        return str(cursor.fetchone()[0])


def test_a_generated_key_encrypts_and_no_two_are_alike(settings):
    first, second = said("generate_key").strip(), said("generate_key").strip()
    assert first != second
    settings.FIELD_ENCRYPTION_KEYS = [first]
    assert decrypt(encrypt("tide")) == "tide"


@pytest.fixture
def under_old_key(db, settings):
    """Five regions and one waiting invitation, sealed before a new key came."""
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    regions = [RegionFactory(credentials={"token": f"token-{n}"}) for n in range(5)]
    job = OutboxJob.objects.create(
        topic="invitation.invite", handler="x", queue="mail", payload={"id": "7", "sealed": encrypt("key")}
    )
    plain = OutboxJob.objects.create(
        topic="connector.register", handler="x", queue="mail", payload={"id": "8"}
    )
    RegionFactory(credentials=None)
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    return regions, job, plain


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_rotating_moves_every_secret_to_the_newest_key_so_that_the_old_one_can_go(
    under_old_key, settings, batch
):
    regions, job, plain = under_old_key
    text = said("rotate_secrets", batch=batch)
    assert "connectors_region.credentials: 5 rotated, 0 left" in text
    assert "shared_outboxjob.payload (sealed): 1 rotated, 0 left" in text
    assert "may be taken away" in text
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    for number, region in enumerate(regions):
        region.refresh_from_db()
        assert region.credentials == {"token": Secret(f"token-{number}")}
    job.refresh_from_db()
    plain.refresh_from_db()
    assert (job.payload["id"], decrypt(job.payload["sealed"])) == ("7", "key")
    assert plain.payload == {"id": "8"}
    assert "0 rotated" in said("rotate_secrets")


def test_rotation_goes_on_where_an_earlier_run_stopped(under_old_key):
    regions, _, _ = under_old_key
    place = next(place for place in rotation.places() if place.table == "connectors_region")
    first = rotation._rotate_batch(place, "", 2, rotation.PlaceReport(place))
    assert first
    keys = [key_of_region(region.code) for region in regions]
    assert keys.count(key_id(NEW)) == 2
    assert rotation.rotate(place).rotated == 3
    assert {key_of_region(region.code) for region in regions} == {key_id(NEW)}


def test_counting_changes_nothing_and_fails_while_rows_are_left(under_old_key):
    regions, _, _ = under_old_key
    with pytest.raises(CommandError, match="6 rows"):
        said("rotate_secrets", check=True)
    assert {key_of_region(region.code) for region in regions} == {key_id(OLD)}


def test_a_row_whose_key_is_gone_is_kept_counted_and_named(under_old_key, settings):
    settings.FIELD_ENCRYPTION_KEYS = [LOST]
    lost = RegionFactory(credentials={"token": "out of reach"})
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    out = StringIO()
    with pytest.raises(CommandError, match="1 rows"):
        call_command("rotate_secrets", stdout=out)
    assert f"5 rotated, 1 left (1 under {key_id(LOST)} (not configured))" in out.getvalue()
    assert key_of_region(lost.code) == key_id(LOST)
    assert "out of reach" not in out.getvalue()


def test_rotation_knows_every_encrypted_column():
    columns = {str(place) for place in rotation.places()}
    assert columns == {
        "certification_testcredential.fields",
        "certification_forgeconnection.secrets",
        "certification_notification.sealed",
        "certification_webhookendpoint.secrets",
        "connectors_metricssource.credentials",
        "connectors_region.credentials",
        "connectors_repository.secrets",
        "shared_outboxjob.payload (sealed)",
    }


def write_records(count: int) -> list[AuditRecord]:
    connector = ConnectorFactory()
    with transaction.atomic():
        return [audit.record("connector.update", connector, actor=SYSTEM) for _ in range(count)]


def test_a_whole_chain_is_confirmed_with_its_head(db):
    write_records(3)
    assert "0 records checked, 3 not sealed yet" in said("verify_audit")
    text = said("verify_audit", seal=True)
    assert "3 records sealed" in text
    assert "3 records checked, 0 not sealed yet" in text
    assert audit.verify_chain().head in text
    assert "The chain is whole." in text


def test_an_altered_record_fails_the_verification_and_is_named(db):
    records = write_records(3)
    audit.seal()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE shared_auditrecord DISABLE TRIGGER USER")
        cursor.execute("UPDATE shared_auditrecord SET reason = 'x' WHERE id = %s", [records[1].pk])
        cursor.execute("ALTER TABLE shared_auditrecord ENABLE TRIGGER USER")
    out = StringIO()
    with pytest.raises(CommandError, match="1 faults"):
        call_command("verify_audit", stdout=out, stderr=out)
    assert f"Record {records[1].pk} was altered" in out.getvalue()


def test_a_new_administrator_gets_no_password_and_reads_what_to_do(db, client):
    text = said("create_staff", "Ada.Quay@example.test", "administrator", name="Ada Quay")
    person = User.objects.get(email="ada.quay@example.test")
    assert (person.staff_role, person.name, person.has_usable_password()) == (
        "administrator",
        "Ada Quay",
        False,
    )
    assert EmailAddress.objects.get(user=person).verified
    assert "/accounts/password/reset/" in text
    assert AuditRecord.objects.get(action="user.set_staff_role").data == {"from": "", "to": "administrator"}


def test_the_password_reset_named_to_a_new_administrator_sends_a_mail(db, client, mailoutbox):
    said("create_staff", "ada@example.test", "administrator")
    client.post("/accounts/password/reset/", {"email": "ada@example.test"})
    assert [mail.to for mail in mailoutbox] == [["ada@example.test"]]
    assert "/accounts/password/reset/key/" in mailoutbox[0].body


def test_an_existing_person_is_promoted_once_and_keeps_the_password(db):
    person = UserFactory(email="kim@example.test")
    assert "an existing person with the role reviewer" in said("create_staff", "KIM@example.test", "reviewer")
    said("create_staff", "kim@example.test", "reviewer")
    person.refresh_from_db()
    assert person.staff_role == "reviewer"
    assert person.has_usable_password()
    assert AuditRecord.objects.filter(action="user.set_staff_role").count() == 1


@pytest.mark.parametrize(
    ("email", "role"),
    [("not an address", "reviewer"), ("ada@example.test", "king"), ("gone@example.test", "reviewer")],
)
def test_senseless_staff_is_refused_and_nobody_is_made(db, email, role):
    UserFactory(email="gone@example.test", is_active=False)
    with pytest.raises(CommandError):
        said("create_staff", email, role)
    assert not User.objects.exclude(staff_role="").exists()
    assert User.objects.count() == 1


def test_the_document_of_lifecycles_is_up_to_date():
    assert said("lifecycles").strip() == DOCUMENT.read_text("utf-8").strip(), (
        "state machines changed: manage.py lifecycles > docs/lifecycles.md"
    )


def test_the_document_has_every_state_machine_with_all_its_moves():
    machines = lifecycles.every_lifecycle()
    assert certification.SUBMISSION in machines
    assert len(machines) >= 10
    text = lifecycles.document()
    for machine in machines:
        for event, move in machine.moves.items():
            assert f"| `{event}` | {move.label} |" in text


def test_no_command_shows_a_secret_or_a_region(db, settings):
    RegionFactory(credentials={"token": "tide-canary"})
    assert "tide-canary" not in said("rotate_secrets")
    assert Region.objects.get().credentials == {"token": Secret("tide-canary")}
