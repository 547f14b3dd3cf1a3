"""The portal proves credentials before anybody relies on them, and tells the team when they stop working."""

from __future__ import annotations

import datetime as dt
import logging

import pytest
from django.core import mail
from django.urls import reverse

from certification.models import CredentialTest
from certification.services import credential_tests, credentials, reviews
from certification.services.clock import database_now
from portal.shared.actors import SYSTEM
from portal.shared.errors import NotPermitted
from portal.shared.models import AuditRecord, OutboxJob
from portal.shared.secrets import Secret
from tests.certification.test_credentials_service import _everything_stored
from tests.runtime.servers import as_json, backend
from tests.runtime.services import (
    KEY,
    add_key,
    harbour_definition,
    harbour_service,
    served_by,
    submission_with,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(settings):
    with backend(harbour_service) as server:
        served_by(settings, server)
        yield server


def prove(credential, occasion="manual"):
    return credential_tests.prove(credential, occasion=occasion, actor=SYSTEM)


def test_a_credential_is_tried_when_it_is_entered(cast, service, drain_outbox):
    credential = add_key(submission_with(cast), cast.owner)
    drain_outbox()
    test = credential.tests.get()
    assert (test.occasion, test.outcome, test.operation_id, test.status) == (
        "entry",
        "works",
        "ListHarbours",
        200,
    )
    assert service.last.headers["X-Api-Key"] == KEY
    assert ["X-Api-Key", "••••••"] in test.request["headers"]


def test_the_secret_is_in_no_table_log_or_page(cast, service, caplog, sign_in):
    submission = submission_with(cast, made=_only_tides())
    credential = add_key(submission, cast.owner, test_operation="GetTides", test_inputs={"id": "quay"})
    with caplog.at_level(logging.DEBUG):
        test = prove(credential)
    assert test.outcome == "works"
    assert "••••••" in test.response["body"], "the service reflects the key"
    assert KEY not in _everything_stored()
    assert KEY not in caplog.text
    for reader in (cast.owner, cast.reviewer):
        page = sign_in(reader).get(reverse("credential_list", args=[submission.pk])).content.decode()
        assert KEY not in page
        assert "Works" in page


def _only_tides():
    made = harbour_definition()
    del made["paths"]["/harbours"]
    return made


def test_a_refused_credential_is_mailed_to_the_team_once(cast, service, drain_outbox):
    submission = submission_with(cast)
    credential = add_key(submission, cast.owner, key="wrong-key-entirely")
    drain_outbox()
    prove(credential)
    drain_outbox()
    told = [message for message in mail.outbox if "do not work" in message.subject]
    assert {message.to[0] for message in told} == {cast.owner.email, cast.developer.email}
    assert len(told) == 2
    assert "answered 401" in told[0].body
    assert "wrong-key-entirely" not in told[0].body
    assert AuditRecord.objects.filter(action="credential.fail").count() == 1


def test_it_is_told_again_after_it_worked_in_between(cast, service):
    credential = add_key(submission_with(cast), cast.owner)
    for key in ("wrong-key", KEY, "wrong-key"):
        credential.fields = {"key": key}
        credential.save()
        credential.refresh_from_db()
        prove(credential)
    actions = AuditRecord.objects.filter(action__startswith="credential.").order_by("id")
    assert [each.action for each in actions][1:] == [
        "credential.fail",
        "credential.recover",
        "credential.fail",
    ]


@pytest.mark.parametrize(("status", "outcome"), [(200, "works"), (401, "fails"), (403, "fails"), (500, "unclear"), (404, "unclear")])  # fmt: skip
def test_only_a_refusal_speaks_against_a_credential(cast, settings, status, outcome):
    credential = add_key(submission_with(cast), cast.owner)
    with backend(lambda received: as_json([], status)) as server:
        served_by(settings, server)
        assert prove(credential).outcome == outcome


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (_only_tides(), "choose one for this credential"),
        ({**harbour_definition(), "securityDefinitions": {"key": {"type": "basic"}}}, "does not fit"),
        ({**harbour_definition(), "host": "10.0.0.1"}, "switched off"),
    ],
)
def test_what_cannot_be_tried_says_what_to_do(cast, service, made, words):
    test = prove(add_key(submission_with(cast, made=made), cast.owner))
    assert test.outcome == "unclear"
    assert words in test.message
    assert service.received == []


