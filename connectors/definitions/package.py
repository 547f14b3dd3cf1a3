"""A connector package as the portal sees it: its files, their roles, and all that is wrong with the bytes."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from connectors.definitions import icon as icons
from connectors.definitions.archive import Member
from connectors.definitions.documents import Document
from connectors.definitions.icon import IconFacts, IconRefused
from connectors.definitions.names import (
    ANY_CASE_ROLES,
    CANONICAL_NAMES,
    JSON_ROLES,
    TEXT_ROLES,
    Role,
    is_definition_like,
    is_script_like,
    printable,
    role_of,
    wrapper_of,
)
from connectors.definitions.problems import KINDS, Limits, Problem, problem, shown
from connectors.definitions.references import outward_references
from connectors.definitions.sources import SourceFile

_EPOCH = (1980, 1, 1, 0, 0, 0)


class PackageRefused(ValueError):
    """A refused package has no bytes that could be stored, reviewed or deployed."""


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One entry of the upload as the server sees it.

    `path` is relative to the package (a wrapping folder is taken off) and ends in "/" for a folder. `name` is
    the canonical name under which an accepted file is found in `Package.files`, "" otherwise. `reason` says
    why an entry was not accepted. Sizes in bytes; outside of an archive both are the same.
    """

    path: str
    size: int
    compressed_size: int
    role: Role
    accepted: bool
    reason: str = ""
    name: str = ""


