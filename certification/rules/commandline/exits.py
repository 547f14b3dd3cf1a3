"""How the command ends."""

from __future__ import annotations

EXIT_CLEAN = 0
EXIT_FINDINGS = 1
EXIT_UNUSABLE = 2
EXIT_INTERRUPTED = 130


class InputUnusable(Exception):
    """What was asked for cannot be done: a path that names no package, an id that names no rule, a bad
    setting.
    """
