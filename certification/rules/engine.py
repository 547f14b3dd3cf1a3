"""Check one package: run every rule of the profile over its files and its documents, and place what they
find.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from certification.rules.api import Api
from certification.rules.findings import (
    Finding,
    Hit,
    Key,
    Report,
    count_by_severity,
    fingerprint,
    group_of,
    shown,
)
from certification.rules.grammar import SIDES
from certification.rules.needles import Words
from certification.rules.placing import place
from certification.rules.plans import Plan, leaves_out
from certification.rules.profiles import Profile
from certification.rules.registry import Binding, Rule, metadata, rules
from certification.rules.version import RULES_VERSION
from certification.rules.walk import Node, walk
from connectors.definitions import Document, Package, Problem, Role, SourceFile

# More places of one rule help nobody and make a hostile package expensive; the rest is counted in
# `Report.omitted`.
MOST_FINDINGS_PER_RULE = 500

_ASCII_LIKE = frozenset(("utf-8", "utf-8-sig", "windows-1252"))
_ROOT_KINDS = {Role.DEFINITION: "definition", Role.PROPERTIES: "properties"}


@dataclass(frozen=True, slots=True)
class Context:
    """What is known besides the package; rules that need what is absent keep silent.

    `titles` are the titles of all other connectors, in the form of `title.normal_title`; use
    `Context.of_titles`. `icon_hashes` maps the SHA-256 of other connectors' icons to the name of their
    connector. `previous` is the version of the same connector that is published now.
    """

    titles: frozenset[str] = frozenset()
    icon_hashes: Mapping[str, str] = field(default_factory=dict)
    previous: Package | None = None

    @classmethod
    def of_titles(cls, titles: Iterable[str]) -> Context:
        from certification.rules.checks.title import normal_title

        return cls(titles=frozenset(normal_title(title) for title in titles))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for another process. The previous version is not part of it: it travels as the bytes
        of `previous_bytes`.
        """
        return {"titles": sorted(self.titles), "icon_hashes": dict(self.icon_hashes)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], previous: Package | None = None) -> Context:
        return cls(titles=frozenset(data["titles"]), icon_hashes=dict(data["icon_hashes"]), previous=previous)

    @property
    def previous_bytes(self) -> bytes:
        """The canonical bytes of the previous version; empty when there is none that could be accepted."""
        if self.previous is None or self.previous.is_refused:
            return b""
        return self.previous.canonical_bytes()


class Run:
    """One check under way: what rules may look at besides their node, and where their hits are collected.

    `definition` and `properties` are the parsed values, None when absent or unreadable. `cache` holds what
    several rules work out together, by a name of their choice. `absent` holds the needles of rules that the
    definition contains nowhere.
    """

    def __init__(self, package: Package, profile: Profile, context: Context) -> None:
        self.package = package
        self.profile = profile
        self.context = context
        self.cache: dict[str, Any] = {}
        self.absent: frozenset[str] = frozenset()
        self.hits: dict[Rule, list[Hit]] = {}
        self.omitted: dict[str, int] = {}
        self.crashes: dict[str, Finding] = {}
        self.references_from: dict[str, set[str]] = {side: set() for side in SIDES}
        self.files: Mapping[str, SourceFile] = package.files
        self.documents: dict[str, Document] = {
            document.file.name: document for document in package.documents.values()
        }
        self.definition: Any = package.definition.value if package.definition else None
        self.properties: Any = package.properties.value if package.properties else None
        self._problems: dict[str, list[Problem]] = {}
        for problem in package.problems:
            self._problems.setdefault(problem.file, []).append(problem)

    def problems_of(self, file: str) -> list[Problem]:
        """What the reader found wrong with the bytes of a file."""
        return self._problems.get(file, [])

    @functools.cached_property
    def is_definition_whole(self) -> bool:
        """False when a wrong bracket ended the definition early: what then seems absent only was not read."""
        document = self.package.definition
        if document is None or document.is_valid_json:
            return True
        span = document.locate("")
        return span.offset + span.length >= len(document.file.text.rstrip())

    @functools.cached_property
    def api(self) -> Api:
        """The definition as a model: operations, parameters with references followed, policies."""
        document = self.package.definition
        return Api(self.definition, self.properties, document.objects if document else None)

    def hit(self, *keys: Key, value: object = None, **more: Any) -> Hit:
        """A hit anywhere in the definition, by its path; see `Node.hit`."""
        document = self.package.definition
        at_key, cause = more.pop("at_key", False), more.pop("cause", None)
        return Hit(document.file.name if document else "", keys, value, more, at_key=at_key, cause=cause)

    def sides_of_schemas(self) -> dict[str, str]:
        """Shared schema to where makers meet it: "input", "output" or "both"; absent when nothing refers to
        it. Complete once the operations have been walked.
        """
        return self.api.sides(self.references_from["input"], self.references_from["output"])

    def roots(self) -> Iterator[tuple[str, Any, str]]:
        """Where the walks begin, as file, value and kind: the package, its files, and the values of its two
        documents.
        """
        package = self.package
        yield "", package, "upload"
        if package.is_refused:
            return
        yield "", package, "package"
        for name, file in self.files.items():
            yield name, file, "file"
        for role, document in package.documents.items():
            name = document.file.name
            yield name, document.file, "json-file"
            if role is Role.DEFINITION:
                yield name, document.file, "definition-file"
            kind = _ROOT_KINDS.get(role)
            # Nothing was recovered of a broken file: its syntax is the finding, not its absent content.
            if kind and (document.value is not None or document.is_valid_json):
                yield name, document.value, kind
        if package.script is not None:
            yield package.script.name, package.script, "script"
        if self.context.previous is not None and isinstance(self.definition, dict):
            yield "", self.context.previous, "update"

    def look_for(self, needles: Words) -> None:
        """Note which of these words the definition does not contain anywhere."""
        document = self.package.definition
        content = document.file.content if document and document.file.encoding in _ASCII_LIKE else None
        # An escape may spell any letter; most files have no backslash at all, which costs less to find out.
        if content is not None and not (b"\\" in content and b"\\u" in content):
            self.absent = needles.absent_from(content)

    def collect(self, rule: Rule, found: tuple[Hit, ...]) -> None:
        """Keep what a check found; beyond a limit it is only counted."""
        kept = self.hits.get(rule)
        if kept is None:
            kept = self.hits[rule] = []
        room = MOST_FINDINGS_PER_RULE - len(kept)
        if len(found) <= room:
            kept += found
        else:
            kept += found[:room]
            self.omitted[rule.id] = self.omitted.get(rule.id, 0) + len(found) - room

    def crashed(self, rule: Rule, node: Node, error: Exception) -> None:
        """A rule that fails is a finding, once; its message names the kind of error and nothing of the
        package.
        """
        if rule.id not in self.crashes:
            kind = type(error).__name__
            self.crashes[rule.id] = engine_finding("ENG-001", rule.id, file=node.file, error=kind)


