"""Packages that arrive in pieces: each piece is on disk before it is confirmed, and the last one makes the
whole an upload like any other.

The offset in the database is the truth: bytes behind it in the file were never confirmed and are written
over.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import os
import uuid
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connectors import package_records as records
from connectors import policies
from connectors.models import Connector, ResumableUpload, Upload
from connectors.services.versions import receive_upload
from portal.accounts.models import User
from portal.shared import sandbox
from portal.shared.errors import Conflict, Gone, InvalidInput, PortalError, TooLarge
from portal.shared.policy import require

ALGORITHMS = {"sha256": hashlib.sha256, "sha1": hashlib.sha1}
MOST_AT_ONCE = 20
"""Unfinished uploads of one person."""


class ChecksumMismatch(PortalError):
    """The piece is not what its sender sent; nothing of it was kept."""

    status = 460
    code = "checksum-mismatch"


def path_of(upload_id: uuid.UUID) -> Path:
    return Path(settings.RESUMABLE_ROOT) / str(upload_id)


def start(
    connector: Connector, *, size_bytes: int, filename: str, digest: str = "", actor: User
) -> ResumableUpload:
    """Room for a file of `size_bytes`; `digest` (SHA-256, hex) is compared once it is whole.

    Raises TooLarge, InvalidInput for an empty file or a digest that is none, Conflict for too many at once.
    """
    require(policies.can_upload_version, actor, connector)
    sandbox.refuse_outside()
    if size_bytes > settings.MAX_UPLOAD_BYTES:
        raise TooLarge(
            _("The upload has %(size)s bytes; at most %(limit)s are accepted.")
            % {"size": format(size_bytes, ","), "limit": format(settings.MAX_UPLOAD_BYTES, ",")}
        )
    if size_bytes < 1:
        raise InvalidInput(_("An upload has at least one byte."))
    if digest and not (len(digest) == 64 and set(digest) <= set("0123456789abcdef")):
        raise InvalidInput(_("The digest is a SHA-256 in 64 lower-case hexadecimal digits."))
    now = timezone.now()
    open_ones = ResumableUpload.objects.filter(user=actor, upload=None, expires_at__gt=now)
    if open_ones.count() >= MOST_AT_ONCE:
        raise Conflict(_("Too many uploads are unfinished: finish them, or wait until they expire."))
    Path(settings.RESUMABLE_ROOT).mkdir(parents=True, exist_ok=True)
    return ResumableUpload.objects.create(
        connector=connector,
        user=actor,
        filename=records.shown_name(filename) or "package.zip",
        size_bytes=size_bytes,
        digest=digest,
        expires_at=now + dt.timedelta(hours=settings.RESUMABLE_UPLOAD_HOURS),
    )


def append(
    upload: ResumableUpload, piece: bytes, *, offset: int, checksum: str = "", actor: User
) -> ResumableUpload:
    """Take one piece in. `checksum` is "algorithm base64", as the sender gives it.

    Raises Conflict when `offset` is not where the upload is, TooLarge beyond its size, ChecksumMismatch, Gone
    when its time is over; then nothing was taken. The last piece also raises what `receive_upload` does, and
    InvalidInput when the whole is not what was announced: that upload is over.
    """
    require(policies.can_upload_version, actor, upload.connector)
    sandbox.refuse_outside()
    _verify(piece, checksum)
    with transaction.atomic():
        row = _at(upload, offset)
        if offset + len(piece) > row.size_bytes:
            raise TooLarge(_("The piece goes beyond the size that was announced."))
        _write(row, piece)
        row.received_bytes += len(piece)
        if row.is_whole and row.upload is None:
            row.upload = _taken_in(row, actor=actor)
        row.save(update_fields=["received_bytes", "upload"])
    if not row.is_whole:
        return row
    path_of(row.pk).unlink(missing_ok=True)
    if row.upload is None:
        row.delete()
        raise InvalidInput(_("The whole is not what was announced: its SHA-256 is another. Send it anew."))
    return row


def _verify(piece: bytes, checksum: str) -> None:
    if not checksum:
        return
    name, _blank, text = checksum.partition(" ")
    if name not in ALGORITHMS:
        raise InvalidInput(_("This kind of checksum is not known: there are sha256 and sha1."))
    try:
        wanted = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(_("The checksum is no base64.")) from None
    if ALGORITHMS[name](piece).digest() != wanted:
        raise ChecksumMismatch(_("The piece arrived damaged: send it again."))


def _at(upload: ResumableUpload, offset: int) -> ResumableUpload:
    """The locked row. Two senders of one piece: the second finds another offset."""
    rows = ResumableUpload.objects.select_for_update(of=("self",)).select_related("connector__publisher")
    row = rows.filter(pk=upload.pk).first()
    if row is None or row.expires_at <= timezone.now():
        raise Gone(_("The time of this upload is over: begin anew."))
    if offset != row.received_bytes:
        raise Conflict(
            _("The upload is at %(there)s, the piece begins at %(offset)s.")
            % {"there": row.received_bytes, "offset": offset},
            code="offset-mismatch",
        )
    return row


def _write(row: ResumableUpload, piece: bytes) -> None:
    handle = os.open(path_of(row.pk), os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+b") as file:
        file.seek(row.received_bytes)
        file.write(piece)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def _taken_in(row: ResumableUpload, *, actor: User) -> Upload | None:
    """The whole as an upload like any other; None when it is not what was announced."""
    content = path_of(row.pk).read_bytes()
    if row.digest and hashlib.sha256(content).hexdigest() != row.digest:
        return None
    return receive_upload(row.connector, files=[(row.filename, content)], actor=actor)


def forget_files() -> int:
    """A tick: delete the files whose upload is over; returns how many."""
    root = Path(settings.RESUMABLE_ROOT)
    if not root.is_dir():
        return 0
    names = {path.name: path for path in root.iterdir()}
    kept = ResumableUpload.objects.filter(upload=None).values_list("pk", flat=True)
    over = set(names) - {str(pk) for pk in kept}
    for name in over:
        names[name].unlink(missing_ok=True)
    return len(over)
