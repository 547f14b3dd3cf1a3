"""What a changed catalogue would say of everything that is live, before anybody is held to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from certification.models import Validation
from certification.queries.treatments import in_force_for
from certification.rules.engine import Context
from certification.rules.findings import Report
from certification.rules.profiles import Profile
from certification.rules.registry import metadata
from certification.rules.sandbox import check_bytes
from certification.rules.version import RULES_VERSION
from connectors.models import Connector, Version
from portal.shared import storage

Check = Callable[[bytes, Profile, Context], Report]


@dataclass(frozen=True, slots=True)
class Replayed:
    """One live connector: the errors it would have now, and those of its last verdict under other rules.

    `known_under` is the version of the rules of that verdict, "" when there is none. `problem` says why
    there is no new verdict. `treated` is how this portal treats rules of such a connector.
    """

    connector: str
    publisher: str
    version: str
    known_under: str
    now: Counter[str] = field(default_factory=Counter)
    before: Counter[str] = field(default_factory=Counter)
    problem: str = ""
    treated: Mapping[str, str] = field(default_factory=dict)

    @property
    def new_rules(self) -> list[str]:
        """Rules that find something now and did not before."""
        return sorted(set(self.now) - set(self.before)) if self.known_under else sorted(self.now)

    @property
    def gone_rules(self) -> list[str]:
        return sorted(set(self.before) - set(self.now)) if not self.problem else []

    @property
    def new_errors(self) -> list[str]:
        """The new rules that would fail the connector here."""
        return [rule for rule in self.new_rules if (self.treated.get(rule) or _severity(rule)) == "error"]

    def to_dict(self) -> dict[str, Any]:
        return {
            "connector": self.connector,
            "publisher": self.publisher,
            "version": self.version,
            "known_under": self.known_under,
            "new_rules": self.new_rules,
            "gone_rules": self.gone_rules,
            "new_errors": self.new_errors,
            "findings": dict(sorted(self.now.items())),
            "problem": self.problem,
        }


def replay_live(check: Check | None = None) -> Iterator[Replayed]:
    """Judge every live version under the rules of this release, one after the other; nothing is stored."""
    check = check or _check
    live = (
        Connector.objects.filter(live_version__isnull=False)
        .exclude(state__in=["retired", "cancelled"])
        .select_related("publisher", "live_version")
        .order_by("publisher__name", "name")
    )
    titles = {connector.pk: _titles(connector) for connector in live}
    for connector in live:
        others = [title for pk, found in titles.items() if pk != connector.pk for title in found]
        yield _replay(connector, Context.of_titles(others), check)


def _titles(connector: Connector) -> list[str]:
    version = connector.live_version
    found = [connector.name, version.facts.get("title", "") if version else ""]
    return [title for title in found if title]


def _replay(connector: Connector, context: Context, check: Check) -> Replayed:
    version = connector.live_version
    assert version is not None
    known = _last_verdict(version)
    profile = Profile.from_dict({"change": "update", "publisher": connector.publisher.kind})
    result = Replayed(
        connector.name,
        connector.publisher.name,
        version.label,
        known.rules_version if known else "",
        treated={rule: each.treatment for rule, each in in_force_for(profile).items()},
    )
    if known is not None:
        result.before.update(known.findings.values_list("rule", flat=True))
    try:
        data = storage.load(version.digest)
    except (OSError, storage.StoredBytesDamaged):
        return Replayed(*_names(result), problem="its package is damaged or missing")
    report = check(data, profile, context)
    result.now.update(finding.rule for finding in report.findings)
    return result


def _names(result: Replayed) -> tuple[str, str, str, str]:
    return result.connector, result.publisher, result.version, result.known_under


def _last_verdict(version: Version) -> Validation | None:
    """The newest verdict under other rules than today's, else the newest at all."""
    found = version.validations.order_by("-created_at")
    return found.exclude(rules_version=RULES_VERSION).first() or found.first()


def _check(data: bytes, profile: Profile, context: Context) -> Report:
    return check_bytes(data, filename="package.zip", profile=profile, context=context)


def _severity(rule: str) -> str:
    about = metadata().get(rule)
    return about.severity if about else ""
