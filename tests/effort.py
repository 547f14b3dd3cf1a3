"""How much the tests that repeat themselves do: enough to notice a mistake, or all with TEST_EFFORT=full."""

from __future__ import annotations

import os

IS_FULL = os.environ.get("TEST_EFFORT") == "full"


def effort(usual: int, full: int) -> int:
    """A number of cases, or the size of one."""
    return full if IS_FULL else usual
