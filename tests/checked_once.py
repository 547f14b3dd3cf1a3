"""Within a run of the tests, a package that was checked in a child process is not checked in a second one.

What a child answers follows from what it is given: the bytes, the profile, the context and the limits. Every
distinct request still goes to a real child, from each process of the run; hundreds of tests hand in the same few
packages, and each child costs as much as ten such tests. A child that was ended or died is asked again.
"""

from __future__ import annotations

from collections.abc import Iterable

from certification.rules import sandbox
from connectors.confinement import Limits, Outcome, run

_answers: dict[tuple[str, Limits, tuple[bytes, ...]], Outcome] = {}


def _run_once(request: Iterable[bytes], limits: Limits, *, entry: str) -> Outcome:
    key = entry, limits, tuple(request)
    answer = _answers.get(key)
    if answer is None:
        answer = run(key[2], limits, entry=entry)
        if answer.returncode == 0 and not (answer.timed_out or answer.too_much):
            _answers[key] = answer
    return answer


def remember(is_wanted: bool = True) -> None:
    """Give checks and repairs the run that remembers, or the real one again: tests of the sandbox ask for that."""
    sandbox.run = _run_once if is_wanted else run  # type: ignore[attr-defined]
