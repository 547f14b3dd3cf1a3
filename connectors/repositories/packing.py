"""A mirror's small packs made one: a fetch that brings something leaves a pack, and each look opens all."""

from __future__ import annotations

from pathlib import Path

from dulwich.objects import ObjectID, ShaFile
from dulwich.pack import Pack
from dulwich.repo import Repo

MOST_SMALL = 50
"""So many stay as they are: joining them costs more than they do."""
SMALL_BYTES = 1024 * 1024
AT_ONCE_BYTES = 32 * 1024 * 1024
"""Of so much the objects are held in memory while they are written anew; the rest is joined another time."""


def small_packs(mirror: Path) -> list[Path]:
    """The packs that are worth joining, smallest first; empty while they are few."""
    sized = sorted((pack.stat().st_size, pack) for pack in (mirror / "objects" / "pack").glob("*.pack"))
    small = [
        (size, pack) for size, pack in sized if size <= SMALL_BYTES and pack.with_suffix(".idx").exists()
    ]
    if len(small) <= MOST_SMALL:
        return []
    found, room = [], AT_ONCE_BYTES
    for size, pack in small:
        room -= size
        if room < 0:
            break
        found.append(pack)
    return found


def join_small_packs(repo: Repo, mirror: Path) -> int:
    """Write the objects of the small packs into one, then delete those; returns how many there were.

    Ended anywhere, it leaves every object in at least one pack.
    """
    joined = small_packs(mirror)
    store, objects = repo.object_store, dict[ObjectID, ShaFile]()
    for path in joined:
        with Pack(str(path.with_suffix("")), object_format=store.object_format) as pack:
            objects |= {each.id: each for each in pack.iterobjects()}
    if not objects:
        return 0
    made = store.add_objects([(each, None) for each in objects.values()])
    kept = f"pack-{made.name().decode()}" if made else ""
    for path in joined:
        if path.stem != kept:
            # The index first: a pack without one is not looked at.
            path.with_suffix(".idx").unlink()
            path.unlink()
    return len(joined)
