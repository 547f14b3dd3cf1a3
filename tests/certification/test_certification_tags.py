# ruff: noqa: F401, F811 - fixtures are imported by name
"""Certified commits are tagged where it was chosen: once, tried again, and never over somebody else's tag."""

from __future__ import annotations

import base64
import hashlib

import pytest
from django.urls import reverse

from certification.attestation import seal, statement
from certification.models import Certificate, CertificationTag
from certification.services import certification_tags, commits
from connectors.services import repositories
from portal.shared import outbox
from portal.shared.errors import NotPermitted
from portal.shared.models import AuditRecord, OutboxJob
from tests.certification.test_repositories import binding, origin

pytestmark = pytest.mark.django_db


@pytest.fixture
def certificate(cast, binding):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    repositories.choose_automation(binding, tags_certified=True, actor=cast.owner)
    submission = commits.take_commit(binding, actor=cast.developer)
    said = statement("tides.zip", submission.version.digest, {"rules": {}, "decisions": [], "waivers": []})
    return Certificate.objects.create(
        submission=submission, version=submission.version, kind="approval",
        envelope=seal(said, Ed25519PrivateKey.generate()), key_id="0" * 64,
    )  # fmt: skip


def ref_of(row: CertificationTag) -> bytes:
    return f"refs/tags/{row.name}".encode()


def test_the_tag_names_the_certificate_and_leads_to_the_commit(certificate, binding, origin):
    row = certification_tags.tag_certificate(certificate.pk)
    connector, version = binding.connector, certificate.version
    assert (row.state, row.name) == ("pushed", f"certified/{connector.slug}/{version.label}")
    made = origin.repo[origin.repo.refs[ref_of(row)]]
    assert made.object[1].decode() == binding.newest["sha"]
    digest = hashlib.sha256(base64.b64decode(certificate.envelope["payload"])).hexdigest()
    assert f"Certificate: sha256:{digest}" in made.message.decode()
    assert f"Package: sha256:{version.digest}" in made.message.decode()
    again = certification_tags.tag_certificate(certificate.pk)
    assert (again.pk, again.pushed_at) == (row.pk, row.pushed_at)
    CertificationTag.objects.update(state="waiting")
    assert certification_tags.tag_certificate(certificate.pk).state == "pushed", "a lost answer is no failure"
    assert AuditRecord.objects.filter(action="certificationtag.push").count() == 2


def test_nobody_tags_what_nobody_chose_or_what_came_from_elsewhere(cast, certificate, binding, origin):
    repositories.choose_automation(binding, tags_certified=False, actor=cast.owner)
    assert certification_tags.tag_certificate(certificate.pk) is None
    repositories.choose_automation(binding, tags_certified=True, actor=cast.owner)
    certificate.version.uploads.all().delete()
    assert certification_tags.tag_certificate(certificate.pk) is None
    assert not [ref for ref in origin.repo.refs.allkeys() if ref.startswith(b"refs/tags/")]


def test_a_failure_is_shown_and_tried_again_by_the_outbox_and_by_hand(
    cast, certificate, binding, origin, sign_in
):
    binding.repository.secrets = {**binding.repository.secrets, "token": "only-for-reading"}
    binding.repository.save()
    certification_tags.push_again(_first_try(certificate), actor=cast.owner)
    job = OutboxJob.objects.get(topic="certificate.tag")
    outbox.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("due", 1)
    client = sign_in(cast.developer)
    page = client.get(reverse("connector_repository", args=[binding.connector_id])).content.decode()
    assert "may read and not write" in page.replace("&#x27;", "'")
    assert "Push again" in page
    assert "only-for-reading" not in page
    assert AuditRecord.objects.filter(action="certificationtag.fail").count() == 1, "told once for one reason"

    from tests.repositories.origins import TOKEN

    binding.repository.secrets = {**binding.repository.secrets, "token": TOKEN}
    binding.repository.save()
    row = CertificationTag.objects.get()
    client.post(reverse("certification_tag_again", args=[binding.connector_id, row.pk]))
    outbox.drain()
    row.refresh_from_db()
    assert (row.state, row.failure) == ("pushed", "")
    with pytest.raises(NotPermitted):
        certification_tags.push_again(row, actor=cast.viewer)


def _first_try(certificate) -> CertificationTag:
    with pytest.raises(certification_tags.TagNotPushed):
        certification_tags.tag_certificate(certificate.pk)
    return CertificationTag.objects.get()


def test_a_tag_of_somebody_else_is_left_and_not_tried_for_ever(certificate, binding, origin):
    name = f"refs/tags/certified/{binding.connector.slug}/{certificate.version.label}".encode()
    theirs = origin.commit({"README.md": b"# Other"}, "Other").encode()
    origin.repo.refs[name] = theirs
    row = certification_tags.tag_certificate(certificate.pk)
    assert (row.state, row.failure) == ("failed", "tag-taken")
    assert origin.repo.refs[name] == theirs
