"""Receipts of verdicts: downloaded from the portal, verified without it."""

from __future__ import annotations

import base64
import io
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.urls import reverse

from certification.models import Finding
from certification.queries.validation import known_validation
from certification.rules.receipts import public_key_from, verify
from certification.rules.version import RULES_VERSION
from certification.services import receipts, validation
from certification.system_checks import receipt_key_usable
from connectors.services.versions import load_package
from tests.factories.submissions import WITH_ERROR, draft, numbered, ready_draft, uploaded_version

pytestmark = pytest.mark.django_db
KEY_ADDRESS = "/rules/receipt-key.pem"


@pytest.fixture
def checked(cast):
    submission = ready_draft(cast.owner, case=WITH_ERROR)
    validation.check_draft(str(submission.pk))
    return submission


def address(submission) -> str:
    return reverse("submission_receipt", args=[submission.pk])


def test_a_receipt_is_verified_with_the_public_key_alone(cast, sign_in, client, checked):
    answer = sign_in(cast.viewer).get(address(checked))
    assert answer.headers["Content-Disposition"].startswith("attachment")
    receipt = json.loads(answer.content)
    key = public_key_from(client.get(KEY_ADDRESS).content)
    found = verify(receipt, load_package(checked.version), key)
    assert found.holds
    assert found.is_trusted
    assert found.verdict == "fail"
    assert found.is_of_these_rules


def test_the_receipt_says_what_was_checked_and_how(cast, sign_in, checked):
    receipt = sign_in(cast.owner).get(address(checked)).json()
    verdict = known_validation(checked, checked.version)
    assert receipt["package"]["sha256"] == checked.version.digest
    assert receipt["rules"]["version"] == RULES_VERSION
    assert receipt["profile"] == {"change": "new", "publisher": "verified"}
    assert receipt["counts"]["error"] == verdict.errors
    assert "portal.test" in receipt["tool"]


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "pass"},
        {"package": {"name": "other.zip", "sha256": "0" * 64}},
        {"time": "2031-01-01T00:00:00Z"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_receipt_does_not_hold(checked, change):
    receipt = {**receipts.receipt_of(checked), **change}
    key = receipts.signing_key().public_key()
    assert not verify(receipt, load_package(checked.version), key).holds


def test_a_receipt_is_about_one_package_only(cast, checked):
    other = uploaded_version(checked.connector, cast.owner, numbered(7))
    key = receipts.signing_key().public_key()
    assert not verify(receipts.receipt_of(checked), load_package(other), key).holds


def test_without_a_key_receipts_are_unsigned_and_the_pages_say_so(cast, sign_in, settings, checked):
    settings.RECEIPT_SIGNING_KEY = ""
    browser = sign_in(cast.owner)
    receipt = browser.get(address(checked)).json()
    assert "signature" not in receipt
    assert "Receipt, not signed" in browser.get(reverse("finding_list", args=[checked.pk])).content.decode()
    answer = browser.get(KEY_ADDRESS)
    assert answer.status_code == 404
    assert "not signed" in answer.content.decode()
    assert KEY_ADDRESS not in browser.get(reverse("rule_list")).content.decode()


def test_everybody_finds_the_public_key(client):
    answer = client.get(KEY_ADDRESS)
    assert answer.status_code == 200
    assert answer.content.startswith(b"-----BEGIN PUBLIC KEY-----")
    assert b"PRIVATE" not in answer.content
    assert KEY_ADDRESS in client.get(reverse("rule_list")).content.decode()


def test_the_findings_page_offers_the_receipt(cast, sign_in, checked):
    text = sign_in(cast.owner).get(reverse("finding_list", args=[checked.pk])).content.decode()
    assert address(checked) in text
    assert "Signed receipt" in text


@pytest.mark.parametrize(("who", "status"), [("viewer", 200), ("stranger", 404), ("reviewer", 404)])
def test_a_receipt_of_a_draft_is_for_its_team(cast, sign_in, checked, who, status):
    assert sign_in(getattr(cast, who)).get(address(checked)).status_code == status


def test_there_is_no_receipt_without_a_verdict(cast, sign_in):
    assert sign_in(cast.owner).get(address(draft(cast.owner))).status_code == 409
    unchecked = ready_draft(cast.stranger)
    assert sign_in(cast.stranger).get(address(unchecked)).status_code == 409


def test_a_check_that_died_is_no_verdict(cast, sign_in, checked):
    verdict = known_validation(checked, checked.version)
    Finding.objects.create(validation=verdict, rule="ENG-002", severity="error", message="m", fingerprint="f")
    assert sign_in(cast.owner).get(address(checked)).status_code == 409


def pem() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize("one_line", [False, True])
def test_the_key_may_be_given_as_pem(settings, one_line):
    text = pem()
    settings.RECEIPT_SIGNING_KEY = text.replace("\n", "\\n") if one_line else text
    assert receipts.signing_key() is not None


@pytest.mark.parametrize("text", ["x", base64.b64encode(b"short").decode(), "-----BEGIN PRIVATE KEY-----"])
def test_an_unusable_key_stops_the_start_and_says_what_to_do(settings, text):
    settings.RECEIPT_SIGNING_KEY = text
    with pytest.raises(ImproperlyConfigured):
        receipts.signing_key()
    (problem,) = receipt_key_usable()
    assert "generate_key --receipts" in problem.msg
    assert text not in problem.msg


def test_the_command_makes_a_key_that_works_and_no_two_are_alike(settings):
    made = []
    for _ in range(2):
        out = io.StringIO()
        call_command("generate_key", "--receipts", stdout=out)
        made.append(out.getvalue().strip())
    assert made[0] != made[1]
    settings.RECEIPT_SIGNING_KEY = made[0]
    assert receipts.signing_key() is not None
    assert receipt_key_usable() == []
