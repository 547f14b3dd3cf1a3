"""How much the tests that repeat themselves do: enough to notice a mistake, or all with TEST_EFFORT=full.

`TEST_SEED=7` makes up other cases; `TEST_SLICE=2/8` does the second of eight parts.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

IS_FULL = os.environ.get("TEST_EFFORT") == "full"
SEED = int(os.environ.get("TEST_SEED", "0"))


def effort(usual: int, full: int) -> int:
    """A number of cases, or the size of one."""
    return full if IS_FULL else usual


def part(cases: Iterable[Any]) -> Iterator[Any]:
    """All of them, or every n-th when a slice is asked for."""
    number, of = (int(each) for each in os.environ.get("TEST_SLICE", "1/1").split("/"))
    return (case for place, case in enumerate(cases) if place % of == number - 1)
