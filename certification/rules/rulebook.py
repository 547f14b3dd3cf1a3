"""Everything that can be told about a rule, for its page and for `rules ID`."""

from __future__ import annotations

import functools
import re
from dataclasses import asdict, dataclass
from typing import Any

from certification.rules.examples import examples
from certification.rules.fixes import fixable
from certification.rules.profiles import CHANGES, PUBLISHERS, Profile, Severity
from certification.rules.registry import MEASURED, Metadata, metadata, rules

# A field of a fix text that only a finding fills: {value}, but not the doubled braces of literal ones.
_FIELD = re.compile(r"(?<!\{)\{\w+\}(?!\})")
_LEARN = "Microsoft Learn: "
SOURCES = {
    "SV": _LEARN + "Fix Swagger Validator errors",
    "CS": _LEARN + "Verified publisher certification process",
    "CS-IP": _LEARN + "Independent publisher certification process",
    "SFC": _LEARN + "Submit your connector for Microsoft certification",
    "PE": _LEARN + "Fix certification policy errors",
    "SG": _LEARN + "Connector string guidance",
    "CO": _LEARN + "Coding standards",
    "OX": _LEARN + "Extend an OpenAPI definition for a custom connector",
    "OV": _LEARN + "Evolve your API with version control",
    "DO": _LEARN + "Deprecate an operation",
    "CU": _LEARN + "Update your certified connector",
    "CUN": _LEARN + "Update your certified connector (2024 and later)",
    "TC": _LEARN + "Implement test connection",
    "WH": _LEARN + "Use a webhook as a trigger",
    "PT": _LEARN + "Use a polling trigger",
    "MA": _LEARN + "Multiple authentications on a custom connector",
    "CP": _LEARN + "Connection parameters",
    "WC": _LEARN + "Write code in a custom connector",
    "FAQ": _LEARN + "Custom connector FAQ",
    "RM": "PowerPlatformConnectors repository: README",
    "PR": "PowerPlatformConnectors repository: pull request template",
    "PRV": "PowerPlatformConnectors repository: breaking change detector",
    "TPL": "PowerPlatformConnectors repository: templates",
    "JS1": "PowerPlatformConnectors repository: JSON schema of apiDefinition",
    "JS2": "PowerPlatformConnectors repository: JSON schema of apiProperties",
    "JS3": "PowerPlatformConnectors repository: JSON schema of settings",
    "PV": "PowerPlatformConnectors repository: package validator script",
    "PIPE": "PowerPlatformConnectors repository: security pipeline",
    "paconn": "Command line client paconn",
    "OAS2": "OpenAPI (Swagger) 2.0 specification",
    "RFC8259": "RFC 8259: JSON",
    "AZD": "Azure openapi-diff rules",
    "OAD": "oasdiff rules",
    "APIFY": "Apify connector validation script",
    "corpus": "Seen in published connectors",
    "DES": "Proposal of this portal",
}
_RULES_OF_OTHERS = {"AZD": SOURCES["AZD"], "OAD": SOURCES["OAD"]}
_THREADS = {
    "GH": "PowerPlatformConnectors repository: thread ",
    "PR": "PowerPlatformConnectors repository: pull request ",
}


