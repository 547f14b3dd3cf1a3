"""The pictures of the main pages: where they are taken, and what they weigh."""

from __future__ import annotations

from django.urls import resolve

from portal.trial import ENTRIES
from tests.screens.__main__ import FOLDER, index
from tests.screens.places import PLACES


def test_every_place_begins_at_an_address_that_exists():
    for place in PLACES:
        assert resolve(place.start.partition("?")[0]).func, place.name


def test_every_place_is_seen_by_somebody_who_can_enter():
    assert {place.role for place in PLACES} <= {"", *ENTRIES}


def test_no_picture_hides_another():
    files = [place.file(scheme) for place in PLACES for scheme in place.schemes]
    assert len(files) == len(set(files))


def test_every_picture_is_there_is_shown_and_together_they_are_light():
    files = {place.file(scheme) for place in PLACES for scheme in place.schemes}
    assert {file.name for file in FOLDER.glob("*.webp")} == files
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == index()
    assert sum((FOLDER / name).stat().st_size for name in files) < 2_500_000