@dataclass(frozen=True)
class Package:
    """What was read of an upload. Nothing here depends on the clock, the machine or the order of entries."""

    files: Mapping[str, SourceFile]
    """Accepted files by canonical name. Empty when the package is refused."""
    tree: tuple[TreeEntry, ...]
    problems: tuple[Problem, ...]
    documents: Mapping[Role, Document] = field(default_factory=dict)
    """The JSON files by role."""
    icon: IconFacts | None = None
    wrapper: str = ""
    """The folder, with its final "/", that wrapped the package in the upload."""
    filename: str = ""
    """The name of the uploaded file or folder, without meaning for the content."""

    @property
    def definition(self) -> Document | None:
        return self.documents.get(Role.DEFINITION)

    @property
    def properties(self) -> Document | None:
        return self.documents.get(Role.PROPERTIES)

    @property
    def settings(self) -> Document | None:
        return self.documents.get(Role.SETTINGS)

    @property
    def custom_properties(self) -> Document | None:
        return self.documents.get(Role.CUSTOM_PROPERTIES)

    @property
    def readme(self) -> SourceFile | None:
        return self.file(Role.README)

    @property
    def intro(self) -> SourceFile | None:
        return self.file(Role.INTRO)

    @property
    def script(self) -> SourceFile | None:
        return self.file(Role.SCRIPT)

    @property
    def icon_file(self) -> SourceFile | None:
        return self.file(Role.ICON)

    def file(self, role: Role) -> SourceFile | None:
        """The accepted file of a role that exists once."""
        return self.files.get(CANONICAL_NAMES[role])

    @cached_property
    def is_refused(self) -> bool:
        """Nothing in the upload can be trusted; no file is accepted."""
        return any(KINDS[problem.code].refuses for problem in self.problems)

    def canonical_bytes(self) -> bytes:
        """The accepted files as one zip archive that is the same for the same contents, for ever: sorted
        names, no times, no compression (whose output changes between versions of zlib). Raises
        PackageRefused.
        """
        if self.is_refused:
            raise PackageRefused("a refused package has no canonical form")
        return self._canonical

    @cached_property
    def _canonical(self) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
            for name in sorted(self.files):
                entry = zipfile.ZipInfo(name, _EPOCH)
                entry.create_system = 3
                entry.external_attr = 0o100644 << 16
                archive.writestr(entry, self.files[name].content)
        return out.getvalue()

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical bytes, in hex: the name of this version. Raises PackageRefused."""
        if self.is_refused:
            raise PackageRefused("a refused package has no digest")
        return self._digest

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256(self._canonical).hexdigest()


def assemble(
    members: Sequence[Member],
    problems: Iterable[Problem],
    *,
    filename: str = "",
    limits: Limits | None = None,
) -> Package:
    """Give every member its role, read what a package is made of, and report the rest."""
    return _Assembly(members, list(problems), limits or Limits()).package(filename)


@dataclass(slots=True)
class _Place:
    """A member on its way to becoming a file."""

    member: Member
    path: str
    role: Role
    reason: str = ""
    file: SourceFile | None = None


class _Assembly:
    def __init__(self, members: Sequence[Member], problems: list[Problem], limits: Limits) -> None:
        self.limits = limits
        self.problems = problems
        self.wrapper = wrapper_of(member.path for member in members)
        self.documents: dict[Role, Document] = {}
        self.icon: IconFacts | None = None
        self.places = [
            _Place(member, path, role_of(path))
            for member in members
            if (path := member.path.removeprefix(self.wrapper)) and not self.wrapper.startswith(member.path)
        ]

    @property
    def refused(self) -> bool:
        """Something found so far forbids to accept any file."""
        return any(KINDS[found.code].refuses for found in self.problems)

    def package(self, filename: str) -> Package:
        self.check_sizes()
        if not self.refused:
            if self.wrapper:
                message = f"All files lie in the folder {shown(self.wrapper)}; it was taken off."
                self.add("wrapped-folder", message, self.wrapper)
            self.choose(Role.DEFINITION, is_definition_like, "several-definitions")
            self.choose(Role.SCRIPT, is_script_like, "several-scripts")
            for place in self.places:
                self.accept(place)
            self.read_documents()
        return self.finished(filename)

    def add(self, code: str, message: str, path: str) -> None:
        self.problems.append(problem(code, message, printable(path)))

    def check_sizes(self) -> None:
        for place in self.places:
            if place.role in JSON_ROLES or is_definition_like(place.path):
                allowed = self.limits.json_bytes
            elif place.role in TEXT_ROLES:
                allowed = self.limits.text_bytes
            elif place.role in (Role.ICON, Role.IMAGE):
                allowed = self.limits.icon_bytes if place.role is Role.ICON else self.limits.image_bytes
            else:
                continue
            if place.member.size > allowed:
                message = f"{shown(place.path)} has {place.member.size:,} bytes; {allowed:,} are allowed."
                self.add("too-large", message, place.path)

    def choose(self, role: Role, is_alike: Callable[[str], bool], code: str) -> None:
        """Find the one file of a role among those that look like it; none when that would be a guess."""
        named = [place for place in self.places if place.role is role]
        alike = [place for place in self.places if place.role is Role.EXTRA and is_alike(place.path)]
        if alike and len(named) + len(alike) > 1:
            others = ", ".join(shown(place.path) for place in (named + alike)[:5])
            self.add(code, f"Several files could be the {role}: {others}.", (named + alike)[0].path)
        if not named and len(alike) == 1:
            alike[0].role = role
        for place in alike:
            if place.role is Role.EXTRA:
                place.reason = (
                    f"another {role} is used" if named else f"one of several files that could be the {role}"
                )

    def accept(self, place: _Place) -> None:
        """Turn a place into a file, or say why it is none."""
        member, role = place.member, place.role
        if role is Role.FOLDER:
            return
        if role is Role.JUNK:
            place.reason = "left-over of an operating system or editor"
            self.add("junk-entry", f"{shown(place.path)} is a left-over of an operating system.", place.path)
            return
        if role is Role.EXTRA:
            place.reason = place.reason or "not part of a connector package"
            self.add("extra-entry", f"{shown(place.path)} is not used: {place.reason}.", place.path)
            return
        name = CANONICAL_NAMES.get(role) or "images/" + place.path[len("images/") :]
        file = SourceFile(name, member.content or b"", place.path)
        if self.picture_refused(place, file):
            return
        if place.path != name and role not in ANY_CASE_ROLES and role is not Role.IMAGE:
            message = f"{shown(place.path)} is read as {name}; it should have exactly that name."
            self.add("file-name", message, name)
        if role in TEXT_ROLES:
            self.problems.extend(file.problems)
        place.file = file

    def picture_refused(self, place: _Place, file: SourceFile) -> bool:
        is_png = place.role is Role.ICON or file.name.lower().endswith(".png")
        if place.role not in (Role.ICON, Role.IMAGE):
            return False
        try:
            if place.role is Role.IMAGE and not icons.is_picture(file.name, file.content):
                raise IconRefused("picture-not-readable", "It is not what its extension says.")
            facts = (
                icons.inspect(file.content, self.limits if place.role is Role.ICON else _ANY_SIDE)
                if is_png
                else None
            )
            if facts and facts.trailing_bytes:
                raise IconRefused(
                    "icon-trailing-data", f"{facts.trailing_bytes:,} bytes follow the end of the PNG."
                )
        except IconRefused as refused:
            code = refused.code
            if place.role is Role.IMAGE and code == "icon-not-png":
                code = "picture-not-readable"
            place.reason = KINDS[code].title.lower()
            self.add(code, f"{shown(place.path)}: {refused}", place.path)
            return True
        if place.role is Role.ICON:
            self.icon = facts
        return False

    def read_documents(self) -> None:
        for place in self.places:
            if place.file is not None and place.role in JSON_ROLES:
                document = Document.read(place.file, self.limits)
                self.documents[place.role] = document
                self.problems.extend(document.problems)
                self.problems.extend(outward_references(document, self.limits))

    def finished(self, filename: str) -> Package:
        files = {} if self.refused else {place.file.name: place.file for place in self.places if place.file}
        return Package(
            MappingProxyType(dict(sorted(files.items()))),
            self.tree(),
            tuple(self.problems),
            MappingProxyType({} if self.refused else self.documents),
            None if self.refused else self.icon,
            printable(self.wrapper),
            printable(filename),
        )

    def tree(self) -> tuple[TreeEntry, ...]:
        guilty = {
            found.file: KINDS[found.code].title.lower()
            for found in self.problems
            if KINDS[found.code].refuses
        }
        return tuple(self.entry(place, guilty) for place in sorted(self.places, key=lambda place: place.path))

    def entry(self, place: _Place, guilty: Mapping[str, str]) -> TreeEntry:
        member, path, reason = place.member, printable(place.path), place.reason
        if self.refused:
            reason = guilty.get(printable(member.path)) or guilty.get(path) or reason
            reason = reason or "the package is refused as a whole"
        name = place.file.name if place.file and not self.refused else ""
        return TreeEntry(path, member.size, member.compressed_size, place.role, bool(name), reason, name)


_ANY_SIDE = Limits(icon_side_pixels=4096)
