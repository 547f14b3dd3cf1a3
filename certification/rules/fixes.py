"""Mechanical repairs: what a publisher would do by hand, as JSON Patch (RFC 6902) on one JSON file.

    @fix("HST-012")
    def drop_final_slash(place: Place) -> Patch:
        return place.replace(place.value.rstrip("/"))

A repair makes its finding disappear and changes nothing else. What needs a decision (a better description)
is no repair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from certification.rules.findings import Key
from connectors.definitions import Package, pointers

if TYPE_CHECKING:
    from certification.rules.findings import Finding

Operation = Mapping[str, Any]
Patch = tuple[Operation, ...]
"""Operations {"op": …, "path": …, "value" or "from": …}, to be applied in this order."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding stands: the parsed file `root`, the `keys` that lead there, the whole `package`."""

    package: Package
    root: Any
    keys: tuple[Key, ...]

    @property
    def value(self) -> Any:
        """What stands there; LookupError when nothing does."""
        value = self.root
        for key in self.keys:
            value = value[key]
        return value

    @property
    def name(self) -> Key:
        """The last key: a member's name or an index."""
        return self.keys[-1]

    @property
    def pointer(self) -> str:
        return pointers.build(self.keys)

    @property
    def parent(self) -> Place:
        return Place(self.package, self.root, self.keys[:-1])

    def at(self, *keys: Key) -> Place:
        """A place below this one."""
        return Place(self.package, self.root, self.keys + keys)

    def replace(self, value: Any) -> Patch:
        """Put another value in the place of this one."""
        return ({"op": "replace", "path": self.pointer, "value": value},)

    def remove(self) -> Patch:
        """Take this member or item out."""
        return ({"op": "remove", "path": self.pointer},)

    def add(self, name: str, value: Any) -> Patch:
        """Give the object at this place a member more."""
        return ({"op": "add", "path": self.at(name).pointer, "value": value},)

    def rename(self, name: str) -> Patch:
        """Give this member another name; nothing is done when the object has a member of that name."""
        if name in self.parent.value:
            return ()
        return ({"op": "move", "from": self.pointer, "path": self.parent.at(name).pointer},)


Fixer = Callable[[Place], Patch]
_fixers: dict[str, Fixer] = {}


def fix(rule_id: str) -> Callable[[Fixer], Fixer]:
    """Register the repair of a rule: from the place of a finding to the patch of that file; () when this
    case must be left to a person.
    """

    def register(fixer: Fixer) -> Fixer:
        if rule_id in _fixers:
            raise ValueError(f"rule {rule_id} has two repairs")
        _fixers[rule_id] = fixer
        return fixer

    return register


def fixable() -> frozenset[str]:
    """The ids of the rules that have a repair."""
    from certification.rules.registry import rules

    rules()
    return frozenset(_fixers)


def patch_for(package: Package, finding: Finding) -> Patch:
    """The patch that makes a finding of this package disappear; () when there is none."""
    fixer = _fixers.get(finding.rule)
    document = next((found for found in package.documents.values() if found.file.name == finding.file), None)
    if fixer is None or document is None:
        return ()
    keys = _keys(document.value, finding.pointer)
    if keys is None:
        return ()
    try:
        return fixer(Place(package, document.value, keys))
    except (LookupError, TypeError, ValueError, AttributeError):
        # Not the shape that the repair expects: that is a case for a person.
        return ()


def _keys(value: Any, pointer: str) -> tuple[Key, ...] | None:
    """The keys of a pointer, numbers for the items of arrays; None when nothing stands there."""
    keys: list[Key] = []
    for token in pointers.split(pointer):
        key: Key = int(token) if isinstance(value, list) and token.isdecimal() else token
        try:
            value = value[key]
        except (LookupError, TypeError):
            return None
        keys.append(key)
    return tuple(keys)
