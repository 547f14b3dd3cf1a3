"""Check one package: run every rule of the profile over its files and its documents, and place what they
find.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from certification.rules.findings import Finding, Hit, Report, count_by_severity, fingerprint, group_of, shown
from certification.rules.profiles import Profile
from certification.rules.registry import Binding, Rule, metadata, rules
from certification.rules.version import RULES_VERSION
from certification.rules.walk import Node, Plan, walk
from connectors.definitions import Document, Package, Problem, Role, SourceFile, pointers

# More places of one rule help nobody and make a hostile package expensive; the rest is counted in
# `Report.omitted`.
MOST_FINDINGS_PER_RULE = 500

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
        from certification.rules.title import normal_title

        return cls(titles=frozenset(normal_title(title) for title in titles))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for another process; the previous version is not part of it."""
        return {"titles": sorted(self.titles), "icon_hashes": dict(self.icon_hashes)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Context:
        return cls(titles=frozenset(data["titles"]), icon_hashes=dict(data["icon_hashes"]))


class Run:
    """One check under way: what rules may look at besides their node, and where their hits are collected.

    `definition` and `properties` are the parsed values, None when absent or unreadable. `cache` holds what
    several rules work out together, by a name of their choice.
    """

    def __init__(self, package: Package, profile: Profile, context: Context) -> None:
        self.package = package
        self.profile = profile
        self.context = context
        self.cache: dict[str, Any] = {}
        self.hits: dict[Rule, list[Hit]] = {}
        self.omitted: dict[str, int] = {}
        self.crashes: dict[str, Finding] = {}
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

    def roots(self) -> Iterator[Node]:
        """Where the walks begin: the package, its files, and the values of its two documents."""
        package = self.package
        yield self._root("", package, "upload")
        if package.is_refused:
            return
        yield self._root("", package, "package")
        for name, file in self.files.items():
            yield self._root(name, file, "file")
        for role, document in package.documents.items():
            name = document.file.name
            yield self._root(name, document.file, "json-file")
            if role is Role.DEFINITION:
                yield self._root(name, document.file, "definition-file")
            kind = _ROOT_KINDS.get(role)
            # Nothing was recovered of a broken file: its syntax is the finding, not its absent content.
            if kind and (document.value is not None or document.is_valid_json):
                yield self._root(name, document.value, kind)
        if package.script is not None:
            yield self._root(package.script.name, package.script, "script")

    def _root(self, file: str, value: Any, kind: str) -> Node:
        return Node(self, file, (value, kind, (), None))

    def needless(self, plan_rules: Iterable[Rule]) -> frozenset[Binding]:
        """The checks whose needles the definition does not contain anywhere: they cannot find anything."""
        document = self.package.definition
        text = document.file.text if document else ""
        if "\\u" in text:
            return frozenset()
        folded = text.lower()
        return frozenset(
            binding
            for rule in plan_rules
            for binding in rule.bindings
            if binding.needles and not any(needle in folded for needle in binding.needles)
        )

    def collect(self, rule: Rule, hits: Iterable[Hit]) -> None:
        kept = self.hits.setdefault(rule, [])
        for hit in hits:
            if len(kept) < MOST_FINDINGS_PER_RULE:
                kept.append(hit)
            else:
                self.omitted[rule.id] = self.omitted.get(rule.id, 0) + 1

    def crashed(self, rule: Rule, node: Node, error: Exception) -> None:
        """A rule that fails is a finding, once; its message names the kind of error and nothing of the
        package.
        """
        if rule.id not in self.crashes:
            kind = type(error).__name__
            self.crashes[rule.id] = engine_finding("ENG-001", rule.id, file=node.file, error=kind)

    def place(self, rule: Rule, hits: Iterable[Hit]) -> Iterator[Finding]:
        """Findings with their places; this is the only work that grows with what is wrong."""
        about, severity = rule.about, rule.about.severity_for(self.profile)
        seen: dict[str, int] = {}
        for hit in hits:
            pointer = pointers.build(hit.path or ())
            mark = fingerprint(rule.id, hit.file, pointer, hit.value)
            seen[mark] = seen.get(mark, 0) + 1
            line, column, length = self._position(hit, pointer)
            texts = {"value": shown(hit.value), **{name: shown(fact) for name, fact in hit.facts.items()}}
            yield Finding(
                rule=rule.id,
                severity=severity,
                message=about.message.format(**texts),
                fix=about.fix.format(**texts),
                file=hit.file,
                pointer=pointer,
                line=line,
                column=column,
                length=length,
                fingerprint=mark if seen[mark] == 1 else f"{mark}-{seen[mark]}",
                group=group_of(
                    rule.id, hit.file, hit.cause if hit.cause is not None else str(texts["value"])
                ),
            )

    def _position(self, hit: Hit, pointer: str) -> tuple[int, int, int]:
        if hit.at is not None:
            return hit.at
        if hit.span is not None:
            line, column = self.files[hit.file].position(hit.span[0])
            return line, column, hit.span[1] - hit.span[0]
        document = self.documents.get(hit.file)
        if document is None or hit.path is None:
            return 0, 0, 0
        span = document.locate(pointer, key=hit.at_key)
        return span.line, span.column, span.length


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
    plan = _plan(profile, selected, run.needless(chosen))
    nodes = sum(walk(root, plan, run.collect, run.crashed) for root in run.roots())
    findings = [finding for rule, hits in run.hits.items() for finding in run.place(rule, hits)]
    findings = sorted([*findings, *run.crashes.values()], key=lambda finding: finding.order)
    return Report(
        package=label or package.filename,
        digest="" if package.is_refused else package.digest,
        rules_version=RULES_VERSION,
        profile=profile,
        findings=tuple(findings),
        stats={"rules": len(chosen), "nodes": nodes, **count_by_severity(findings)},
        omitted=dict(sorted(run.omitted.items())),
    )


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


@functools.lru_cache(maxsize=256)
def _plan(profile: Profile, selected: frozenset[str] | None, left_out: frozenset[Binding]) -> Plan:
    return Plan.of(_chosen(profile, selected), left_out)
