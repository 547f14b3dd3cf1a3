"""Certificates: signed by the portal, verified without it, and never twice."""

from __future__ import annotations

import base64
import json
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client

from certification.attestation import CertificateInvalid, opened, seal, statement
from certification.models import Certificate
from certification.queries.certificates import predicate_of
from certification.rules.receipts import public_key_from
from certification.services import certificates, decisions, submissions
from portal.shared import outbox, storage
from tests.factories import ConnectorFactory
from tests.factories.rollouts import run_until, scheduled_rollout, state_of
from tests.factories.submissions import independent, ready_draft

KEY = Ed25519PrivateKey.generate()
REGIONS = "preview-us,north,south"


def envelope(**changes) -> dict:
    made = statement("tides.zip", "a" * 64, {"kind": "final", "portal": "https://portal.example"})
    return seal({**made, **changes}, KEY)


def test_what_was_signed_is_what_is_read():
    found = opened(envelope(), KEY.public_key(), digest="a" * 64)
    assert found["subject"] == [{"name": "tides.zip", "digest": {"sha256": "a" * 64}}]
    assert found["predicate"]["kind"] == "final"


def other_payload(made: dict) -> dict:
    told = json.loads(base64.b64decode(made["payload"]))
    told["subject"][0]["digest"]["sha256"] = "b" * 64
    return {**made, "payload": base64.b64encode(json.dumps(told).encode()).decode()}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (other_payload, "no signature fits"),
        (lambda made: {**made, "signatures": []}, "no signature fits"),
        (lambda made: {**made, "signatures": [{"sig": "%%"}, None]}, "no signature fits"),
        (lambda made: {**made, "payloadType": "application/json"}, "no envelope"),
        (lambda made: {**made, "payload": "a b"}, "no base64"),
        (lambda made: [made], "no envelope"),
        (lambda made: envelope(predicateType="urn:another"), "no certificate of a connector"),
        (lambda made: envelope(_type="https://in-toto.io/Statement/v0.1"), "no in-toto statement"),
        (lambda made: envelope(subject=[]), "exactly one package"),
        (lambda made: envelope(subject=[{"digest": {"sha1": "x"}}]), "SHA-256"),
    ],
)
def test_what_was_changed_or_is_something_else_does_not_hold(change, why):
    with pytest.raises(CertificateInvalid, match=why):
        opened(change(envelope()), KEY.public_key())


def test_another_portals_key_and_another_package_do_not_hold():
    with pytest.raises(CertificateInvalid, match="another portal"):
        opened(envelope(), Ed25519PrivateKey.generate().public_key())
    with pytest.raises(CertificateInvalid, match="aaaaaaaaaaaa, and this one is bbbbbbbbbbbb"):
        opened(envelope(), KEY.public_key(), digest="b" * 64)


def approved(cast):
    submission = ready_draft(cast.owner, ConnectorFactory(publisher=cast.publisher))
    submissions.submit(submission, actor=cast.owner)
    outbox.drain()
    submission.refresh_from_db()
    digest = submission.revision.version.digest
    decisions.decide(submission, verdict="approve", reasons="", digest=digest, actor=cast.reviewer)
    outbox.drain()
    return submission


@pytest.mark.django_db
def test_an_approval_is_certified_with_rules_and_reviewers_under_another_name(cast):
    submission = approved(cast)
    certificate = submission.certificates.get()
    told = opened(
        certificate.envelope, certificates.signing_key().public_key(), digest=certificate.version.digest
    )["predicate"]
    assert (told["kind"], told["submission"]["reference"]) == ("approval", submission.reference)
    assert told["rules"]["verdict"] == "pass"
    (decision,) = told["decisions"]
    assert decision["verdict"] == "approve"
    assert decision["reviewer"] == certificates.pseudonym(cast.reviewer.pk)
    text = json.dumps(told)
    assert cast.reviewer.email not in text
    assert cast.reviewer.name not in text
    assert str(cast.reviewer.pk) not in text
    assert certificates.pseudonym(cast.owner.pk) != certificates.pseudonym(cast.reviewer.pk)


@pytest.mark.django_db
def test_a_job_that_runs_twice_leaves_one_certificate_as_it_was(cast):
    submission = approved(cast)
    before = submission.certificates.get().envelope
    certificates.issue_for_approval(submission.pk)
    assert submission.certificates.get().envelope == before


@pytest.mark.django_db
def test_without_a_key_nothing_is_signed_and_the_approval_stands(cast, settings):
    settings.RECEIPT_SIGNING_KEY = ""
    submission = approved(cast)
    assert not Certificate.objects.exists()
    submission.refresh_from_db()
    assert submission.state in {"approved", "preview_deploying"}


@pytest.mark.django_db
@pytest.mark.usefixtures("no_faults")
def test_a_version_that_is_live_everywhere_is_certified_with_what_probes_found(cast, agent):
    rollout = scheduled_rollout(cast, "north", "south", agent=agent)
    run_until(lambda: state_of(rollout) == "completed")
    outbox.drain()
    told = predicate_of(rollout.submission.certificates.get(kind="final"))
    assert [(each["region"], each["digest"]) for each in told["regions"]] == [
        ("north", rollout.digest),
        ("south", rollout.digest),
    ]
    assert all(each["verified_at"] for each in told["regions"])


@pytest.mark.django_db
def test_it_is_downloaded_and_verified_by_a_program_of_its_own(cast, tmp_path):
    submission = approved(cast)
    browser = Client()
    browser.force_login(cast.viewer)
    page = browser.get(f"/submissions/{submission.pk}/certificates/")
    assert page.status_code == 200
    certificate = submission.certificates.get()
    answer = browser.get(f"/submissions/{submission.pk}/certificates/{certificate.pk}/")
    assert answer["Content-Disposition"].startswith("attachment")
    (listed,) = browser.get(f"/api/v1/submissions/{submission.pk}/certificates/").json()
    assert listed["envelope"] == answer.json() == certificate.envelope

    key = Client().get("/rules/receipt-key.pem").content
    assert opened(answer.json(), public_key_from(key))
    files = {"certificate.json": answer.content, "key.pem": key}
    files["package.zip"] = storage.load(certificate.version.digest)
    files["other.zip"] = independent("Other Tides").archive()
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)

    def verified(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "certification.attestation", "certificate.json", "--key", "key.pem"]
        environment = {"PYTHONPATH": ":".join(filter(None, sys.path)), "PATH": "/usr/bin:/bin"}
        return subprocess.run(
            [*command, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    good = verified("--package", "package.zip")
    assert good.returncode == 0, good.stderr
    assert "the certificate holds" in good.stdout
    assert submission.connector.slug in good.stdout
    bad = verified("--package", "other.zip")
    assert (bad.returncode, "does not hold" in bad.stdout) == (1, True), bad
    (tmp_path / "certificate.json").write_text("{}")
    assert verified().returncode == 1
    (tmp_path / "certificate.json").write_text("no JSON")
    assert verified().returncode == 2


@pytest.mark.django_db
def test_a_stranger_finds_nothing(cast):
    submission = approved(cast)
    browser = Client()
    browser.force_login(cast.stranger)
    certificate = submission.certificates.get()
    assert browser.get(f"/submissions/{submission.pk}/certificates/").status_code == 404
    assert browser.get(f"/submissions/{submission.pk}/certificates/{certificate.pk}/").status_code == 404
