"""Uploads and the immutable versions made of them. Nothing of an upload is ever executed or fetched."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Sum
from django.utils.translation import gettext as _

from connectors import package_records as records
from connectors import policies
from connectors.definitions import Package, read_archive, read_files
from connectors.definitions.icon import IconRefused, reencode
from connectors.lifecycle import CONNECTOR
from connectors.models import Connector, Upload, Version
from connectors.services.upload_bytes import join_files
from portal.accounts.models import User
from portal.shared import audit, storage
from portal.shared.errors import Conflict, InvalidInput, TooLarge, Unavailable
from portal.shared.policy import require
from portal.shared.words import in_sentence

MAX_VERSIONS = 200
MAX_CONNECTOR_BYTES = 1024**3
MAX_FILES = 60


def receive_upload(connector: Connector, *, files: Sequence[tuple[str, bytes]], actor: User) -> Upload:
    """Take in a package: one .zip, or the connector's files with their relative paths.

    The bytes are on disk and the row is committed when this returns. A package that cannot be trusted is kept
    as a refused upload with its tree and problems; an accepted one becomes a version, or is found to be one
    already. Raises `TooLarge`, `InvalidInput`, `Conflict` (closed connector, quota) or `Unavailable` (disk);
    then nothing is recorded.
    """
    require(policies.can_upload_version, actor, connector)
    return take_in(connector, files=files, actor=actor)


def take_in(connector: Connector, *, files: Sequence[tuple[str, bytes]], actor: User) -> Upload:
    """The same for services of certification, whose own policy has decided already."""
    _check_files(files)
    _check_room(connector, sum(len(content) for _, content in files))
    filename, raw, package = _read(files)
    digest = _keep(raw)
    canonical = None if records.is_unusable(package) else package.canonical_bytes()
    if canonical is not None:
        _keep(canonical)
    upload = Upload(
        connector=connector,
        uploaded_by=actor,
        filename=filename,
        size_bytes=sum(len(content) for _, content in files),
        digest=digest,
        tree=records.tree_of(package),
        problems=records.problems_of(package),
    )
    with transaction.atomic():
        row = Connector.objects.select_for_update().get(pk=connector.pk)
        _check_open(row)
        if canonical is None:
            upload.state = Upload.State.REFUSED
            upload.save(force_insert=True)
            codes = sorted({problem["code"] for problem in upload.problems if problem["refuses"]})
            audit.record("upload.refuse", upload, actor=actor, about=[connector], data={"problems": codes})
        else:
            upload.state = Upload.State.ACCEPTED
            upload.version = _version_of(row, package, len(canonical), actor=actor)
            upload.save(force_insert=True)
    return upload


def _check_files(files: Sequence[tuple[str, bytes]]) -> None:
    if not files:
        raise InvalidInput(
            _("Choose the .zip archive or the files of the connector."),
            fields={"files": [_("No file was sent.")]},
        )
    size, limit = sum(len(content) for _, content in files), settings.MAX_UPLOAD_BYTES
    if size > limit:
        raise TooLarge(
            _("The upload has %(size)s bytes; at most %(limit)s are accepted.")
            % {"size": format(size, ","), "limit": format(limit, ",")}
        )
    if len(files) > MAX_FILES:
        raise InvalidInput(
            _("The upload has %(files)s files; at most %(max_files)s are accepted.")
            % {"files": len(files), "max_files": MAX_FILES},
            fields={"files": [_("Leave out everything that is not part of the connector, or send a .zip.")]},
        )
    names = [name for name, _ in files]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        text = _("Two of the files are called “%(twice)s”: send each once.") % {"twice": twice}
        raise InvalidInput(text, fields={"files": [text]})


def _check_open(connector: Connector) -> None:
    if connector.state in CONNECTOR.terminal:
        raise Conflict(
            _("“%(name)s” is %(lower)s: it takes no more uploads.")
            % {"name": connector.name, "lower": in_sentence(connector.get_state_display())}
        )


def _check_room(connector: Connector, size: int) -> None:
    _check_open(connector)
    used = connector.uploads.aggregate(total=Sum("size_bytes"))["total"] or 0
    if used + size > MAX_CONNECTOR_BYTES:
        raise Conflict(
            _(
                "The uploads of this connector fill %(value)s of %(value_2)s MB. Ask an "
                "administrator to archive old ones."
            )
            % {
                "value": format(used / 1024**2, ",.0f"),
                "value_2": format(MAX_CONNECTOR_BYTES // 1024**2, ","),
            },
            code="quota-reached",
        )


def _read(files: Sequence[tuple[str, bytes]]) -> tuple[str, bytes, Package]:
    """The name to show, the bytes to keep, and what the reader made of them."""
    name, content = files[0]
    if len(files) == 1 and (name.lower().endswith(".zip") or content.startswith(b"PK\x03\x04")):
        return records.shown_name(name), content, read_archive(content, filename=name)
    label = records.shown_name(name if len(files) == 1 else f"{len(files)} files")
    return label, join_files(files), read_files(dict(files), filename=label)


def _keep(content: bytes) -> str:
    """Store the bytes; a damaged copy under the same digest is replaced, so uploading again repairs it."""
    try:
        digest = storage.store(content)
        try:
            storage.load(digest)
        except storage.StoredBytesDamaged:
            storage.path_of(digest).unlink()
            storage.store(content)
        return digest
    except OSError as error:
        raise Unavailable(
            _(
                "The upload could not be written to disk, so nothing was recorded. Try again in a "
                "few minutes; "
                "if it happens again, tell an operator."
            )
        ) from error


def _version_of(connector: Connector, package: Package, size: int, *, actor: User) -> Version:
    """The version with these bytes: made now, or the one there is. The connector's row is locked."""
    existing = connector.versions.filter(digest=package.digest).first()
    if existing:
        return existing
    number = (connector.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    if connector.versions.count() >= MAX_VERSIONS:
        raise Conflict(
            _(
                "This connector has %(max_versions)s versions, which is the most. Ask an "
                "administrator to archive old ones."
            )
            % {"max_versions": MAX_VERSIONS},
            code="quota-reached",
        )
    facts = records.facts_of(package)
    version = Version.objects.create(
        connector=connector,
        number=number,
        label=_free_label(connector, facts["version"], number),
        digest=package.digest,
        size_bytes=size,
        tree=records.tree_of(package),
        facts=facts,
        created_by=actor,
    )
    audit.record(
        "version.create",
        version,
        actor=actor,
        about=[connector],
        data={"label": version.label, "digest": version.digest},
    )
    return version


def _free_label(connector: Connector, wished: str, number: int) -> str:
    """What the definition calls itself, if that can travel to regions; a label in use gets the number
    added.
    """
    label = wished if records.LABEL.fullmatch(wished) else str(number)
    if connector.versions.filter(label=label).exists():
        label = f"{label[:32]}+{number}"
    return label


def package_bytes(version: Version) -> bytes:
    """The canonical bytes, checked against the digest. Raises `Unavailable` when they are damaged or gone."""
    try:
        return storage.load(version.digest)
    except (OSError, storage.StoredBytesDamaged) as error:
        raise Unavailable(
            _(
                "The stored package is damaged or missing and is not given out. An operator has to "
                "restore it "
                "from the backup."
            ),
            code="package-damaged",
        ) from error


def load_package(version: Version) -> Package:
    """The package of a version, read again from its stored bytes."""
    return read_archive(package_bytes(version))


def icon_png(version: Version) -> bytes | None:
    """The icon made anew from its pixels, so that nothing hidden in the file is served; None without an
    icon.
    """
    content = records.member_of(package_bytes(version), "icon.png")
    if content is None:
        return None
    try:
        return reencode(content)
    except IconRefused:
        return None
