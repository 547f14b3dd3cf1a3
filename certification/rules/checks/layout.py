"""The files of a package: which must be there, which must not, and how the archive is built."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import CANONICAL_NAMES, KINDS, Package, Role

_DEFINITION, _PROPERTIES = CANONICAL_NAMES[Role.DEFINITION], CANONICAL_NAMES[Role.PROPERTIES]
_CLASHES = frozenset(("case-clash", "unicode-clash"))
_ROOT_FILES = frozenset(name.casefold() for name in CANONICAL_NAMES.values())


@rule("PKG-001", on="package")
def definition_missing(package: Node) -> Iterator[Hit]:
    yield from _missing(package.value, _DEFINITION)


@rule("PKG-002", on="package")
def properties_missing(package: Node) -> Iterator[Hit]:
    yield from _missing(package.value, _PROPERTIES)


@rule("PKG-003", on="package")
def wrong_letter_case(package: Node) -> Iterator[Hit]:
    paths = _root_files(package.value)
    for expected in (_DEFINITION, _PROPERTIES):
        for path in paths:
            if path != expected and path.casefold() == expected.casefold() and expected not in paths:
                yield Hit(expected, value=path, facts={"expected": expected})


@rule("PKG-004", on="package")
def extra_file(package: Node) -> Iterator[Hit]:
    junk = {entry.path for entry in package.value.tree if entry.role is Role.JUNK}
    for path in _root_files(package.value):
        if path.casefold() not in _ROOT_FILES and path not in junk:
            yield Hit(path, value=path)


@rule("PKG-005", on="package")
def several_definitions(package: Node) -> Iterator[Hit]:
    found = [path for path in _root_files(package.value) if fnmatchcase(path.casefold(), "*swagger*.json")]
    if len(found) > 1:
        others = [path for path in found if path.casefold() != _DEFINITION.casefold()]
        yield Hit((others or found)[0], value=", ".join(found), facts={"count": len(found)})


@rule("PKG-006", on="package")
def sub_folder(package: Node) -> Iterator[Hit]:
    folders: dict[str, str] = {}
    for entry in package.value.tree:
        folder, slash, _ = entry.path.partition("/")
        if slash and entry.role not in (Role.IMAGE, Role.JUNK) and entry.path.casefold() != "images/":
            folders.setdefault(folder, entry.path)
    for folder, path in folders.items():
        yield Hit(path, value=folder)


@rule("PKG-007", on="package")
def settings_shipped(package: Node) -> Iterator[Hit]:
    settings = package.value.file(Role.SETTINGS)
    if settings is not None:
        yield Hit(settings.name)


@rule("PKG-014", on="upload")
def unsafe_archive(package: Node) -> Iterator[Hit]:
    """Clashing names are left to PKG-017; everything else for which the reader refuses an upload is found
    here.
    """
    for problem in package.value.problems:
        if KINDS[problem.code].refuses and problem.code not in _CLASHES:
            yield Hit(problem.file, value=problem.message.rstrip("."), cause=problem.code)


@rule("PKG-015", on="package")
def wrapped_in_folder(package: Node) -> Iterator[Hit]:
    if package.value.wrapper:
        yield Hit("", value=package.value.wrapper)


@rule("PKG-016", on="upload")
def junk(package: Node) -> Iterator[Hit]:
    for entry in package.value.tree:
        if entry.role is Role.JUNK:
            yield Hit(entry.path, value=entry.path, cause="junk")


@rule("PKG-017", on="upload")
def conflicting_names(package: Node) -> Iterator[Hit]:
    by_name: dict[str, list[str]] = {}
    for entry in package.value.tree:
        by_name.setdefault(entry.path.removesuffix("/").casefold(), []).append(entry.path)
    for problem in package.value.problems:
        if problem.code in _CLASHES:
            names = by_name.get(problem.file.casefold(), [problem.file])
            yield Hit(problem.file, value=" and ".join(names) if len(names) > 1 else problem.file)


@rule("PKG-018", on="upload")
def partner_center_wrapper(package: Node) -> Iterator[Hit]:
    """Looks at the outer archive only: an archive inside an archive is never opened (PKG-014 refuses it), so
    what the inner one should hold cannot be judged here.
    """
    paths = [entry.path for entry in package.value.tree if entry.role is not Role.JUNK]
    archives = [path for path in paths if "/" not in path and path.casefold().endswith(".zip")]
    documents = [path for path in paths if "/" not in path and path.casefold().endswith(".md")]
    if not archives or not documents:
        return
    folders = sorted({path.partition("/")[0] for path in paths if "/" in path})
    others = [path for path in paths if "/" not in path and path not in archives + documents]
    faults = [
        (len(archives) > 1, f"{len(archives)} archives at the root"),
        (len(documents) > 1, f"{len(documents)} .md files at the root"),
        (bool(folders), f"the folder {', '.join(folders[:3])}"),
        (bool(others), f"other files such as {', '.join(others[:3])}"),
    ]
    said = [text for is_fault, text in faults if is_fault]
    if said:
        yield Hit(archives[0], value="it has " + " and ".join(said))


def _missing(package: Package, name: str) -> Iterator[Hit]:
    if name.casefold() not in {path.casefold() for path in _root_files(package)}:
        yield Hit("", value=name)


def _root_files(package: Package) -> list[str]:
    return [entry.path for entry in package.tree if "/" not in entry.path]
