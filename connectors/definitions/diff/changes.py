"""A change between two packages, and the difference that all of them make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from connectors.definitions import pointers
from connectors.definitions.diff.kinds import IMPACTS, KINDS, Impact

Keys = tuple[str | int, ...]

_LONGEST_TEXT, _MOST_SHOWN = 80, 8
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs.

    `operation_id` names the operation ("GET /tides" for one without id), `also_in` others that meet the same
    shared schema, `subject` what it is about: "body/name", "tides[]/level", the name of a connection
    parameter. Old and new place are a file and the keys that lead to a value in it; what exists in one
    version only has the nearest place around in the other. `note` says why `impact` is not the usual one of
    the kind, or names the member that differs.
    """

    kind: str
    impact: Impact
    operation_id: str = ""
    subject: str = ""
    old_file: str = ""
    old_keys: Keys = ()
    new_file: str = ""
    new_keys: Keys = ()
    old_value: Any = None
    new_value: Any = None
    note: str = ""
    also_in: tuple[str, ...] = ()

    @property
    def direction(self) -> str:
        """ "input", "output", or "" where it does not matter."""
        head = self.kind.partition("-")[0]
        return head if head in ("input", "output") else ""

    @property
    def old_pointer(self) -> str:
        return pointers.build(self.old_keys)

    @property
    def new_pointer(self) -> str:
        return pointers.build(self.new_keys)

    @property
    def sentence(self) -> str:
        text = KINDS[self.kind].sentence.format(
            operation=printable(self.operation_id),
            subject=printable(self.subject),
            note=printable(self.note),
            old=in_words(self.old_value),
            new=in_words(self.new_value),
        )
        return f"{text} {self._shared()}" if self.also_in else text

    def _shared(self) -> str:
        names, rest = self.also_in[:3], len(self.also_in) - 3
        others = ", ".join(printable(name) for name in names)
        return f"Also in {others} and {rest} more." if rest > 0 else f"Also in {others}."


def printable(text: str) -> str:
    """One short line of a text out of a package."""
    text = _UNPRINTABLE.sub(" ", text[: 2 * _LONGEST_TEXT])
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"


def in_words(value: Any) -> str:
    """A value as it stands in a sentence."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        shown = ", ".join(in_words(item) for item in value[:_MOST_SHOWN])
        rest = len(value) - _MOST_SHOWN
        return f"{shown} and {rest} more" if rest > 0 else shown or "none"
    if isinstance(value, str):
        return printable(value) or '""'
    return printable(str(value)) if not isinstance(value, int) or abs(value) < 10**40 else "a huge number"


@dataclass(frozen=True)
class Difference:
    """All changes between two versions, in the order of the definition.

    `is_complete` is false when the comparison was cut off because a version was made to be expensive: then
    more may have changed than is said here.
    """

    changes: tuple[Change, ...]
    is_complete: bool = True

    @cached_property
    def by_kind(self) -> dict[str, tuple[Change, ...]]:
        found: dict[str, list[Change]] = {}
        for change in self.changes:
            found.setdefault(change.kind, []).append(change)
        return {kind: tuple(changes) for kind, changes in found.items()}

    def of(self, *kinds: str) -> Iterator[Change]:
        """The changes of these kinds, one kind after the other."""
        for kind in kinds:
            yield from self.by_kind.get(kind, ())

    def with_impact(self, impact: Impact) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.impact == impact)

    @cached_property
    def impact(self) -> Impact | None:
        """That of the worst change; None when nothing changed."""
        if not self.is_complete:
            return "breaking"
        return worst(change.impact for change in self.changes)

    @property
    def is_empty(self) -> bool:
        return not self.changes and self.is_complete


def worst(impacts: Iterable[Impact]) -> Impact | None:
    found = set(impacts)
    return next((impact for impact in reversed(IMPACTS) if impact in found), None)
