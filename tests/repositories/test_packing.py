"""A mirror that was fetched into many times: its small packs become one, and nothing is lost."""

from __future__ import annotations

import pytest

from connectors.repositories import Branch, fetch, files, join_packs, packing, small_packs
from connectors.repositories.mirror import opened
from tests.repositories.origins import Origin
from tests.repositories.test_reading import place_of, summaries

FETCHES = 6


@pytest.fixture
def mirror(tmp_path):
    """Its place on the disk, how to reach it, and a commit of each fetch."""
    origin = Origin.at(tmp_path / "origin.git")
    place = place_of(tmp_path, 1, address=f"file://{origin.folder}", local_files=True)
    commits = []
    for number in range(FETCHES):
        commits.append(origin.commit({"tides/intro.md": b"%d" % number}, f"Tides {number}"))
        fetch(place, [Branch("dev", [""])])
    return tmp_path / "mirror", place, commits


def packs(mirror):
    return sorted(path.name for path in (mirror / "objects" / "pack").iterdir())


def test_a_few_small_packs_stay(mirror):
    folder, place, _commits = mirror
    before = packs(folder)
    assert len(before) == 2 * FETCHES
    assert small_packs(folder) == []
    assert join_packs(place) == 0
    assert packs(folder) == before


def test_joining_loses_no_commit_and_no_file(mirror, monkeypatch):
    folder, place, commits = mirror
    monkeypatch.setattr(packing, "MOST_SMALL", 2)
    joined = _join_here(folder)
    assert joined == FETCHES
    assert len(packs(folder)) == 2
    for number, sha in enumerate(commits):
        found, commit = files(place, sha=sha, folder="tides", refs=[], most_bytes=100)
        assert found == {"intro.md": b"%d" % number}
        assert commit["sha"] == sha
    again = fetch(place, [Branch("dev", [""])])
    assert summaries(again, "dev", "") == [f"Tides {number}" for number in reversed(range(FETCHES))]
    assert _join_here(folder) == 0


def test_a_large_pack_is_left_alone_and_one_go_has_an_end(mirror, monkeypatch):
    folder, _place, _commits = mirror
    monkeypatch.setattr(packing, "MOST_SMALL", 2)
    sizes = sorted(path.stat().st_size for path in folder.glob("objects/pack/*.pack"))
    monkeypatch.setattr(packing, "SMALL_BYTES", sizes[-1] - 1)
    monkeypatch.setattr(packing, "AT_ONCE_BYTES", sum(sizes[:3]))
    assert len(small_packs(folder)) == 3


def test_what_is_ended_half_way_is_whole(mirror, monkeypatch):
    folder, place, commits = mirror
    monkeypatch.setattr(packing, "MOST_SMALL", 2)
    removed = []
    unlink = packing.Path.unlink

    def end_at_the_third(path, *arguments, **more):
        if len(removed) == 3:
            raise KeyboardInterrupt
        removed.append(path)
        unlink(path, *arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(packing.Path, "unlink", end_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            _join_here(folder)
    found, _commit = files(place, sha=commits[0], folder="tides", refs=[], most_bytes=100)
    assert found == {"intro.md": b"0"}


def _join_here(folder) -> int:
    with opened(folder) as repo:
        return packing.join_small_packs(repo, folder)
