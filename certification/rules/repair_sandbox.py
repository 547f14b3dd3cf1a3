"""Repair packages of strangers in a child process under the limits of the sandbox for checks.

A repair is many checks, so a package that a check can bear may still be too much: the caller is told and
nothing is changed.
"""

from __future__ import annotations

import base64
import binascii
import json
import signal
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from certification.rules.profiles import Profile
from certification.rules.sandbox import EXIT_MEMORY, run_to_its_end
from connectors.confinement import MIB, Limits

REPAIR_LIMITS = Limits(processor_seconds=20, wall_seconds=25.0)


class RepairFailed(Exception):
    """The repair did not come to its end; the text says why."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One operation of a repair: `kind` is replace, add, remove, move or copy. `where` is its pointer, or
    below the finding the rest of it, empty at the finding itself. `before` and `after` are short texts, empty
    where nothing stood or stands.
    """

    kind: str
    where: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """A repaired finding. Its place is that in the package as it was when the repair's turn came."""

    rule: str
    message: str
    file: str
    line: int
    pointer: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Repaired:
    """The repaired package in its canonical form.

    `refused` counts by rule the repairs that would not have helped, `left` by severity the findings that
    remain.
    """

    archive: bytes
    changes: tuple[Change, ...]
    refused: Mapping[str, int]
    left: Mapping[str, int]


def repair_bytes(
    data: bytes,
    *,
    profile: Profile,
    previous: bytes = b"",
    selected: Iterable[str] | None = None,
    limits: Limits = REPAIR_LIMITS,
) -> Repaired:
    """Repair a package given as the bytes of a zip archive; `previous` is the published one, if there is any,
    and `selected` the rules whose repairs are wanted (None: all).

    Raises RepairFailed for whatever the package does, and OSError when no process can be started.
    """
    request = {
        "profile": profile.to_dict(),
        "selected": None if selected is None else sorted(selected),
        "limits": asdict(limits),
        "size": len(data),
        "previous_size": len(previous),
    }
    parts = [json.dumps(request).encode() + b"\n", data, previous]
    outcome = run_to_its_end(parts, limits, entry="certification.rules.repair_child")
    if outcome.timed_out:
        raise RepairFailed(f"took more than {limits.wall_seconds:g} seconds")
    if outcome.returncode == -signal.SIGXCPU:
        raise RepairFailed(f"took more than {limits.processor_seconds} seconds of processor time")
    if outcome.returncode == EXIT_MEMORY:
        raise RepairFailed(f"needed more than {limits.memory_bytes // MIB} MB of memory")
    if outcome.returncode != 0 or outcome.too_much:
        raise RepairFailed("broke off")
    return _read(outcome.output)


def _read(output: bytes) -> Repaired:
    try:
        answer = json.loads(output)
        return Repaired(
            archive=base64.b64decode(answer["archive"], validate=True),
            changes=tuple(_change(each) for each in answer["changes"]),
            refused={str(rule): int(count) for rule, count in answer["refused"].items()},
            left={str(severity): int(count) for severity, count in answer["left"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error):
        raise RepairFailed("gave an unreadable answer") from None


def _change(data: Mapping[str, Any]) -> Change:
    return Change(**{**data, "edits": tuple(Edit(**edit) for edit in data["edits"])})
