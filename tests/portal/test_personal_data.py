"""Your data: everything that names a person, nothing that names others or opens a door."""

from __future__ import annotations

import io
import json
import time
import zipfile

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.test import Client
from django.urls import reverse

from certification.models import Notification
from certification.services import submissions
from connectors.models import Invitation
from portal.accounts import personal_data
from portal.accounts.models import User
from portal.shared import outbox
from portal.shared.models import AuditRecord
from portal.shared.secrets import EncryptedJSONField
from tests.factories import ConnectorFactory
from tests.factories.submissions import ready_draft

pytestmark = pytest.mark.django_db


def told(person: User) -> dict[str, list[dict]]:
    with personal_data.archive_of(actor=person) as file, zipfile.ZipFile(io.BytesIO(file.read())) as archive:
        assert archive.testzip() is None
        return {name.removesuffix(".json"): json.loads(archive.read(name)) for name in archive.namelist()}


def test_it_holds_profile_teams_messages_and_deeds(cast):
    submission = ready_draft(cast.owner, ConnectorFactory(publisher=cast.publisher))
    submissions.submit(submission, actor=cast.owner)
    outbox.drain()
    found = told(cast.owner)
    (profile,) = found["accounts.user"]
    assert (profile["email"], profile["display_name"]) == (cast.owner.email, cast.owner.display_name)
    assert [row["role"] for row in found["connectors.membership"]] == ["owner"]
    sent = Notification.objects.filter(recipient=cast.owner)
    assert {row["body_text"] for row in found["certification.notification"]} == {
        each.body_text for each in sent
    }
    assert sent.exists()
    assert str(submission.pk) in {row["id"] for row in found["certification.submission"]}
    assert "submission.submit" in {row["action"] for row in found["shared.auditrecord"]}
    assert AuditRecord.objects.filter(action="user.download_data", actor=cast.owner).count() == 1


def test_nobody_elses_rows_and_no_secrets_are_in_it(cast):
    for person in (cast.owner, cast.developer):
        Authenticator.objects.create(user=person, type="totp", data={"secret": f"seed-{person.pk}"})
        UserSession.objects.create(
            user=person, ip="192.0.2.1", user_agent="x", session_key=f"session-key-{str(person.pk)[:8]}"
        )
    text = json.dumps(told(cast.owner))
    assert "seed-" not in text
    assert "session-key-" not in text
    assert cast.owner.password not in text
    assert cast.developer.email not in text
    assert str(cast.developer.pk) not in text
    assert "192.0.2.1" in text


def test_an_address_counts_once_it_is_confirmed(cast):
    stranger = "stranger@elsewhere.example"
    Invitation.objects.create(
        publisher=cast.publisher, email=stranger, role="viewer", token_digest="a" * 64,
        invited_by=cast.owner, expires_at="2030-01-01T00:00Z",
    )  # fmt: skip
    claimed = EmailAddress.objects.create(user=cast.reviewer, email=stranger, verified=False)
    assert "connectors.invitation" not in told(cast.reviewer)
    claimed.verified = True
    claimed.save()
    (row,) = told(cast.reviewer)["connectors.invitation"]
    # It says that there is one, and neither the key nor whose team it is.
    assert row.keys() == {"id", "created_at", "expires_at", "state_changed_at"}


def test_no_table_gives_out_a_secret_and_every_named_one_exists(cast):
    labels = {model._meta.label_lower: model for model in apps.get_models()}
    assert set(personal_data.OWN) | set(personal_data.WORDS) <= set(labels)
    for label, model in labels.items():
        if personal_data.rows_about(model, cast.owner) is None:
            continue
        given = set(personal_data._given(model))
        for field in model._meta.local_concrete_fields:
            if isinstance(field, EncryptedJSONField):
                assert field.attname not in given, label
        doors = {"password", "secret", "secrets", "digest", "session_key", "token", "token_digest"}
        assert not given & doors, label


def test_it_is_downloaded_after_showing_again_who_one_is(cast, client):
    client.force_login(cast.owner)
    answer = client.get(reverse("accounts:your_data"))
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (
        302,
        reverse("account_reauthenticate"),
    )
    assert client.post(reverse("accounts:your_data")).status_code == 302
    assert not AuditRecord.objects.filter(action="user.download_data").exists()
    assert Client().get(reverse("accounts:your_data")).status_code == 302


def test_the_file_comes_from_the_page(cast, sign_in):
    browser = sign_in(cast.owner)
    session = browser.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time(), "reauthenticated": True}
    ]
    session["account_authentication_methods_user"] = str(cast.owner.pk)
    session.save()
    page = browser.get(reverse("accounts:your_data"))
    assert "Download your data" in page.content.decode()
    answer = browser.post(reverse("accounts:your_data"))
    assert answer["Content-Disposition"] == 'attachment; filename="your-data.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert "accounts.user.json" in archive.namelist()