def check_package(
    package: Package,
    profile: Profile,
    context: Context | None = None,
    *,
    selected: frozenset[str] | None = None,
    label: str = "",
) -> Report:
    """Run the rules of `profile` (only those in `selected`, if given) over a package.

    The same package, profile, context and version of the rules always give the same report. Never raises for
    anything in the package, except MemoryError. `label` names the package in the report.
    """
    run = Run(package, profile, context or Context())
    chosen = _chosen(profile, selected)
    run.look_for(_needles(profile, selected))
    plan = _plan(profile, selected, _left_out(profile, selected, run.absent))
    nodes = sum(
        walk(run, file, value, plan.kinds[kind], run.collect, run.crashed)
        for file, value, kind in run.roots()
    )
    # What rules keep refers to nodes, and nodes to the run: a ring that would hold the package in memory.
    run.cache.clear()
    findings = [*place(run.hits, profile, run.files, run.documents), *run.crashes.values()]
    findings.sort(key=_ORDER)
    return Report(
        package=label or package.filename,
        digest="" if package.is_refused else package.digest,
        rules_version=RULES_VERSION,
        profile=profile,
        findings=tuple(findings),
        stats={"rules": len(chosen), "nodes": nodes, **count_by_severity(findings)},
        omitted=dict(sorted(run.omitted.items())),
    )


_ORDER = operator.attrgetter("file", "line", "column", "rule")


def engine_finding(rule_id: str, value: str, *, file: str = "", **facts: object) -> Finding:
    """A finding about the check itself (ENG)."""
    about = metadata()[rule_id]
    texts = {"value": shown(value), **facts}
    return Finding(
        rule=rule_id,
        severity=about.severity,
        message=about.message.format(**texts),
        fix=about.fix,
        file=file,
        pointer="",
        line=0,
        column=0,
        length=0,
        fingerprint=fingerprint(rule_id, file, "", value),
        group=group_of(rule_id, file, value),
    )


def failed_report(label: str, profile: Profile, finding: Finding) -> Report:
    """The report of a check that did not come to its end, with the one finding that says why."""
    stats = {"rules": 0, "nodes": 0, **count_by_severity([finding])}
    return Report(label, "", RULES_VERSION, profile, (finding,), stats)


@functools.lru_cache(maxsize=32)
def _chosen(profile: Profile, selected: frozenset[str] | None) -> tuple[Rule, ...]:
    return tuple(
        rule
        for rule in rules().values()
        if rule.about.applies_to(profile) and (selected is None or rule.id in selected)
    )


@functools.lru_cache(maxsize=32)
def _needles(profile: Profile, selected: frozenset[str] | None) -> Words:
    chosen = _chosen(profile, selected)
    return Words(needle for rule in chosen for binding in rule.bindings for needle in binding.needles)


@functools.lru_cache(maxsize=32)
def _whole_plan(profile: Profile, selected: frozenset[str] | None) -> Plan:
    return Plan.of(_chosen(profile, selected))


@functools.lru_cache(maxsize=256)
def _left_out(
    profile: Profile, selected: frozenset[str] | None, absent: frozenset[str]
) -> frozenset[Binding]:
    """The checks none of whose needles the definition contains."""
    return frozenset(
        binding
        for rule in _chosen(profile, selected)
        for binding in rule.bindings
        if leaves_out(binding, absent)
    )


@functools.lru_cache(maxsize=64)
def _plan(profile: Profile, selected: frozenset[str] | None, left_out: frozenset[Binding]) -> Plan:
    plan = _whole_plan(profile, selected)
    return plan.without(left_out) if left_out else plan
