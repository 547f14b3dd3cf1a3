"""What a check says: hits of rules, findings with a place, and the report over a package."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from certification.rules.profiles import SEVERITIES, Profile, Severity
from connectors.definitions import pointers

if TYPE_CHECKING:
    from certification.rules.registry import Metadata

Verdict = Literal["pass", "fail"]
Key = str | int

_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
_SHOWN_CHARACTERS = 120


# A visited value: the value, the plan of its kind, the frame of the object around it, the key under which
# that object holds it, and, where the key holds a map or an array, its name or index therein.
Frame = tuple[Any, Any, "Frame | None", str, "Key | None"]
_NO_FACTS: Mapping[str, object] = MappingProxyType({})
_new = object.__new__


def path_of(frame: Frame | None) -> tuple[Key, ...]:
    """The keys that lead from the root to a visited value."""
    keys: list[Key] = []
    while frame is not None:
        _, _, frame, key, name = frame
        if name is not None:
            keys.append(name)
        if key:
            keys.append(key)
    keys.reverse()
    return tuple(keys)


class Hit:
    """One place where a rule is broken, as the rule reports it.

    `file` and `path` name the place; without a path the whole file is meant. Instead of a path, `frame` and
    `keys` name a visited value and a member below it, `span` gives the start and end character in the text of
    the file, and `at` a known line, column and length. `at_key` points at the member's name instead of its
    value. `value` is what was found; it enters message and fingerprint. `facts` fill the other fields of
    message and fix. `cause` joins hits of one root cause into a group; without it, hits of equal value form a
    group. `severity` replaces the severity of the rule for this place.
    """

    __slots__ = (
        "_path", "at", "at_key", "cause", "facts", "file", "frame", "keys", "severity", "span", "value",
    )  # fmt: skip

    def __init__(
        self,
        file: str,
        path: tuple[Key, ...] | None = None,
        value: object = None,
        facts: Mapping[str, object] = _NO_FACTS,
        *,
        span: tuple[int, int] | None = None,
        at: tuple[int, int, int] | None = None,
        at_key: bool = False,
        cause: str | None = None,
        frame: Frame | None = None,
        keys: tuple[Key, ...] = (),
        severity: Severity | None = None,
    ) -> None:
        self.file = file
        self._path = path
        self.value = value
        self.facts = facts
        self.span = span
        self.at = at
        self.at_key = at_key
        self.cause = cause
        self.frame = frame
        self.keys = keys
        self.severity = severity

    @classmethod
    def below(
        cls,
        file: str,
        frame: Frame,
        keys: tuple[Key, ...],
        value: object,
        facts: Mapping[str, object],
        cause: str | None,
        at_key: bool,
    ) -> Hit:
        """A hit at a visited value or at a member below it: what nearly all are, made without a call of
        `__init__`.
        """
        hit = _new(cls)
        hit.file = file
        hit.value = value
        hit.facts = facts
        hit.at_key = at_key
        hit.cause = cause
        hit.frame = frame
        hit.keys = keys
        hit._path = hit.span = hit.at = hit.severity = None
        return hit

    @property
    def path(self) -> tuple[Key, ...] | None:
        if self._path is None and self.frame is not None:
            self._path = path_of(self.frame) + self.keys
        return self._path

    @property
    def pointer(self) -> str:
        return pointers.build(self.path or ())

    @property
    def identity(self) -> tuple[object, ...]:
        """Equal for hits of one rule at one place with one value."""
        value = self.value if self.value.__class__ is str else None
        if self.frame is not None:
            return (id(self.frame), self.keys, value)
        return (self.file, self._path, self.span, self.at, value)


class Found:
    """All hits of one rule in a package. How many equal ones came before each tells their fingerprints apart;
    it is counted when the first fingerprint is asked for.
    """

    __slots__ = ("_earlier", "about", "hits", "severity")

    def __init__(self, about: Metadata, severity: Severity, hits: Sequence[Hit]) -> None:
        self.about = about
        self.severity = severity
        self.hits = hits
        self._earlier: dict[int, int] = {}

    def earlier(self, hit: Hit) -> int:
        """The number of equal hits before this one."""
        if not self._earlier:
            seen: dict[tuple[object, ...], int] = {}
            for one in self.hits:
                identity = one.identity
                count = self._earlier[id(one)] = seen.get(identity, 0)
                seen[identity] = count + 1
        return self._earlier[id(hit)]


class _Facts(dict[str, str]):
    """What fills a message. A fact that a check forgot must not cost the reader the finding."""

    def __missing__(self, key: str) -> str:
        return "\N{HORIZONTAL ELLIPSIS}"


class Finding:
    """A broken rule at one place.

    `line` and `column` count from 1 and `length` in characters; all 0 when the whole file or package is
    meant. `fingerprint` stays the same when the file is reformatted; findings with one `group` have one
    cause. What is written out only for a reader (message, fix, pointer, fingerprint, group) is worked out
    when it is first asked for: of a thousand findings most are only counted.
    """

    __slots__ = (
        "_found",
        "_hit",
        "_texts",
        "column",
        "file",
        "length",
        "line",
        "rule",
        "severity",
    )
    FIELDS = (
        "rule", "severity", "message", "fix", "file", "pointer", "line", "column", "length", "fingerprint",
        "group",
    )  # fmt: skip

    rule: str
    severity: Severity
    file: str
    line: int
    column: int
    length: int
    _texts: dict[str, str]
    _found: Found
    _hit: Hit

    def __init__(
        self,
        rule: str,
        severity: Severity,
        message: str,
        fix: str,
        file: str,
        pointer: str,
        line: int,
        column: int,
        length: int,
        fingerprint: str,
        group: str,
    ) -> None:
        self.rule, self.severity, self.file = rule, severity, file
        self.line, self.column, self.length = line, column, length
        self._texts = {
            "message": message,
            "fix": fix,
            "pointer": pointer,
            "fingerprint": fingerprint,
            "group": group,
        }

    @classmethod
    def of_hit(cls, found: Found, hit: Hit) -> Finding:
        """The finding that a hit is, still without its place."""
        finding = _new(cls)
        finding.rule = found.about.id
        finding.severity = hit.severity or found.severity
        finding.file = hit.file
        finding.line = finding.column = finding.length = 0
        finding._found = found
        finding._hit = hit
        finding._texts = {}
        return finding

    @property
    def message(self) -> str:
        return self._texts.get("message") or self._fill(self._found.about.message, "message")

    @property
    def fix(self) -> str:
        return self._texts.get("fix") or self._fill(self._found.about.fix, "fix")

    @property
    def pointer(self) -> str:
        if "pointer" not in self._texts:
            self._texts["pointer"] = self._hit.pointer
        return self._texts["pointer"]

    @property
    def fingerprint(self) -> str:
        if "fingerprint" not in self._texts:
            mark = fingerprint(self.rule, self.file, self.pointer, self._hit.value)
            earlier = self._found.earlier(self._hit)
            self._texts["fingerprint"] = f"{mark}-{earlier + 1}" if earlier else mark
        return self._texts["fingerprint"]

    @property
    def group(self) -> str:
        if "group" not in self._texts:
            hit = self._hit
            cause = hit.cause if hit.cause is not None else shown(hit.value)
            self._texts["group"] = group_of(self.rule, self.file, cause)
        return self._texts["group"]

    def _fill(self, template: str, name: str) -> str:
        hit = self._hit
        facts = _Facts(value=shown(hit.value))
        facts.update((key, shown(fact)) for key, fact in hit.facts.items())
        text = self._texts[name] = template.format_map(facts)
        return text

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.FIELDS}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Finding) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.rule, self.file, self.line, self.column))

    def __repr__(self) -> str:
        return f"<{self.rule} {self.file}:{self.line}:{self.column} {self.pointer}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Finding, tuple(self.to_dict().values())


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
            "findings": [finding.to_dict() for finding in self.findings],
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
