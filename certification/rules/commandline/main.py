"""From the arguments to the exit code."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from certification.rules.commandline.exits import (
    EXIT_FINDINGS,
    EXIT_INTERRUPTED,
    EXIT_UNUSABLE,
    InputUnusable,
)
from certification.rules.commandline.parser import parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code: 0 clean, 1 findings that fail, 2 unusable input, 130
    interrupted.
    """
    try:
        return run(arguments)
    except InputUnusable as error:
        print(f"connector-rules: {error}", file=sys.stderr)  # noqa: T201
        return EXIT_UNUSABLE


def run(arguments: Sequence[str] | None = None) -> int:
    """The same for a command around it, which says itself what is unusable. Raises InputUnusable."""
    for stream in (sys.stdout, sys.stderr):
        # Names of files need not be text, and terminals need not know every character.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has seen enough; nothing more can be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FINDINGS
    return code
