"""Mirrors on the disk: those that belong to no repository any more go, those of many small packs get one."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import shutil
from pathlib import Path
from uuid import UUID

import structlog
from django.conf import settings

from connectors.models import Repository
from connectors.repositories import RepositoryError, join_packs, small_packs
from connectors.services.repository_fetching import limits, place_of

log = structlog.get_logger(__name__)
LOCK = "portal.lock"


def orphaned_mirrors(before: dt.datetime) -> list[Path]:
    """Folders of mirrors without a repository that nobody has read since `before`, by name."""
    root = Path(settings.REPOSITORY_ROOT)
    if not root.is_dir():
        return []
    found = {pk: folder for folder in sorted(root.iterdir()) if (pk := _key(folder)) and folder.is_dir()}
    kept = set(Repository.objects.filter(pk__in=found).values_list("pk", flat=True))
    return [
        folder for pk, folder in found.items() if pk not in kept and _last_read(folder) < before.timestamp()
    ]


def remove_mirrors(before: dt.datetime) -> int:
    """Delete them; returns how many. One that a child still reads stays for the next run."""
    return sum(_remove(folder) for folder in orphaned_mirrors(before))


def tidy_a_mirror() -> int:
    """Join the small packs of one mirror that has many; returns how many they were. One that cannot be tidied
    is as readable as before."""
    root = Path(settings.REPOSITORY_ROOT)
    # In any order: one that always fails does not stand before the others for ever.
    keys = Repository.objects.order_by("?").values_list("pk", flat=True)
    crowded = next((key for key in keys if small_packs(root / str(key))), None)
    if crowded is None:
        return 0
    try:
        return join_packs(place_of(Repository.objects.get(pk=crowded)), limits=limits())
    except RepositoryError as error:
        log.warning("mirror_not_tidied", mirror=str(crowded), code=error.code)
        return 0


def _key(folder: Path) -> UUID | None:
    try:
        return UUID(folder.name)
    except ValueError:
        return None


def _last_read(folder: Path) -> float:
    try:
        return max(place.stat().st_mtime for place in (folder / LOCK, folder) if place.exists())
    except (OSError, ValueError):
        return 0.0


def _remove(folder: Path) -> bool:
    """The child holds the lock for as long as it lives, so a mirror never goes under its hands."""
    try:
        # Never followed: the folder belongs to the child, who must not choose which file is opened here.
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        log.warning("mirror_stays", mirror=folder.name, error=type(error).__name__)
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    except OSError as error:
        log.info("mirror_stays", mirror=folder.name, error=type(error).__name__)
        return False
    finally:
        os.close(lock)
    return True
