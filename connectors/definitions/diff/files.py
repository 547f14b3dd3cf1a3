"""Script, icon, documents and other files in two versions."""

from __future__ import annotations

from connectors.definitions.diff.collecting import Collector
from connectors.definitions.diff.equality import same
from connectors.definitions.names import CANONICAL_NAMES, Role
from connectors.definitions.package import Package
from connectors.definitions.sources import SourceFile

_DOCUMENTS = frozenset((CANONICAL_NAMES[Role.README], CANONICAL_NAMES[Role.INTRO]))


def compare_files(found: Collector) -> None:
    """Files by name. Of the definition and apiProperties.json only presence counts here: what they say is
    compared elsewhere. settings.json is about a publisher's machine and no part of the connector.
    """
    old, new = found.old.package, found.new.package
    for name in sorted({*old.files, *new.files} - {CANONICAL_NAMES[Role.SETTINGS]}):
        before, now = old.files.get(name), new.files.get(name)
        if (
            before is not None
            and now is not None
            and (_is_read(old, new, name) or _is_same(old, new, before, now))
        ):
            continue
        kind = _kind(name, before, now)
        files = (before.name if before else "", now.name if now else "")
        found.add(kind, files=files, subject=name)


_READ = frozenset((Role.DEFINITION, Role.PROPERTIES))


def _is_read(old: Package, new: Package, name: str) -> bool:
    """Whether what the file says is compared in both versions."""
    role = _role(new, name)
    if role is None:
        return False
    values = [side.documents[role].value if role in side.documents else None for side in (old, new)]
    return role in _READ and all(value and isinstance(value, dict) for value in values)


def _role(package: Package, name: str) -> Role | None:
    return next((role for role, document in package.documents.items() if document.file.name == name), None)


def _kind(name: str, before: SourceFile | None, now: SourceFile | None) -> str:
    if name == CANONICAL_NAMES[Role.SCRIPT]:
        return "script-added" if before is None else "script-removed" if now is None else "script-changed"
    if name == CANONICAL_NAMES[Role.ICON]:
        return "icon-changed"
    return "document-changed" if name in _DOCUMENTS or name.startswith("images/") else "file-changed"


def _is_same(old: Package, new: Package, before: SourceFile, now: SourceFile) -> bool:
    """Equal but for line ends and, of JSON, for layout."""
    if before.content == now.content:
        return True
    role = _role(new, now.name)
    if role is not None and role in old.documents:
        return same(old.documents[role].value, new.documents[role].value)
    lines = [file.content.replace(b"\r\n", b"\n").rstrip() for file in (before, now)]
    return _is_text(now.name) and lines[0] == lines[1]


def _is_text(name: str) -> bool:
    return name in _DOCUMENTS or name == CANONICAL_NAMES[Role.SCRIPT]
