"""Receipts that come back to the portal that signed them: taken over, outdated, or refused."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from rest_framework.test import APIClient

from certification.models import PresentedReceipt, Validation
from certification.rules.receipts import sign
from certification.services import presented_receipts, receipts, validation
from portal.shared import audit
from portal.shared.errors import Conflict, IllegalTransition, InvalidInput, NotPermitted
from portal.shared.models import OutboxJob
from tests.factories.submissions import WITH_ERROR, numbered, ready_draft, uploaded_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def checked(cast):
    submission = ready_draft(cast.owner, case=WITH_ERROR)
    validation.check_draft(str(submission.pk))
    OutboxJob.objects.filter(topic="submission.check").delete()
    return submission


def present(submission, receipt, actor):
    return presented_receipts.present_receipt(submission, data=json.dumps(receipt).encode(), actor=actor)


def signed(receipt):
    """As this portal would sign it."""
    return sign(receipt, receipts.signing_key())


def checks_waiting() -> int:
    return OutboxJob.objects.filter(topic="submission.check").count()


def test_the_verdict_of_a_receipt_of_this_portal_is_taken_over_without_a_check(cast, checked):
    found = present(checked, receipts.receipt_of(checked), cast.developer)
    assert found.is_taken
    assert found.validation == Validation.objects.get()
    assert checks_waiting() == 0
    record = audit.history(checked).get(action="submission.take_receipt")
    assert record.data["version"] == checked.version.label


def test_the_findings_page_says_whose_verdict_it_shows(cast, sign_in, checked):
    present(checked, receipts.receipt_of(checked), cast.owner)
    text = sign_in(cast.viewer).get(reverse("finding_list", args=[checked.pk])).content.decode()
    assert "taken over from the receipt of" in text


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"rules": {"version": "1.0.0", "sha256": "0" * 64}}, "rules 1.0.0"),
        ({"profile": {"change": "update", "publisher": "verified"}}, "another kind"),
        ({"baseline": "0" * 64}, "Another version is published"),
        ({"time": "2031-01-01T00:00:00Z"}, "not kept"),
        ({"verdict": "pass"}, "not kept"),
        ({"counts": {"error": 0, "warning": 0, "info": 0}}, "not kept"),
    ],
    ids=["rules", "profile", "baseline", "time", "verdict", "counts"],
)
def test_a_genuine_receipt_of_other_days_leads_to_a_check_and_says_why(cast, sign_in, checked, change, why):
    found = present(checked, signed({**receipts.receipt_of(checked), **change}), cast.owner)
    assert not found.is_taken
    assert why in found.reason
    assert checks_waiting() == 1
    assert why in sign_in(cast.owner).get(reverse("finding_list", args=[checked.pk])).content.decode()


def test_a_second_outdated_receipt_asks_for_no_second_check(cast, checked):
    old = signed({**receipts.receipt_of(checked), "rules": {"version": "1.0.0", "sha256": "0" * 64}})
    present(checked, old, cast.owner)
    present(checked, old, cast.owner)
    assert checks_waiting() == 1


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda receipt: {**receipt, "verdict": "pass"}, "changed after it was signed"),
        (lambda receipt: {k: v for k, v in receipt.items() if k != "signature"}, "not signed"),
        (lambda receipt: sign(receipt, Ed25519PrivateKey.generate()), "another key"),
        (
            lambda receipt: signed({**receipt, "package": {"name": "x.zip", "sha256": "0" * 64}}),
            "another package",
        ),
        (lambda receipt: {**receipt, "signature": "yes"}, "changed after"),
        (lambda receipt: {**receipt, "more": 1}, "no receipt"),
        (lambda receipt: {**receipt, "time": "yesterday"}, "no receipt"),
        (lambda receipt: {**receipt, "time": "2031-01-01T00:00:00"}, "no zone"),
        (lambda receipt: [receipt], "no receipt"),
        (lambda receipt: "x" * 40_000, "another file"),
    ],
    ids=["edited", "unsigned", "foreign", "other", "signature", "more", "time", "zone", "list", "large"],
)
def test_what_this_portal_did_not_sign_about_this_package_is_refused(cast, checked, make, why):
    with pytest.raises(InvalidInput, match=why):
        present(checked, make(receipts.receipt_of(checked)), cast.owner)
    assert not PresentedReceipt.objects.exists()
    assert checks_waiting() == 0


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"{", b"[" * 30_000, b"null"])
def test_what_is_no_json_is_refused(cast, checked, data):
    with pytest.raises(InvalidInput, match="no receipt"):
        presented_receipts.present_receipt(checked, data=data, actor=cast.owner)


def test_without_a_key_nothing_is_taken_over(cast, settings, checked):
    receipt = receipts.receipt_of(checked)
    settings.RECEIPT_SIGNING_KEY = ""
    with pytest.raises(Conflict, match="no key"):
        present(checked, receipt, cast.owner)


def test_a_receipt_is_brought_with_the_package_only_while_the_form_is_open(cast, checked):
    receipt = receipts.receipt_of(checked)
    with pytest.raises(NotPermitted):
        present(checked, receipt, cast.viewer)
    type(checked).objects.filter(pk=checked.pk).update(state="withdrawn")
    checked.refresh_from_db()
    with pytest.raises(IllegalTransition):
        present(checked, receipt, cast.owner)


def test_an_upload_may_bring_its_receipt(cast, sign_in, checked):
    receipt = json.dumps(receipts.receipt_of(checked)).encode()
    files = [
        SimpleUploadedFile("tides.zip", WITH_ERROR.archive()),
        SimpleUploadedFile("tides.receipt.json", receipt),
    ]
    address = reverse("submission_upload", args=[checked.pk])
    answer = sign_in(cast.owner).post(address, {"files": files}, follow=True)
    assert "its receipt is taken over" in answer.content.decode()
    assert PresentedReceipt.objects.get().is_taken


def test_an_upload_with_a_foreign_receipt_is_received_and_says_so(cast, sign_in, checked):
    receipt = json.dumps(sign(receipts.receipt_of(checked), Ed25519PrivateKey.generate())).encode()
    files = [
        SimpleUploadedFile("tides.zip", WITH_ERROR.archive()),
        SimpleUploadedFile("receipt.json", receipt),
    ]
    address = reverse("submission_upload", args=[checked.pk])
    answer = sign_in(cast.owner).post(address, {"files": files}, follow=True)
    assert "signed with another key" in answer.content.decode()
    assert not PresentedReceipt.objects.exists()


def test_the_page_takes_a_file_and_explains_a_refusal(cast, sign_in, checked):
    browser, address = sign_in(cast.owner), reverse("receipt_present", args=[checked.pk])
    good = SimpleUploadedFile("a.json", json.dumps(receipts.receipt_of(checked)).encode())
    answer = browser.post(address, {"receipt": good}, follow=True)
    assert "The verdict is taken over." in answer.content.decode()
    bad = SimpleUploadedFile("a.json", b"{}")
    refused = browser.post(address, {"receipt": bad})
    assert refused.status_code == 400
    assert "This is no receipt" in refused.content.decode()
    assert browser.post(address).status_code == 400


def test_a_receipt_of_one_package_is_none_of_the_next(cast, checked):
    receipt = receipts.receipt_of(checked)
    checked.version = uploaded_version(checked.connector, cast.owner, numbered(7))
    checked.save()
    with pytest.raises(InvalidInput, match="another package"):
        present(checked, receipt, cast.owner)


def test_the_api_takes_the_receipt_itself(cast, checked):
    receipt = receipts.receipt_of(checked)
    address = f"/api/v1/submissions/{checked.pk}/receipt/"
    owner, stranger = APIClient(), APIClient()
    owner.force_authenticate(cast.owner)
    stranger.force_authenticate(cast.stranger)
    answer = owner.post(address, receipt, format="json")
    assert answer.status_code == 200, answer.content
    assert answer.json()["is_taken"] is True
    refused = owner.post(address, {**receipt, "verdict": "pass"}, format="json")
    assert refused.status_code == 400
    assert stranger.post(address, receipt, format="json").status_code == 404