def test_the_teams_own_choice_of_operation_is_called_with_its_inputs(cast, service):
    submission = submission_with(cast)
    test = prove(add_key(submission, cast.owner, test_operation="GetTides", test_inputs={"id": "quay"}))
    assert (test.outcome, test.operation_id) == ("works", "GetTides")
    wrong = prove(add_key(submission, cast.owner, test_operation="GetTides", purpose="No harbour"))
    assert wrong.outcome == "unclear"
    assert "id: " in wrong.message


def test_a_night_asks_once_for_every_credential(cast, service, drain_outbox):
    submission = submission_with(cast)
    fresh, old = add_key(submission, cast.owner), add_key(submission, cast.owner, purpose="Second")
    drain_outbox()
    assert credential_tests.ask_every_night() == 0
    CredentialTest.objects.filter(credential=old).update(at=database_now() - dt.timedelta(hours=23))
    credential_tests.ask_every_night()
    credential_tests.ask_every_night()
    assert OutboxJob.objects.filter(topic="credential.prove", state="due").count() == 1
    drain_outbox()
    assert (fresh.tests.count(), old.tests.count()) == (1, 2)
    assert old.tests.first().occasion == "nightly"


def test_credentials_of_ended_submissions_are_left_alone(cast, service):
    submission = submission_with(cast)
    credential = add_key(submission, cast.owner)
    submission.state = "rejected"
    submission.save()
    assert credential_tests.ask_every_night() == 0
    credential_tests.prove_one(str(credential.pk), occasion="nightly")
    assert not credential.tests.exists()


def test_taking_a_review_tests_what_was_not_tested_within_the_hour(cast, service, drain_outbox):
    submission = submission_with(cast)
    credential = add_key(submission, cast.owner)
    drain_outbox()
    reviews.claim(submission, actor=cast.reviewer)
    drain_outbox()
    assert credential.tests.count() == 1
    credential.tests.update(at=database_now() - dt.timedelta(hours=2))
    credential_tests.prove_before_review(str(submission.pk))
    drain_outbox()
    assert [test.occasion for test in credential.tests.all()] == ["review", "entry"]


def test_replacing_a_credential_forgets_what_the_old_one_could_do(cast, service, drain_outbox):
    submission = submission_with(cast)
    credential = add_key(submission, cast.owner)
    drain_outbox()
    given = credentials.CredentialInput(kind="basic", purpose="Other", values=_basic())
    credentials.replace_credential(credential, given=given, actor=cast.owner)
    assert not credential.tests.exists()


def _basic():
    return {"username": Secret("ada"), "password": Secret("word-word")}


def test_only_so_many_tests_are_kept(cast, service, monkeypatch):
    monkeypatch.setattr(credential_tests, "KEPT_TESTS", 3)
    credential = add_key(submission_with(cast), cast.owner)
    for _ in range(5):
        prove(credential)
    assert credential.tests.count() == 3


@pytest.mark.parametrize("person", ["owner", "developer", "tester", "reviewer"])
def test_testers_and_reviewers_ask_for_a_test(cast, service, person):
    credential = add_key(submission_with(cast), cast.owner)
    actor = getattr(cast, person)
    assert credential_tests.ask_for_test(credential, actor=actor).asked_by == actor


@pytest.mark.parametrize("person", ["viewer", "stranger", "operator"])
def test_others_do_not(cast, service, person):
    credential = add_key(submission_with(cast), cast.owner)
    with pytest.raises(NotPermitted):
        credential_tests.ask_for_test(credential, actor=getattr(cast, person))
