"""Parsed packages of versions."""

from __future__ import annotations

from functools import lru_cache

from django.utils.translation import gettext as _

from connectors.definitions import Package, read_archive
from connectors.models import Version
from portal.shared import storage
from portal.shared.errors import Unavailable


@lru_cache(maxsize=8)
def _package(digest: str) -> Package:
    return read_archive(storage.load(digest))


def package_of(version: Version) -> Package:
    """The parsed package. Packages never change, so the last few stay parsed in this process."""
    try:
        return _package(version.digest)
    except (OSError, storage.StoredBytesDamaged) as error:
        raise Unavailable(
            _("The stored package is damaged or missing. An operator has to restore it from the backup."),
            code="package-damaged",
        ) from error
