"""A bar on standard error for work that takes longer than a moment."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import IO, Self

_PATIENCE_SECONDS = 1.0
_STEP_SECONDS = 0.1
_WIDTH = 30


class Progress:
    """Shown on a terminal only. `hide` takes the bar away before something else is written there."""

    def __init__(self, total: int, stream: IO[str] | None = None) -> None:
        self._stream = stream or sys.stderr
        self._total = total
        self._done = 0
        self._next = time.monotonic() + _PATIENCE_SECONDS
        self._is_terminal = total > 1 and self._stream.isatty()
        self._is_shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hide()

    def advance(self) -> None:
        """One more is done."""
        self._done += 1
        if self._is_terminal and time.monotonic() >= self._next:
            self._next = time.monotonic() + _STEP_SECONDS
            self._show()

    def hide(self) -> None:
        if self._is_shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._is_shown = False

    def _show(self) -> None:
        filled = _WIDTH * self._done // self._total
        bar = "#" * filled + "-" * (_WIDTH - filled)
        self._stream.write(f"\r[{bar}] {self._done:,} of {self._total:,} packages\x1b[K")
        self._stream.flush()
        self._is_shown = True
