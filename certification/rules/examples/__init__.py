"""Good and bad packages for every rule: shown on the rules' pages and run by the tests."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping

from certification.rules.examples.case import Case, Examples

__all__ = ["Case", "Examples", "examples"]

_NO_CASES = frozenset(("base", "case"))


@functools.cache
def examples() -> Mapping[str, Examples]:
    """The examples of every rule by its id."""
    cases: dict[str, Examples] = {}
    for module in sorted(found.name for found in pkgutil.iter_modules(__path__)):
        if module not in _NO_CASES:
            cases |= importlib.import_module(f"{__name__}.{module}").CASES
    return cases
