from __future__ import annotations

import datetime as dt
import hashlib
import os

import pytest

from portal.shared import storage


@pytest.fixture(autouse=True)
def own_root(settings, tmp_path):
    settings.PACKAGE_ROOT = tmp_path / "packages"


def test_bytes_come_back_under_their_digest():
    digest = storage.store(b"a package")
    assert digest == hashlib.sha256(b"a package").hexdigest()
    assert storage.load(digest) == b"a package"
    assert storage.store(b"a package") == digest


def test_a_flipped_byte_is_noticed():
    digest = storage.store(b"a package")
    storage.path_of(digest).write_bytes(b"b package")
    with pytest.raises(storage.StoredBytesDamaged):
        storage.load(digest)


def test_storing_the_same_bytes_again_repairs_a_damaged_file():
    digest = storage.store(b"a package")
    storage.path_of(digest).write_bytes(b"b package")
    assert storage.store(b"a package") == digest
    assert storage.load(digest) == b"a package"


def test_a_full_disk_leaves_nothing_behind(monkeypatch):
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        storage.store(b"a package")
    digest = hashlib.sha256(b"a package").hexdigest()
    assert not storage.path_of(digest).exists()
    assert list(storage.path_of(digest).parent.iterdir()) == []


def test_a_file_that_a_killed_process_left_goes_when_it_is_old_and_nothing_else_does():
    digest = storage.store(b"a package")
    left = storage.path_of(digest).parent / ".incoming-abc"
    left.write_bytes(b"a pack")
    now = dt.datetime.now(dt.UTC)
    assert storage.remove_unfinished(now - dt.timedelta(days=1)) == 0
    long_ago = (now - dt.timedelta(days=2)).timestamp()
    for path in (left, storage.path_of(digest)):
        os.utime(path, (long_ago, long_ago))
    assert storage.remove_unfinished(now - dt.timedelta(days=1)) == 1
    assert not left.exists()
    assert storage.load(digest) == b"a package"


@pytest.mark.parametrize("name", ["../../etc/passwd", "a" * 63, "A" * 64, "", "a" * 64 + "/x"])
def test_only_digests_are_names(name):
    with pytest.raises(ValueError, match="64"):
        storage.path_of(name)
