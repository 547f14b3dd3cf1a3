"""Test credentials are never readable anywhere but in an answered, recorded reveal."""

from __future__ import annotations

import logging
import pickle
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from certification import models
from certification.models import CredentialReveal
from certification.services import credentials
from certification.services.credentials import KINDS, CredentialInput
from portal.shared import audit
from portal.shared.errors import Conflict, InvalidInput, NotPermitted
from portal.shared.models import OutboxJob
from portal.shared.secrets import Secret
from tests.factories import PASSWORD
from tests.factories.submissions import add_api_key, draft, submission_in

pytestmark = pytest.mark.django_db
CANARY = "canary-7f3d1c-never-to-be-seen"
REASON = "Trying the list operation in the sandbox."


def given(kind: str = "api_key", **changes) -> CredentialInput:
    values = {field.name: Secret(f"{CANARY}-{field.name}") for field in KINDS[kind]}
    return CredentialInput(**{"kind": kind, "purpose": "Sandbox", "values": values, **changes})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_stored_encrypted_and_comes_back_to_a_reviewer(cast, kind):
    submission = draft(cast.owner)
    credential = credentials.add_credential(submission, given=given(kind), actor=cast.owner)
    assert credential.field_names == [field.name for field in KINDS[kind]]
    values = credentials.reveal_credential(credential, reason=REASON, actor=cast.reviewer)
    assert {name: value.reveal() for name, value in values.items()} == {
        field.name: f"{CANARY}-{field.name}" for field in KINDS[kind]
    }


def _everything_stored() -> str:
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = 'public' AND table_type LIKE 'BASE%'"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


def test_the_clear_text_is_in_no_table_page_log_or_representation(cast, sign_in, caplog):
    submission = submission_in("in_review", cast.owner)
    typed = given()
    with caplog.at_level(logging.DEBUG):
        credential = credentials.add_credential(submission, given=typed, actor=cast.owner)
        credentials.reveal_credential(credential, reason=REASON, actor=cast.reviewer)
    stored = models.TestCredential.objects.get(pk=credential.pk)
    assert CANARY not in _everything_stored()
    assert CANARY not in caplog.text
    assert CANARY not in f"{typed!r} {stored!r} {stored.fields!r} {stored.fields} {stored.__dict__}"
    for reader in (cast.owner, cast.reviewer):
        for page in ("credential_list", "submission_detail", "submission_history"):
            text = sign_in(reader).get(reverse(page, args=[submission.pk])).content.decode()
            assert CANARY not in text
    with pytest.raises(TypeError):
        pickle.dumps(stored.fields)


def test_errors_name_fields_and_never_values(cast):
    submission = draft(cast.owner)
    too_long = {"key": Secret(CANARY * 1000)}
    with pytest.raises(InvalidInput) as caught:
        credentials.add_credential(submission, given=given(values=too_long), actor=cast.owner)
    assert CANARY not in f"{caught.value!r} {caught.value.message} {caught.value.fields}"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "magic"}, "kind"),
        ({"purpose": "  "}, "purpose"),
        ({"purpose": "p" * 121}, "purpose"),
        ({"values": {}}, "key"),
        ({"values": {"key": Secret("   ")}}, "key"),
        ({"expires_on": timezone.now().date() - timedelta(days=1)}, "expires_on"),
    ],
)
def test_what_is_incomplete_is_refused_at_its_field(cast, changes, field):
    submission = draft(cast.owner)
    typed = given() if "kind" not in changes else given(values={})
    typed = CredentialInput(**{name: changes.get(name, getattr(typed, name)) for name in typed.__slots__})
    with pytest.raises(InvalidInput) as caught:
        credentials.add_credential(submission, given=typed, actor=cast.owner)
    assert field in caught.value.fields


def test_a_credential_is_replaced_after_the_submission_was_handed_in(cast):
    submission = submission_in("in_review", cast.owner)
    credential = submission.credentials.get()
    typed = given("basic", purpose="New sandbox")
    credentials.replace_credential(credential, given=typed, actor=cast.developer)
    values = credentials.reveal_credential(credential, reason=REASON, actor=cast.reviewer)
    assert set(values) == {"username", "password"}
    assert "sandbox-key-for-tests" not in str({name: value.reveal() for name, value in values.items()})


def test_an_ended_submission_takes_no_credentials(cast):
    submission = submission_in("rejected", cast.owner)
    with pytest.raises(Conflict):
        credentials.add_credential(submission, given=given(), actor=cast.owner)


def test_deleting_keeps_the_trace_of_who_looked(cast):
    submission = submission_in("in_review", cast.owner)
    credential = submission.credentials.get()
    credentials.reveal_credential(credential, reason=REASON, actor=cast.reviewer)
    credentials.delete_credential(credential, actor=cast.owner)
    assert submission.credential_reveals.get().reason == REASON
    credentials.delete_credential(credential, actor=cast.owner)


ROLES = ["owner", "developer", "tester", "viewer", "stranger", "reviewer", "operator", "administrator"]


