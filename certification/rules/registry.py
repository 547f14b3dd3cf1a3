"""The registered rules: a check function joined with its entry in the metadata."""

from __future__ import annotations

import functools
import importlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, cast

from certification.rules.findings import Hit
from certification.rules.profiles import CHANGES, PUBLISHERS, Change, Profile, Publisher, Severity

Check = Callable[..., Iterable[Hit] | None]

# Modules whose import registers rules. A new subject is added here.
RULE_MODULES = (
    "layout",
    "encoding",
    "reader",
    "script",
    "root",
    "texts",
    "title",
    "description",
    "contact",
    "listing",
)
_METADATA = ("package_layout", "definition_root", "info", "engine")
# Connectors measured for the figures of the catalogue.
MEASURED = {"certified": 619, "independent": 396}


@dataclass(frozen=True, slots=True)
class SeverityOverride:
    """Another severity for the profiles it matches; None matches every value."""

    severity: Severity
    change: Change | None = None
    publisher: Publisher | None = None

    def matches(self, profile: Profile) -> bool:
        return self.change in (None, profile.change) and self.publisher in (None, profile.publisher)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is said about a rule. `message` and `fix` are format strings over the facts of a hit.

    `counts` holds how many of the measured certified and independent connectors break the rule, None if not
    measured.
    """

    id: str
    family: str
    family_title: str
    title: str
    severity: Severity
    condition: str
    message: str
    fix: str
    files: tuple[str, ...]
    source: tuple[str, ...]
    microsoft_name: str
    counts: Mapping[str, int] | None
    acknowledgeable: bool
    since: str
    changes: tuple[Change, ...]
    publishers: tuple[Publisher, ...]
    overrides: tuple[SeverityOverride, ...]

    def applies_to(self, profile: Profile) -> bool:
        return profile.change in self.changes and profile.publisher in self.publishers

    def severity_for(self, profile: Profile) -> Severity:
        return next((item.severity for item in self.overrides if item.matches(profile)), self.severity)


@dataclass(frozen=True, slots=True)
class Binding:
    """A check and where it runs: on every node of `kinds`, or only where such a node has a member of `keys`.

    `needles` are lower-case texts; a definition without any of them holds nothing for the check to find.
    """

    check: Check
    kinds: tuple[str, ...]
    keys: tuple[str, ...]
    needles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A rule that can run. Nearly every rule has one check; one that looks at unlike kinds of nodes has
    several.
    """

    about: Metadata
    bindings: list[Binding]

    @property
    def id(self) -> str:
        return self.about.id


_registered: dict[str, Rule] = {}


def rule(
    rule_id: str,
    on: str | tuple[str, ...],
    key: str | tuple[str, ...] = (),
    needles: tuple[str, ...] = (),
) -> Callable[[Check], Check]:
    """Register `check(node)` for the nodes of kind `on`.

    With `key` the check is `check(node, key)` and runs only where the node has that member: the cheapest way
    to look at an optional member. With `needles` (lower case) it runs only for definitions that contain one
    of them, found by one search of the whole text instead of many calls. A check yields hits or returns a
    sequence of them; None and () mean: nothing to say.
    """

    def register(check: Check) -> Check:
        kinds = (on,) if isinstance(on, str) else on
        keys = (key,) if isinstance(key, str) else key
        registered = _registered.setdefault(rule_id, Rule(metadata()[rule_id], []))
        if any(binding.check.__module__ != check.__module__ for binding in registered.bindings):
            raise ValueError(f"rule {rule_id} is registered in two modules")
        registered.bindings.append(Binding(check, kinds, keys, needles))
        return check

    return register


@functools.cache
def rules() -> Mapping[str, Rule]:
    """All rules by id, in the order of the catalogue."""
    for module in RULE_MODULES:
        importlib.import_module(f"certification.rules.{module}")
    return {rule_id: _registered[rule_id] for rule_id in metadata() if rule_id in _registered}


@functools.cache
def metadata() -> Mapping[str, Metadata]:
    """The metadata of all rules by id, also of the engine's own findings (ENG)."""
    entries: dict[str, Metadata] = {}
    for name in _METADATA:
        text = resources.files(__package__).joinpath("metadata", f"{name}.json").read_text("utf-8")
        table = json.loads(text)
        for entry in table["rules"]:
            entries[entry["id"]] = _metadata(entry, table["family"], table["title"])
    return entries


def _metadata(entry: dict[str, Any], family: str, family_title: str) -> Metadata:
    fields = dict(entry)
    profiles = fields.pop("profiles", {})
    overrides = fields.pop("severities", ())
    return Metadata(
        **fields
        | {"files": tuple(fields["files"]), "source": tuple(fields["source"])}
        | {"family": family, "family_title": family_title},
        changes=cast("tuple[Change, ...]", tuple(profiles.get("change", CHANGES))),
        publishers=cast("tuple[Publisher, ...]", tuple(profiles.get("publisher", PUBLISHERS))),
        overrides=tuple(SeverityOverride(**item) for item in overrides),
    )
