"""The world of the architecture tests, built once a module."""

from __future__ import annotations

import pytest

from tests.architecture.world import World, built


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker, request) -> World:
    with django_db_blocker.unblock(), built() as made:
        yield made
