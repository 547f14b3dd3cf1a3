"""The registered rules: a check function joined with its entry in the metadata."""

from __future__ import annotations

import functools
import importlib
import json
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, cast

from certification.rules import checks
from certification.rules.findings import Hit
from certification.rules.profiles import CHANGES, PUBLISHERS, Change, Profile, Publisher, Severity

Check = Callable[..., Iterable[Hit] | None]

# The families in the order of the catalogue: files of metadata/.
_METADATA = (
    "package_layout",
    "definition_root",
    "info",
    "host",
    "security",
    "operations",
    "parameters",
    "schemas",
    "responses",
    "extensions",
    "triggers",
    "properties",
    "policies",
    "icon",
    "documents",
    "updates",
    "annotations",
    "engine",
)
# What was measured for the figures of the catalogue, by `Metadata.counts_of`: of certified and of independent
# publishers. Updates of apiProperties.json were not told apart.
MEASURED: Mapping[str, tuple[int, int | None]] = {
    "connectors": (619, 396),
    "updates": (886, 93),
    "apiProperties updates (certified+independent)": (416, None),
}


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
    measured; `counts_of` is "connectors", or the kind of updates that were measured instead.
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
    counts: Mapping[str, int | None] | None
    acknowledgeable: bool
    since: str
    counts_of: str
    changes: tuple[Change, ...]
    publishers: tuple[Publisher, ...]
    overrides: tuple[SeverityOverride, ...]

    def applies_to(self, profile: Profile) -> bool:
        return profile.change in self.changes and profile.publisher in self.publishers

    def severity_for(self, profile: Profile) -> Severity:
        if not self.overrides:
            return self.severity
        return next((item.severity for item in self.overrides if item.matches(profile)), self.severity)


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """A check and where it runs; the fields are the arguments of `rule`."""

    check: Check
    kinds: tuple[str, ...]
    keys: tuple[str, ...] = ()
    without: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    shape: Callable[[tuple[str, ...]], object] | None = None
    unless: Callable[[Any], object] | None = None
    when: Callable[[Any], object] | None = None
    needles: tuple[str, ...] = ()

    @property
    def has_question(self) -> bool:
        """Whether the value of the member decides if the check runs."""
        return self.unless is not None or self.when is not None

    def fits(self, type_name: str | None, names: tuple[str, ...]) -> bool:
        """Whether the check has anything to look at in an object with these member names and this type."""
        if self.types and type_name not in self.types:
            return False
        if self.without and not self.without.isdisjoint(names):
            return False
        return self.shape is None or bool(self.shape(names))


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
    *,
    without: str | tuple[str, ...] = (),
    type: str | tuple[str, ...] = (),
    shape: Callable[[tuple[str, ...]], object] | None = None,
    unless: Callable[[Any], object] | None = None,
    when: Callable[[Any], object] | None = None,
    needles: tuple[str, ...] = (),
) -> Callable[[Check], Check]:
    """Register `check(node)` for the nodes of kind `on` (see `grammar.KINDS`).

    The other arguments say where there is nothing to find; they are decided once for all objects with the
    same members, so what they exclude costs nothing:

    - `key`: the check is `check(node, key)` and runs only where the node has that member.
    - `without`: runs only where the node has none of these members.
    - `type`: runs only where the member "type" of the node is one of these.
    - `shape`: runs only where `shape(names)` is true of the member names of the node.
    - `unless`, `when`: together with `key`; runs only where `unless(node.value[key])` is false, or where
      `when(node.value[key])` is true. The answer about a text is remembered, so it may depend on nothing
      else; best is what C code answers: `pattern.search`, `frozenset.__contains__`. A question that several
      rules share is asked once. Raising TypeError counts as false.
    - `needles`: lower-case texts; runs only for definitions that contain one of them.

    A check yields hits or returns a sequence of them; None and () mean: nothing to say.
    """

    def register(check: Check) -> Check:
        registered = _registered.setdefault(rule_id, Rule(metadata()[rule_id], []))
        if any(binding.check.__module__ != check.__module__ for binding in registered.bindings):
            raise ValueError(f"rule {rule_id} is registered in two modules")
        registered.bindings.append(
            Binding(
                check, _tuple(on), _tuple(key), frozenset(_tuple(without)), frozenset(_tuple(type)), shape,
                unless, when, needles,
            )
        )  # fmt: skip
        return check

    return register


def _tuple(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


@functools.cache
def rules() -> Mapping[str, Rule]:
    """All rules by id, in the order of the catalogue."""
    for module in sorted(found.name for found in pkgutil.iter_modules(checks.__path__)):
        importlib.import_module(f"{checks.__name__}.{module}")
    return {rule_id: _registered[rule_id] for rule_id in metadata() if rule_id in _registered}


class UnknownRule(ValueError):
    """An id that names neither a rule nor a family of rules."""


def matching(patterns: Iterable[str]) -> frozenset[str]:
    """The ids of the rules named by comma-separated ids or families such as "INF,PKG-012", in any letter
    case. Raises UnknownRule.
    """
    found: set[str] = set()
    for pattern in (part.strip() for text in patterns for part in text.split(",")):
        folded = pattern.casefold()
        ids = {
            name
            for name, found_rule in rules().items()
            if folded in (name.casefold(), found_rule.about.family.casefold())
        }
        if not ids:
            raise UnknownRule(f"{pattern!r} is neither a rule nor a family of rules")
        found |= ids
    return frozenset(found)


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
    fields.pop("counts_of", None)
    return Metadata(
        **fields
        | {"files": tuple(fields["files"]), "source": tuple(fields["source"])}
        | {"family": family, "family_title": family_title},
        counts_of=entry.get("counts_of", "connectors"),
        changes=cast("tuple[Change, ...]", tuple(profiles.get("change", CHANGES))),
        publishers=cast("tuple[Publisher, ...]", tuple(profiles.get("publisher", PUBLISHERS))),
        overrides=tuple(SeverityOverride(**item) for item in overrides),
    )
