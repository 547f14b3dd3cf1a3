"""certport verify: with files and no network, with a connector's name, and when something is wrong."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certification.attestation import seal, statement
from certification.services import decisions, submissions
from connectors.queries.packages import package_of
from portal.shared import outbox
from tests.factories import ConnectorFactory
from tests.factories.submissions import ready_draft

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def certified(cast):
    """A submission that was approved, and so has a certificate."""
    submission = ready_draft(cast.owner, ConnectorFactory(publisher=cast.publisher, slug="harbour-tides"))
    submissions.submit(submission, actor=cast.owner)
    outbox.drain()
    submission.refresh_from_db()
    version = submission.revision.version
    decisions.decide(submission, verdict="approve", reasons="", digest=version.digest, actor=cast.reviewer)
    outbox.drain()
    return submission


def pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_a_connectors_newest_certificate_holds_and_is_about_its_package(certport, cast, certified):
    certport.enter(cast.developer)
    package = package_of(certified.revision.version)
    (certport.folder / "tides.zip").write_bytes(package.canonical_bytes())
    ended = certport("verify", "harbour-tides", "--package", "tides.zip", "--json")
    assert ended.code == 0, ended.out + ended.said
    told = ended.document
    assert (told["holds"], told["package_compared"]) == (True, True)
    assert told["statement"]["predicate"]["submission"]["reference"] == certified.reference
    assert "The certificate holds." in certport("verify", "harbour-tides").out


def test_a_file_needs_no_sign_in_and_the_key_comes_from_the_chosen_portal(certport, cast, certified):
    file = certport.folder / "certificate.json"
    file.write_text(json.dumps(certified.certificates.get().envelope))
    fetched = certport("verify", "certificate.json", "--url", certport.url)
    assert (fetched.code, f"from {certport.url}/rules/receipt-key.pem" in fetched.out) == (0, True)
    (certport.folder / "other.pem").write_bytes(pem(Ed25519PrivateKey.generate()))
    other = certport("verify", "certificate.json", "--key", "other.pem", "--json")
    assert other.code == 1
    assert other.document["error"]["code"] == "certificate-invalid"


def test_a_certificate_that_names_another_portal_is_not_believed_by_that_portals_key(certport, settings):
    """An attacker signs with a key of their own; the address inside is where they publish it."""
    forged = seal(
        statement("tides.zip", "a" * 64, {"portal": "https://evil.example"}), Ed25519PrivateKey.generate()
    )
    (certport.folder / "forged.json").write_text(json.dumps(forged))
    ended = certport("verify", "forged.json", "--url", certport.url)
    assert (ended.code, "no signature fits" in ended.said) == (1, True)


def test_what_cannot_be_used_is_said_with_another_exit_code(certport):
    (certport.folder / "broken.json").write_text("{")
    (certport.folder / "key.pem").write_bytes(b"no key")
    (certport.folder / "certificate.json").write_text("{}")
    assert certport("verify", "broken.json", "--key", "key.pem").code == 2
    assert certport("verify", "absent.json", "--key", "key.pem").code == 2
    ended = certport("verify", "certificate.json", "--key", "key.pem")
    assert (ended.code, "no Ed25519 public key" in ended.said) == (2, True)


def test_a_connector_without_certificate_is_not_found(certport, cast):
    ConnectorFactory(publisher=cast.publisher, slug="harbour-tides")
    certport.enter(cast.developer)
    ended = certport("verify", "harbour-tides")
    assert (ended.code, "certified yet" in ended.said) == (4, True)
