"""The pictures of the main pages: where they are taken, and what they weigh."""

from __future__ import annotations

from django.urls import resolve

from portal.trial import ENTRIES
from tests.screens.places import PLACES


def test_every_place_begins_at_an_address_that_exists():
    for place in PLACES:
        assert resolve(place.start.partition("?")[0]).func, place.name


def test_every_place_is_seen_by_somebody_who_can_enter():
    assert {place.role for place in PLACES} <= {"", *ENTRIES}


def test_no_picture_hides_another():
    files = [place.file(scheme) for place in PLACES for scheme in place.schemes]
    assert len(files) == len(set(files))
