"""What a check says: hits of rules, findings with a place, and the report over a package."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from certification.rules.profiles import SEVERITIES, Profile, Severity

Verdict = Literal["pass", "fail"]
Key = str | int

_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
_SHOWN_CHARACTERS = 120


@dataclass(slots=True)
class Hit:
    """One place where a rule is broken, as the rule reports it.

    `file` and `path` name the place; without a path the whole file is meant. Instead of a path, `span` gives
    the start and end character in the text of the file, and `at` a known line, column and length. `at_key`
    points at the member's name instead of its value. `value` is what was found; it enters message and
    fingerprint. `facts` fill the other fields of message and fix. `cause` joins hits of one root cause into a
    group; without it, hits of equal value form a group.
    """

    file: str
    path: tuple[Key, ...] | None = None
    value: object = None
    facts: Mapping[str, object] = field(default_factory=dict)
    span: tuple[int, int] | None = None
    at: tuple[int, int, int] | None = None
    at_key: bool = False
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken rule at one place.

    `line` and `column` count from 1 and `length` in characters; all 0 when the whole file or package is
    meant.
    """

    rule: str
    severity: Severity
    message: str
    fix: str
    file: str
    pointer: str
    line: int
    column: int
    length: int
    fingerprint: str
    group: str

    @property
    def order(self) -> tuple[str, int, int, str, str, str]:
        return (self.file, self.line, self.column, self.rule, self.pointer, self.fingerprint)


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict over one package under one profile and one version of the rules.

    `stats` counts nodes walked, rules run and findings by severity; `omitted` names rules whose findings were
    cut at the limit, with the number of findings left out.
    """

    package: str
    digest: str
    rules_version: str
    profile: Profile
    findings: tuple[Finding, ...]
    stats: dict[str, int]
    omitted: dict[str, int] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        return "fail" if any(finding.severity == "error" for finding in self.findings) else "pass"

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for storing and for the JSON output; `from_dict` is the way back."""
        return {
            "package": self.package,
            "digest": self.digest,
            "rules_version": self.rules_version,
            "profile": self.profile.to_dict(),
            "verdict": self.verdict,
            "findings": [asdict(finding) for finding in self.findings],
            "stats": self.stats,
            "omitted": self.omitted,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Report:
        """Raises KeyError, TypeError or ValueError when the data are not those of a report."""
        findings = tuple(Finding(**finding) for finding in data["findings"])
        if any(finding.severity not in SEVERITIES for finding in findings):
            raise ValueError("unknown severity")
        return cls(
            package=str(data["package"]),
            digest=str(data["digest"]),
            rules_version=str(data["rules_version"]),
            profile=Profile.from_dict(data["profile"]),
            findings=findings,
            stats=dict(data["stats"]),
            omitted=dict(data["omitted"]),
        )


def count_by_severity(findings: Iterable[Finding]) -> dict[str, int]:
    counts: dict[str, int] = dict.fromkeys(SEVERITIES, 0)
    for finding in findings:
        counts[finding.severity] += 1
    return counts


def shown(value: object) -> str:
    """The value as one short printable line: text of a package never reaches a terminal or log as it is."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, dict):
        return f"an object with {len(value)} members"
    if isinstance(value, list):
        return f"an array with {len(value)} items"
    text = str(value)[: 4 * _SHOWN_CHARACTERS]
    text = _UNPRINTABLE.sub(
        lambda match: f"\\u{ord(match[0]):04x}" if match[0] not in "\t\r\n" else " ", text
    )
    return (
        text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "\N{HORIZONTAL ELLIPSIS}"
    )


def fingerprint(rule: str, file: str, pointer: str, value: object) -> str:
    """The same for the same fault after reformatting: position, indentation and line ends do not enter."""
    normal = " ".join(value.split())[:2000] if isinstance(value, str) else shown(value)
    return _short_hash(rule, file.casefold(), pointer, normal)


def group_of(rule: str, file: str, cause: str) -> str:
    return _short_hash(rule, file.casefold(), " ".join(cause.split())[:2000])


def _short_hash(*parts: str) -> str:
    joined = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()[:20]