@dataclass(frozen=True, slots=True)
class Figures:
    """How many of the measured published connectors (or updates) break a rule. Where both kinds of publisher
    were counted together, `independent_of` is 0.
    """

    certified: int
    certified_of: int
    independent: int
    independent_of: int
    of_updates: bool = False

    def __str__(self) -> str:
        what = "updates" if self.of_updates else "connectors"
        if not self.independent_of:
            return f"in {self.certified} of {self.certified_of} {what}"
        return (
            f"in {self.certified} of {self.certified_of} certified and "
            f"{self.independent} of {self.independent_of} independent {what}"
        )


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """A rule as a page shows it. `applies_to` lists (profile, severity) for the profiles in which it runs;
    `has_repair` tells whether its findings can be repaired mechanically.
    """

    id: str
    title: str
    severity: Severity
    family: str
    family_title: str
    condition: str
    fix: str
    files: tuple[str, ...]
    sources: tuple[str, ...]
    microsoft_name: str
    figures: Figures | None
    applies_to: tuple[tuple[Profile, Severity], ...]
    acknowledgeable: bool
    has_repair: bool
    since: str
    bad_example: str
    good_example: str

    def to_dict(self) -> dict[str, Any]:
        data = asdict(self)
        data["applies_to"] = [
            {**profile.to_dict(), "severity": severity} for profile, severity in self.applies_to
        ]
        return data

    def as_text(self) -> str:
        """The rule explained for a terminal."""
        lines = [
            f"{self.id}  {self.title}",
            "",
            f"severity   {self._severities()}",
            f"condition  {self.condition}",
        ]
        lines += [f"fix        {self.fix}"]
        if self.microsoft_name:
            lines.append(f"official   {self.microsoft_name}")
        lines += [f"source     {source}" for source in self.sources]
        if self.figures:
            lines.append(f"seen       {self.figures}")
        if self.has_repair:
            lines.append("repair     connector-rules fix PATH does it")
        lines.append(f"since      {self.since}")
        for title, text in (("bad", self.bad_example), ("good", self.good_example)):
            if text:
                lines += ["", title, *("  " + line for line in text.splitlines())]
        return "\n".join(lines) + "\n"

    def _severities(self) -> str:
        if len({severity for _, severity in self.applies_to}) == 1 and len(self.applies_to) == 4:
            return self.severity
        named = (
            f"{severity} ({profile.change}, {profile.publisher})" for profile, severity in self.applies_to
        )
        return ", ".join(named)


@functools.cache
def catalogue() -> tuple[RuleInfo, ...]:
    """All rules that run, and the findings of the engine itself, in the order of the catalogue."""
    running = rules()
    return tuple(
        _info(about) for about in metadata().values() if about.id in running or about.family == "ENG"
    )


def rule_info(rule_id: str) -> RuleInfo | None:
    """The rule of this id, in whatever letter case; None when there is none."""
    return next((info for info in catalogue() if info.id.casefold() == rule_id.casefold()), None)


def without_fields(template: str) -> str:
    """A message or fix of the metadata as it reads without a finding: an ellipsis for what one fills in."""
    return _FIELD.sub("\N{HORIZONTAL ELLIPSIS}", template).replace("{{", "{").replace("}}", "}")


def _info(about: Metadata) -> RuleInfo:
    cases = examples().get(about.id)
    return RuleInfo(
        id=about.id,
        title=about.title,
        severity=about.severity,
        family=about.family,
        family_title=about.family_title,
        condition=about.condition,
        fix=without_fields(about.fix),
        files=about.files,
        sources=tuple(_source(code) for code in about.source),
        microsoft_name=_official(about.microsoft_name),
        figures=_figures(about),
        applies_to=tuple(
            (profile, about.severity_for(profile)) for profile in _PROFILES if about.applies_to(profile)
        ),
        acknowledgeable=about.acknowledgeable,
        has_repair=about.id in fixable(),
        since=about.since,
        bad_example=cases.bad[0].snippet() if cases else "",
        good_example=cases.good[0].snippet() if cases else "",
    )


_PROFILES = tuple(Profile(change, publisher) for change in CHANGES for publisher in PUBLISHERS)


def _official(name: str) -> str:
    """The official name; where only the words of a message are known, those."""
    return name[1:-1].strip('"') if name.startswith("(") and name.endswith(")") else name


def _figures(about: Metadata) -> Figures | None:
    if about.counts is None:
        return None
    certified_of, independent_of = MEASURED[about.counts_of]
    return Figures(
        about.counts["certified"] or 0,
        certified_of or 0,
        about.counts["independent"] or 0,
        independent_of or 0,
        of_updates=about.counts_of != "connectors",
    )


def _source(code: str) -> str:
    if code in SOURCES:
        return SOURCES[code]
    if code[:3] in _RULES_OF_OTHERS and code[3:].strip():
        return f"{_RULES_OF_OTHERS[code[:3]]}: {code[3:].strip()}"
    prefix = next(
        (prefix for prefix in _THREADS if code.startswith(prefix) and code[len(prefix) :].isdigit()), None
    )
    return f"{_THREADS[prefix]}{code[len(prefix) :]}" if prefix else code