@pytest.mark.parametrize("role", ROLES)
def test_who_may_manage_and_who_may_look_are_different_people(cast, role):
    submission = submission_in("in_review", cast.owner)
    actor = getattr(cast, role)
    deeds = {
        "add": lambda: add_api_key(submission, actor),
        "replace": lambda: credentials.replace_credential(
            submission.credentials.first(), given=given(), actor=actor
        ),
        "reveal": lambda: credentials.reveal_credential(
            submission.credentials.first(), reason=REASON, actor=actor
        ),
        "delete": lambda: credentials.delete_credential(submission.credentials.first(), actor=actor),
    }
    managers, lookers = {"owner", "developer"}, {"reviewer", "administrator"}
    for name, act in deeds.items():
        if role in (lookers if name == "reveal" else managers):
            act()
        else:
            with pytest.raises(NotPermitted):
                act()


def test_a_reviewer_of_the_own_team_does_not_look(cast):
    from tests.factories import MembershipFactory

    submission = submission_in("in_review", cast.owner)
    MembershipFactory(publisher=cast.publisher, user=cast.reviewer, role="viewer")
    with pytest.raises(NotPermitted):
        credentials.reveal_credential(submission.credentials.get(), reason=REASON, actor=cast.reviewer)


@pytest.mark.parametrize("reason", ["", "  too short ", "x" * 301])
def test_a_reveal_needs_a_reason_of_some_length(cast, reason):
    submission = submission_in("in_review", cast.owner)
    with pytest.raises(InvalidInput):
        credentials.reveal_credential(submission.credentials.get(), reason=reason, actor=cast.reviewer)
    assert not CredentialReveal.objects.exists()


def test_a_reveal_is_recorded_and_told_to_the_team(cast):
    submission = submission_in("in_review", cast.owner)
    credential = submission.credentials.get()
    credentials.reveal_credential(credential, reason=REASON, actor=cast.reviewer)
    assert submission.credential_reveals.get().user == cast.reviewer
    record = audit.history(submission).get(action="credential.reveal")
    assert (record.reason, record.actor) == (REASON, cast.reviewer)
    job = OutboxJob.objects.get(topic="credential.reveal")
    assert job.payload["id"] == str(credential.pk)


def test_when_the_trace_cannot_be_written_nothing_is_given_away(cast, monkeypatch):
    submission = submission_in("in_review", cast.owner)

    def fail(*_args, **_kwargs):
        raise RuntimeError("the audit table is full")

    monkeypatch.setattr(credentials.audit, "record", fail)
    with pytest.raises(RuntimeError):
        credentials.reveal_credential(submission.credentials.get(), reason=REASON, actor=cast.reviewer)
    assert not CredentialReveal.objects.exists()
    assert not OutboxJob.objects.filter(topic="credential.reveal").exists()


def _freshly_signed_in(browser):
    """Prove it again with the password, the way the page asks for it."""
    answer = browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert answer.status_code == 302
    return browser


def test_the_page_reveals_once_uncached_and_only_after_a_fresh_sign_in(cast, sign_in):
    submission = submission_in("in_review", cast.owner)
    credential = submission.credentials.get()
    address = reverse("credential_reveal", args=[submission.pk, credential.pk])
    browser = sign_in(cast.reviewer)
    assert reverse("account_reauthenticate") in browser.get(address).url
    _freshly_signed_in(browser)
    asked = browser.get(address)
    assert asked.status_code == 200
    assert "sandbox-key-for-tests" not in asked.content.decode()
    assert browser.post(address, {"reason": "short"}).status_code == 400
    shown = browser.post(address, {"reason": REASON})
    assert shown["Cache-Control"] == "no-store"
    assert "sandbox-key-for-tests" in shown.content.decode()
    listing = sign_in(cast.owner).get(reverse("credential_list", args=[submission.pk])).content.decode()
    assert REASON in listing
    assert "sandbox-key-for-tests" not in listing


def test_a_team_mate_is_refused_the_reveal_page_post(cast, sign_in):
    submission = submission_in("in_review", cast.owner)
    address = reverse("credential_reveal", args=[submission.pk, submission.credentials.get().pk])
    browser = _freshly_signed_in(sign_in(cast.owner))
    assert browser.post(address, {"reason": REASON}).status_code == 403
    stranger = _freshly_signed_in(sign_in(cast.stranger))
    assert stranger.post(address, {"reason": REASON}).status_code == 404


@pytest.mark.parametrize("kind", KINDS)
def test_the_pages_add_and_replace_each_kind(cast, sign_in, kind):
    submission = draft(cast.owner)
    browser = sign_in(cast.developer)
    data = {field.name: f"value of {field.name}" for field in KINDS[kind]} | {"purpose": "Sandbox"}
    new = f"{reverse('credential_create', args=[submission.pk])}?kind={kind}"
    assert browser.get(new).status_code == 200
    assert browser.post(new, data).status_code == 302
    credential = submission.credentials.get()
    replace = f"{reverse('credential_replace', args=[submission.pk, credential.pk])}?kind={kind}"
    page = browser.get(replace).content.decode()
    assert "value of" not in page
    assert browser.post(replace, {**data, "purpose": "Other"}).status_code == 302
    refused = browser.post(new, {**data, "purpose": ""})
    assert refused.status_code == 400
    delete = reverse("credential_delete", args=[submission.pk, credential.pk])
    assert browser.post(delete).status_code == 302
    assert not submission.credentials.exists()
