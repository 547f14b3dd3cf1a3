"""What an example is: one change to the small connector, and what the rules must say to it."""

from __future__ import annotations

import copy
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from certification.rules.examples import base
from certification.rules.profiles import Profile

DEFINITION = "apiDefinition.swagger.json"
PROPERTIES = "apiProperties.json"
_NEW_VERIFIED = Profile("new", "verified")


@dataclass(frozen=True, slots=True)
class Case:
    """One package, written as its difference from the small connector.

    `set` and `remove` change the definition, `properties` and `remove_properties` apiProperties.json, by JSON
    Pointer; `files` adds or replaces whole files (None removes one); `folder` wraps everything in a folder of
    the archive; `link` names an entry that is a symbolic link. `at` is the pointer at which a bad case is
    found, in `file` (None: any place). `also` names further rules that this case must break as well.
    `before` is the version that is published now; `other_titles` and `other_icons` (SHA-256 to connector) are
    those of other connectors.
    """

    set: Mapping[str, Any] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)
    remove_properties: tuple[str, ...] = ()
    files: Mapping[str, str | bytes | None] = field(default_factory=dict)
    folder: str = ""
    link: str = ""
    at: str = ""
    file: str = DEFINITION
    line: int | None = None
    also: tuple[str, ...] = ()
    profile: Profile = _NEW_VERIFIED
    other_titles: tuple[str, ...] = ()
    other_icons: Mapping[str, str] = field(default_factory=dict)
    before: Case | None = None
    show: str = ""

    def members(self) -> dict[str, bytes]:
        """The files of the package by name."""
        definition, properties = copy.deepcopy(base.DEFINITION), copy.deepcopy(base.PROPERTIES)
        _apply(definition, self.set, self.remove)
        _apply(properties, self.properties, self.remove_properties)
        files: dict[str, str | bytes | None] = {
            DEFINITION: _json(definition),
            PROPERTIES: _json(properties),
            "readme.md": base.README,
            "intro.md": base.INTRO,
            "icon.png": base.ICON,
            **self.files,
        }
        return {
            self.folder + name: content.encode() if isinstance(content, str) else content
            for name, content in files.items()
            if content is not None
        }

    def archive(self) -> bytes:
        """The package as a zip archive."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in self.members().items():
                archive.writestr(zipfile.ZipInfo(name), content)
            if self.link:
                link = zipfile.ZipInfo(self.link)
                link.create_system, link.external_attr = 3, 0o120777 << 16
                archive.writestr(link, "/etc/hostname")
        return buffer.getvalue()

    def snippet(self) -> str:
        """The change as a short text for the rule's page: the JSON that changed, or the package's files."""
        if self.show:
            return self.show
        if self.set or self.remove:
            return _json(_excerpt(base.DEFINITION, self.set, self.remove))
        if self.properties or self.remove_properties:
            return _json(_excerpt(base.PROPERTIES, self.properties, self.remove_properties))
        changed = [
            content for content in self.files.values() if isinstance(content, str) and len(content) < 1500
        ]
        if len(self.files) == 1 and changed and changed[0].strip():
            return changed[0]
        names = [*self.members(), *([f"{self.link} (link)"] if self.link else [])]
        return "\n".join(names)


@dataclass(frozen=True, slots=True)
class Examples:
    """Bad and good cases of one rule. `good_breaks` names other rules that good cases may break."""

    bad: tuple[Case, ...]
    good: tuple[Case, ...]
    good_breaks: tuple[str, ...] = ()


def one(pointer: str, value: Any, *, at: str | None = None, **more: Any) -> Case:
    """A case that sets one value of the definition and is found there."""
    return Case(set={pointer: value}, at=pointer if at is None else at, **more)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _apply(document: dict[str, Any], changes: Mapping[str, Any], removed: tuple[str, ...]) -> None:
    for pointer, value in changes.items():
        parent, key = _parent(document, pointer)
        parent[key] = copy.deepcopy(value)
    for pointer in removed:
        parent, key = _parent(document, pointer)
        del parent[key]


def _excerpt(
    document: dict[str, Any], changes: Mapping[str, Any], removed: tuple[str, ...]
) -> dict[str, Any]:
    """Only the objects on the way to what changed."""
    changed = copy.deepcopy(document)
    _apply(changed, changes, removed)
    pointers = [*changes, *(pointer.rpartition("/")[0] for pointer in removed)]
    return {
        key: _kept(changed[key], keys) for key, keys in _tree(pointers).items() if key in changed
    } or changed


def _tree(pointers: list[str]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for pointer in pointers:
        level = tree
        for key in _keys(pointer):
            level = level.setdefault(key, {})
    return tree


def _kept(value: Any, keys: dict[str, Any]) -> Any:
    if not keys or not isinstance(value, dict):
        return value
    return {key: _kept(value[key], below) for key, below in keys.items() if key in value}


def _parent(document: Any, pointer: str) -> tuple[Any, Any]:
    *way, last = _keys(pointer)
    for key in way:
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document, int(last) if isinstance(document, list) else last


def _keys(pointer: str) -> list[str]:
    return [key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:]]
