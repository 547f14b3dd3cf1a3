"""The sandboxes are what is tested here: each check has a child of its own."""

from __future__ import annotations

import pytest

from tests import checked_once


@pytest.fixture(scope="module", autouse=True)
def every_check_has_a_child():
    checked_once.remember(is_wanted=False)
    yield
    checked_once.remember()
