"""What is stored about a package beside its bytes: tree, problems and facts as plain JSON."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from connectors.definitions import KINDS, Package, Problem, facts, operations
from connectors.definitions.facts import Authentication
from connectors.definitions.problems import problem
from portal.shared.words import lazy as _lazy

LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,39}")
SIGN_INS: dict[str, str] = {
    Authentication.NONE: _lazy("Nothing"),
    Authentication.API_KEY: _lazy("API key"),
    Authentication.BASIC: _lazy("Basic"),
    Authentication.OAUTH2: _lazy("OAuth 2.0"),
    Authentication.WINDOWS: _lazy("Windows"),
    Authentication.CERTIFICATE: _lazy("Certificate"),
    Authentication.GATEWAY: _lazy("Gateway"),
}
_EXPECTED = ("apiDefinition.swagger.json", "apiProperties.json", "icon.png")
_MOST_PROBLEMS = 500
_MOST_EXCERPTS = 50
_MOST_OPERATIONS = 2_000
_LONGEST_LINE = 300


def sign_in_names(kinds: Iterable[str]) -> list[str]:
    """The ways to sign in that facts name, as the reader calls them; one that is unknown stays as it is."""
    return [str(SIGN_INS.get(kind, kind)) for kind in kinds]


def shown_name(name: str) -> str:
    """A file name fit to be stored and shown: printable and short."""
    return "".join(char if char.isprintable() else "\ufffd" for char in name)[:200]


def tree_of(package: Package) -> list[dict[str, Any]]:
    """Every entry of the upload: {path, size, role, state: ok|ignored|refused|missing, note, name}."""
    entries: list[dict[str, Any]] = [
        {
            "path": entry.path,
            "size": entry.size,
            "role": entry.role.value,
            "state": "ok" if entry.accepted else "refused" if package.is_refused else "ignored",
            "note": entry.reason,
            "name": entry.name,
        }
        for entry in package.tree
        if not entry.path.endswith("/")
    ]
    if not package.is_refused:
        entries += [
            {"path": name, "size": None, "role": "", "state": "missing", "note": "", "name": name}
            for name in _EXPECTED
            if name not in package.files
        ]
    return entries


def is_unusable(package: Package) -> bool:
    """A package without a single file of a connector is no package either, whatever else it holds."""
    return package.is_refused or not package.files


def refusals_of(package: Package) -> list[str]:
    """What the reader says of why it cannot be used."""
    return [found["message"] for found in problems_of(package) if found["refuses"]]


def problems_of(package: Package) -> list[dict[str, Any]]:
    """The reader's findings, those that refuse the package first, each with the lines around its place."""
    found = list(package.problems)
    if not package.is_refused and not package.files:
        found.insert(0, problem("empty-archive", "No file of the upload belongs to a connector.", ""))
    found.sort(key=lambda each: not KINDS[each.code].refuses)
    return [
        _problem(package, each, with_excerpt=index < _MOST_EXCERPTS)
        for index, each in enumerate(found[:_MOST_PROBLEMS])
    ]


def _problem(package: Package, found: Problem, *, with_excerpt: bool) -> dict[str, Any]:
    kind = KINDS[found.code]
    record = {
        "code": found.code,
        "title": kind.title,
        "refuses": kind.refuses,
        "message": found.message,
        "fix": found.fix,
        "file": found.file,
        "pointer": found.pointer,
        "line": found.line,
        "column": found.column,
    }
    source = package.files.get(found.file)
    if with_excerpt and source is not None and found.line:
        first = max(1, found.line - 1)
        lines = [source.line_text(number)[:_LONGEST_LINE] for number in range(first, found.line + 2)]
        record |= {"excerpt": "\n".join(lines).rstrip("\n"), "excerpt_first_line": first}
    return record


def facts_of(package: Package) -> dict[str, Any]:
    """What the package says about itself: the fields of `ConnectorFacts`, plus `operations` and `icon`."""
    found = json.loads(json.dumps(asdict(facts(package))))
    definition = package.definition.value if package.definition else None
    listed = []
    for operation in operations(definition):
        listed.append(
            {
                "id": operation.operation_id[:200],
                "method": operation.method,
                "path": operation.path[:500],
                "summary": operation.summary[:200],
                "is_trigger": operation.is_trigger,
                "is_deprecated": operation.value.get("deprecated") is True,
                "visibility": operation.visibility,
            }
        )
        if len(listed) >= _MOST_OPERATIONS:
            break
    icon = {"width": package.icon.width, "height": package.icon.height} if package.icon else None
    return {**found, "operations": listed, "icon": icon}


def member_of(canonical: bytes, name: str) -> bytes | None:
    """One file out of canonical bytes, which are an archive we wrote ourselves; None when it is not in
    there.
    """
    with zipfile.ZipFile(io.BytesIO(canonical)) as archive:
        try:
            return archive.read(name)
        except KeyError:
            return None
