"""From two versions of a folder to a verdict, findings and classified changes, as plain rows to store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from certification.queries.finding_groups import RANK
from certification.queries.treatments import in_force_for
from certification.rules.profiles import Profile
from certification.rules.sandbox import check_bytes
from certification.rules.version import RULES_VERSION
from certification.services.excerpts import excerpt
from certification.services.treatments import Treated, treat
from connectors import package_records as records
from connectors.definitions import Package, read_files
from connectors.definitions.diff import IMPACTS, Change, compare
from connectors.models import RepositoryBinding
from connectors.repositories import Side
from connectors.repository_words import told

MOST_FINDINGS = 500
MOST_CHANGES = 300
_EXCERPTS = 100


@dataclass(frozen=True, slots=True)
class Judged:
    """Columns of a `PullRequestCheck`, without its keys."""

    verdict: str
    change_kind: str
    problem: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    impacts: Mapping[str, int] = field(default_factory=dict)
    findings: Sequence[dict[str, Any]] = ()
    changes: Sequence[dict[str, Any]] = ()
    package_digest: str = ""
    paths: Mapping[str, str] = field(default_factory=dict)

    def columns(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict,
            "change_kind": self.change_kind,
            "rules_version": RULES_VERSION,
            "problem": self.problem[:300],
            "errors": self.counts.get("error", 0),
            "warnings": self.counts.get("warning", 0),
            "infos": self.counts.get("info", 0),
            "impacts": dict(self.impacts),
            "findings": list(self.findings),
            "changes": list(self.changes),
            "package_digest": self.package_digest,
            "paths": dict(self.paths),
        }


def judge(binding: RepositoryBinding, before: Side, after: Side) -> Judged:
    """Run the rules over what the pull request makes of the folder, with what it was as the version before.

    Names and icons of other connectors take no part: what is posted to a repository must not tell of them.
    No transaction is open meanwhile. Raises OSError when this machine could not start the check.
    """
    old = _package(before)
    kind = "update" if old is not None or binding.connector.live_version_id else "new"
    if after.error:
        return Judged("fail", kind, told(after.error))
    if not after.files:
        return Judged("fail", kind, _("The folder of the connector is taken away."))
    new = read_files(dict(after.files))
    if records.is_unusable(new):
        return Judged("fail", kind, _refusal(new))
    profile = Profile.from_dict({"change": kind, "publisher": binding.connector.publisher.kind})
    report = check_bytes(
        new.canonical_bytes(),
        filename="package.zip",
        profile=profile,
        previous=old.canonical_bytes() if old else b"",
    )
    treated = [each for each in treat(report.findings, in_force_for(profile)) if not each.is_off]
    counts = Counter(each.severity for each in treated)
    difference = compare(old, new).changes if old else ()
    return Judged(
        verdict="fail" if counts["error"] else "pass",
        change_kind=kind,
        counts=counts,
        impacts=Counter(change.impact for change in difference),
        findings=_findings(treated, new, binding.folder),
        changes=_changes(difference, new, binding.folder),
        package_digest=new.digest,
        paths=_paths(new, binding.folder),
    )


def _package(side: Side) -> Package | None:
    """What can be compared with; None for a folder that did not exist or was no package."""
    package = read_files(dict(side.files)) if side.files else None
    return None if package is None or records.is_unusable(package) else package


def _refusal(package: Package) -> str:
    return next(iter(records.refusals_of(package)), _("It holds no file of a connector."))


def _findings(treated: Sequence[Treated], package: Package, folder: str) -> list[dict[str, Any]]:
    """The worst first; the order of the engine within one severity."""
    places = _paths(package, folder)
    ordered = sorted(treated, key=lambda each: RANK[each.severity])[:MOST_FINDINGS]
    rows = []
    for number, each in enumerate(ordered):
        found = each.finding
        file = package.files.get(found.file) if number < _EXCERPTS else None
        text, first = excerpt(file, found.line)
        rows.append(
            {
                "rule": found.rule,
                "severity": each.severity,
                "message": found.message,
                "fix": found.fix,
                "file": found.file[:260],
                "path": places.get(found.file, ""),
                "pointer": found.pointer,
                "line": found.line or None,
                "column": found.column or None,
                "fingerprint": found.fingerprint,
                "group": found.group,
                "excerpt": text,
                "excerpt_line": first,
            }
        )
    return rows


def _paths(package: Package, folder: str) -> dict[str, str]:
    """Canonical name -> path in the repository."""
    prefix = f"{folder}/" if folder else ""
    return {entry.name: f"{prefix}{package.wrapper}{entry.path}" for entry in package.tree if entry.name}


def _changes(changes: Sequence[Change], new: Package, folder: str) -> list[dict[str, Any]]:
    """The worst class first."""
    places = _paths(new, folder)
    documents = {document.file.name: document for document in new.documents.values()}
    ordered = sorted(changes, key=lambda change: -IMPACTS.index(change.impact))[:MOST_CHANGES]
    rows = []
    for change in ordered:
        document = documents.get(change.new_file)
        line = document.locate(change.new_pointer).line if document else None
        rows.append(
            {
                "impact": change.impact,
                "sentence": change.sentence,
                "operation": change.operation_id,
                "file": change.new_file,
                "path": places.get(change.new_file, ""),
                "line": line,
            }
        )
    return rows
