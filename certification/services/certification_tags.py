"""A tag in the repository for what was certified: pushed once, tried again by the outbox, never forced."""

from __future__ import annotations

import base64
import hashlib
from email.utils import parseaddr
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from certification.models import Certificate, CertificationTag
from connectors.models import CommitUpload, RepositoryBinding
from connectors.policies import can_bind_repository
from connectors.repositories import RepositoryError, tag, tag_name
from connectors.services.repository_fetching import limits, place_of
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM
from portal.shared.policy import require

State = CertificationTag.State
_FOR_GOOD = frozenset({"content"})
"""Kinds of failures that another attempt cannot mend."""


class TagNotPushed(Exception):
    """The repository did not take the tag this time; the job is worth another attempt."""


def tag_certificate(certificate_id: UUID | str) -> CertificationTag | None:
    """Tag the commit that a certificate's package was taken from. None when the team does not want it, or the
    package came from no commit of the bound repository.

    Raises `TagNotPushed` for the outbox to try again, with the failure noted for the page.
    """
    certificate = Certificate.objects.select_related("submission__connector", "version").get(
        pk=certificate_id
    )
    connector = certificate.submission.connector
    if certificate.kind != Certificate.Kind.APPROVAL:
        return None
    binding = (
        RepositoryBinding.objects.select_related("repository")
        .filter(connector=connector, tags_certified=True)
        .first()
    )
    if binding is None:
        return None
    row = _row(certificate, binding)
    if row is None or row.state == State.PUSHED:
        return row
    try:
        tag(
            place_of(binding.repository),
            name=row.name,
            commit=row.commit,
            message=message_of(certificate),
            tagger=_tagger(),
            at=int(certificate.issued_at.timestamp()),
            limits=limits(),
        )
    except RepositoryError as error:
        return _failed(row, error)
    return _pushed(row)


def _row(certificate: Certificate, binding: RepositoryBinding) -> CertificationTag | None:
    source = (
        CommitUpload.objects.filter(
            upload__version=certificate.version, address=binding.repository.address, folder=binding.folder
        )
        .order_by("-upload__received_at")
        .first()
    )
    if source is None:
        return None
    row, _is_new = CertificationTag.objects.get_or_create(
        certificate=certificate,
        defaults={
            "connector": binding.connector,
            "version": certificate.version,
            "address": binding.repository.address,
            "commit": source.commit,
            "name": tag_name("certified", binding.connector.slug, certificate.version.label)[:250],
        },
    )
    return row


def digest_of(certificate: Certificate) -> str:
    """SHA-256 of what was signed: the payload of the envelope."""
    return hashlib.sha256(base64.b64decode(certificate.envelope["payload"])).hexdigest()


def message_of(certificate: Certificate) -> str:
    """The same for a certificate every time, so that the tag is the same object every time."""
    connector, version = certificate.submission.connector, certificate.version
    lines = [
        f"{connector.name} {version.label} is certified",
        "",
        f"Certificate: sha256:{digest_of(certificate)}",
        f"Package: sha256:{version.digest}",
        f"Submission: {certificate.submission.reference}",
        f"Portal: {settings.SITE_URL}",
    ]
    return "\n".join(lines) + "\n"


def _tagger() -> str:
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    plain = "".join(letter for letter in name if letter not in "<>\r\n").strip()
    return f"{plain or 'Certification portal'} <{address}>"


def _failed(row: CertificationTag, error: RepositoryError) -> CertificationTag:
    with transaction.atomic():
        locked = CertificationTag.objects.select_for_update().get(pk=row.pk)
        is_told = locked.state == State.FAILED and locked.failure == error.code
        locked.state, locked.failure, locked.failure_values = State.FAILED, error.code, error.values
        locked.save(update_fields=["state", "failure", "failure_values"])
        if not is_told:
            data = {"tag": row.name, "code": error.code}
            audit.record("certificationtag.fail", locked, actor=SYSTEM, about=[locked.connector], data=data)
    if error.kind not in _FOR_GOOD:
        raise TagNotPushed(error.code)
    return locked


def _pushed(row: CertificationTag) -> CertificationTag:
    with transaction.atomic():
        locked = CertificationTag.objects.select_for_update().get(pk=row.pk)
        if locked.state != State.PUSHED:
            locked.state, locked.failure, locked.failure_values = State.PUSHED, "", None
            locked.pushed_at = timezone.now()
            locked.save(update_fields=["state", "failure", "failure_values", "pushed_at"])
            audit.record(
                "certificationtag.push",
                locked,
                actor=SYSTEM,
                about=[locked.connector],
                data={"tag": row.name},
            )
    return locked


def push_again(row: CertificationTag, *, actor: User) -> None:
    """Try once more after a failure: with other credentials, or once a tag in the way is gone."""
    require(can_bind_repository, actor, row.connector)
    with transaction.atomic():
        outbox.emit("certificate.tag", id=str(row.certificate_id))
