"""Good and bad packages for every rule: shown on the rules' pages and run by the tests."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping

from certification.rules.examples.case import Case, Examples

__all__ = ["Case", "Examples", "examples"]

_MODULES = ("package_layout", "definition_root", "info", "reader")


@functools.cache
def examples() -> Mapping[str, Examples]:
    """The examples of every rule by its id."""
    found: dict[str, Examples] = {}
    for name in _MODULES:
        found |= importlib.import_module(f"certification.rules.examples.{name}").CASES
    return found
